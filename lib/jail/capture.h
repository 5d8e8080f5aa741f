/* capture.h -- connections of programs that know of no proxy: whatever
 * address they dial in this network namespace, one listener gets them. */
#ifndef JAIL_CAPTURE_H
#define JAIL_CAPTURE_H

struct err;

/* Where the listener is bound. Nobody reaches it there: a connection to this
 * address is caught as one to any other. */
#define CAPTURE_ADDRESS 0xC6120001 /* 198.18.0.1 */
#define CAPTURE_PORT	3129
#define CAPTURE_BYTES	64

/* From now on every IPv4 address but those of 127.0.0.0/8 is one of this
 * namespace; TCP to it goes to the listener that is returned, whose
 * connections have that address and port as their own (getsockname), and
 * everything that is not TCP fails with EPERM. -1: the kernel lacks it, and
 * all those addresses stay unreachable. lo must be up.
 *
 * *dropped tells of the packets that failed, and of those to IPv6 addresses,
 * none of which is reachable: messages of nfnetlink_log with their first
 * CAPTURE_BYTES. -1: the kernel lacks that. */
int capture_set_up(int *dropped, struct err *e);

#endif

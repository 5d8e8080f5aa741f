/* chan.h -- one end of a message channel: a Unix SEQPACKET socket, the role
 * at each end, and the rules of msgs.def. */
#ifndef MSG_CHAN_H
#define MSG_CHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"
#include "role/roles.h"

struct err;

enum msg_type {
	MSG_NONE,
#define MSG(name, from, to, fds, bytes) MSG_##name,
#include "msg/msgs.def"
#undef MSG
	MSG_COUNT
};

const char *msg_name(enum msg_type t);

struct chan { /* the fd is the chan's */
	int fd;
	enum role self, peer;
};

/* A received message. body is borrowed from the buffer given to chan_recv. */
struct msg {
	enum msg_type type;
	uint32_t id;		/* the sender's number for pairing replies; 0 */
	struct str body;
	int fds[MSG_FDS_MAX];	/* owned by the receiver; -1 when taken */
	unsigned nfds;
};

enum chan_got { CHAN_ERROR = -1, CHAN_AGAIN, CHAN_MSG, CHAN_END };

/* A connected pair, both close-on-exec and non-blocking. */
int chan_pair(int fds[2], struct err *e);
/* Sends one message whole. fds are borrowed (dup'd by the kernel).
 * Returns 1 sent, 0 would block (nothing sent), -1 error (the channel is
 * then of no more use). */
int chan_send(struct chan *c, enum msg_type t, uint32_t id, struct str body,
    const int *fds, unsigned nfds, struct err *e);
/* Like chan_send, waiting up to ms for room; 0 becomes an error. */
int chan_send_wait(struct chan *c, enum msg_type t, uint32_t id,
    struct str body, const int *fds, unsigned nfds, int ms, struct err *e);
/* Receives one. buf must hold MSG_BYTES_MAX + CHAN_HEAD_BYTES. Checks type,
 * size, direction and descriptors: CHAN_ERROR means the peer broke the
 * rules or the socket failed, and any descriptors were closed. */
#define CHAN_HEAD_BYTES 8
enum chan_got chan_recv(struct chan *c, unsigned char *buf, struct msg *m,
    struct err *e);
/* Like chan_recv, waiting up to ms (-1: for ever); CHAN_AGAIN: time over. */
enum chan_got chan_recv_wait(struct chan *c, unsigned char *buf,
    struct msg *m, int ms, struct err *e);
int msg_take_fd(struct msg *m, unsigned i);	/* -1 if there is none */
void msg_close(struct msg *m);			/* closes fds not taken */
void chan_close(struct chan *c);

#endif

/* net.h -- what a new network namespace gets: loopback, and one listener. */
#ifndef JAIL_NET_H
#define JAIL_NET_H

struct err;

#define PROXY_PORT 3128

/* Brings lo up in this network namespace; returns a socket that listens on
 * 127.0.0.1:PROXY_PORT there. It works in whatever process holds it. */
int net_set_up(struct err *e);
/* A socket that tells, of this namespace alone, which connection is whose
 * inode (sock_diag(7)). */
int net_diag(struct err *e);

#endif

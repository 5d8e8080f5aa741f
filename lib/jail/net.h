/* net.h -- what a new network namespace gets: loopback, and the sockets with
 * which egress serves it. They work in whatever process holds them. */
#ifndef JAIL_NET_H
#define JAIL_NET_H

struct err;

#define PROXY_PORT 3128
#define NAMES_PORT 53

struct net_fds { /* -1: not there */
	int proxy;	/* listens on 127.0.0.1:PROXY_PORT */
	int diag;	/* tells, of this namespace alone, which connection
			 * is whose inode (sock_diag(7)) */
	/* All three, or none where the kernel lacks what capture.h needs:
	 * a name that leads nowhere is of no use. */
	int direct;	/* gets what programs dial that know of no proxy */
	int names, names_tcp; /* 127.0.0.1:NAMES_PORT, UDP and TCP */
	int dropped;	/* tells what was not let through; may be -1 for
			 * itself (capture.h) */
};

#define NET_NONE_OPEN { -1, -1, -1, -1, -1, -1 }

/* Brings lo up in this network namespace and makes its sockets. */
int net_set_up(struct net_fds *n, struct err *e);
void net_close(struct net_fds *n);

#endif

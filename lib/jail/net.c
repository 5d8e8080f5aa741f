#include "jail/net.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "jail/capture.h"

#define BACKLOG 1024 /* connections that wait for egress to accept */

static int
loopback_up(int fd, struct err *e)
{
	struct ifreq rq = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &rq) == -1)
		return err_sys(e, "find the loopback interface");
	rq.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &rq) == -1)
		return err_sys(e, "bring the loopback interface up");
	return 0;
}

static int
bound(int type, uint16_t port, struct err *e)
{
	const struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CLEAN_FD int fd = socket(AF_INET,
	    type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) == -1))
		return err_sys(e, "listen on 127.0.0.1:%d", (int)port);
	return fd_take(&fd);
}

static int
diag_open(struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_SOCK_DIAG);

	return fd == -1 ? err_sys(e, "make the socket that knows whose a "
	    "connection is (CONFIG_INET_DIAG)") : fd;
}

static int
names_set_up(struct net_fds *n, struct err *e)
{
	n->names = bound(SOCK_DGRAM, NAMES_PORT, e);
	n->names_tcp = n->names == -1 ? -1 :
	    bound(SOCK_STREAM, NAMES_PORT, e);
	return n->names_tcp == -1 ? -1 : 0;
}

int
net_set_up(struct net_fds *n, struct err *e)
{
	CLEAN_FD int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*n = (struct net_fds)NET_NONE_OPEN;
	if (any == -1)
		return err_sys(e, "make a socket");
	if (loopback_up(any, e) == -1)
		return -1;
	n->proxy = bound(SOCK_STREAM, PROXY_PORT, e);
	n->diag = n->proxy == -1 ? -1 : diag_open(e);
	if (n->diag == -1)
		return -1;
	/* Fewer ways out when it fails: `openshell doctor' says so. */
	n->direct = capture_set_up(&n->dropped, NULL);
	return n->direct == -1 ? 0 : names_set_up(n, e);
}

void
net_close(struct net_fds *n)
{
	fd_close(&n->proxy);
	fd_close(&n->diag);
	fd_close(&n->direct);
	fd_close(&n->names);
	fd_close(&n->names_tcp);
	fd_close(&n->dropped);
}

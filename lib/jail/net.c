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

#define PROXY_BACKLOG 1024 /* connections that wait for egress to accept */

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

int
net_set_up(struct err *e)
{
	const struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(PROXY_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CLEAN_FD int fd = socket(AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return err_sys(e, "make the proxy's socket");
	if (loopback_up(fd, e) == -1)
		return -1;
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    listen(fd, PROXY_BACKLOG) == -1)
		return err_sys(e, "listen on 127.0.0.1:%d", PROXY_PORT);
	return fd_take(&fd);
}

int
net_diag(struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_SOCK_DIAG);

	return fd == -1 ? err_sys(e, "make the socket that knows whose a "
	    "connection is (CONFIG_INET_DIAG)") : fd;
}

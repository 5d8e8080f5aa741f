/* port.c -- what serves inside the sandbox, on loopback and by abstract names,
 * where not all processes are under the same profiles.
 *
 * Whoever is under one may connect to a port that was bound only by who is
 * under it too: of each port it is known which profiles all had who ever bound
 * it. One that nobody bound by name (listen(2) alone) is nobody's. Other
 * addresses lead to egress, which judges them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/command.h"
#include "jail/net.h"
#include "policy/image.h"

#define NAMES_PORT 53

static struct {
	uint64_t profiles[65536];	/* that all had who bound it */
	bool bound[65536];
} ports;

/* The port of an address of IP, in *to as IPv4 where it is one. -1: it is
 * none. */
static int
port_of(const struct sockaddr *sa, socklen_t len, struct in6_addr *to)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (len >= sizeof(in) && sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*to = (struct in6_addr){ .s6_addr = { [10] = 0xff,
			[11] = 0xff } };
		memcpy(to->s6_addr + 12, &in.sin_addr, 4);
		return ntohs(in.sin_port);
	}
	if (len >= 24 && sa->sa_family == AF_INET6) { /* RFC 2133's length */
		memset(&in6, 0, sizeof(in6));
		memcpy(&in6, sa, len < sizeof(in6) ? len : sizeof(in6));
		*to = in6.sin6_addr;
		return ntohs(in6.sin6_port);
	}
	return -1;
}

void
port_bound(const struct ask *a, int sock)
{
	struct sockaddr_storage at;
	struct in6_addr to;
	socklen_t len = sizeof(at);
	int port;

	if (image_profiles(a->image) == 0 ||
	    getsockname(sock, (struct sockaddr *)&at, &len) == -1)
		return;
	port = port_of((const struct sockaddr *)&at, len, &to);
	if (port < 0)
		return;
	ports.profiles[port] = ports.bound[port] ? ports.profiles[port] &
	    a->profiles : a->profiles;
	ports.bound[port] = true;
}

/* An address that no connection leaves the sandbox for. */
static bool
is_inside(const struct in6_addr *to)
{
	static const struct in6_addr none;

	if (IN6_IS_ADDR_V4MAPPED(to))
		return to->s6_addr[12] == 127 ||
		    memcmp(to->s6_addr + 12, &none, 4) == 0;
	return true; /* there is no other IPv6 than ::1 and :: */
}

/* Egress's own, which judges what comes. */
static bool
is_egress(const struct in6_addr *to, int port)
{
	static const struct in6_addr lo = { .s6_addr = { [10] = 0xff,
		[11] = 0xff, 127, [15] = 1 } };

	return (port == PROXY_PORT || port == NAMES_PORT) &&
	    memcmp(to, &lo, sizeof(lo)) == 0;
}

static int
refuse(const struct ask *a, const char *what)
{
	tell_denied(a, str_c(what), "it may be served by who is not under "
	    "its profile");
	return -EACCES;
}

/* Datagrams need no connection; what asks for one looks names up. */
static bool
is_datagrams(int sock)
{
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	return getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_DGRAM;
}

int
port_may_connect(const struct ask *a, int sock, const struct sockaddr *sa,
    socklen_t len)
{
	struct in6_addr to;
	char text[32];
	int port;

	if (a->profiles == 0 || image_info(a->image)->mode !=
	    POLICY_ENFORCE || is_datagrams(sock))
		return 0;
	if (len > sizeof(sa_family_t) && sa->sa_family == AF_UNIX &&
	    sa->sa_data[0] == '\0')
		return refuse(a, "an abstract socket");
	port = port_of(sa, len, &to);
	if (port < 0 || !is_inside(&to) || is_egress(&to, port) ||
	    (ports.bound[port] && (a->profiles & ~ports.profiles[port]) == 0))
		return 0;
	(void)snprintf(text, sizeof(text), "port %d of localhost", port);
	return refuse(a, text);
}

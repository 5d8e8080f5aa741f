/* load.c -- keep-alive HTTPS GETs over N connections for S seconds, straight
 * or through CONNECT.
 *
 *	load [-x proxyport] [-c connections] [-s seconds] PORT HOST PATH
 *
 * Prints "REQUESTS SECONDS ERRORS". Certificates are not looked at: both
 * proxies' are their own. */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls/openssl.h"

#define CONNS_MAX 256

struct peer {
	SSL *ssl;
	int fd;
	size_t got, want; /* of a response; want 0: head not complete */
	char buf[16384];
};

static struct load {
	int proxy, connections, seconds, port, epfd;
	char *host, *path;
	char request[1024];
	size_t request_len;
	unsigned long requests, errors;
	struct peer peers[CONNS_MAX];
} load = { .connections = 32, .seconds = 5 };

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) == -1)
		err(1, "connect to port %d", port);
	return fd;
}

static void
tunnel(int fd)
{
	char text[1024];
	ssize_t n;
	int len = snprintf(text, sizeof(text),
	    "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", load.host,
	    load.host);

	if (write(fd, text, (size_t)len) != len)
		err(1, "CONNECT");
	n = read(fd, text, sizeof(text) - 1);
	if (n < 12 || memcmp(text + 9, "200", 3) != 0)
		errx(1, "CONNECT was refused: %.*s", (int)(n < 0 ? 0 : n),
		    text);
}

static void
open_peer(struct peer *p, SSL_CTX *ctx)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };

	p->fd = dial(load.proxy != 0 ? load.proxy : load.port);
	if (load.proxy != 0)
		tunnel(p->fd);
	p->ssl = SSL_new(ctx);
	(void)SSL_set_fd(p->ssl, p->fd);
	(void)SSL_set_tlsext_host_name(p->ssl, load.host);
	if (SSL_connect(p->ssl) != 1)
		errx(1, "TLS handshake failed");
	if (epoll_ctl(load.epfd, EPOLL_CTL_ADD, p->fd, &ev) == -1)
		err(1, "epoll");
}

static void
ask(struct peer *p)
{
	p->got = p->want = 0;
	if (SSL_write(p->ssl, load.request, (int)load.request_len) <= 0)
		errx(1, "write failed");
}

/* How long the whole response is, once its head is there. */
static size_t
whole(const struct peer *p)
{
	const char *end = memmem(p->buf, p->got, "\r\n\r\n", 4);
	const char *len = end == NULL ? NULL :
	    strcasestr(p->buf, "\r\ncontent-length:");

	if (end == NULL)
		return 0;
	return (size_t)(end - p->buf) + 4 +
	    (len == NULL ? 0 : strtoul(len + 17, NULL, 10));
}

static void
on_peer(struct peer *p)
{
	do {
		int n = SSL_read(p->ssl, p->buf + p->got,
		    (int)(sizeof(p->buf) - 1 - p->got));

		if (n <= 0)
			errx(1, "a connection ended");
		p->got += (size_t)n;
		p->buf[p->got] = '\0';
	} while (SSL_pending(p->ssl) > 0);
	if (p->want == 0)
		p->want = whole(p);
	if (p->want == 0 || p->got < p->want)
		return;
	load.requests++;
	load.errors += memcmp(p->buf + 9, "200", 3) != 0;
	ask(p);
}

static double
run(void)
{
	struct epoll_event ev[CONNS_MAX];
	double start = now(), end = start + load.seconds;

	for (int i = 0; i < load.connections; i++)
		ask(&load.peers[i]);
	while (now() < end) {
		int n = epoll_wait(load.epfd, ev, CONNS_MAX, 1000);

		for (int i = 0; i < n; i++)
			on_peer(ev[i].data.ptr);
	}
	return now() - start;
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	double took;
	int o;

	while ((o = getopt(argc, argv, "x:c:s:")) != -1) {
		if (o == 'x')
			load.proxy = atoi(optarg);
		else if (o == 'c')
			load.connections = atoi(optarg);
		else if (o == 's')
			load.seconds = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind != 3 || load.connections < 1 ||
	    load.connections > CONNS_MAX)
		errx(2, "usage: load [-x port] [-c n] [-s n] PORT HOST PATH");
	load.port = atoi(argv[optind]);
	load.host = argv[optind + 1];
	load.path = argv[optind + 2];
	load.request_len = (size_t)snprintf(load.request,
	    sizeof(load.request),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load/1.0\r\n"
	    "Accept: */*\r\n\r\n", load.path, load.host);
	load.epfd = epoll_create1(0);
	for (int i = 0; i < load.connections; i++)
		open_peer(&load.peers[i], ctx);
	took = run();
	(void)printf("%lu %.3f %lu\n", load.requests, took, load.errors);
	return 0;
}

/* load.c -- HTTPS requests over N connections for S seconds, straight or
 * through CONNECT.
 *
 *	load [-x proxyport] [-c connections] [-s seconds] [-b bytes] [-n] [-l]
 *	     PORT HOST PATH
 *
 *	-b	POST that many bytes; otherwise GET
 *	-n	a connection for each request, one after another; otherwise
 *		kept alive
 *	-l	print latencies' median and 99th percentile, in microseconds,
 *		instead
 *
 * Prints "REQUESTS SECONDS ERRORS". Certificates are not looked at: both
 * proxies' are their own. */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls/openssl.h"

#define CONNS_MAX   256
#define SAMPLES_MAX 1000000

struct peer {
	SSL *ssl;
	int fd;
	size_t got, want; /* of a response; want 0: head not complete */
	double asked;
	bool good;
	char buf[16384];
};

static struct load {
	int proxy, connections, seconds, port, epfd;
	bool anew, latency;
	char *host, *path, *request;
	size_t request_len, body;
	unsigned long requests, errors;
	struct peer peers[CONNS_MAX];
	unsigned nsamples;
	float samples[SAMPLES_MAX];
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
	    "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n", load.host,
	    load.port, load.host, load.port);

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
close_peer(struct peer *p)
{
	SSL_free(p->ssl);
	(void)close(p->fd);
}

static void
ask(struct peer *p)
{
	p->got = p->want = 0;
	p->asked = now();
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

/* The head is kept; of what follows it only the length counts. */
static void
take(struct peer *p)
{
	const size_t at = p->want == 0 ? p->got : 0;
	int n = SSL_read(p->ssl, p->buf + at,
	    (int)(sizeof(p->buf) - 1 - at));

	if (n <= 0)
		errx(1, "a connection ended");
	p->got += (size_t)n;
	if (p->want != 0)
		return;
	p->buf[p->got] = '\0';
	p->want = whole(p);
	p->good = memcmp(p->buf + 9, "200", 3) == 0;
}

/* Is the response there? */
static bool
on_peer(struct peer *p)
{
	do
		take(p);
	while (SSL_pending(p->ssl) > 0);
	if (p->want == 0 || p->got < p->want)
		return false;
	load.requests++;
	load.errors += !p->good;
	if (load.nsamples < SAMPLES_MAX)
		load.samples[load.nsamples++] = (float)(now() - p->asked);
	return true;
}

static void
run_kept(double end)
{
	struct epoll_event ev[CONNS_MAX];

	for (int i = 0; i < load.connections; i++)
		ask(&load.peers[i]);
	while (now() < end) {
		int n = epoll_wait(load.epfd, ev, CONNS_MAX, 1000);

		for (int i = 0; i < n; i++)
			if (on_peer(ev[i].data.ptr))
				ask(ev[i].data.ptr);
	}
}

static void
run_anew(double end, SSL_CTX *ctx)
{
	struct peer *p = &load.peers[0];

	while (now() < end) {
		open_peer(p, ctx);
		ask(p);
		while (!on_peer(p))
			;
		close_peer(p);
	}
}

static int
by_time(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
print_latency(void)
{
	qsort(load.samples, load.nsamples, sizeof(float), by_time);
	(void)printf("%.0f %.0f %lu\n",
	    1e6 * load.samples[load.nsamples / 2],
	    1e6 * load.samples[(size_t)load.nsamples * 99 / 100],
	    load.errors);
}

static void
make_request(void)
{
	int n;

	load.request = calloc(1, 1024 + load.body);
	if (load.request == NULL)
		err(1, "memory");
	n = snprintf(load.request, 1024,
	    "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load/1.0\r\n"
	    "Accept: */*\r\n", load.body != 0 ? "POST" : "GET", load.path,
	    load.host);
	if (load.body != 0)
		n += snprintf(load.request + n, 100,
		    "Content-Type: text/plain\r\nContent-Length: %zu\r\n",
		    load.body);
	n += snprintf(load.request + n, 3, "\r\n");
	load.request_len = (size_t)n + load.body;
	memset(load.request + n, 'x', load.body);
}

static void
options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "x:c:s:b:nl")) != -1) {
		if (o == 'x')
			load.proxy = atoi(optarg);
		else if (o == 'c')
			load.connections = atoi(optarg);
		else if (o == 's')
			load.seconds = atoi(optarg);
		else if (o == 'b')
			load.body = strtoul(optarg, NULL, 10);
		else if (o == 'n')
			load.anew = true;
		else if (o == 'l')
			load.latency = true;
		else
			exit(2);
	}
	if (argc - optind != 3 || load.connections < 1 ||
	    load.connections > CONNS_MAX)
		errx(2, "usage: load [-nl] [-x port] [-c n] [-s n] [-b n] "
		    "PORT HOST PATH");
	load.port = atoi(argv[optind]);
	load.host = argv[optind + 1];
	load.path = argv[optind + 2];
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	double start;

	options(argc, argv);
	make_request();
	load.epfd = epoll_create1(0);
	for (int i = 0; i < load.connections && !load.anew; i++)
		open_peer(&load.peers[i], ctx);
	start = now();
	if (load.anew)
		run_anew(start + load.seconds, ctx);
	else
		run_kept(start + load.seconds);
	if (load.latency)
		print_latency();
	else
		(void)printf("%lu %.3f %lu\n", load.requests, now() - start,
		    load.errors);
	return 0;
}

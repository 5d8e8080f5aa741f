/* soak.c -- many requests at once through egress, each with an answer that
 * must be its own.
 *
 *	soak [-c connections] [-m streams] [-n requests] [-i seconds]
 *	     PROXYPORT HOST
 *
 * HTTP/2 in TLS through CONNECT. Every request is for /ok/CONNECTION-NUMBER,
 * and the origin answers with what it was asked for. -i: instead, that many
 * streams are opened with a body that does not end, and held.
 * Prints "REQUESTS WRONG SECONDS"; exits 1 if any was wrong. */
#include <arpa/inet.h>
#include <err.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls/openssl.h"

#define PATH_MAX_ 64

struct peer {
	int id, fd, live;
	unsigned long next;
	SSL *ssl;
	nghttp2_session *h2;
};

struct ask {
	char path[PATH_MAX_], got[PATH_MAX_];
	size_t n;
	bool good;
};

static struct soak {
	int connections, streams, idle, epfd, port;
	unsigned long requests, asked, done, wrong, open;
	char *host;
	struct peer *peers;
} soak = { .connections = 100, .streams = 100, .requests = 1000000 };

static ssize_t
on_send(nghttp2_session *h2, const uint8_t *p, size_t len, int flags, void *arg)
{
	struct peer *c = arg;
	int n = SSL_write(c->ssl, p, (int)len);

	(void)h2, (void)flags;
	return n > 0 ? n : NGHTTP2_ERR_WOULDBLOCK;
}

static ssize_t
on_recv(nghttp2_session *h2, uint8_t *p, size_t len, int flags, void *arg)
{
	struct peer *c = arg;
	int n = SSL_read(c->ssl, p, (int)len);

	(void)h2, (void)flags;
	if (n > 0)
		return n;
	return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ?
	    NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_EOF;
}

static nghttp2_nv
pair(const char *name, const char *value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name,
		.value = (uint8_t *)(uintptr_t)value,
		.namelen = strlen(name), .valuelen = strlen(value) };
}

/* A body that never comes. */
static ssize_t
on_body(nghttp2_session *h2, int32_t id, uint8_t *p, size_t len,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	(void)h2, (void)id, (void)p, (void)len, (void)flags, (void)source;
	(void)arg;
	return NGHTTP2_ERR_DEFERRED;
}

static void
ask(struct peer *c)
{
	struct ask *a = calloc(1, sizeof(*a));
	nghttp2_data_provider body = { .read_callback = on_body };
	nghttp2_nv head[4];

	if (a == NULL)
		err(1, "memory");
	(void)snprintf(a->path, sizeof(a->path), "/ok/%d-%lu", c->id,
	    c->next++);
	head[0] = pair(":method", soak.idle != 0 ? "POST" : "GET");
	head[1] = pair(":scheme", "https");
	head[2] = pair(":authority", soak.host);
	head[3] = pair(":path", a->path);
	if (nghttp2_submit_request(c->h2, NULL, head, 4,
		soak.idle != 0 ? &body : NULL, a) < 0)
		errx(1, "a request could not be made");
	soak.asked++;
	c->live++;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *p,
    size_t len, void *arg)
{
	struct ask *a = nghttp2_session_get_stream_user_data(h2, id);

	(void)flags, (void)arg;
	for (size_t i = 0; i < len && a->n < sizeof(a->got) - 1; i++)
		a->got[a->n++] = (char)p[i];
	return 0;
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *fr, const uint8_t *name,
    size_t nlen, const uint8_t *value, size_t vlen, uint8_t flags, void *arg)
{
	struct ask *a = nghttp2_session_get_stream_user_data(h2,
	    fr->hd.stream_id);

	(void)flags, (void)arg;
	if (nlen == 7 && memcmp(name, ":status", 7) == 0)
		a->good = vlen == 3 && memcmp(value, "200", 3) == 0;
	return 0;
}

static int
on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *arg)
{
	struct ask *a = nghttp2_session_get_stream_user_data(h2, id);
	struct peer *c = arg;

	c->live--;
	soak.done++;
	if (code != 0 || !a->good || strcmp(a->got, a->path) != 0) {
		if (soak.wrong++ < 10)
			warnx("asked for %s: %s code %u %s", a->path,
			    a->good ? "200" : "not 200", code, a->got);
	}
	free(a);
	return 0;
}

static void
tunnel(int fd)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "CONNECT %s:443 HTTP/1.1\r\n"
	    "Host: %s:443\r\n\r\n", soak.host, soak.host);
	ssize_t n;

	if (write(fd, text, (size_t)len) != len)
		err(1, "CONNECT");
	n = read(fd, text, sizeof(text) - 1);
	if (n < 12 || memcmp(text + 9, "200", 3) != 0)
		errx(1, "CONNECT was refused");
}

static void
peer_open(struct peer *c, int id, SSL_CTX *ctx, nghttp2_session_callbacks *k)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)soak.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	const struct timeval soon = { .tv_usec = 1 };

	c->id = id;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c->fd, (const struct sockaddr *)&a, sizeof(a)) == -1)
		err(1, "connect to port %d", soak.port);
	tunnel(c->fd);
	c->ssl = SSL_new(ctx);
	(void)SSL_set_fd(c->ssl, c->fd);
	(void)SSL_ctrl(c->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
	    TLSEXT_NAMETYPE_host_name, soak.host);
	if (SSL_connect(c->ssl) != 1)
		errx(1, "TLS handshake failed");
	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	if (nghttp2_session_client_new(&c->h2, k, c) != 0 ||
	    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, NULL, 0) != 0 ||
	    epoll_ctl(soak.epfd, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		errx(1, "HTTP/2 could not begin");
	for (int i = 0; i < soak.streams; i++)
		ask(c);
	if (nghttp2_session_send(c->h2) != 0)
		errx(1, "connection %d ended", id);
}

static void
peer_turn(struct peer *c)
{
	if (nghttp2_session_recv(c->h2) != 0)
		errx(1, "connection %d ended after %lu requests", c->id,
		    soak.done);
	while (soak.idle == 0 && c->live < soak.streams &&
	    soak.asked < soak.requests)
		ask(c);
	if (nghttp2_session_send(c->h2) != 0)
		errx(1, "connection %d cannot be written", c->id);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run(double end)
{
	struct epoll_event ev[256];

	while (soak.idle != 0 ? now() < end : soak.done < soak.asked) {
		int n = epoll_wait(soak.epfd, ev, 256, 1000);

		for (int i = 0; i < n; i++)
			peer_turn(ev[i].data.ptr);
	}
}

static void
options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "c:m:n:i:")) != -1) {
		if (o == 'c')
			soak.connections = atoi(optarg);
		else if (o == 'm')
			soak.streams = atoi(optarg);
		else if (o == 'n')
			soak.requests = strtoul(optarg, NULL, 10);
		else if (o == 'i')
			soak.idle = atoi(optarg);
		else
			exit(2);
	}
	if (argc - optind != 2)
		errx(2, "usage: soak [-c n] [-m n] [-n n] [-i s] PORT HOST");
	soak.port = atoi(argv[optind]);
	soak.host = argv[optind + 1];
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	nghttp2_session_callbacks *k;
	double start;

	options(argc, argv);
	(void)SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)"\x02h2", 3);
	if (nghttp2_session_callbacks_new(&k) != 0)
		errx(1, "memory");
	nghttp2_session_callbacks_set_send_callback(k, on_send);
	nghttp2_session_callbacks_set_recv_callback(k, on_recv);
	nghttp2_session_callbacks_set_on_header_callback(k, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(k, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(k, on_close);
	soak.peers = calloc((size_t)soak.connections, sizeof(*soak.peers));
	soak.epfd = epoll_create1(0);
	if (soak.peers == NULL || soak.epfd == -1)
		err(1, "start");
	start = now();
	for (int i = 0; i < soak.connections; i++)
		peer_open(&soak.peers[i], i, ctx, k);
	if (soak.idle != 0)
		(void)printf("held %lu\n", soak.asked), (void)fflush(stdout);
	run(now() + soak.idle);
	(void)printf("%lu %lu %.1f\n", soak.done, soak.wrong, now() - start);
	return soak.wrong != 0;
}

#include "tls/watch.h"

#include <string.h>

#define BODY_BYTES_MAX (16384 + 2048) /* RFC 5246, 6.2.3: the most of any */

enum record { /* RFC 8446, 5.1 */
	RECORD_CHANGE = 20,
	RECORD_ALERT,
	RECORD_HANDSHAKE,
	RECORD_DATA,
};

#define MESSAGE_SERVER_HELLO 2

/* The random of a ServerHello that asks for another hello: RFC 8446,
 * 4.1.3. */
static const unsigned char again[32] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A,
	0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
	0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2,
	0xC8, 0xA8, 0x33, 0x9C };

const char *
tls_watch_fits(const struct hello *h, const struct host *host)
{
	struct http_fault f;
	struct host name;

	if (h->name.len == 0 && host->kind == HOST_NAME)
		return "the TLS hello names no server";
	if (h->name.len > 0 && (host_parse(h->name, &name, &f) != PARSE_OK ||
		name.kind != HOST_NAME || h->name.len != str_c(name.text).len ||
		!str_eq(host_str(&name), host_str(host))))
		return "the TLS server name is not the CONNECT host";
	if (h->encrypted)
		return "the TLS hello is encrypted (ECH), and this endpoint "
		       "passes only what names its server";
	return NULL;
}

/* ---- records ---- */

/* The head of a record is there. */
static enum parse
head_check(struct tls_watch_way *way, struct http_fault *f)
{
	const unsigned char *h = way->head;
	uint32_t n = (uint32_t)h[3] << 8 | h[4];

	if (h[0] < RECORD_CHANGE || h[0] > RECORD_DATA || h[1] != 3 ||
	    h[2] > 4)
		return http_bad(f, 400, "the bytes are not TLS");
	if (n == 0 || n > BODY_BYTES_MAX)
		return http_bad(f, 400, "a TLS record's size is off");
	way->left = n;
	return PARSE_OK;
}

/* Bytes of the record's body: as many of *in as belong to it. */
static struct str
body_take(struct tls_watch_way *way, struct str *in)
{
	size_t n = way->left < in->len ? way->left : in->len;
	struct str body = str_head(*in, n);

	*in = str_from(*in, n);
	way->left -= (uint32_t)n;
	if (way->left == 0)
		way->have = 0;
	return body;
}

/* More of the head; true: it is whole. */
static bool
head_take(struct tls_watch_way *way, struct str *in)
{
	while (way->have < TLS_WATCH_HEAD && in->len > 0) {
		way->head[way->have++] = (unsigned char)in->p[0];
		*in = str_from(*in, 1);
	}
	return way->have == TLS_WATCH_HEAD;
}

/* ---- the client ---- */

/* in begins with a handshake record, which may be a hello. *n: what of it
 * may pass; PARSE_OK with 0 of it: as any other record. */
static enum parse
client_handshake(struct tls_watch *w, const struct host *host, struct str in,
    unsigned char *scratch, size_t *n, struct http_fault *f)
{
	struct hello hello;
	enum parse got;
	const char *why;

	*n = 0;
	if (w->state == TLS_WATCH_CALM)
		return PARSE_OK;
	if (w->state == TLS_WATCH_ANSWER)
		return http_bad(f, 400,
		    "a TLS handshake goes on before its server answered");
	got = hello_parse(in, scratch, &hello, f);
	if (got != PARSE_OK)
		return got;
	why = tls_watch_fits(&hello, host);
	if (why != NULL)
		return http_bad(f, 400, why);
	w->state = w->state == TLS_WATCH_HELLO ? TLS_WATCH_ANSWER :
						 TLS_WATCH_CALM;
	*n = hello.bytes;
	return PARSE_OK;
}

/* At the front of in a record of the client begins: all of it, or none. */
static enum parse
client_record(struct tls_watch *w, const struct host *host, struct str *in,
    unsigned char *scratch, struct http_fault *f)
{
	struct tls_watch_way *way = &w->client;
	enum parse got;
	size_t n = 0;

	if (in->len < TLS_WATCH_HEAD)
		return w->state == TLS_WATCH_HELLO && !hello_begins(*in) ?
		    http_bad(f, 400, "the bytes are not TLS") : PARSE_MORE;
	memcpy(way->head, in->p, TLS_WATCH_HEAD);
	got = head_check(way, f);
	if (got != PARSE_OK)
		return got;
	if (way->head[0] == RECORD_HANDSHAKE) {
		got = client_handshake(w, host, *in, scratch, &n, f);
		if (got != PARSE_OK) { /* it is read again */
			way->left = 0;
			return got;
		}
	} else if (w->state == TLS_WATCH_HELLO) {
		return http_bad(f, 400, "TLS does not begin with its hello");
	}
	if (n > 0) {
		way->left = 0;
		*in = str_from(*in, n);
		return PARSE_OK;
	}
	*in = str_from(*in, TLS_WATCH_HEAD);
	way->have = TLS_WATCH_HEAD;
	return PARSE_OK;
}

enum parse
tls_watch_client(struct tls_watch *w, const struct host *host, struct str in,
    unsigned char *scratch, size_t *n, struct http_fault *f)
{
	size_t whole = in.len;
	enum parse got = PARSE_OK;

	while (in.len > 0 && got == PARSE_OK) {
		if (w->client.left > 0)
			(void)body_take(&w->client, &in);
		else
			got = client_record(w, host, &in, scratch, f);
	}
	*n = whole - in.len;
	return got;
}

/* ---- the server ---- */

/* Bytes of its first message: an answer to the hello, of which kind? */
static enum parse
server_first(struct tls_watch *w, struct str body, struct http_fault *f)
{
	size_t room = TLS_WATCH_FIRST - w->nfirst;
	size_t n = body.len < room ? body.len : room;

	memcpy(w->first + w->nfirst, body.p, n);
	w->nfirst += (unsigned)n;
	if (w->nfirst > 0 && w->first[0] != MESSAGE_SERVER_HELLO)
		return http_bad(f, 502,
		    "the server does not answer the TLS hello");
	if (w->nfirst == TLS_WATCH_FIRST)
		w->state = memcmp(w->first + TLS_WATCH_FIRST - sizeof(again),
		    again, sizeof(again)) == 0 ? TLS_WATCH_AGAIN :
						 TLS_WATCH_CALM;
	return PARSE_OK;
}

static enum parse
server_record(struct tls_watch *w, struct str *in, struct http_fault *f)
{
	struct tls_watch_way *way = &w->server;

	if (way->left == 0) {
		if (!head_take(way, in))
			return PARSE_MORE;
		if (head_check(way, f) != PARSE_OK)
			return PARSE_BAD;
		if (w->state == TLS_WATCH_HELLO ||
		    (w->state == TLS_WATCH_ANSWER &&
			way->head[0] != RECORD_HANDSHAKE &&
			way->head[0] != RECORD_ALERT))
			return http_bad(f, 502,
			    "the server does not answer the TLS hello");
	}
	if (w->state == TLS_WATCH_ANSWER &&
	    way->head[0] == RECORD_HANDSHAKE)
		return server_first(w, body_take(way, in), f);
	(void)body_take(way, in);
	return PARSE_OK;
}

enum parse
tls_watch_server(struct tls_watch *w, struct str in, struct http_fault *f)
{
	enum parse got = PARSE_OK;

	while (in.len > 0 && got == PARSE_OK)
		got = server_record(w, &in, f);
	return got == PARSE_BAD ? PARSE_BAD : PARSE_OK;
}

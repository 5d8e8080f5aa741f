/* f_unread.c -- what is said before TLS, and TLS that passes: whatever comes
 * from either side in whatever pieces, nothing goes on but what may.
 *
 * The first byte says which protocol (0: TLS at once); then pieces, each
 * behind a byte with its side and its length. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "tls/starttls.h"
#include "tls/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static unsigned char scratch[HELLO_BYTES_MAX];

static bool
watched(struct tls_watch *w, bool server, struct buf *in)
{
	const struct host a = { HOST_NAME, 6, "a.test" };
	struct http_fault f;
	size_t n = in->len;
	enum parse got = server ? tls_watch_server(w, buf_str(in), &f) :
				  tls_watch_client(w, &a, buf_str(in),
				      scratch, &n, &f);

	must(n <= in->len);
	buf_eat(in, n);
	return got != PARSE_BAD;
}

/* One line, of those that may be said in clear. */
static void
is_harmless(enum starttls_kind kind, struct str out)
{
	static const char *const good[] = { "EHLO ", "HELO ", "NOOP\r\n",
		"QUIT\r\n", "STARTTLS\r\n" };
	bool found = kind != STARTTLS_SMTP;

	if (kind > STARTTLS_POP3)
		return;
	must(str_has_suffix(out, STR("\r\n")));
	must(str_index(out, '\n') == out.len - 1);
	for (size_t i = 0; i < 5; i++)
		found |= str_has_prefix(out, str_c(good[i]));
	must(found);
}

static bool
before(struct starttls *t, bool server, struct buf *in, struct buf *out)
{
	for (;;) {
		enum starttls_said said;
		size_t n;

		buf_clear(out);
		said = server ? starttls_server(t, buf_str(in), &n, out) :
				starttls_client(t, buf_str(in), &n, out);
		must(n <= in->len);
		if (said == STARTTLS_MORE)
			return true;
		must(n > 0 || said == STARTTLS_BAD);
		if (said == STARTTLS_TLS && server)
			must(n == in->len);
		if (said == STARTTLS_PASS && !server)
			is_harmless(t->kind, buf_str(out));
		if (said == STARTTLS_TLS || said == STARTTLS_BAD)
			return false;
		buf_eat(in, n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct tls_watch w = { .state = TLS_WATCH_HELLO };
	struct buf in[2], out;
	struct starttls t;
	bool on = len > 0;
	unsigned kind = on ? p[0] % (STARTTLS_MYSQL + 1) : 0;

	buf_init(&in[0], 49152);
	buf_init(&in[1], 49152);
	buf_init(&out, STARTTLS_OUT_MAX);
	starttls_begin(&t, kind);
	for (size_t at = 1; on && at < len;) {
		bool server = (p[at] & 0x80) != 0;
		size_t n = p[at++] & 0x7F;

		n = n < len - at ? n : len - at;
		if (!buf_add(&in[server], p + at, n))
			break;
		at += n;
		on = kind == 0 ? watched(&w, server, &in[server]) :
				 before(&t, server, &in[server], &out);
	}
	buf_fini(&in[0]);
	buf_fini(&in[1]);
	buf_fini(&out);
	return 0;
}

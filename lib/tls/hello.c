#include "tls/hello.h"

#include <stdint.h>

#define EXT_SERVER_NAME	 0
#define EXT_ECH		 0xFE0D	/* RFC 9849 */
#define RECORD_BYTES_MAX 16384	/* RFC 8446: plaintext of one record */

bool
hello_begins(struct str in)
{
	return (in.len < 1 || in.p[0] == 0x16) &&
	    (in.len < 2 || in.p[1] == 0x03) &&
	    (in.len < 3 || (in.p[2] >= 0x01 && in.p[2] <= 0x04));
}

/* Reads forward; bad is sticky and everything is then empty. */
struct take {
	struct str s;
	bool bad;
};

static unsigned
take_int(struct take *t, size_t bytes)
{
	unsigned v = 0;

	if (t->s.len < bytes) {
		t->bad = true;
		t->s.len = 0;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | (unsigned char)t->s.p[i];
	t->s = str_from(t->s, bytes);
	return v;
}

/* Bytes behind a length of this many bytes. */
static struct take
take_vec(struct take *t, size_t length_bytes)
{
	size_t n = take_int(t, length_bytes);
	struct take v = { str_of("", 0), t->bad };

	if (n > t->s.len) {
		t->bad = v.bad = true;
		t->s.len = 0;
		return v;
	}
	v.s = str_head(t->s, n);
	t->s = str_from(t->s, n);
	return v;
}

/* The list holds one name of type host_name, and nothing else. */
static bool
server_name(struct take ext, struct hello *out)
{
	struct take list = take_vec(&ext, 2), name;

	if (out->name.len != 0 || take_int(&list, 1) != 0)
		return false;
	name = take_vec(&list, 2);
	if (ext.bad || ext.s.len != 0 || list.bad || list.s.len != 0 ||
	    name.s.len == 0)
		return false;
	out->name = name.s;
	return true;
}

static bool
extensions(struct take t, struct hello *out)
{
	while (t.s.len > 0) {
		unsigned type = take_int(&t, 2);
		struct take ext = take_vec(&t, 2);

		if (t.bad || ext.bad)
			return false;
		if (type == EXT_SERVER_NAME && !server_name(ext, out))
			return false;
		out->encrypted |= type == EXT_ECH;
	}
	return !t.bad;
}

static bool
body(struct str s, struct hello *out)
{
	struct take t = { s, false };
	struct take exts;

	(void)take_int(&t, 2);		/* legacy version */
	if (t.s.len < 32)
		return false;
	t.s = str_from(t.s, 32);	/* random */
	(void)take_vec(&t, 1);		/* session */
	(void)take_vec(&t, 2);		/* ciphers */
	(void)take_vec(&t, 1);		/* compression */
	if (t.bad)
		return false;
	if (t.s.len == 0)
		return true;		/* no extensions: very old */
	exts = take_vec(&t, 2);
	return !t.bad && t.s.len == 0 && extensions(exts, out);
}

/* Copies what the records hold of the handshake message; PARSE_OK when it is
 * all there, *len bytes without its own header, in *records bytes. */
static enum parse
gather(struct str in, unsigned char *scratch, size_t *len, size_t *records,
    struct http_fault *f)
{
	size_t have = 0, want = 4, whole = in.len;

	for (;;) {
		size_t n, at;

		if (!hello_begins(in))
			return http_bad(f, 400, "not a TLS handshake");
		if (in.len < 5)
			return PARSE_MORE;
		n = (size_t)(unsigned char)in.p[3] << 8 |
		    (unsigned char)in.p[4];
		if (n == 0 || n > RECORD_BYTES_MAX)
			return http_bad(f, 400, "a TLS record's size is off");
		in = str_from(in, 5);
		at = n < in.len ? n : in.len;
		if (at > HELLO_BYTES_MAX - have)
			return http_bad(f, 400, "the ClientHello is too long");
		memcpy(scratch + have, in.p, at);
		have += at;
		if (have > 0 && scratch[0] != 1)
			return http_bad(f, 400,
			    "the handshake does not begin with ClientHello");
		if (have >= 4)
			want = 4 + ((size_t)scratch[1] << 16 |
			    (size_t)scratch[2] << 8 | scratch[3]);
		if (want > HELLO_BYTES_MAX)
			return http_bad(f, 400, "the ClientHello is too long");
		if (have >= want) {
			*len = want - 4;
			*records = whole - in.len + at;
			return have == want && at == n ? PARSE_OK :
			    http_bad(f, 400,
				"bytes follow the ClientHello");
		}
		if (at < n)
			return PARSE_MORE;
		in = str_from(in, n);
	}
}

enum parse
hello_parse(struct str in, unsigned char *scratch, struct hello *out,
    struct http_fault *f)
{
	size_t len = 0, records = 0;
	enum parse got = gather(in, scratch, &len, &records, f);

	*out = (struct hello){ .bytes = records };
	if (got != PARSE_OK)
		return got;
	if (!body(str_of((const char *)scratch + 4, len), out))
		return http_bad(f, 400, "the ClientHello is malformed");
	return PARSE_OK;
}

/* starttls_bin.c -- LDAP, PostgreSQL and MySQL before TLS. */
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "tls/starttls.h"

static const char long_message[] = "a message is too long";

static enum starttls_said
put(struct starttls *t, struct buf *out, const void *p, size_t len,
    enum starttls_said said)
{
	return buf_add(out, p, len) ? said : starttls_bad(t, long_message);
}

static uint32_t
number_be(struct str s)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.len && i < 4; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return v;
}

/* ---- LDAP: BER ---- */

#define TAG_SEQUENCE 0x30
#define TAG_INTEGER  0x02
#define TAG_ENUM     0x0A
#define TAG_UNBIND   0x42
#define TAG_ASK	     0x77 /* ExtendedRequest */
#define TAG_ANSWER   0x78 /* ExtendedResponse */
#define LDAP_BYTES_MAX 4096

static const struct str start_oid = { "1.3.6.1.4.1.1466.20037", 22 };

/* The first value of s, if it has this tag (0: any): STARTTLS_PASS. */
static enum starttls_said
ber_take(struct str *s, unsigned tag, struct str *content)
{
	size_t head = 2, len, bytes;

	if (s->len >= 1 && tag != 0 && (unsigned char)s->p[0] != tag)
		return STARTTLS_BAD;
	if (s->len < 2)
		return STARTTLS_MORE;
	len = (unsigned char)s->p[1];
	if (len >= 0x80) {
		bytes = len & 0x7F;
		head += bytes;
		if (bytes == 0 || bytes > 4)
			return STARTTLS_BAD;
		if (s->len < head)
			return STARTTLS_MORE;
		len = number_be(str_of(s->p + 2, bytes));
	}
	if (len > LDAP_BYTES_MAX)
		return STARTTLS_BAD;
	if (len > s->len - head)
		return STARTTLS_MORE;
	*content = str_of(s->p + head, len);
	*s = str_from(*s, head + len);
	return STARTTLS_PASS;
}

/* LDAPMessage: its number, its operation's tag and content. */
static enum starttls_said
ldap_take(struct starttls *t, struct str in, size_t *eaten, uint32_t *id,
    unsigned *op, struct str *content)
{
	struct str rest = in, body, number;
	enum starttls_said said = ber_take(&rest, TAG_SEQUENCE, &body);

	if (said == STARTTLS_MORE)
		return said;
	if (said == STARTTLS_BAD ||
	    ber_take(&body, TAG_INTEGER, &number) != STARTTLS_PASS ||
	    number.len < 1 || number.len > 4 ||
	    (unsigned char)number.p[0] >= 0x80 || body.len == 0)
		return starttls_bad(t, "the bytes are not LDAP");
	*op = (unsigned char)body.p[0];
	if (ber_take(&body, 0, content) != STARTTLS_PASS)
		return starttls_bad(t, "the bytes are not LDAP");
	*id = number_be(number);
	*eaten = in.len - rest.len;
	if (*op == TAG_ASK && body.len > 0)
		return starttls_bad(t, "a request for TLS has controls");
	return STARTTLS_PASS;
}

static void
put_id(unsigned char *p, uint32_t id)
{
	p[0] = TAG_INTEGER;
	p[1] = 4;
	for (int i = 0; i < 4; i++)
		p[2 + i] = (unsigned char)(id >> (24 - 8 * i));
}

/* A response to op that says: confidentialityRequired (13). */
static enum starttls_said
ldap_refuse(struct starttls *t, uint32_t id, unsigned op, struct buf *out)
{
	static const struct { unsigned char ask, answer; } pairs[] = {
		{ 0x60, 0x61 }, { 0x63, 0x65 }, { 0x66, 0x67 },
		{ 0x68, 0x69 }, { 0x4A, 0x6B }, { 0x6C, 0x6D },
		{ 0x6E, 0x6F }, { TAG_ASK, TAG_ANSWER },
	};
	unsigned char m[31] = { TAG_SEQUENCE, 29, 0, 0, 0, 0, 0, 0, 0, 21,
		TAG_ENUM, 1, 13, 0x04, 0, 0x04, 14 };

	put_id(m + 2, id);
	memcpy(m + 17, "StartTLS first", 14);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].ask == op)
			m[8] = pairs[i].answer;
	if (m[8] == 0)
		return starttls_bad(t, "an LDAP operation in clear, before "
				       "StartTLS");
	if (!buf_add(out, m, sizeof(m)))
		return starttls_bad(t, long_message);
	return starttls_refuse(t, "%s in clear, before StartTLS",
	    op == 0x60 ? "a bind" : op == 0x63 ? "a search" :
						 "an LDAP operation");
}

enum starttls_said
starttls_ldap_client(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	unsigned char m[34] = { TAG_SEQUENCE, 32, 0, 0, 0, 0, 0, 0, TAG_ASK,
		24, 0x80, 22 };
	struct str content = STR(""), oid = STR("");
	unsigned op = 0;
	uint32_t id = 0;
	enum starttls_said said = ldap_take(t, in, eaten, &id, &op,
	    &content);

	if (said != STARTTLS_PASS)
		return said;
	if (op == TAG_UNBIND) /* it goes, and says so */
		return STARTTLS_ANSWER;
	if (op != TAG_ASK ||
	    ber_take(&content, 0x80, &oid) != STARTTLS_PASS ||
	    content.len > 0 || !str_eq(oid, start_oid))
		return ldap_refuse(t, id, op, out);
	if (++t->asks > STARTTLS_ASKS_MAX)
		return starttls_bad(t, "too much is asked before StartTLS");
	put_id(m + 2, id);
	memcpy(m + 12, start_oid.p, start_oid.len);
	t->id = id;
	t->state = STARTTLS_CONSENT;
	return put(t, out, m, sizeof(m), STARTTLS_PASS);
}

enum starttls_said
starttls_ldap_server(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	struct str content = STR(""), code;
	unsigned op = 0;
	uint32_t id = 0;
	enum starttls_said said = ldap_take(t, in, eaten, &id, &op,
	    &content);

	if (said != STARTTLS_PASS)
		return said;
	if (t->state != STARTTLS_CONSENT || in.len > *eaten || id != t->id ||
	    op != TAG_ANSWER ||
	    ber_take(&content, TAG_ENUM, &code) != STARTTLS_PASS ||
	    code.len != 1)
		return starttls_bad(t, "the server says something else than "
				       "its answer to StartTLS, in clear");
	t->state = STARTTLS_CLIENT;
	return put(t, out, in.p, in.len,
	    code.p[0] == 0 ? STARTTLS_TLS : STARTTLS_PASS);
}

/* ---- PostgreSQL ---- */

#define PG_SSL 80877103U
#define PG_GSS 80877104U

enum starttls_said
starttls_pg_client(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	static const char no[] = "E\0\0\0\x55SFATAL\0VFATAL\0C28000\0M"
	    "this endpoint is allowed with TLS alone (sslmode=require)\0";
	uint32_t len, code;

	if (in.len < 8)
		return STARTTLS_MORE;
	len = number_be(str_head(in, 4));
	code = number_be(str_from(in, 4));
	*eaten = in.len < len ? in.len : len;
	if (len == 8 && code == PG_GSS)
		return ++t->asks > STARTTLS_ASKS_MAX ?
		    starttls_bad(t, "too much is asked before TLS") :
		    put(t, out, "N", 1, STARTTLS_ANSWER);
	if (len == 8 && code == PG_SSL) {
		if (++t->asks > STARTTLS_ASKS_MAX)
			return starttls_bad(t, "too much is asked before "
					       "TLS");
		t->state = STARTTLS_CONSENT;
		return put(t, out, in.p, 8, STARTTLS_PASS);
	}
	(void)put(t, out, no, sizeof(no), STARTTLS_BAD);
	return starttls_bad(t, "PostgreSQL in clear: its client did not "
			       "insist on TLS (sslmode=require)");
}

enum starttls_said
starttls_pg_server(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	if (t->state != STARTTLS_CONSENT || in.len != 1 ||
	    (in.p[0] != 'S' && in.p[0] != 'N'))
		return starttls_bad(t, "the server says something else than "
				       "its answer to SSLRequest, in clear");
	*eaten = 1;
	t->state = STARTTLS_CLIENT;
	return put(t, out, in.p, 1,
	    in.p[0] == 'S' ? STARTTLS_TLS : STARTTLS_PASS);
}

/* ---- MySQL ---- */

#define MYSQL_HEAD	 4
#define MYSQL_HELLO_MAX	 1024
#define MYSQL_ASK	 32
#define MYSQL_CLIENT_SSL 0x08 /* in the second byte of what it can do */

static size_t
mysql_len(struct str in)
{
	return (size_t)(unsigned char)in.p[0] |
	    (size_t)(unsigned char)in.p[1] << 8 |
	    (size_t)(unsigned char)in.p[2] << 16;
}

enum starttls_said
starttls_mysql_server(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	unsigned char kind;
	size_t len;

	if (t->state != STARTTLS_GREETING)
		return starttls_bad(t, "the server says more than its "
				       "greeting, in clear");
	if (in.len < MYSQL_HEAD + 1)
		return STARTTLS_MORE;
	len = mysql_len(in);
	kind = (unsigned char)in.p[MYSQL_HEAD];
	if (len < 1 || len > MYSQL_HELLO_MAX || in.p[3] != 0 ||
	    (kind != 10 && kind != 0xFF) || in.len > MYSQL_HEAD + len)
		return starttls_bad(t, "the server does not greet as MySQL "
				       "does");
	if (in.len < MYSQL_HEAD + len)
		return STARTTLS_MORE;
	*eaten = in.len;
	t->state = STARTTLS_CLIENT;
	return put(t, out, in.p, in.len, STARTTLS_PASS);
}

/* The request for TLS is the beginning of a login, and TLS follows it at
 * once. */
enum starttls_said
starttls_mysql_client(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	static const char no[] = "\x3C\0\0\2\xFF\x57\x0C#HY000"
	    "Connections using insecure transport are prohibited";

	if (in.len < MYSQL_HEAD + 2)
		return STARTTLS_MORE;
	if (mysql_len(in) == MYSQL_ASK && in.p[3] == 1 &&
	    ((unsigned char)in.p[MYSQL_HEAD + 1] & MYSQL_CLIENT_SSL) != 0) {
		if (in.len < MYSQL_HEAD + MYSQL_ASK)
			return STARTTLS_MORE;
		*eaten = MYSQL_HEAD + MYSQL_ASK;
		return put(t, out, in.p, *eaten, STARTTLS_TLS);
	}
	*eaten = in.len;
	(void)put(t, out, no, sizeof(no) - 1, STARTTLS_BAD);
	return starttls_bad(t, "MySQL in clear: its client does not ask for "
			       "TLS");
}

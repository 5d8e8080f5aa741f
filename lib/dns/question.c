#include "dns/question.h"

#include "base/must.h"

enum { HEAD_BYTES = 12, TYPE_OPT = 41, EDE_CODE = 15, EDE_PROHIBITED = 18 };
enum { FLAG_RESPONSE = 0x80, FLAG_RECURSE = 1 };

struct in { /* read from the front */
	const unsigned char *p;
	size_t len, at;
	bool bad;	/* it ended too soon */
};

static unsigned
get_u8(struct in *in)
{
	if (in->at >= in->len) {
		in->bad = true;
		return 0;
	}
	return in->p[in->at++];
}

static unsigned
get_u16(struct in *in)
{
	unsigned high = get_u8(in);

	return high << 8 | get_u8(in);
}

static void
skip(struct in *in, size_t n)
{
	if (n > in->len - in->at)
		in->bad = true;
	else
		in->at += n;
}

/* A question's name stands whole: a pointer would lead back into the head.
 * text gets it with dots; false: it is too long or has a pointer. */
static bool
name_get(struct in *in, char text[HOST_BYTES_MAX + 1], size_t *len)
{
	unsigned n;

	*len = 0;
	while ((n = get_u8(in)) != 0 && !in->bad) {
		if (n > 63 || *len + n + (*len > 0) > HOST_BYTES_MAX)
			return false;
		if (*len > 0)
			text[(*len)++] = '.';
		for (unsigned i = 0; i < n; i++) {
			char c = (char)get_u8(in);

			/* A dot inside a label would make two of it. */
			text[(*len)++] = c == '.' ? '\0' : c;
		}
	}
	return !in->bad;
}

/* The one further record that a question may have. */
static bool
opt_get(struct in *in)
{
	bool ok = get_u8(in) == 0 && get_u16(in) == TYPE_OPT;

	skip(in, 6);
	skip(in, get_u16(in));
	return ok && !in->bad;
}

static int
body_parse(struct in *in, unsigned further, struct dns_question *q)
{
	char text[HOST_BYTES_MAX + 1];
	size_t len, from = in->at;
	struct http_fault f;

	if (!name_get(in, text, &len))
		return DNS_FORMAT_ERROR;
	q->type = (uint16_t)get_u16(in);
	if (get_u16(in) != DNS_CLASS_IN)
		return in->bad ? DNS_FORMAT_ERROR : DNS_NOT_IMPLEMENTED;
	if (in->bad)
		return DNS_FORMAT_ERROR;
	q->section = str_of((const char *)in->p + from, in->at - from);
	if (further == 1 && !opt_get(in))
		return DNS_FORMAT_ERROR;
	q->extended = further == 1;
	if (in->at != in->len)
		return DNS_FORMAT_ERROR;
	if (host_parse(str_of(text, len), &q->host, &f) != PARSE_OK)
		q->host.kind = HOST_NONE;
	return DNS_NO_ERROR;
}

int
dns_question_parse(struct str message, struct dns_question *q)
{
	struct in in = { (const unsigned char *)message.p, message.len, 0,
		false };
	unsigned flags, code, counts[4];

	*q = (struct dns_question){ .section = str_of("", 0) };
	if (message.len < HEAD_BYTES || message.len > QUESTION_BYTES_MAX)
		return -1;
	q->id = (uint16_t)get_u16(&in);
	flags = get_u8(&in);
	code = get_u8(&in);
	for (unsigned i = 0; i < 4; i++)
		counts[i] = get_u16(&in);
	if ((flags & FLAG_RESPONSE) != 0)
		return -1;
	q->recurse = (flags & FLAG_RECURSE) != 0;
	if ((flags >> 3 & 15) != 0)
		return DNS_NOT_IMPLEMENTED;
	if ((code & 15) != 0 || counts[0] != 1 || counts[1] != 0 ||
	    counts[2] != 0 || counts[3] > 1)
		return DNS_FORMAT_ERROR;
	return body_parse(&in, counts[3], q);
}

/* ---- the answer ---- */

struct out {
	unsigned char *p;
	size_t len;
};

static void
put(struct out *o, const void *p, size_t len)
{
	must(len <= ANSWER_BYTES_MAX - o->len);
	memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void
put_u16(struct out *o, unsigned v)
{
	const unsigned char b[2] = { (unsigned char)(v >> 8),
		(unsigned char)v };

	put(o, b, sizeof(b));
}

static void
put_u32(struct out *o, uint32_t v)
{
	put_u16(o, v >> 16);
	put_u16(o, v & 0xffff);
}

#define NAME_AT_HEAD 0xc00c /* a pointer to the question's name */

static void
put_address(struct out *o, const struct dns_reply *r)
{
	put_u16(o, NAME_AT_HEAD);
	put_u16(o, DNS_TYPE_A);
	put_u16(o, DNS_CLASS_IN);
	put_u32(o, r->ttl);
	put_u16(o, 4);
	put_u32(o, r->address);
}

/* With the reason as an extended error (RFC 8914): dig shows it. */
static void
put_opt(struct out *o, const struct dns_reply *r)
{
	static const unsigned char root = 0;
	struct str why = str_upto(str_c(r->why), 160);

	put(o, &root, 1);
	put_u16(o, TYPE_OPT);
	put_u16(o, QUESTION_BYTES_MAX);
	put_u32(o, 0);
	put_u16(o, r->why == NULL ? 0 : (unsigned)why.len + 6);
	if (r->why == NULL)
		return;
	put_u16(o, EDE_CODE);
	put_u16(o, (unsigned)why.len + 2);
	put_u16(o, EDE_PROHIBITED);
	put(o, why.p, why.len);
}

size_t
dns_reply_put(const struct dns_question *q, const struct dns_reply *r,
    unsigned char *out)
{
	struct out o = { out, 0 };

	put_u16(&o, q->id);
	/* a response, recursion as it was asked and to be had */
	put_u16(&o, 0x8080U | (q->recurse ? 0x100U : 0) | (unsigned)r->code);
	put_u16(&o, q->section.len > 0);
	put_u16(&o, r->has_address);
	put_u16(&o, 0);
	put_u16(&o, q->extended);
	put(&o, q->section.p, q->section.len);
	if (r->has_address)
		put_address(&o, r);
	if (q->extended)
		put_opt(&o, r);
	return o.len;
}

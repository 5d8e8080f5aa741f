#include "tls/starttls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"

#define LINE_BYTES_MAX 512 /* of the client; RFC 5321, 4.5.3.1.4 */
#define ARG_BYTES_MAX  255

/* ---- any protocol ---- */

enum starttls_kind
starttls_of_port(uint16_t port)
{
	switch (port) {
	case 25:
	case 587:
	case 2525:
		return STARTTLS_SMTP;
	case 143:
		return STARTTLS_IMAP;
	case 110:
		return STARTTLS_POP3;
	case 389:
		return STARTTLS_LDAP;
	case 5432:
		return STARTTLS_POSTGRES;
	case 3306:
		return STARTTLS_MYSQL;
	default:
		return STARTTLS_NONE;
	}
}

const char *
starttls_name(enum starttls_kind kind)
{
	static const char *const names[] = {
		[STARTTLS_NONE] = "", [STARTTLS_SMTP] = "SMTP",
		[STARTTLS_IMAP] = "IMAP", [STARTTLS_POP3] = "POP3",
		[STARTTLS_LDAP] = "LDAP", [STARTTLS_POSTGRES] = "PostgreSQL",
		[STARTTLS_MYSQL] = "MySQL",
	};

	return names[kind];
}

void
starttls_begin(struct starttls *t, enum starttls_kind kind)
{
	bool client_first = kind == STARTTLS_LDAP ||
	    kind == STARTTLS_POSTGRES;

	*t = (struct starttls){ .kind = kind,
		.state = client_first ? STARTTLS_CLIENT : STARTTLS_GREETING };
}

bool
starttls_is_fresh(const struct starttls *t)
{
	return t->asks == 0 && t->refused == 0 && t->kind != STARTTLS_NONE &&
	    (t->state == STARTTLS_GREETING || t->kind == STARTTLS_LDAP ||
		t->kind == STARTTLS_POSTGRES);
}

enum starttls_said
starttls_bad(struct starttls *t, const char *why)
{
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	return STARTTLS_BAD;
}

/* A few times: then whoever asks does not listen. */
enum starttls_said
starttls_refuse(struct starttls *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
	return ++t->refused >= STARTTLS_REFUSE_MAX ? STARTTLS_BAD :
						     STARTTLS_REFUSE;
}

static const char follows[] =
    "bytes in clear follow the request for TLS";
static const char unasked[] =
    "the server says more than it was asked for, in clear";

/* ---- lines ---- */

/* STARTTLS_PASS: a line, its end not in *line, of *bytes bytes. */
static enum starttls_said
line_take(struct starttls *t, struct str in, size_t max, struct str *line,
    size_t *bytes)
{
	size_t n = str_index(in, '\n');

	if (n >= max)
		return starttls_bad(t, "a line is too long");
	if (n == in.len)
		return STARTTLS_MORE;
	if (n == 0 || in.p[n - 1] != '\r')
		return starttls_bad(t, "a line does not end in CRLF");
	*line = str_head(in, n - 1);
	*bytes = n + 1;
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return starttls_bad(t,
			    "a line holds a control character");
	}
	return STARTTLS_PASS;
}

static bool
is_of(struct str s, const char *more, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9')) &&
		    strchr(more, c) == NULL)
			return false;
		if (c == '\0')
			return false;
	}
	return s.len > 0 && s.len <= max;
}

static enum starttls_said
ask(struct starttls *t, struct buf *out, enum starttls_state then,
    const char *words)
{
	if (++t->asks > STARTTLS_ASKS_MAX)
		return starttls_bad(t, "too much is asked before STARTTLS");
	t->state = then;
	return buf_addz(out, words) ? STARTTLS_PASS :
	    starttls_bad(t, "a message is too long");
}

static enum starttls_said
pass(struct starttls *t, struct str whole, struct buf *out,
    enum starttls_said said)
{
	t->state = STARTTLS_CLIENT;
	return buf_adds(out, whole) ? said :
				      starttls_bad(t, "a message is too long");
}

/* What the server lets be known by itself before it hangs up, and no more. */
static enum starttls_said
reply_end(struct starttls *t, struct str in, size_t bytes, bool consents,
    struct buf *out)
{
	bool asked = t->state == STARTTLS_CONSENT;

	if (in.len > bytes)
		return starttls_bad(t, unasked);
	return pass(t, str_head(in, bytes), out,
	    asked && consents ? STARTTLS_TLS : STARTTLS_PASS);
}

/* ---- SMTP ---- */

static enum starttls_said
smtp_ask(struct starttls *t, struct str verb, struct str arg, struct buf *out)
{
	bool ehlo = str_case_eq(verb, STR("EHLO"));
	char words[ARG_BYTES_MAX + 16];

	if (ehlo || str_case_eq(verb, STR("HELO"))) {
		if (!is_of(arg, ".-:[]_", ARG_BYTES_MAX))
			return starttls_bad(t, "EHLO without a name");
		t->hello = ehlo;
		t->offered = false;
		(void)snprintf(words, sizeof(words), "%s %.*s\r\n",
		    ehlo ? "EHLO" : "HELO", (int)arg.len, arg.p);
		return ask(t, out, STARTTLS_REPLY, words);
	}
	t->hello = false;
	if (str_case_eq(verb, STR("NOOP")))
		return ask(t, out, STARTTLS_REPLY, "NOOP\r\n");
	if (str_case_eq(verb, STR("QUIT")) && arg.len == 0)
		return ask(t, out, STARTTLS_REPLY, "QUIT\r\n");
	if (str_case_eq(verb, STR("STARTTLS")) && arg.len == 0)
		return ask(t, out, STARTTLS_CONSENT, "STARTTLS\r\n");
	if (!buf_addz(out, "530 5.7.0 Must issue a STARTTLS command "
			   "first\r\n"))
		return starttls_bad(t, "a message is too long");
	return starttls_refuse(t, "%.*s in clear, before STARTTLS%s",
	    is_of(verb, "", 16) ? (int)verb.len : 0, verb.p,
	    t->offered || t->asks == 0 ? "" :
					 ", which the server did not offer");
}

static enum starttls_said
smtp_client(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	struct str line, verb, arg = STR("");
	enum starttls_said said = line_take(t, in, LINE_BYTES_MAX, &line,
	    eaten);

	if (said != STARTTLS_PASS)
		return said;
	if (!str_cut(line, ' ', &verb, &arg))
		verb = line;
	return smtp_ask(t, verb, str_trim(arg), out);
}

/* Lines of one code, up to one without a dash. */
static enum starttls_said
smtp_server(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	struct str rest = in, line, code = STR("");
	size_t n = 0;

	for (;;) {
		enum starttls_said said = line_take(t, rest, LINE_BYTES_MAX * 2,
		    &line, &n);

		if (said != STARTTLS_PASS)
			return said;
		rest = str_from(rest, n);
		if (line.len < 3 || !is_of(str_head(line, 3), "", 3) ||
		    line.p[0] < '2' || line.p[0] > '5' ||
		    (code.len > 0 && !str_eq(code, str_head(line, 3))) ||
		    (line.len > 3 && line.p[3] != ' ' && line.p[3] != '-'))
			return starttls_bad(t, "the server does not speak "
					       "SMTP");
		code = str_head(line, 3);
		t->offered |= t->hello && t->state == STARTTLS_REPLY &&
		    line.len == 12 &&
		    str_case_eq(str_from(line, 4), STR("STARTTLS"));
		if (line.len == 3 || line.p[3] == ' ')
			break;
	}
	*eaten = in.len - rest.len;
	if (t->state == STARTTLS_CLIENT && !str_eqz(code, "421"))
		return starttls_bad(t, unasked);
	return reply_end(t, in, *eaten, str_eqz(code, "220"), out);
}

/* ---- IMAP ---- */

static enum starttls_said
imap_client(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	static const struct str quiet[] = { { "CAPABILITY", 10 },
		{ "NOOP", 4 }, { "LOGOUT", 6 } };
	struct str line, tag, verb, arg = STR("");
	enum starttls_said said = line_take(t, in, LINE_BYTES_MAX, &line,
	    eaten);
	char words[STARTTLS_TAG_MAX + 16];

	if (said != STARTTLS_PASS)
		return said;
	if (!str_cut(line, ' ', &tag, &verb) ||
	    !is_of(tag, ".", STARTTLS_TAG_MAX))
		return starttls_bad(t, "a command without a tag");
	must(str_copy(tag, t->tag, sizeof(t->tag)));
	for (size_t i = 0; i < 3; i++) {
		if (!str_case_eq(verb, quiet[i]))
			continue;
		(void)snprintf(words, sizeof(words), "%s %s\r\n", t->tag,
		    quiet[i].p);
		return ask(t, out, STARTTLS_REPLY, words);
	}
	(void)snprintf(words, sizeof(words), "%s STARTTLS\r\n", t->tag);
	if (str_case_eq(verb, STR("STARTTLS")))
		return ask(t, out, STARTTLS_CONSENT, words);
	if (!buf_printf(out, "%s NO [PRIVACYREQUIRED] STARTTLS must come "
			     "first\r\n", t->tag))
		return starttls_bad(t, "a message is too long");
	if (str_cut(verb, ' ', &line, &arg))
		verb = line;
	return starttls_refuse(t, "%.*s in clear, before STARTTLS",
	    is_of(verb, "", 16) ? (int)verb.len : 0, verb.p);
}

/* The line with the tag ends the answer; STARTTLS has no other. */
static enum starttls_said
imap_reply(struct starttls *t, struct str in, struct str line, size_t at,
    struct buf *out)
{
	size_t tag = strlen(t->tag);
	struct str word;

	if (!str_has_prefix(line, str_c(t->tag)) || line.len <= tag ||
	    line.p[tag] != ' ')
		return t->state == STARTTLS_CONSENT ?
		    starttls_bad(t, unasked) : STARTTLS_MORE;
	word = str_from(line, tag + 1);
	return reply_end(t, in, at, str_case_eq(str_upto(word, 3), STR("OK ")),
	    out);
}

static enum starttls_said
imap_server(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	struct str rest = in, line;
	size_t n = 0;

	while (rest.len > 0) {
		enum starttls_said said = line_take(t, rest,
		    STARTTLS_BYTES_MAX, &line, &n);

		if (said != STARTTLS_PASS)
			return said;
		rest = str_from(rest, n);
		*eaten = in.len - rest.len;
		if (str_has_suffix(line, STR("}")))
			return starttls_bad(t, "the server sends a literal "
					       "before STARTTLS");
		if (t->state == STARTTLS_REPLY || t->state == STARTTLS_CONSENT)
			said = imap_reply(t, in, line, *eaten, out);
		else if (str_case_eq(str_upto(line, 5), STR("* BYE")) ||
		    (t->state == STARTTLS_GREETING &&
			str_case_eq(str_upto(line, 5), STR("* OK "))))
			said = reply_end(t, in, *eaten, false, out);
		else
			said = starttls_bad(t, unasked);
		if (said != STARTTLS_MORE)
			return said;
	}
	return STARTTLS_MORE;
}

/* ---- POP3 ---- */

static enum starttls_said
pop3_client(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	struct str line, verb, arg = STR("");
	enum starttls_said said = line_take(t, in, LINE_BYTES_MAX, &line,
	    eaten);

	if (said != STARTTLS_PASS)
		return said;
	t->lines = str_case_eq(line, STR("CAPA"));
	if (t->lines)
		return ask(t, out, STARTTLS_REPLY, "CAPA\r\n");
	if (str_case_eq(line, STR("QUIT")))
		return ask(t, out, STARTTLS_REPLY, "QUIT\r\n");
	if (str_case_eq(line, STR("STLS")))
		return ask(t, out, STARTTLS_CONSENT, "STLS\r\n");
	if (!buf_addz(out, "-ERR STLS must come first\r\n"))
		return starttls_bad(t, "a message is too long");
	if (!str_cut(line, ' ', &verb, &arg))
		verb = line;
	return starttls_refuse(t, "%.*s in clear, before STLS",
	    is_of(verb, "", 16) ? (int)verb.len : 0, verb.p);
}

static enum starttls_said
pop3_server(struct starttls *t, struct str in, size_t *eaten, struct buf *out)
{
	struct str rest = in, line;
	enum starttls_said said = line_take(t, rest, LINE_BYTES_MAX, &line,
	    eaten);
	size_t n = 0;
	bool good;

	if (said != STARTTLS_PASS)
		return said;
	good = str_has_prefix(line, STR("+OK"));
	if (t->state == STARTTLS_CLIENT ||
	    (!good && !str_has_prefix(line, STR("-ERR"))))
		return starttls_bad(t, unasked);
	rest = str_from(in, *eaten);
	while (t->lines && good && t->state == STARTTLS_REPLY) {
		said = line_take(t, rest, LINE_BYTES_MAX, &line, &n);
		if (said != STARTTLS_PASS)
			return said;
		rest = str_from(rest, n);
		*eaten += n;
		if (str_eqz(line, "."))
			break;
	}
	return reply_end(t, in, *eaten, good, out);
}

/* ---- all of them ---- */

typedef enum starttls_said starttls_fn(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);

static starttls_fn *const clients[] = {
	[STARTTLS_SMTP] = smtp_client, [STARTTLS_IMAP] = imap_client,
	[STARTTLS_POP3] = pop3_client, [STARTTLS_LDAP] = starttls_ldap_client,
	[STARTTLS_POSTGRES] = starttls_pg_client,
	[STARTTLS_MYSQL] = starttls_mysql_client,
};
static starttls_fn *const servers[] = {
	[STARTTLS_SMTP] = smtp_server, [STARTTLS_IMAP] = imap_server,
	[STARTTLS_POP3] = pop3_server, [STARTTLS_LDAP] = starttls_ldap_server,
	[STARTTLS_POSTGRES] = starttls_pg_server,
	[STARTTLS_MYSQL] = starttls_mysql_server,
};

/* Last words, where nothing better was said. */
static enum starttls_said
end(const struct starttls *t, struct buf *out)
{
	static const char *const words[] = {
		[STARTTLS_SMTP] = "421 4.7.0 ended by the sandbox\r\n",
		[STARTTLS_IMAP] = "* BYE ended by the sandbox\r\n",
		[STARTTLS_POP3] = "-ERR ended by the sandbox\r\n",
		[STARTTLS_LDAP] = "", [STARTTLS_POSTGRES] = "",
		[STARTTLS_MYSQL] = "",
	};

	if (out->len == 0 && !buf_addz(out, words[t->kind]))
		buf_clear(out); /* it ends without a word */
	return STARTTLS_BAD;
}

enum starttls_said
starttls_client(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	enum starttls_said said;

	*eaten = 0;
	must(t->kind != STARTTLS_NONE);
	if (in.len == 0)
		return STARTTLS_MORE;
	if (t->state == STARTTLS_CONSENT) {
		(void)starttls_bad(t, follows);
		return end(t, out);
	}
	if (t->state != STARTTLS_CLIENT)
		return STARTTLS_MORE; /* it waits until it is asked */
	said = clients[t->kind](t, in, eaten, out);
	if (t->state == STARTTLS_CONSENT && said == STARTTLS_PASS &&
	    *eaten < in.len) {
		buf_clear(out);
		said = starttls_bad(t, follows);
	}
	if (said == STARTTLS_MORE)
		*eaten = 0;
	return said == STARTTLS_BAD ? end(t, out) : said;
}

enum starttls_said
starttls_server(struct starttls *t, struct str in, size_t *eaten,
    struct buf *out)
{
	enum starttls_said said;

	*eaten = 0;
	must(t->kind != STARTTLS_NONE);
	if (in.len == 0)
		return STARTTLS_MORE;
	if (in.len > STARTTLS_BYTES_MAX)
		said = starttls_bad(t, "the server says too much before "
				       "STARTTLS");
	else
		said = servers[t->kind](t, in, eaten, out);
	if (said == STARTTLS_MORE)
		*eaten = 0;
	return said == STARTTLS_BAD ? end(t, out) : said;
}

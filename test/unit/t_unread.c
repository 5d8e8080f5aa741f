/* t_unread.c -- TLS that passes unread, and what is said in clear before. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/compat.h"
#include "tls/starttls.h"
#include "tls/watch.h"

/* ---- records ---- */

#define HELLO(name, more)						\
	"\x16\x03\x01\x00\x3e\x01\x00\x00\x3a\x03\x03"			\
	"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"				\
	"\x00\x00\x02\x13\x01\x01\x00\x00\x0f"				\
	"\x00" more "\x00\x0b\x00\x09\x00\x00\x06" name
#define ANSWER(random) "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" random \
	"\x00\x13\x01\x00"
#define FINAL ANSWER("rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr")
#define AGAIN ANSWER("\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02" \
	"\x1E\x65\xB8\x91\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2" \
	"\xC8\xA8\x33\x9C")
#define CHANGE "\x14\x03\x03\x00\x01\x01"
#define DATA   "\x17\x03\x03\x00\x05hello"
#define ALERT  "\x15\x03\x03\x00\x02\x02\x28"

enum side { END, CLIENT, SERVER };

struct said {
	enum side side;
	struct str bytes;
};

static const struct {
	const char *what;
	bool good;
	struct said said[6];
} watched[] = {
	{ "a hello, its answer, and data", true,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(FINAL DATA) }, { CLIENT, STR(CHANGE DATA) } } },
	{ "data that is sent early", true,
	    { { CLIENT, STR(HELLO("a.test", "\x00") CHANGE DATA) },
		{ SERVER, STR(FINAL) }, { CLIENT, STR(DATA) } } },
	{ "handshakes of TLS 1.2 behind the answer", true,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(FINAL) },
		{ CLIENT, STR("\x16\x03\x03\x00\x04\x10\x00\x00\x00" CHANGE
		    "\x16\x03\x03\x00\x04\x01ran") } } },
	{ "a server that asks for another hello", true,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(AGAIN CHANGE) },
		{ CLIENT, STR(CHANGE HELLO("a.test", "\x00")) },
		{ SERVER, STR(FINAL DATA) }, { CLIENT, STR(DATA) } } },
	{ "another name in the second hello", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(AGAIN CHANGE) },
		{ CLIENT, STR(CHANGE HELLO("b.test", "\x00")) } } },
	{ "another name in it behind early data", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00") DATA) },
		{ SERVER, STR(AGAIN) },
		{ CLIENT, STR(DATA HELLO("b.test", "\x00")) } } },
	{ "a second hello that nobody asked for yet", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")
		CHANGE HELLO("a.test", "\x00")) } } },
	{ "another name in the first", false,
	    { { CLIENT, STR(HELLO("b.test", "\x00")) } } },
	{ "a name with a final dot", false,
	    { { CLIENT, STR(HELLO("a.tes.", "\x00")) } } },
	{ "no name", false,
	    { { CLIENT, STR(HELLO("a.test", "\x01")) } } },
	{ "data before the hello", false, { { CLIENT, STR(DATA) } } },
	{ "an alert before the hello", false, { { CLIENT, STR(ALERT) } } },
	{ "no TLS", false, { { CLIENT, STR("GET / HTTP/1.1\r\n") } } },
	{ "no TLS behind the hello", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00") "GET / ") } } },
	{ "a record of another kind", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")
		"\x18\x03\x03\x00\x01x") } } },
	{ "a record of no bytes", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")
		"\x17\x03\x03\x00\x00") } } },
	{ "a record that is too long", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")
		"\x17\x03\x03\x48\x01") } } },
	{ "a server that refuses with an alert", true,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(ALERT) } } },
	{ "a server that speaks first", false, { { SERVER, STR(FINAL) } } },
	{ "a server that speaks no TLS", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR("220 mail.test\r\n") } } },
	{ "a server that begins with data", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR(DATA) } } },
	{ "a server whose first message is no answer", false,
	    { { CLIENT, STR(HELLO("a.test", "\x00")) },
		{ SERVER, STR("\x16\x03\x03\x00\x04\x0e\x00\x00\x00") } } },
};

/* In pieces of step bytes; what passes must be what came. */
static bool
say_client(struct tls_watch *w, struct str s, size_t step)
{
	static unsigned char scratch[HELLO_BYTES_MAX];
	const struct host a = { HOST_NAME, 6, "a.test" };
	struct http_fault f;
	size_t done = 0;

	for (size_t n = step; done < s.len; n += step) {
		size_t all = n < s.len ? n : s.len, passed;

		if (tls_watch_client(w, &a,
			str_of(s.p + done, all - done), scratch, &passed,
			&f) == PARSE_BAD)
			return false;
		assert_true(passed <= all - done);
		done += passed;
		if (all == s.len)
			break;
	}
	assert_int_equal(done, s.len);
	return true;
}

static bool
say_server(struct tls_watch *w, struct str s, size_t step)
{
	struct http_fault f;

	for (size_t at = 0; at < s.len; at += step)
		if (tls_watch_server(w, str_upto(str_from(s, at), step),
			&f) == PARSE_BAD)
			return false;
	return true;
}

static void
only_tls_for_the_name_passes(void **state)
{
	static const size_t steps[] = { 1, 3, 7, 1000 };

	(void)state;
	for (size_t i = 0; i < NELEM(watched) * NELEM(steps); i++) {
		const struct said *s = watched[i / NELEM(steps)].said;
		size_t step = steps[i % NELEM(steps)];
		struct tls_watch w = { .state = TLS_WATCH_HELLO };
		bool good = true;

		for (; good && s->side != END; s++)
			good = s->side == CLIENT ?
			    say_client(&w, s->bytes, step) :
			    say_server(&w, s->bytes, step);
		if (good != watched[i / NELEM(steps)].good)
			fail_msg("%s, by %zu bytes",
			    watched[i / NELEM(steps)].what, step);
	}
}

/* ---- before TLS ---- */

struct turn { /* bytes of one side; what comes of its last message */
	enum side side;
	struct str in;
	enum starttls_said said;
	struct str out;
};

#define OFFER "250-a.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
#define GREET { SERVER, STR("220 hello\r\n"), STARTTLS_PASS,		\
	STR("220 hello\r\n") }
#define LDAP_OID "1.3.6.1.4.1.1466.20037"
#define LDAP_ASK "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" LDAP_OID
#define LDAP_OURS "\x30\x20\x02\x04\x00\x00\x00\x01\x77\x18\x80\x16" LDAP_OID
#define LDAP_YES "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
#define PG_ASK "\x00\x00\x00\x08\x04\xd2\x16\x2f"

static const struct {
	const char *what;
	enum starttls_kind kind;
	struct turn turns[7];
} talks[] = {
	{ "SMTP: EHLO, STARTTLS", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("ehlo  me.test\r\n"), STARTTLS_PASS,
		STR("EHLO me.test\r\n") },
	    { SERVER, STR(OFFER), STARTTLS_PASS, STR(OFFER) },
	    { CLIENT, STR("starttls\r\n"), STARTTLS_PASS,
		STR("STARTTLS\r\n") },
	    { SERVER, STR("220 go\r\n"), STARTTLS_TLS, STR("220 go\r\n") },
	} },
	{ "SMTP: half an answer waits", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("EHLO me\r\n"), STARTTLS_PASS, STR("EHLO me\r\n") },
	    { SERVER, STR("250-a.test\r\n250 ST"), STARTTLS_MORE, STR("") },
	} },
	{ "SMTP: AUTH is refused, and then TLS", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("AUTH PLAIN x\r\n"), STARTTLS_REFUSE,
		STR("530 5.7.0 Must issue a STARTTLS command first\r\n") },
	    { CLIENT, STR("STARTTLS\r\n"), STARTTLS_PASS,
		STR("STARTTLS\r\n") },
	} },
	{ "SMTP: NOOP loses its argument", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("NOOP a secret\r\n"), STARTTLS_PASS,
		STR("NOOP\r\n") } } },
	{ "SMTP: a no to STARTTLS is no end", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("STARTTLS\r\n"), STARTTLS_PASS,
		STR("STARTTLS\r\n") },
	    { SERVER, STR("454 later\r\n"), STARTTLS_PASS,
		STR("454 later\r\n") },
	    { CLIENT, STR("MAIL FROM:<>\r\n"), STARTTLS_REFUSE,
		STR("530 5.7.0 Must issue a STARTTLS command first\r\n") },
	} },
	{ "SMTP: a command behind STARTTLS", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("STARTTLS\r\nRSET\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: a command before the consent", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("STARTTLS\r\n"), STARTTLS_PASS,
		STR("STARTTLS\r\n") },
	    { CLIENT, STR("R"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: an answer behind the consent", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("STARTTLS\r\n"), STARTTLS_PASS,
		STR("STARTTLS\r\n") },
	    { SERVER, STR("220 go\r\n2"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: an answer that nobody asked for", STARTTLS_SMTP, { GREET,
	    { SERVER, STR("250 early\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: the server hangs up", STARTTLS_SMTP, { GREET,
	    { SERVER, STR("421 bye\r\n"), STARTTLS_PASS,
		STR("421 bye\r\n") } } },
	{ "SMTP: two codes in one answer", STARTTLS_SMTP, {
	    { SERVER, STR("220-a\r\n250 b\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: a bare line feed", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("EHLO me\nMAIL FROM:<>\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: a bare carriage return", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("NOOP\rMAIL FROM:<>\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "SMTP: EHLO with more than a name", STARTTLS_SMTP, { GREET,
	    { CLIENT, STR("EHLO a b=c\r\n"), STARTTLS_BAD,
		STR("421 4.7.0 ended by the sandbox\r\n") } } },
	{ "IMAP: STARTTLS by its tag", STARTTLS_IMAP, {
	    { SERVER, STR("* OK hi\r\n"), STARTTLS_PASS, STR("* OK hi\r\n") },
	    { CLIENT, STR("a1 capability\r\n"), STARTTLS_PASS,
		STR("a1 CAPABILITY\r\n") },
	    { SERVER, STR("* CAPABILITY X\r\na1 OK\r\n"), STARTTLS_PASS,
		STR("* CAPABILITY X\r\na1 OK\r\n") },
	    { CLIENT, STR("a2 STARTTLS\r\n"), STARTTLS_PASS,
		STR("a2 STARTTLS\r\n") },
	    { SERVER, STR("a2 OK go\r\n"), STARTTLS_TLS,
		STR("a2 OK go\r\n") } } },
	{ "IMAP: PREAUTH would do without", STARTTLS_IMAP, {
	    { SERVER, STR("* PREAUTH\r\n"), STARTTLS_BAD,
		STR("* BYE ended by the sandbox\r\n") } } },
	{ "IMAP: LOGIN is refused", STARTTLS_IMAP, {
	    { SERVER, STR("* OK hi\r\n"), STARTTLS_PASS, STR("* OK hi\r\n") },
	    { CLIENT, STR("a LOGIN u p\r\n"), STARTTLS_REFUSE,
		STR("a NO [PRIVACYREQUIRED] STARTTLS must come first\r\n") },
	} },
	{ "IMAP: words before the consent", STARTTLS_IMAP, {
	    { SERVER, STR("* OK hi\r\n"), STARTTLS_PASS, STR("* OK hi\r\n") },
	    { CLIENT, STR("a STARTTLS\r\n"), STARTTLS_PASS,
		STR("a STARTTLS\r\n") },
	    { SERVER, STR("* CAPABILITY X\r\na OK\r\n"), STARTTLS_BAD,
		STR("* BYE ended by the sandbox\r\n") } } },
	{ "POP3: CAPA, STLS", STARTTLS_POP3, {
	    { SERVER, STR("+OK hi\r\n"), STARTTLS_PASS, STR("+OK hi\r\n") },
	    { CLIENT, STR("CAPA\r\n"), STARTTLS_PASS, STR("CAPA\r\n") },
	    { SERVER, STR("+OK\r\nSTLS\r\n"), STARTTLS_MORE, STR("") },
	    { SERVER, STR("+OK\r\nSTLS\r\n.\r\n"), STARTTLS_PASS,
		STR("+OK\r\nSTLS\r\n.\r\n") },
	    { CLIENT, STR("STLS\r\n"), STARTTLS_PASS, STR("STLS\r\n") },
	    { SERVER, STR("+OK\r\n"), STARTTLS_TLS, STR("+OK\r\n") } } },
	{ "POP3: USER is refused", STARTTLS_POP3, {
	    { SERVER, STR("+OK hi\r\n"), STARTTLS_PASS, STR("+OK hi\r\n") },
	    { CLIENT, STR("USER me\r\n"), STARTTLS_REFUSE,
		STR("-ERR STLS must come first\r\n") } } },
	{ "LDAP: StartTLS", STARTTLS_LDAP, {
	    { CLIENT, STR(LDAP_ASK), STARTTLS_PASS, STR(LDAP_OURS) },
	    { SERVER, STR(LDAP_YES), STARTTLS_TLS, STR(LDAP_YES) } } },
	{ "LDAP: an answer to another number", STARTTLS_LDAP, {
	    { CLIENT, STR(LDAP_ASK), STARTTLS_PASS, STR(LDAP_OURS) },
	    { SERVER, STR("\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00"
			  "\x04\x00"), STARTTLS_BAD, STR("") } } },
	{ "LDAP: half a request", STARTTLS_LDAP, {
	    { CLIENT, STR("\x30\x1d\x02\x01\x01\x77"), STARTTLS_MORE,
		STR("") } } },
	{ "LDAP: a bind is refused by its own answer", STARTTLS_LDAP, {
	    { CLIENT, STR("\x30\x0c\x02\x01\x07\x60\x07\x02\x01\x03\x04\x00"
			  "\x80\x00"), STARTTLS_REFUSE,
		STR("\x30\x1d\x02\x04\x00\x00\x00\x07\x61\x15\x0a\x01\x0d"
		    "\x04\x00\x04\x0eStartTLS first") } } },
	{ "PostgreSQL: SSLRequest", STARTTLS_POSTGRES, {
	    { CLIENT, STR(PG_ASK), STARTTLS_PASS, STR(PG_ASK) },
	    { SERVER, STR("S"), STARTTLS_TLS, STR("S") } } },
	{ "PostgreSQL: encryption by GSSAPI is declined", STARTTLS_POSTGRES, {
	    { CLIENT, STR("\x00\x00\x00\x08\x04\xd2\x16\x30"),
		STARTTLS_ANSWER, STR("N") },
	    { CLIENT, STR(PG_ASK), STARTTLS_PASS, STR(PG_ASK) } } },
	{ "PostgreSQL: bytes behind the consent", STARTTLS_POSTGRES, {
	    { CLIENT, STR(PG_ASK), STARTTLS_PASS, STR(PG_ASK) },
	    { SERVER, STR("SE"), STARTTLS_BAD, STR("") } } },
	{ "PostgreSQL: a query behind the request", STARTTLS_POSTGRES, {
	    { CLIENT, STR(PG_ASK "Q"), STARTTLS_BAD, STR("") } } },
	{ "MySQL: a greeting, and the request for TLS", STARTTLS_MYSQL, {
	    { SERVER, STR("\x03\x00\x00\x00\x0a" "8\x00"), STARTTLS_PASS,
		STR("\x03\x00\x00\x00\x0a" "8\x00") },
	    { CLIENT, STR("\x20\x00\x00\x01\x00\x0a\x00\x00"
			  "0123456789012345678901234567"), STARTTLS_TLS,
		STR("\x20\x00\x00\x01\x00\x0a\x00\x00"
		    "0123456789012345678901234567") } } },
	{ "MySQL: more than a greeting", STARTTLS_MYSQL, {
	    { SERVER, STR("\x01\x00\x00\x00\x0a" "8"), STARTTLS_BAD,
		STR("") } } },
};

static void
run_turn(const char *what, struct starttls *t, const struct turn *turn)
{
	enum starttls_said said;
	struct buf out = { 0 };
	size_t eaten;

	buf_init(&out, STARTTLS_OUT_MAX);
	said = turn->side == CLIENT ?
	    starttls_client(t, turn->in, &eaten, &out) :
	    starttls_server(t, turn->in, &eaten, &out);
	if (said != turn->said || !str_eq(buf_str(&out), turn->out))
		fail_msg("%s: %.*s: %d (%s) and %.*s", what,
		    (int)turn->in.len, turn->in.p, said, t->why,
		    (int)out.len, buf_str(&out).p);
	buf_fini(&out);
}

static void
what_is_said_before_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(talks); i++) {
		struct starttls t;

		starttls_begin(&t, talks[i].kind);
		for (const struct turn *n = talks[i].turns; n->side != END;
		    n++)
			run_turn(talks[i].what, &t, n);
	}
}

static void
who_does_not_listen_is_not_heard_for_ever(void **state)
{
	const struct turn refused = { CLIENT, STR("MAIL FROM:<>\r\n"),
		STARTTLS_REFUSE,
		STR("530 5.7.0 Must issue a STARTTLS command first\r\n") };
	const struct turn greet = GREET;
	struct turn last = refused;
	struct starttls t;

	(void)state;
	starttls_begin(&t, STARTTLS_SMTP);
	run_turn("greeting", &t, &greet);
	for (int i = 1; i < STARTTLS_REFUSE_MAX; i++)
		run_turn("refused", &t, &refused);
	last.said = STARTTLS_BAD;
	run_turn("the last", &t, &last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_tls_for_the_name_passes),
		cmocka_unit_test(what_is_said_before_tls),
		cmocka_unit_test(who_does_not_listen_is_not_heard_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

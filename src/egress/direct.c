/* direct.c -- a connection that a program made without knowing of a proxy.
 * The address that it dialled stands for a name that the answerer gave it,
 * or for itself; from there on it is judged as a CONNECT. What it speaks says
 * how a refusal can be explained: with an answer in HTTP, an alert in TLS,
 * or not at all. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"

#define ALERT_ACCESS_DENIED  49 /* RFC 8446, 6.2 */
#define ALERT_INTERNAL_ERROR 80

enum want
direct_reset(struct conn *c)
{
	const struct linger at_once = { .l_onoff = 1 };

	(void)setsockopt(c->cl.io.fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof(at_once)); /* closing ends it anyway */
	c->cl.failed = true;
	return WANT_CLOSE;
}

enum want
direct_refuse(struct conn *c)
{
	buf_clear(&c->cl.in);
	c->cl.ready = true;
	conn_enter(c, CONN_REFUSED);
	return WANT_TURN;
}

/* Capitals and a blank: what else does so gets an answer that it does not
 * understand, and no more. */
static bool
begins_http(struct str in)
{
	size_t n = 0;

	while (n < in.len && n < METHOD_TEXT_MAX && in.p[n] >= 'A' &&
	    in.p[n] <= 'Z')
		n++;
	return n > 0 && n < in.len && in.p[n] == ' ';
}

enum want
conn_refused(struct conn *c)
{
	unsigned char alert[] = { 0x15, 3, 1, 0, 2, 2,
		c->refused == 403 ? ALERT_ACCESS_DENIED :
				    ALERT_INTERNAL_ERROR };
	struct str in = buf_str(&c->cl.in);

	must(c->state == CONN_REFUSED);
	if (in.len == 0) {
		enum want w = conn_peek_more(c);

		return w == WANT_CLOSE ? direct_reset(c) : w;
	}
	if (hello_begins(in)) {
		buf_clear(&c->cl.out);
		if (!buf_add(&c->cl.out, alert, sizeof(alert)))
			return direct_reset(c);
	} else if (!begins_http(in)) {
		return direct_reset(c);
	}
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0); /* what is there is read and dropped */
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

enum want
address_judge(struct conn *c)
{
	struct str name = str_of("", 0);
	struct http_fault f;
	struct in_addr a;

	if (c->at.host.kind != HOST_IPV4 ||
	    inet_pton(AF_INET, c->at.host.text, &a) != 1 ||
	    !names_is_ours(ntohl(a.s_addr)))
		return connect_judge(c);
	name = names_find(&c->eg->answerer.names, ntohl(a.s_addr));
	if (name.len > 0) {
		must(host_parse(name, &c->at.host, &f) == PARSE_OK);
		return connect_judge(c);
	}
	if (!judge_record(c, AUDIT_NET_OPEN, AUDIT_DENIED, NULL, 403,
		STR("no name was given this address")))
		return answer_unrecorded(c);
	return answer_address(c, "no name was given this address");
}

enum want
direct_ask(struct conn *c)
{
	struct in_addr a = { htonl(c->there) };
	char text[INET_ADDRSTRLEN] = "";
	struct http_fault f;
	enum want w;

	(void)inet_ntop(AF_INET, &a, text, sizeof(text));
	must(host_parse(str_c(text), &c->at.host, &f) == PARSE_OK);
	c->at.port = c->there_port;
	w = request_may_begin(c);
	if (w != WANT_TURN)
		return w;
	(void)snprintf(c->method, sizeof(c->method), "CONNECT");
	return c->at.port == 0 ? direct_reset(c) : address_judge(c);
}

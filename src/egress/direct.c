/* direct.c -- a connection that a program made without knowing of a proxy.
 * The address that it dialled stands for a name that the answerer gave it,
 * or for itself; from there on it is judged as a CONNECT. There is nobody to
 * explain a refusal to: it is a reset, and a record. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"

enum want
direct_refuse(struct conn *c)
{
	const struct linger at_once = { .l_onoff = 1 };

	(void)setsockopt(c->cl.io.fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof(at_once)); /* closing ends it anyway */
	c->cl.failed = true;
	return WANT_CLOSE;
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
	return c->at.port == 0 ? direct_refuse(c) : address_judge(c);
}

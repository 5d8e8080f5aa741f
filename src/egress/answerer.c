#include "answerer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/must.h"
#include "dns/question.h"
#include "egress.h"
#include "policy/decide.h"

/* ---- one question ---- */

struct ruling {
	struct dns_reply reply;
	enum audit_verdict verdict;
	char why[REASON_BYTES_MAX];
};

static void
deny(struct ruling *v, enum dns_code code)
{
	v->reply.code = code;
	v->reply.why = v->why;
}

static void
say(struct ruling *v, const char *why)
{
	(void)snprintf(v->why, sizeof(v->why), "%s", why);
}

/* As a CONNECT to it on the usual port would be explained. */
static void
explain(const struct egress *eg, struct str host, struct ruling *v)
{
	const struct net_query q = { .host = host, .port = 443,
		.tls = true };
	struct net_answer a;

	policy_network(eg->image, &q, &a);
	say(v, a.reason);
}

static void
judge(struct egress *eg, const struct dns_question *q, struct ruling *v)
{
	struct str host = host_str(&q->host);

	*v = (struct ruling){ .verdict = AUDIT_DENIED };
	if (q->host.kind != HOST_NAME) {
		say(v, "this is not the name of a host");
		deny(v, DNS_NO_SUCH_NAME);
	} else if (!policy_name(eg->image, host)) {
		explain(eg, host, v);
		deny(v, DNS_NO_SUCH_NAME);
	} else if (q->type != DNS_TYPE_A) {
		v->verdict = AUDIT_ALLOWED; /* nothing of that kind */
	} else if (!names_give(&eg->answerer.names, host,
		&v->reply.address)) {
		say(v, "more names were asked for than there are addresses "
		    "for them");
		deny(v, DNS_SERVER_FAILURE);
	} else {
		v->verdict = AUDIT_ALLOWED;
		v->reply.has_address = true;
		v->reply.ttl = ANSWERER_TTL_S;
		say(v, "a rule names it");
	}
}

/* false: the log has no room, so there is no answer either. Of a name that
 * is allowed the address alone is worth a record. */
static bool
record(struct egress *eg, const struct dns_question *q,
    const struct ruling *v)
{
	struct in_addr a = { htonl(v->reply.address) };
	char text[INET_ADDRSTRLEN] = "";
	struct audit_record r = { .kind = AUDIT_DNS, .verdict = v->verdict,
		.when = clock_wall(), .host = host_str(&q->host), .port = 0,
		.reason = str_c(v->why),
		.policy_hash = str_c(image_info(eg->image)->hash),
		.generation = eg->generation };

	if (v->verdict == AUDIT_ALLOWED && !v->reply.has_address)
		return true;
	if (!audit_sender_up(&eg->audit) || !audit_sender_ready(&eg->audit))
		return false;
	if (v->reply.has_address)
		r.address = str_c(inet_ntop(AF_INET, &a, text, sizeof(text)));
	return audit_sender_put(&eg->audit, &r) != 0;
}

/* The length of the answer; 0: there is none. */
static size_t
answer(struct egress *eg, struct str message, unsigned char *out)
{
	struct dns_question q;
	struct ruling v;
	int code = dns_question_parse(message, &q);

	if (code == -1)
		return 0;
	if (code != DNS_NO_ERROR) {
		const struct dns_reply bad = { .code = (enum dns_code)code };

		return dns_reply_put(&q, &bad, out);
	}
	judge(eg, &q, &v);
	return record(eg, &q, &v) ? dns_reply_put(&q, &v.reply, out) : 0;
}

/* ---- UDP ---- */

#define PACKETS_MAX 32 /* in one pass */

void
answerer_on_packet(struct loop *l, unsigned events, void *arg)
{
	struct egress *eg = arg;
	char in[QUESTION_BYTES_MAX + 1];
	unsigned char out[ANSWER_BYTES_MAX];

	(void)l;
	(void)events;
	for (int i = 0; i < PACKETS_MAX; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(eg->answerer.udp.fd, in, sizeof(in), 0,
		    (struct sockaddr *)&from, &len);
		size_t put;

		if (n == -1)
			return;
		put = answer(eg, str_of(in, (size_t)n), out);
		if (put > 0)
			(void)sendto(eg->answerer.udp.fd, out, put,
			    MSG_NOSIGNAL, (struct sockaddr *)&from,
			    len); /* who asks asks again */
	}
}

/* ---- TCP ---- */

struct link { /* messages with their length in front (RFC 7766) */
	struct egress *eg;
	struct stream s;
	struct loop_timer timer;
};

static void
link_free(struct link *k)
{
	struct egress *eg = k->eg;

	egress_unqueue(eg, &k->s);
	loop_timer_stop(eg->loop, &k->timer);
	stream_close(eg->loop, &k->s);
	free(k);
	if (eg->answerer.nlinks-- == ANSWERER_LINKS_MAX)
		loop_want(eg->loop, &eg->answerer.tcp, LOOP_READ);
}

static void
link_on_time(struct loop *l, void *arg)
{
	(void)l;
	link_free(arg);
}

/* false: there is no whole message, or no answer to it: *bad. */
static bool
link_answer(struct link *k, bool *bad)
{
	struct str in = buf_str(&k->s.in);
	unsigned char out[2 + ANSWER_BYTES_MAX];
	size_t n, put;

	if (in.len < 2)
		return false;
	n = (size_t)((unsigned char)in.p[0] << 8 | (unsigned char)in.p[1]);
	*bad = n > QUESTION_BYTES_MAX;
	if (*bad || in.len < 2 + n)
		return false;
	put = answer(k->eg, str_of(in.p + 2, n), out + 2);
	*bad = put == 0;
	if (*bad)
		return false;
	out[0] = (unsigned char)(put >> 8);
	out[1] = (unsigned char)put;
	buf_eat(&k->s.in, 2 + n);
	return buf_add(&k->s.out, out, 2 + put);
}

static void
link_on_io(struct loop *l, unsigned events, void *arg)
{
	struct link *k = arg;
	bool bad = (events & LOOP_HANGUP) != 0;

	if ((events & LOOP_WRITE) != 0)
		k->s.blocked = false;
	if ((events & LOOP_READ) != 0)
		(void)stream_fill(&k->s);
	/* A client that does not read its answers gets no more of them. */
	while (!bad && k->s.out.len < BODY_ROOM && link_answer(k, &bad))
		loop_timer_set(l, &k->timer,
		    usec_of_ms(ANSWERER_LINK_S * 1000));
	if (bad || k->s.failed || (k->s.ended && k->s.out.len == 0)) {
		link_free(k);
		return;
	}
	if (k->s.out.len > 0) {
		k->s.tell = true;
		egress_queue(k->eg, &k->s);
	}
	stream_arm(l, &k->s, k->s.out.len < BODY_ROOM);
}

static void
link_new(struct egress *eg, int fd)
{
	struct link *k = mem_alloc(1, sizeof(*k));

	k->eg = eg;
	k->timer.on_time = link_on_time;
	k->timer.arg = k;
	stream_init(&k->s, fd, false, link_on_io, k);
	eg->answerer.nlinks++;
	loop_timer_set(eg->loop, &k->timer,
	    usec_of_ms(ANSWERER_LINK_S * 1000));
	if (loop_watch(eg->loop, &k->s.io, NULL) == -1)
		link_free(k);
}

void
answerer_on_accept(struct loop *l, unsigned events, void *arg)
{
	struct egress *eg = arg;
	int fd;

	(void)events;
	if (eg->answerer.nlinks == ANSWERER_LINKS_MAX) {
		loop_want(l, &eg->answerer.tcp, LOOP_NONE);
		return;
	}
	fd = accept4(eg->answerer.tcp.fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd != -1)
		link_new(eg, fd);
}

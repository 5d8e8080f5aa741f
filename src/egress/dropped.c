#include "dropped.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "caller.h"
#include "egress.h"
#include "resolve.h"

#define MESSAGE_BYTES 1024	/* of one packet's head, and about it */
#define AT_ONCE	      8		/* messages that one read may give */

struct packet {
	uint8_t protocol;
	struct in6_addr to;
	uint16_t port, from_port;
};

/* ---- what the kernel says (netlink(7), nfnetlink_log) ---- */

static uint16_t
get_be16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The head of IP, and the ports where there are such. */
static bool
packet_parse(const unsigned char *p, size_t len, struct packet *out)
{
	size_t head;

	*out = (struct packet){ .protocol = 0 };
	if (len >= 20 && p[0] >> 4 == 4) {
		head = (size_t)(p[0] & 15) * 4;
		out->protocol = p[9];
		out->to.s6_addr[10] = out->to.s6_addr[11] = 0xff;
		memcpy(&out->to.s6_addr[12], p + 16, 4);
	} else if (len >= 40 && p[0] >> 4 == 6) {
		head = 40;
		out->protocol = p[6];
		memcpy(&out->to, p + 24, 16);
	} else {
		return false;
	}
	if (head + 8 > len || head < 20)
		return out->protocol != 0;
	if (out->protocol == IPPROTO_TCP || out->protocol == IPPROTO_UDP ||
	    out->protocol == IPPROTO_UDPLITE || out->protocol == IPPROTO_SCTP) {
		out->from_port = get_be16(p + head);
		out->port = get_be16(p + head + 2);
	} else if (out->protocol == IPPROTO_ICMP ||
	    out->protocol == IPPROTO_ICMPV6) {
		out->from_port = get_be16(p + head + 4); /* of an echo */
	}
	return out->protocol != 0;
}

struct notice {
	bool has_packet, has_seq;
	struct packet packet;
	uint32_t seq;
};

static void
notice_take(struct notice *n, const struct nlattr *a,
    const unsigned char *data, size_t len)
{
	switch (a->nla_type & NLA_TYPE_MASK) {
	case NFULA_PAYLOAD:
		n->has_packet = packet_parse(data, len, &n->packet);
		return;
	case NFULA_SEQ:
		n->has_seq = len == sizeof(n->seq);
		if (n->has_seq)
			memcpy(&n->seq, data, sizeof(n->seq));
		n->seq = ntohl(n->seq);
		return;
	default:
		return;
	}
}

/* Everything here is the kernel's, and checked all the same. */
static void
notice_parse(const unsigned char *p, size_t len, struct notice *out)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nlattr a;

	*out = (struct notice){ .has_packet = false };
	while (at <= len && len - at >= sizeof(a)) {
		memcpy(&a, p + at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > len - at)
			return;
		notice_take(out, &a, p + at + sizeof(a),
		    a.nla_len - sizeof(a));
		at += (size_t)NLA_ALIGN(a.nla_len);
	}
}

/* ---- places ---- */

static struct dropped_place *
place_find(struct dropped *d, const struct packet *k)
{
	for (size_t i = 0; i < DROPPED_PLACES_MAX; i++)
		if (d->v[i].protocol == k->protocol &&
		    d->v[i].port == k->port &&
		    IN6_ARE_ADDR_EQUAL(&d->v[i].to, &k->to))
			return &d->v[i];
	return NULL;
}

static void
place_ask(struct egress *eg, struct dropped_place *p)
{
	unsigned char bytes[32];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct who_ask q = { .port = p->from_port, .proto = p->protocol };

	if (p->from_port == 0 || eg->nasks >= CALLER_ASKS_MAX)
		return; /* the record says nobody, then */
	who_ask_put(&w, &q);
	eg->nasks++;
	p->asked = true;
	control_say(eg, MSG_WHO_ASK, (uint32_t)(p - eg->dropped.v) + 1, &w);
}

static void
place_add(struct egress *eg, const struct packet *k)
{
	struct dropped *d = &eg->dropped;
	struct dropped_place *p;
	size_t i = 0;

	while (i < DROPPED_PLACES_MAX && d->v[i].protocol != 0)
		i++;
	if (i == DROPPED_PLACES_MAX) {
		d->missed++;
		return;
	}
	p = &d->v[i];
	*p = (struct dropped_place){ .protocol = k->protocol, .to = k->to,
		.port = k->port, .from_port = k->from_port, .count = 1,
		.first = loop_now(eg->loop), .last = loop_now(eg->loop) };
	d->n++;
	place_ask(eg, p);
	if (d->look.slot == 0)
		loop_timer_set(eg->loop, &d->look,
		    usec_of_ms(DROPPED_LOOK_MS));
}

static void
take_notice(struct egress *eg, const struct notice *n)
{
	struct dropped *d = &eg->dropped;
	struct dropped_place *p;

	if (n->has_seq) {
		if (d->counts)
			d->missed += n->seq - d->seq - 1;
		d->seq = n->seq;
		d->counts = true;
	}
	if (!n->has_packet)
		return;
	p = place_find(d, &n->packet);
	if (p == NULL) {
		place_add(eg, &n->packet);
		return;
	}
	p->count++;
	p->last = loop_now(eg->loop);
}

/* ---- records ---- */

static const char *
protocol_name(uint8_t protocol, char out[16])
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	default:
		(void)snprintf(out, 16, "ip-%u", protocol);
		return out;
	}
}

/* What to do instead. */
static const char *
why_not(const struct dropped_place *p)
{
	if (p->protocol == IPPROTO_TCP)
		return "no IPv6 address is dialled, whatever the policy says: "
		       "dial the name, or an IPv4 address that a rule names";
	if (p->protocol == IPPROTO_UDP && p->port == 53)
		return "no other resolver is asked, whatever the policy says: "
		       "127.0.0.1 knows the names that rules allow";
	if (p->protocol == IPPROTO_UDP)
		return "UDP leaves no sandbox, whatever the policy says: what "
		       "speaks HTTP/3 has TCP to fall back to";
	return "nothing but TCP leaves a sandbox, whatever the policy says";
}

static bool
put(struct egress *eg, struct audit_record *r)
{
	r->kind = AUDIT_NET_OPEN;
	r->verdict = AUDIT_DENIED;
	r->when = clock_wall();
	r->policy_hash = str_c(image_info(eg->image)->hash);
	r->generation = eg->generation;
	return audit_sender_up(&eg->audit) &&
	    audit_sender_ready(&eg->audit) &&
	    audit_sender_put(&eg->audit, r) != 0;
}

static struct str
host_of(struct egress *eg, const struct in6_addr *to, char *text)
{
	uint32_t v4 = (uint32_t)to->s6_addr[12] << 24 |
	    (uint32_t)to->s6_addr[13] << 16 | (uint32_t)to->s6_addr[14] << 8 |
	    to->s6_addr[15];
	struct str name = STR("");

	if (IN6_IS_ADDR_V4MAPPED(to))
		name = names_find(&eg->answerer.names, v4);
	return name.len > 0 ? name : str_c(address_print(to, text));
}

static void
place_say(struct egress *eg, struct dropped_place *p)
{
	char address[INET6_ADDRSTRLEN], number[16], why[256];
	char chain[AUDIT_CHAIN_BYTES_MAX];
	struct audit_record r = { .port = p->port,
		.host = host_of(eg, &p->to, address) };

	r.action = str_c(protocol_name(p->protocol, number));
	if (p->count > 1)
		(void)snprintf(why, sizeof(why), "%s (%u packets)",
		    why_not(p), p->count);
	else
		(void)snprintf(why, sizeof(why), "%s", why_not(p));
	r.reason = str_c(why);
	caller_record(p->who, &r, chain, sizeof(chain));
	if (!put(eg, &r))
		return; /* when there is room again */
	p->said = true;
	p->count = 0;
	p->told = loop_now(eg->loop);
}

static void
missed_say(struct egress *eg)
{
	char why[160];
	struct audit_record r = { .action = STR("ip") };

	(void)snprintf(why, sizeof(why), "%llu more packets were not let out, "
	    "too many to be told apart",
	    (unsigned long long)eg->dropped.missed);
	r.reason = str_c(why);
	if (put(eg, &r))
		eg->dropped.missed = 0;
}

static bool
is_over(struct usec since, struct usec now, int64_t ms)
{
	return now.v - since.v >= ms * 1000;
}

static void
place_look(struct egress *eg, struct dropped_place *p)
{
	struct usec now = loop_now(eg->loop);

	if (!p->said) {
		if (!p->asked || p->who != NULL ||
		    is_over(p->first, now, DROPPED_WHO_MS))
			place_say(eg, p);
	} else if (p->count > 0 && is_over(p->told, now, DROPPED_AGAIN_MS)) {
		place_say(eg, p);
	} else if (p->count == 0 &&
	    is_over(p->last, now, DROPPED_FORGET_MS)) {
		caller_put(&p->who);
		p->protocol = 0;
		eg->dropped.n--;
	}
}

static void
on_look(struct loop *l, void *arg)
{
	struct egress *eg = arg;
	struct dropped *d = &eg->dropped;

	for (size_t i = 0; i < DROPPED_PLACES_MAX && d->n > 0; i++)
		if (d->v[i].protocol != 0)
			place_look(eg, &d->v[i]);
	if (d->missed > 0)
		missed_say(eg);
	if (d->n > 0 || d->missed > 0)
		loop_timer_set(l, &d->look, usec_of_ms(DROPPED_LOOK_MS));
}

int
dropped_on_reply(struct egress *eg, struct msg *m, struct err *e)
{
	struct dropped_place *p = &eg->dropped.v[m->id - 1];
	struct rbuf r = rbuf_of(m->body);
	struct who who = { 0 };

	if (who_get(&r, &who) == -1)
		return err_set(e, ERR_PEER, "WHO_REPLY is malformed");
	if (p->protocol == 0 || p->said || p->who != NULL)
		return 0; /* it came too late */
	p->who = caller_new(&who);
	place_say(eg, p);
	return 0;
}

/* ---- the socket ---- */

static void
on_rest(struct loop *l, void *arg)
{
	struct egress *eg = arg;

	loop_want(l, &eg->dropped.io, LOOP_READ);
}

static void
read_one(struct egress *eg, const unsigned char *p, size_t len)
{
	struct nlmsghdr h;
	struct notice n;

	for (int i = 0; i < AT_ONCE && len >= sizeof(h); i++) {
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len)
			return;
		if (h.nlmsg_type ==
		    (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) {
			notice_parse(p, h.nlmsg_len, &n);
			take_notice(eg, &n);
		}
		if (NLMSG_ALIGN(h.nlmsg_len) >= len)
			return;
		p += NLMSG_ALIGN(h.nlmsg_len);
		len -= NLMSG_ALIGN(h.nlmsg_len);
	}
}

/* The sandbox decides how many there are; we, how often we look. */
void
dropped_on_packet(struct loop *l, unsigned events, void *arg)
{
	unsigned char in[AT_ONCE * MESSAGE_BYTES];
	struct egress *eg = arg;
	struct dropped *d = &eg->dropped;

	(void)events;
	for (int i = 0; i < DROPPED_PACKETS_MAX; i++) {
		ssize_t n = recv(d->io.fd, in, sizeof(in), MSG_DONTWAIT);

		if (n > 0)
			read_one(eg, in, (size_t)n);
		else if (n == 0 || errno != ENOBUFS) /* some were missed */
			break;
	}
	loop_want(l, &d->io, LOOP_NONE);
	loop_timer_set(l, &d->rest, usec_of_ms(DROPPED_REST_MS));
}

void
dropped_init(struct egress *eg)
{
	eg->dropped.look.on_time = on_look;
	eg->dropped.rest.on_time = on_rest;
	eg->dropped.look.arg = eg->dropped.rest.arg = eg;
}

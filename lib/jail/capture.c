/* capture.c -- nftables and a route, through netlink.
 *
 * The route makes every address local, so that packets to it come back in
 * through lo. There tproxy hands TCP to the listener: no address is
 * translated, and the socket itself knows which one was dialled. A table
 * that cannot be made leaves no route: addresses then are unreachable.
 *
 * What is not let through is told to a socket of nfnetlink_log: the head of
 * each packet. IPv6 gets a route for that alone. */
#include "jail/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"

#define TABLE	   "openshell"
#define IN	   "in"		/* chains */
#define OUT	   "out"
#define LO_INDEX   1		/* in every network namespace */
#define LISTEN_MAX 1024
#define LOG_GROUP  1
#define UNREACH_NO_ROUTE 0	/* code of ICMPv6: "network is unreachable" */
#define BYTES_MAX  4096

/* ---- messages ---- */

struct nl { /* several messages, one after the other */
	_Alignas(8) unsigned char p[BYTES_MAX];
	size_t len, msg;	/* where the last one begins */
	uint32_t n;		/* of them are acknowledged */
	uint8_t family;		/* of the table that is made */
	bool logs;		/* its drops are told of */
};

static void *
nl_add(struct nl *m, size_t len)
{
	void *at = m->p + m->len;

	must(NLMSG_ALIGN(len) <= sizeof(m->p) - m->len);
	m->len += NLMSG_ALIGN(len);
	return at;
}

static void
nl_end(struct nl *m)
{
	uint32_t len = (uint32_t)(m->len - m->msg);

	memcpy(m->p + m->msg, &len, sizeof(len));
}

static void
nl_begin(struct nl *m, unsigned type, unsigned flags, const void *head,
    size_t len)
{
	struct nlmsghdr h = { .nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };

	m->msg = m->len;
	m->n += (flags & NLM_F_ACK) != 0;
	memcpy(nl_add(m, sizeof(h)), &h, sizeof(h));
	memcpy(nl_add(m, len), head, len);
}

static void
nl_put(struct nl *m, unsigned type, const void *p, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + len),
		.nla_type = (uint16_t)type };
	unsigned char *at = nl_add(m, sizeof(a) + len);

	memcpy(at, &a, sizeof(a));
	memcpy(at + sizeof(a), p, len);
}

static void
nl_put_text(struct nl *m, unsigned type, const char *text)
{
	nl_put(m, type, text, strlen(text) + 1);
}

static void
nl_put_u32(struct nl *m, unsigned type, uint32_t v)
{
	uint32_t be = htonl(v);

	nl_put(m, type, &be, sizeof(be));
}

/* What is put until nl_close() is inside. */
static size_t
nl_open(struct nl *m, unsigned type)
{
	size_t at = m->len;

	nl_put(m, type | NLA_F_NESTED, "", 0);
	return at;
}

static void
nl_close(struct nl *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->p + at, &len, sizeof(len));
}

/* The kernel has answered all of them when they were sent. */
static int
nl_talk_on(int fd, const struct nl *m, const char *what, struct err *e)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		unsigned char more[BYTES_MAX];
	} a;

	if (fd == -1 || send(fd, m->p, m->len, 0) != (ssize_t)m->len)
		return err_sys(e, "%s", what);
	for (uint32_t i = 0; i < m->n; i++) {
		ssize_t got = recv(fd, &a, sizeof(a), MSG_DONTWAIT);

		if (got < (ssize_t)(sizeof(a.head) + sizeof(a.error.error)) ||
		    a.head.nlmsg_type != NLMSG_ERROR)
			return err_set(e, ERR_PEER, "%s: no answer", what);
		if (a.error.error != 0)
			return err_num(e, -a.error.error, "%s", what);
	}
	return 0;
}

static int
nl_talk(const struct nl *m, int protocol, const char *what, struct err *e)
{
	CLEAN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
	    protocol);

	return nl_talk_on(fd, m, what, e);
}

/* ---- rules ---- */

static void
nft_begin(struct nl *m, unsigned type, unsigned flags)
{
	const struct nfgenmsg g = { .nfgen_family = m->family,
		.version = NFNETLINK_V0 };

	nl_begin(m, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_CREATE |
	    NLM_F_ACK | flags, &g, sizeof(g));
}

static void
batch(struct nl *m, unsigned type)
{
	const struct nfgenmsg g = { .version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES) };

	nl_begin(m, type, 0, &g, sizeof(g));
	nl_end(m);
}

static void
table(struct nl *m)
{
	nft_begin(m, NFT_MSG_NEWTABLE, 0);
	nl_put_text(m, NFTA_TABLE_NAME, TABLE);
	nl_end(m);
}

static void
chain(struct nl *m, const char *name, unsigned hook)
{
	size_t nest;

	nft_begin(m, NFT_MSG_NEWCHAIN, 0);
	nl_put_text(m, NFTA_CHAIN_TABLE, TABLE);
	nl_put_text(m, NFTA_CHAIN_NAME, name);
	nest = nl_open(m, NFTA_CHAIN_HOOK);
	nl_put_u32(m, NFTA_HOOK_HOOKNUM, hook);
	nl_put_u32(m, NFTA_HOOK_PRIORITY, 0);
	nl_close(m, nest);
	nl_put_text(m, NFTA_CHAIN_TYPE, "filter");
	nl_end(m);
}

struct expr { /* being written */
	size_t elem, data;
};

static struct expr
expr_open(struct nl *m, const char *name)
{
	struct expr x = { .elem = nl_open(m, NFTA_LIST_ELEM) };

	nl_put_text(m, NFTA_EXPR_NAME, name);
	x.data = nl_open(m, NFTA_EXPR_DATA);
	return x;
}

static void
expr_close(struct nl *m, struct expr x)
{
	nl_close(m, x.data);
	nl_close(m, x.elem);
}

static void
put_value(struct nl *m, unsigned type, const void *p, size_t len)
{
	size_t nest = nl_open(m, type);

	nl_put(m, NFTA_DATA_VALUE, p, len);
	nl_close(m, nest);
}

static void
expr_compare(struct nl *m, uint32_t op, const void *p, size_t len)
{
	struct expr x = expr_open(m, "cmp");

	nl_put_u32(m, NFTA_CMP_SREG, NFT_REG_1);
	nl_put_u32(m, NFTA_CMP_OP, op);
	put_value(m, NFTA_CMP_DATA, p, len);
	expr_close(m, x);
}

static void
expr_destination(struct nl *m, uint32_t offset, uint32_t len)
{
	struct expr x = expr_open(m, "payload");

	nl_put_u32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nl_put_u32(m, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nl_put_u32(m, NFTA_PAYLOAD_OFFSET, offset);
	nl_put_u32(m, NFTA_PAYLOAD_LEN, len);
	expr_close(m, x);
}

/* "ip daddr != 127.0.0.0/8", by its first byte; "ip6 daddr != ::1". */
static void
expr_not_loopback(struct nl *m)
{
	static const uint8_t v4 = IN_LOOPBACKNET;

	if (m->family == NFPROTO_IPV4) {
		expr_destination(m, 16, sizeof(v4));
		expr_compare(m, NFT_CMP_NEQ, &v4, sizeof(v4));
	} else {
		expr_destination(m, 24, sizeof(in6addr_loopback));
		expr_compare(m, NFT_CMP_NEQ, &in6addr_loopback,
		    sizeof(in6addr_loopback));
	}
}

static void
expr_protocol(struct nl *m, uint32_t op, uint8_t protocol)
{
	struct expr x = expr_open(m, "meta");

	nl_put_u32(m, NFTA_META_KEY, NFT_META_L4PROTO);
	nl_put_u32(m, NFTA_META_DREG, NFT_REG_1);
	expr_close(m, x);
	expr_compare(m, op, &protocol, sizeof(protocol));
}

static void
expr_load(struct nl *m, uint32_t reg, const void *p, size_t len)
{
	struct expr x = expr_open(m, "immediate");

	nl_put_u32(m, NFTA_IMMEDIATE_DREG, reg);
	put_value(m, NFTA_IMMEDIATE_DATA, p, len);
	expr_close(m, x);
}

static void
expr_tproxy(struct nl *m)
{
	const uint32_t address = htonl(CAPTURE_ADDRESS);
	const uint16_t port = htons(CAPTURE_PORT);
	struct expr x;

	expr_load(m, NFT_REG_1, &address, sizeof(address));
	expr_load(m, NFT_REG_2, &port, sizeof(port));
	x = expr_open(m, "tproxy");
	nl_put_u32(m, NFTA_TPROXY_FAMILY, NFPROTO_IPV4);
	nl_put_u32(m, NFTA_TPROXY_REG_ADDR, NFT_REG_1);
	nl_put_u32(m, NFTA_TPROXY_REG_PORT, NFT_REG_2);
	expr_close(m, x);
}

/* Its first bytes, each for itself and at once. */
static void
expr_log(struct nl *m)
{
	const uint16_t group = htons(LOG_GROUP);
	struct expr x;

	if (!m->logs)
		return;
	x = expr_open(m, "log");
	nl_put(m, NFTA_LOG_GROUP, &group, sizeof(group));
	nl_put_u32(m, NFTA_LOG_SNAPLEN, CAPTURE_BYTES);
	expr_close(m, x);
}

static void
expr_drop(struct nl *m)
{
	struct expr x;
	size_t data, verdict;

	expr_log(m);
	x = expr_open(m, "immediate");

	nl_put_u32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nl_open(m, NFTA_IMMEDIATE_DATA);
	verdict = nl_open(m, NFTA_DATA_VERDICT);
	nl_put_u32(m, NFTA_VERDICT_CODE, NF_DROP);
	nl_close(m, verdict);
	nl_close(m, data);
	expr_close(m, x);
}

/* As if there were no route: who dials is told at once. */
static void
expr_reject(struct nl *m)
{
	const uint8_t code = UNREACH_NO_ROUTE;
	struct expr x;

	expr_log(m);
	x = expr_open(m, "reject");
	nl_put_u32(m, NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
	nl_put(m, NFTA_REJECT_ICMP_CODE, &code, sizeof(code));
	expr_close(m, x);
}

#define ANY_PROTOCOL (-1)
static void
rule(struct nl *m, const char *name, int op, void (*then)(struct nl *m))
{
	size_t list;

	nft_begin(m, NFT_MSG_NEWRULE, NLM_F_APPEND);
	nl_put_text(m, NFTA_RULE_TABLE, TABLE);
	nl_put_text(m, NFTA_RULE_CHAIN, name);
	list = nl_open(m, NFTA_RULE_EXPRESSIONS);
	expr_not_loopback(m);
	if (op != ANY_PROTOCOL)
		expr_protocol(m, (uint32_t)op, IPPROTO_TCP);
	then(m);
	nl_close(m, list);
	nl_end(m);
}

static int
rules_set_up(bool logs, struct err *e)
{
	struct nl m = { .family = NFPROTO_IPV4, .logs = logs };

	batch(&m, NFNL_MSG_BATCH_BEGIN);
	table(&m);
	chain(&m, IN, NF_INET_PRE_ROUTING);
	rule(&m, IN, NFT_CMP_EQ, expr_tproxy);
	chain(&m, OUT, NF_INET_LOCAL_OUT);
	rule(&m, OUT, NFT_CMP_NEQ, expr_drop);
	batch(&m, NFNL_MSG_BATCH_END);
	return nl_talk(&m, NETLINK_NETFILTER, "set up nftables with tproxy "
	    "(CONFIG_NFT_TPROXY)", e);
}

static int
rules6_set_up(void)
{
	struct nl m = { .family = NFPROTO_IPV6, .logs = true };

	batch(&m, NFNL_MSG_BATCH_BEGIN);
	table(&m);
	chain(&m, OUT, NF_INET_LOCAL_OUT);
	rule(&m, OUT, ANY_PROTOCOL, expr_reject);
	batch(&m, NFNL_MSG_BATCH_END);
	return nl_talk(&m, NETLINK_NETFILTER, "log IPv6", NULL);
}

/* ---- the log ---- */

static int
log_open(void)
{
	const struct nfgenmsg g = { .version = NFNETLINK_V0,
		.res_id = htons(LOG_GROUP) };
	const struct nfulnl_msg_config_cmd bind = {
		.command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(CAPTURE_BYTES),
		.copy_mode = NFULNL_COPY_PACKET };
	const uint16_t flags = htons(NFULNL_CFG_F_SEQ);
	CLEAN_FD int fd = socket(AF_NETLINK,
	    SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	struct nl m = { .len = 0 };

	nl_begin(&m, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK,
	    &g, sizeof(g));
	nl_put(&m, NFULA_CFG_CMD, &bind, sizeof(bind));
	nl_put(&m, NFULA_CFG_MODE, &mode, sizeof(mode));
	nl_put_u32(&m, NFULA_CFG_QTHRESH, 1);
	nl_put(&m, NFULA_CFG_FLAGS, &flags, sizeof(flags));
	nl_end(&m);
	return nl_talk_on(fd, &m, "log", NULL) == -1 ? -1 : fd_take(&fd);
}

/* ---- the route ---- */

/* An address that is not of loopback's own: without one, getaddrinfo() with
 * AI_ADDRCONFIG believes that there is no IPv4. */
static void
address(struct nl *m)
{
	const struct ifaddrmsg a = { .ifa_family = AF_INET,
		.ifa_prefixlen = 32, .ifa_scope = RT_SCOPE_HOST,
		.ifa_index = LO_INDEX };
	const uint32_t ours = htonl(CAPTURE_ADDRESS);

	nl_begin(m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &a,
	    sizeof(a));
	nl_put(m, IFA_LOCAL, &ours, sizeof(ours));
	nl_put(m, IFA_ADDRESS, &ours, sizeof(ours));
	nl_end(m);
}

static void
route(struct nl *m, uint8_t family, const void *src, size_t len)
{
	const struct rtmsg r = { .rtm_family = family,
		.rtm_table = RT_TABLE_LOCAL, .rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL };
	const uint32_t oif = LO_INDEX;

	nl_begin(m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &r,
	    sizeof(r));
	nl_put(m, RTA_OIF, &oif, sizeof(oif));
	nl_put(m, RTA_PREFSRC, src, len);
	nl_end(m);
}

static int
route_set_up(struct err *e)
{
	const uint32_t src = htonl(INADDR_LOOPBACK);
	struct nl m = { .len = 0 };

	address(&m);
	route(&m, AF_INET, &src, sizeof(src));
	return nl_talk(&m, NETLINK_ROUTE, "make every address local", e);
}

static int
route6_set_up(void)
{
	struct nl m = { .len = 0 };

	route(&m, AF_INET6, &in6addr_loopback, sizeof(in6addr_loopback));
	return nl_talk(&m, NETLINK_ROUTE, "make IPv6 local", NULL);
}

int
capture_set_up(int *dropped, struct err *e)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(CAPTURE_PORT),
		.sin_addr.s_addr = htonl(CAPTURE_ADDRESS) };
	const int one = 1;
	CLEAN_FD int fd = socket(AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 || setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one,
		sizeof(one)) == -1)
		return err_sys(e, "make a transparent socket");
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, LISTEN_MAX) == -1)
		return err_sys(e, "listen for caught connections");
	*dropped = log_open();
	if (*dropped != -1 && rules_set_up(true, NULL) == -1)
		fd_close(dropped);
	if ((*dropped == -1 && rules_set_up(false, e) == -1) ||
	    route_set_up(e) == -1) {
		fd_close(dropped);
		return -1;
	}
	/* Without either IPv6 is as unreachable, and not told of. */
	if (*dropped != -1 && rules6_set_up() == 0)
		(void)route6_set_up();
	return fd_take(&fd);
}

/* decide.h -- the one decision function of the network domain.  No
 * allocation, no lock, no parse. */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/answer.h"
#include "policy/detail.h"

struct facts;
struct image;

/* How the bytes of an allowed connection are treated. */
enum treatment {
	TREAT_HTTP,	/* zero: inspected, each request judged */
	TREAT_TLS,	/* server name must agree, then bytes pass */
	TREAT_PASS,	/* bytes pass */
};

struct net_who { /* of the caller; n == 0: not known */
	const struct str *exe;	/* exe[0] holds the socket, then ancestors */
	uint32_t n;
	bool others;		/* it is shared: exe[] has what all who hold it
				 * have in common, and every deny is for one */
};

struct net_query {
	struct str host;	/* canonical: lower-case A-labels, no final dot;
				 * or an address literal in inet_ntop's form,
				 * IPv6 without brackets */
	uint16_t port;
	bool tls;		/* the client speaks (or will speak) TLS */
	struct net_who who;
	/* Request level; method.len == 0 asks about the connection alone:
	 * could any request on it be allowed? */
	struct str method;	/* as sent, case-sensitive */
	struct str path;	/* canonical (http/target.h), starts with / */
	struct str query;	/* after '?', or empty */
	bool websocket;		/* it asks to become a WebSocket; without a
				 * method: could any that does be allowed? */
	bool grpc;		/* it is one of gRPC, by HTTP/2 under TLS */
	bool h2c;		/* by HTTP/2 in clear */
	bool own;		/* policy_address: the address is one of the
				 * machine that would dial it */
	const struct net_details *details; /* NULL: nothing more is known */
	bool hoped;		/* the body is not there yet: what is not known
				 * of it is what would be best */
	const struct facts *facts; /* of the session, for `when:'; NULL: none
				    * is known */
	uint64_t profiles;	/* that the caller is under */
};

struct net_answer {
	enum verdict verdict;	/* what is enforced (mode considered) */
	enum verdict judged;	/* what the rules say, whatever the mode */
	enum treatment treat;	/* meaningful on allow */
	/* On allow: which of the rates count this, as bits (rates.h). [1]: of
	 * the maximum. */
	uint64_t rates[2];
	uint32_t sift;		/* on allow: what is done to what its body and
				 * its URL hold (sift.h) */
	uint32_t asked;		/* with hoped: details of the body that would
				 * have to be so, as bits */
	bool encoded_slash;	/* the allowing entry takes %2F in paths; the
				 * asker refuses such a path otherwise */
	struct policy_rule rule;	/* that decided: the allow, or the deny */
	struct policy_rule nearest; /* on a denial without rule: closest allow */
	char reason[256];	/* one sentence: why */
};

/* About a connection whose first byte has not been seen: ask with tls, then
 * without; a rule may be for one of them alone. */
void policy_network(const struct image *im, const struct net_query *q,
    struct net_answer *out);

/* Could any connection to this name be allowed, on whatever port and to
 * whomever? */
bool policy_name(const struct image *im, struct str host);

/* May the name just judged be dialled at this address? Loopback, private,
 * link-local, metadata, reserved and translated forms: only if an allowing
 * entry's allowed_ips holds it, or the entry names the literal. why gets a
 * sentence when not. With a method, about that request's entries alone: for
 * requests that share a connection to an address. q->tls does not matter. */
bool policy_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr /* v4 as ::ffff:a.b.c.d */, char *why,
    size_t cap);

/* Whether a denial's reason is that the nearest rule is for another protocol:
 * what permits it is that rule's protocols, and no further path or method. */
bool near_is_protocol(const char *reason);

#endif

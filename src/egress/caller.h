/* caller.h -- who is asking: the programs that hold a connection.
 *
 * The finder is asked when a connection begins, and, where a rule or a profile
 * is about programs, again for each request on it: a connection may be handed
 * on. What is judged is what everybody who was ever seen to hold it has in
 * common; what is recorded is who holds it now. */
#ifndef EGRESS_CALLER_H
#define EGRESS_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/str.h"
#include "conn.h"
#include "policy/decide.h"

struct msg;

#define CALLER_AGE_MS  1000	/* what is older is asked again */
#define CALLER_ASKS_MAX 64	/* WHO_ASK without a reply: the channel never
				 * fills, so nothing here waits for it */

struct caller { /* shared by the requests of an HTTP/2 connection */
	unsigned refs;
	uint32_t pid;
	struct str chain[WHO_CHAIN_MAX]; /* of who holds it now */
	uint32_t n;			/* 0: not known */
	struct str common[WHO_CHAIN_MAX];
	uint32_t ncommon;
	bool others;		/* programs that are not chain[0] hold it, or
				 * held it */
	bool tagged;		/* who holds it is under these profiles, or
				 * fewer of them; else that is not known */
	uint64_t profiles;
	char sha256[WHO_HASH_BYTES];
	char why[256];		/* what is not to be relied on */
	char text[];		/* of chain and common */
};

/* WANT_TURN: c->who is who it is, or NULL if that cannot be found. WANT_WAIT:
 * c is in CONN_WHO, and the same is to be called after it. */
enum want caller_await(struct conn *c);
void caller_ask(struct conn *c);	/* a connection's first, at its start */
int caller_on_reply(struct egress *eg, struct msg *m, struct err *e);
/* Those over which bytes come from the sandbox are looked at again. */
void caller_on_tick(struct loop *l, void *arg);
void caller_forget(struct conn *c);	/* it is freed */

struct caller *caller_new(const struct who *w);
void caller_put(struct caller **slot);
/* k may be NULL. chain holds r->chain: whole paths, as many as fit. */
void caller_record(const struct caller *k, struct audit_record *r, char *chain,
    size_t cap);

/* For a question to the policy. */
struct net_who caller_who(const struct conn *c);
uint64_t caller_profiles(const struct conn *c);

#endif

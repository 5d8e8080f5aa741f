/* cond.h -- does a condition hold? No allocation, no lock, no parse; total,
 * and in time that the condition's length bounds.
 *
 * Some facts are not known. A condition is then true, false, or unknown, as
 * in Kleene's logic, and unknown fails closed: it counts as a match for a
 * deny and for a more private route, and as none for a grant. */
#ifndef POLICY_COND_H
#define POLICY_COND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/fact.h"

struct image;
struct net_query;

enum truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

union fact_value {
	int64_t n;		/* bool, enum (place of the word), numbers */
	struct str text;
	struct {
		const struct str *v;
		uint32_t n;
	} list;
	unsigned char addr[16];
};

struct facts { /* zero known: nothing is */
	uint64_t known;		/* FACT_BIT: v holds it */
	uint64_t later;		/* not known yet, and will be before anything
				 * is done: a request on a connection */
	union fact_value v[FACT_COUNT];	/* texts and lists are borrowed */
};

static inline void
fact_put(struct facts *f, enum fact id, int64_t n)
{
	f->known |= FACT_BIT(id);
	f->v[id].n = n;
}

static inline void
fact_put_text(struct facts *f, enum fact id, struct str s)
{
	f->known |= FACT_BIT(id);
	f->v[id].text = s;
}

static inline void
fact_put_list(struct facts *f, enum fact id, const struct str *v, uint32_t n)
{
	f->known |= FACT_BIT(id);
	f->v[id].list.v = v;
	f->v[id].list.n = n;
}

void fact_put_addr(struct facts *f, enum fact id, const unsigned char a[16]);

/* All that a question about the network says. With no method, what a request
 * would say is `later' when the connection is inspected, and unknown when
 * its bytes would pass. f->v need not be set before. */
void facts_net(struct facts *f, const struct net_query *q, bool inspected);

/* Conditions of an image count from 1; 0 is none, and always holds.
 *
 * For a rule that grants: what is unknown does not hold, what is later may. */
bool cond_grants(const struct image *im, uint32_t cond,
    const struct facts *f);
/* For a rule that denies: what is unknown holds, what is later not yet. */
bool cond_denies(const struct image *im, uint32_t cond,
    const struct facts *f);
/* All three; what is later is unknown. */
enum truth cond_truth(const struct image *im, uint32_t cond,
    const struct facts *f);
/* For people, in canonical spelling; empty for 0. */
struct str cond_text(const struct image *im, uint32_t cond);
/* FACT_BIT of each fact that it asks about. */
uint64_t cond_facts(const struct image *im, uint32_t cond);

#endif

/* emit_net.h -- the network in an image: hosts to groups of rules, ports to
 * cells, paths to leaves (policy/form.h).  Of the emit_*.c files alone. */
#ifndef COMPILE_EMIT_NET_H
#define COMPILE_EMIT_NET_H

#include "compile/emit.h"

struct net_list { /* of rules, rising */
	const uint32_t *v;
	uint32_t n;
};

struct net_memo { /* what each list became; in the compiler's arena */
	struct net_list *lists;
	uint32_t *values;
	uint32_t n, cap;
};

struct net { /* what the making of the network's sections needs */
	struct emit *e;
	struct pol_rule **pol;	/* as checked, by index */
	struct f_rule *rules;	/* as they will stand */
	uint32_t n;
	struct net_memo groups, cells;
	uint64_t work;		/* comparisons that may still be made */
	uint32_t states;	/* of automata that may still be made */
	bool failed;		/* too much of either, and said so */
};

/* Where the list's value is kept: 0 when the list is new. */
uint32_t *net_memo(struct net *w, struct net_memo *m, struct net_list l);
/* So much work; false: it is too much, and was said of the rule. */
bool net_work(struct net *w, uint64_t n, uint32_t rule);

/* Each + 1; 0 for an empty list. */
uint32_t net_group(struct net *w, struct net_list l);
uint32_t net_cell(struct net *w, struct net_list l);

/* Names, patterns of names, addresses, and what is for every host. */
void net_hosts(struct net *w);
void net_loose(struct net *w);

#endif

/* pack.h -- automata into the form that enforcers walk (policy/walk.h). */
#ifndef AUTOMATON_PACK_H
#define AUTOMATON_PACK_H

#include "automaton/automaton.h"
#include "policy/walk.h"

#define PACK_STEPS_MAX (1U << 20)	/* 16 MiB: no image holds more */

struct pack;

struct pack *pack_new(void);
void pack_free(struct pack *p); /* NULL is fine */
/* Gives back the start state, with the labels as they are in d; of the same
 * automaton twice the same. state_of, when not NULL, gets each state's place.
 * d's arrays must live as long as p. When too much was packed the steps are
 * no use any more, and pack_is_full() says so. */
uint32_t pack_add(struct pack *p, const struct dfa *d, uint32_t *state_of);
bool pack_is_full(const struct pack *p);
/* Borrowed, until the next change; none when nothing was added. */
const struct f_step *pack_steps(const struct pack *p, uint32_t *n);

#endif

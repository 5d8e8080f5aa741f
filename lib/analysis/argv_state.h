/* argv_state.h -- states of the arguments of one program.  Of argv_*.c
 * alone. */
#ifndef ANALYSIS_ARGV_STATE_H
#define ANALYSIS_ARGV_STATE_H

#include "analysis/argv.h"

#define ARGV_DENIED UINT32_MAX	/* the place of a deny that has all */

const struct f_crule *argv_deny(const struct argv_unit *u, uint32_t i);
/* A deny's place, one argument further. words: those that it is; old: those
 * that it is besides, as a first argument, or NULL. */
uint32_t argv_deny_step(const struct argv_unit *u, const struct f_crule *d,
    uint32_t at, const uint32_t *words, const uint32_t *old);

/* Where in a state what is, for the denies that are not left out. */
void argv_state_place(struct argv_units *u);
void argv_state_begin(const struct argv_units *u, uint32_t *state);
void argv_state_step(const struct argv_units *u, const uint32_t *from,
    const uint32_t *effect, uint32_t *to);
/* If there are no more arguments: what that side says. */
struct argv_verdict argv_state_verdict(const struct argv_units *u,
    uint32_t side, const uint32_t *state);

#endif

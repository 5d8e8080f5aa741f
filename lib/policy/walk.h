/* walk.h -- the packed form of automata in an image, and how it is walked:
 * no allocation, no look at any bound.
 *
 * All automata of a section lie in one array of steps. A state is an index
 * into it; its way for the byte c, if it has one of its own, is the step c
 * further on, which names the state as its owner. Every other byte leads to
 * the state's `other`. So states lie between each other's ways, and a state
 * with one way costs about one step. State 0 is dead. */
#ifndef POLICY_WALK_H
#define POLICY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define STEP_NOBODY UINT32_MAX

struct f_step {
	uint32_t owner, to;	/* as a way: whose, and where it leads */
	uint32_t other, label;	/* as a state */
};

/* Is it a state of n steps? All its ways are among them then. */
static inline bool
walk_is_state(uint32_t n, uint32_t state)
{
	return n >= 256 && state <= n - 256;
}

/* Every way leads to a state: a walk from any state stays inside. */
bool walk_sound(const struct f_step *w, uint32_t n);
/* And each label is below max. */
bool walk_labels_below(const struct f_step *w, uint32_t n, uint32_t max);

static inline uint32_t
walk_byte(const struct f_step *w, uint32_t state, char c)
{
	const struct f_step *s = &w[state + (unsigned char)c];

	return s->owner == state ? s->to : w[state].other;
}

/* Where the text leads; 0 when nothing after it can matter. */
static inline uint32_t
walk_text(const struct f_step *w, uint32_t state, struct str text)
{
	for (size_t i = 0; i < text.len && state != 0; i++)
		state = walk_byte(w, state, text.p[i]);
	return state;
}

static inline uint32_t
walk_label(const struct f_step *w, uint32_t state)
{
	return w[state].label;
}

#endif

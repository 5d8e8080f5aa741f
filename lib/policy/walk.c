/* walk.c -- whether packed automata are sound. */
#include "policy/walk.h"

/* Dead: nothing leads out of it, and it says nothing. */
static bool
dead_is_dead(const struct f_step *w)
{
	for (uint32_t c = 0; c < 256; c++)
		if (w[c].owner == 0)
			return false;
	return w[0].other == 0 && w[0].label == 0;
}

bool
walk_sound(const struct f_step *w, uint32_t n)
{
	if (n == 0)
		return true;
	if (n < 256 || !dead_is_dead(w))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!walk_is_state(n, w[i].to) ||
		    !walk_is_state(n, w[i].other))
			return false;
	return true;
}

bool
walk_labels_below(const struct f_step *w, uint32_t n, uint32_t max)
{
	for (uint32_t i = 0; i < n; i++)
		if (w[i].label >= max)
			return false;
	return true;
}

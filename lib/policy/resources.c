/* resources.c -- limits, under a maximum the smaller of both. */
#include "policy/resources.h"

#include "policy/form.h"
#include "policy/sound.h"

static uint32_t
own_limit(const struct image *im, enum limit which)
{
	return im->nlimits == 0 ? 0 : im->limits[which];
}

uint32_t
image_limit(const struct image *im, enum limit which)
{
	uint32_t own = own_limit(im, which), max;

	if (im->max == NULL)
		return own;
	max = own_limit(im->max, which);
	if (which == LIMIT_WATCHDOG || which == LIMIT_WATCHDOG_KILL)
		return own | max;
	if (which == LIMIT_SCOPE)	/* the one that comes with the limit */
		return own_limit(im, LIMIT_TIME_S) != 0 ? own : max;
	if (which == LIMIT_USER || which == LIMIT_GROUP)
		return own;
	if (which == LIMIT_ISOLATION)
		return own < max ? own : max;
	return own == 0 || (max != 0 && max < own) ? max : own;
}

const char *
image_limits_fault(const struct image *im)
{
	static const struct {
		uint32_t most;
	} rows[LIMIT_COUNT] = {
#define LIMIT(id, key, least, most) [LIMIT_##id] = { most },
		LIMITS(LIMIT)
		RATES(LIMIT)
#undef LIMIT
		[LIMIT_SCOPE] = { TIME_OF_COMMAND }, [LIMIT_WATCHDOG] = { 1 },
		[LIMIT_WATCHDOG_S] = { UINT32_MAX },
		[LIMIT_WATCHDOG_KILL] = { 1 },
		[LIMIT_PERIOD_S] = { UINT32_MAX },
		[LIMIT_USER] = { UINT32_MAX - 1 },
		[LIMIT_GROUP] = { UINT32_MAX - 1 },
		[LIMIT_ISOLATION] = { ISOLATION_NAMESPACES },
	};

	if (im->nlimits != 0 && im->nlimits != LIMIT_COUNT)
		return "its limits are not as many as there are";
	for (uint32_t i = 0; i < im->nlimits; i++)
		if (im->limits[i] > rows[i].most)
			return "a limit is damaged";
	return NULL;
}

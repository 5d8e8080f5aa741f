#include "when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/compat.h"

struct wall
when_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest == NULL || (*rest != '.' && *rest != 'Z'))
		return (struct wall){ -1 };
	return (struct wall){ (int64_t)timegm(&tm) * 1000000 };
}

char *
when_age(const char *text, char *out)
{
	static const struct {
		int64_t from, each;
		char unit;
	} steps[] = { { 172800, 86400, 'd' }, { 7200, 3600, 'h' },
		{ 120, 60, 'm' }, { 0, 1, 's' } };
	int64_t then = when_parse(text).v, s;
	size_t i = 0;

	(void)snprintf(out, WHEN_BYTES, "-");
	if (then == -1)
		return out;
	s = (clock_wall().v - then) / 1000000;
	if (s < 0)
		s = 0; /* the clock was set back */
	while (s < steps[i].from)
		i++;
	(void)snprintf(out, WHEN_BYTES, "%lld%c ago",
	    (long long)(s / steps[i].each), steps[i].unit);
	return out;
}

char *
when_local(struct wall t, char *out)
{
	time_t s = (time_t)(t.v / 1000000);
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL ||
	    strftime(out, WHEN_BYTES, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(out, WHEN_BYTES, "-");
	return out;
}

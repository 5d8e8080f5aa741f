#include "base/clock.h"

#include <stdio.h>
#include <time.h>

struct usec
clock_mono(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail on Linux */
	return (struct usec){ ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

struct wall
clock_wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail on Linux */
	return (struct wall){ ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

char *
clock_rfc3339(struct wall t, char *out)
{
	time_t sec = (time_t)(t.v / 1000000);
	struct tm tm;
	size_t n;

	(void)gmtime_r(&sec, &tm);
	n = strftime(out, RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, RFC3339_BYTES - n, ".%03dZ",
	    (int)(t.v / 1000 % 1000));
	return out;
}

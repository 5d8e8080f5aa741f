/* clock.h -- moments and spans, so that mixing them does not compile. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct usec { /* monotonic moment or span, microseconds */
	int64_t v;
};

struct wall { /* moment since 1970 UTC, microseconds */
	int64_t v;
};

#define RFC3339_BYTES 32

struct usec clock_mono(void);
struct wall clock_wall(void);
/* "2026-01-02T03:04:05.678Z" into a buffer of RFC3339_BYTES; returns it. */
char *clock_rfc3339(struct wall t, char *out);

static inline struct usec
usec_of_ms(int64_t ms)
{
	return (struct usec){ ms * 1000 };
}

static inline struct usec
usec_add(struct usec a, struct usec b)
{
	return (struct usec){ a.v + b.v };
}

#endif

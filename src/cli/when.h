/* when.h -- moments as people say them. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include "base/clock.h"

#define WHEN_BYTES 40

/* "2026-01-02T03:04:05.678Z" to a moment; v is -1 if it is not one. */
struct wall when_parse(const char *text);
/* "12s ago", "3d ago"; "-" if text is no moment. Returns out. */
char *when_age(const char *text, char *out /* WHEN_BYTES */);
/* "2026-01-02 03:04:05" in local time. Returns out. */
char *when_local(struct wall t, char *out /* WHEN_BYTES */);

#endif

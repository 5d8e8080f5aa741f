/* log_filter.h -- which lines of the audit log a reader asked for. */
#ifndef GATEWAY_LOG_FILTER_H
#define GATEWAY_LOG_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

struct err;

enum log_source { LOG_ALL, LOG_GATEWAY, LOG_SANDBOX };

struct log_filter { /* zero passes everything */
	char sandbox[NAME_BYTES_MAX + 1];	/* id or name, or "" */
	int64_t since_ms;
	uint32_t severity;			/* OCSF, at least */
	enum log_source source;
	uint64_t number;			/* of the one; 0: any */
	uint64_t last;				/* only the last so many */
	bool has_last;
	bool follow;
};

/* From the query's values, "" where left out. */
int log_filter_parse(struct log_filter *f, const char *n, const char *since,
    const char *level, const char *source, const char *follow,
    struct wall now, struct err *e);
bool log_filter_takes(const struct log_filter *f, struct str line);
/* A line before this moment ends a search backwards: senders stamp their
 * records, so the log is not quite in order of time. */
bool log_filter_is_before(const struct log_filter *f, struct str line);

#endif

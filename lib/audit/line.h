/* line.h -- what a reader of the log asks of a line, read back without a
 * JSON parser, and the names of the files that lines are in.  Pure. */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct audit_line { /* strings as they stand in the line, still escaped */
	uint64_t seq;
	int64_t time_ms;
	uint32_t severity;	/* OCSF severity_id */
	struct str kind, role, sandbox_id, sandbox;
};

/* One line as audit_ocsf_print wrote it, newline optional. false: it is not
 * one, or it is torn. */
bool audit_line_parse(struct str line, struct audit_line *out);

/* "audit-20260131-001.jsonl". Segments sort by day, then number. */
struct audit_segment {
	uint32_t day;		/* yyyymmdd */
	uint32_t number;	/* from 1 */
};
#define AUDIT_SEGMENT_NAME_BYTES 32
bool audit_segment_parse(struct str name, struct audit_segment *out);
char *audit_segment_print(struct audit_segment s,
    char out[AUDIT_SEGMENT_NAME_BYTES]);
int audit_segment_cmp(const struct audit_segment *a,
    const struct audit_segment *b);

#endif

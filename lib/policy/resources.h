/* resources.h -- a policy's limits, and the floor of its processes. */
#ifndef POLICY_RESOURCES_H
#define POLICY_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

struct image;

/* LIMIT(id, key, least, most): limits of `resources', of which the smaller
 * one counts. */
#define LIMITS(LIMIT)							\
	LIMIT(CPU_PERCENT, "max_cpu_percent", 1, 102400)		\
	LIMIT(MEMORY_MB, "max_memory_mb", 1, 16777216)			\
	LIMIT(PROCESSES, "max_processes", 1, 4194304)			\
	LIMIT(FILE_SIZE_MB, "max_file_size_mb", 1, 16777216)		\
	LIMIT(OPEN_FILES, "max_open_files", 16, 1048576)		\
	LIMIT(DISK_MB, "max_disk_mb", 1, 16777216)			\
	LIMIT(TIME_S, "max_execution_time_seconds", 1, 31536000)	\
	LIMIT(TOOLS, "max_concurrent_tools", 1, 1024)			\
	LIMIT(OUTPUT_TOKENS, "max_output_tokens", 1, 10000000)

/* Of `network': over the whole sandbox. */
#define RATES(LIMIT)							\
	LIMIT(REQUESTS, "max_requests_per_minute", 1, 1000000)		\
	LIMIT(EGRESS_MB, "max_data_egress_mb", 1, 16777216)

enum limit {
#define LIMIT(id, ...) LIMIT_##id,
	LIMITS(LIMIT)
	RATES(LIMIT)
#undef LIMIT
	/* These have one value. */
	LIMIT_SCOPE,		/* of TIME_S: enum time_scope */
	LIMIT_WATCHDOG,		/* 1: it runs */
	LIMIT_WATCHDOG_S,	/* and looks so often */
	LIMIT_WATCHDOG_KILL,	/* 1: and ends the sandbox on a breach */
	LIMIT_PERIOD_S,		/* of EGRESS_MB */
	LIMIT_USER, LIMIT_GROUP, /* ids inside; 0: sandbox's own */
	LIMIT_ISOLATION,	/* enum isolation */
	LIMIT_COUNT
};

enum time_scope { TIME_OF_SANDBOX, TIME_OF_COMMAND };

/* What a kernel must have; each asks for less than the one before. */
enum isolation {
	ISOLATION_FULL,		/* all that this version makes use of */
	ISOLATION_FILES,	/* Landlock for files at least */
	ISOLATION_NAMESPACES,	/* no Landlock */
};

#define WATCHDOG_DEFAULT_S 5
#define PERIOD_DEFAULT_S 3600

/* 0: no such limit, or the value's default. Never more than a maximum
 * policy's. */
uint32_t image_limit(const struct image *im, enum limit which);

#endif

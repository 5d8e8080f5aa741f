/* tag.h -- which profiles a process is under, as the kernel holds it.
 *
 * RLIMIT_LOCKS is a limit that no kernel since 2.4 looks at. Like any other it
 * belongs to the process (all its threads), is inherited over fork and exec,
 * and its hard value is never raised without a capability that nobody in a
 * sandbox has. Each bit that is clear in it is a profile: without any it is
 * RLIM_INFINITY, and to add one is to lower it. The sandbox's filter answers
 * whoever sets it that it is done, and does nothing; the broker lowers it
 * before a program's first instruction. */
#ifndef JAIL_TAG_H
#define JAIL_TAG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/str.h"

#define TAG_LIMIT RLIMIT_LOCKS

/* 0 or -errno. Whoever asks has the process's own user and group. */
int tag_get(pid_t pid, uint64_t *profiles);
/* Adds profiles; it stays so. */
int tag_add(pid_t pid, uint64_t profiles);
/* From the text of /proc/PID/limits, for who cannot ask the kernel. */
bool tag_parse(struct str limits, uint64_t *profiles);

#endif

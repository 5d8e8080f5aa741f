/* log.h -- a program's own messages, to standard error, one line each. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

#include "base/compat.h"
#include "base/str.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG };

/* Once, in main: the program's name. OPENSHELL_LOG=debug raises the level. */
void log_init(const char *program);
void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
/* Text from outside, made safe for a terminal and a log: control bytes,
 * backslash and invalid UTF-8 become \xHH; cut with "..." at cap. */
char *log_safe(struct str s, char *out, size_t cap);
/* The same of text that was escaped before, or needs no telling from what
 * was: a backslash stays. */
char *log_shown(struct str s, char *out, size_t cap);
/* Says why and exits 1. Only in src/. adds ": strerror" when errno != 0. */
void die(const char *fmt, ...) PRINTF(1, 2) NORETURN;

#endif

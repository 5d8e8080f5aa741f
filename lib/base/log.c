#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
	const char *program;
	enum log_level level;
} log_to = { "openshell", LOG_LEVEL_INFO };

void
log_init(const char *program)
{
	const char *env = getenv("OPENSHELL_LOG");

	log_to.program = program;
	if (env != NULL && strcmp(env, "debug") == 0)
		log_to.level = LOG_LEVEL_DEBUG;
}

static void
log_put(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const words[] = { "error", "warning", "info",
		"debug" };
	char text[2048], when[RFC3339_BYTES], line[2304];
	int n;

	if (level > log_to.level)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	n = snprintf(line, sizeof(line), "%s %s[%d] %s: %s\n",
	    clock_rfc3339(clock_wall(), when), log_to.program, (int)getpid(),
	    words[level], text);
	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n < sizeof(line) ?
		    (size_t)n : sizeof(line) - 1); /* nowhere to say it failed */
}

#define LOG_FUNCTION(name, level)					\
	void name(const char *fmt, ...)					\
	{								\
		va_list ap;						\
									\
		va_start(ap, fmt);					\
		log_put(level, fmt, ap);				\
		va_end(ap);						\
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

/* A character that shows nothing and changes how others are shown: marks,
 * embeddings and isolates of direction, line separators, the byte order
 * mark. p holds valid UTF-8 of n bytes. */
static bool
is_sly(const unsigned char *p, size_t n)
{
	if (n == 2)
		return p[0] == 0xd8 && p[1] == 0x9c;
	if (n != 3)
		return false;
	if (p[0] == 0xe2 && p[1] == 0x80)
		return (p[2] >= 0x8b && p[2] <= 0x8f) ||
		    (p[2] >= 0xa8 && p[2] <= 0xae);
	if (p[0] == 0xe2 && p[1] == 0x81)
		return p[2] >= 0xa0 && p[2] <= 0xaf;
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf;
}

/* Length of the printable UTF-8 sequence that s begins with, or 0. */
static size_t
printable(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = str_utf8_len(s);

	if (n == 1)
		return *p >= 0x20 && *p < 0x7f && *p != '\\' ? 1 : 0;
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return 0; /* C1 controls */
	return is_sly(p, n) ? 0 : n;
}

static char *
make_safe(struct str s, bool backslash, char *out, size_t cap)
{
	size_t at = 0;

	for (size_t i = 0; i < s.len;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t n = backslash && *p == '\\' ? 1 :
		    printable(str_from(s, i));

		if (at + 4 + 4 > cap) {
			at += (size_t)snprintf(out + at, cap - at, "...");
			break;
		}
		if (n == 0) {
			at += (size_t)snprintf(out + at, cap - at, "\\x%02x",
			    *p);
			i++;
			continue;
		}
		memcpy(out + at, p, n);
		at += n;
		i += n;
	}
	out[at < cap ? at : cap - 1] = '\0';
	return out;
}

char *
log_safe(struct str s, char *out, size_t cap)
{
	return make_safe(s, false, out, cap);
}

char *
log_shown(struct str s, char *out, size_t cap)
{
	return make_safe(s, true, out, cap);
}

void
die(const char *fmt, ...)
{
	int saved = errno;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s: %s%s%s\n", log_to.program, text,
	    saved != 0 ? ": " : "", saved != 0 ? strerror(saved) : "");
	exit(1);
}

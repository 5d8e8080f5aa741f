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

/* Length of the valid UTF-8 sequence at p, or 0 (RFC 3629, table 3-7 of
 * Unicode: no overlong forms, no surrogates, nothing past U+10FFFF). */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] <= 0xdf ? 2 :
	    p[0] >= 0xe0 && p[0] <= 0xef			  ? 3 :
	    p[0] >= 0xf0 && p[0] <= 0xf4			  ? 4 :
								    0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) /* C1 controls */
		return 0;
	return n;
}

char *
log_safe(struct str s, char *out, size_t cap)
{
	size_t at = 0;

	for (size_t i = 0; i < s.len;) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t n = utf8_len(p, s.len - i);
		int raw = n > 1 || (n == 1 && *p >= 0x20 && *p < 0x7f &&
		    *p != '\\');

		if (at + 4 + 4 > cap) {
			at += (size_t)snprintf(out + at, cap - at, "...");
			break;
		}
		if (!raw) {
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

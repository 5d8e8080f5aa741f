#include "say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "command.h"

static const char *const colours[] = {
	[COLOUR_NONE] = "",
	[COLOUR_RED] = "\033[31m",
	[COLOUR_GREEN] = "\033[32m",
	[COLOUR_YELLOW] = "\033[33m",
	[COLOUR_DIM] = "\033[2m",
	[COLOUR_BOLD] = "\033[1m",
};

bool
colour_on(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no != NULL && no[0] != '\0')
		return false;
	return term != NULL && strcmp(term, "dumb") != 0 &&
	    isatty(fileno(f)) == 1;
}

const char *
colour_start(enum colour c)
{
	return colours[c];
}

const char *
colour_end(enum colour c)
{
	return c == COLOUR_NONE ? "" : "\033[0m";
}

static void
say_line(enum colour c, const char *fmt, va_list ap)
{
	if (!colour_on(stderr))
		c = COLOUR_NONE;
	(void)fflush(stdout); /* what was printed before comes before */
	(void)fprintf(stderr, "%sopenshell:%s ", colour_start(c),
	    colour_end(c));
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line(COLOUR_NONE, fmt, ap);
	va_end(ap);
}

static void
say_red(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line(COLOUR_RED, fmt, ap);
	va_end(ap);
}

int
say_error(const struct err *e)
{
	say_red("%s", e->text);
	return EXIT_FAILED;
}

void
say_hint(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("  ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

int
say_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line(COLOUR_RED, fmt, ap);
	va_end(ap);
	say_hint("see: openshell %s%s--help", command,
	    command[0] != '\0' ? " " : "");
	return EXIT_USAGE;
}

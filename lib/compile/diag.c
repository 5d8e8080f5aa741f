/* diag.c -- what is wrong with a policy, where, and how it is shown. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/must.h"
#include "compile/tree.h"

enum {
	SOURCE_BYTES_MAX = 200,	/* of the offending line that is shown */
	TEXT_BYTES_MAX = 1024,
	PRINT_BYTES_MAX = 1048576,
};

/* Line number line of the text, or empty. */
static struct str
line_of(struct str text, uint32_t line)
{
	struct str head = text, rest;

	for (uint32_t i = 1; i < line; i++) {
		if (!str_cut(text, '\n', &head, &rest))
			return STR("");
		text = rest;
	}
	return str_head(text, str_index(text, '\n'));
}

static char *
source_of(const struct doc *doc, uint32_t line, uint32_t column)
{
	char safe[4 * SOURCE_BYTES_MAX];
	struct str s;

	if (line == 0 || column >= SOURCE_BYTES_MAX)
		return NULL;
	s = line_of(doc->text, line);
	if (s.len > SOURCE_BYTES_MAX)
		s = str_head(s, SOURCE_BYTES_MAX);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t')
			return NULL;	/* columns would not agree */
	/* Blanks for tabs: what is shown then lines up with the caret. */
	(void)snprintf(safe, sizeof(safe), "%.*s", (int)s.len, s.p);
	for (char *p = safe; *p != '\0'; p++)
		if (*p == '\t')
			*p = ' ';
	return mem_strdup(safe);
}

void
diag_add(struct diags *d, enum diag_level level, const struct doc *doc,
    uint32_t line, uint32_t column, uint32_t width, const char *fmt, ...)
{
	char text[TEXT_BYTES_MAX], safe[TEXT_BYTES_MAX];
	struct diag *one;
	va_list ap;

	if (level == DIAG_ERROR)
		d->errors++;
	if (d->n >= DIAGS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->v = mem_grow(d->v, d->n + 1, sizeof(*d->v));
	one = &d->v[d->n++];
	*one = (struct diag){ .level = level, .line = line,
		.column = line == 0 ? 0 : column,
		.width = width };
	one->file = mem_strdup(doc->name);
	one->text = mem_strdup(log_safe(str_c(text), safe, sizeof(safe)));
	one->source = source_of(doc, line, column);
}

void
diags_fini(struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].text);
		free(d->v[i].source);
	}
	free(d->v);
	*d = (struct diags){ 0 };
}

static bool
print_caret(struct buf *b, const struct diag *g, bool colour)
{
	uint32_t room = (uint32_t)strlen(g->source);
	bool ok;

	ok = buf_printf(b, "  %s\n  %*s%s^", g->source,
	    (int)(g->column - 1), "", colour ? "\033[1;32m" : "");
	for (uint32_t i = 1; i < g->width && g->column + i <= room; i++)
		ok = ok && buf_addz(b, "~");
	return ok && buf_addz(b, colour ? "\033[0m\n" : "\n");
}

static bool
print_one(struct buf *b, const struct diag *g, bool colour)
{
	bool error = g->level == DIAG_ERROR;
	const char *on = error ? "\033[1;31m" : "\033[1;35m";
	bool ok = buf_addz(b, g->file);

	if (g->line > 0)
		ok = ok && buf_printf(b, ":%u:%u", g->line, g->column);
	ok = ok && buf_printf(b, ": %s%s:%s %s\n", colour ? on : "",
	    error ? "error" : "warning", colour ? "\033[0m" : "", g->text);
	if (ok && g->source != NULL)
		ok = print_caret(b, g, colour);
	return ok;
}

char *
diags_print(const struct diags *d, bool colour)
{
	struct buf b;
	bool ok = true;
	char *z;

	buf_init(&b, PRINT_BYTES_MAX);
	for (size_t i = 0; i < d->n && ok; i++)
		ok = print_one(&b, &d->v[i], colour);
	if (d->n >= DIAGS_MAX)
		ok = ok && buf_addz(&b, "and more\n");
	(void)ok;	/* if it does not fit, its beginning is said */
	z = buf_take(&b, NULL);
	return z != NULL ? z : mem_strdup("");
}

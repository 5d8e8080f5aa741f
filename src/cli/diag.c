#include "diag.h"

#include <string.h>

#include "api.h"
#include "base/clean.h"
#include "base/log.h"
#include "base/must.h"
#include "say.h"

#define SHOWN_BYTES_MAX 4096 /* of a sentence or a line of a document */

/* The mark under the offending words: bytes that continue a UTF-8 sequence
 * take no place. */
static void
mark_show(const json_t *d, const char *source, enum colour c, FILE *to)
{
	int64_t column = json_number(d, "column");
	int64_t width = json_number(d, "width");
	int64_t len = (int64_t)strlen(source);

	if (column < 1 || column > len + 1)
		return;
	if (width < 1 || width > len - column + 1)
		width = 1;
	(void)fprintf(to, "  ");
	for (int64_t i = 0; i < column - 1; i++)
		if (((unsigned char)source[i] & 0xc0) != 0x80)
			(void)fputc(' ', to);
	(void)fprintf(to, "%s^", colour_start(c));
	for (int64_t i = 1; i < width; i++)
		(void)fputc('~', to);
	(void)fprintf(to, "%s\n", colour_end(c));
}

static void
source_show(const json_t *d, enum colour c, FILE *to)
{
	CLEAN_FREE char *source = mem_strdup(json_text(d, "source"));
	char text[SHOWN_BYTES_MAX];

	if (source[0] == '\0')
		return;
	for (char *p = source; (p = strchr(p, '\t')) != NULL;)
		*p = ' '; /* one column, as the compiler counts */
	(void)fprintf(to, "  %s\n", log_safe(str_c(source), text,
	    sizeof(text)));
	mark_show(d, source, c, to);
}

static void
one_show(const json_t *d, FILE *to)
{
	const char *level = json_text(d, "level");
	enum colour c = strcmp(level, "error") == 0 ? COLOUR_RED :
						      COLOUR_YELLOW;
	char text[SHOWN_BYTES_MAX];

	if (!colour_on(to))
		c = COLOUR_NONE;
	(void)fprintf(to, "%s:", log_safe(str_c(json_text(d, "file")), text,
	    sizeof(text)));
	if (json_number(d, "line") > 0)
		(void)fprintf(to, "%lld:%lld:",
		    (long long)json_number(d, "line"),
		    (long long)json_number(d, "column"));
	(void)fprintf(to, " %s%s:%s ", colour_start(c), level, colour_end(c));
	(void)fprintf(to, "%s\n", log_safe(str_c(json_text(d, "text")), text,
	    sizeof(text)));
	source_show(d, c, to);
}

void
diag_show(const json_t *list, FILE *to)
{
	const json_t *d;
	size_t i;

	json_array_foreach(list, i, d)
		one_show(d, to);
}

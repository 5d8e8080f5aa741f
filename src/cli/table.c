#include "table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "tty.h"

#define CELL_BYTES_MAX	1024	/* a longer one is cut with "..." */
#define LAST_COLUMNS_MIN 20	/* a narrower last column is not cut */
#define TABLE_BYTES_MAX (64 << 20) /* 1024 sandboxes of full rows, with room */

static void
add_cell(struct table *t, enum colour c, char *text)
{
	if (t->ncells == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		t->cell = mem_grow(t->cell, t->room, sizeof(*t->cell));
	}
	t->cell[t->ncells++] = (struct table_cell){ text, c };
}

void
table_head(struct table *t, const char *const *names)
{
	for (; names[t->columns] != NULL; t->columns++) {
		must(t->columns < TABLE_COLUMNS_MAX);
		add_cell(t, COLOUR_BOLD, mem_strdup(names[t->columns]));
	}
}

void
table_add(struct table *t, enum colour c, const char *fmt, ...)
{
	char raw[CELL_BYTES_MAX], safe[CELL_BYTES_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	log_shown(str_c(raw), safe, sizeof(safe));
	add_cell(t, c, mem_strdup(safe[0] == '\0' ? "-" : safe));
}

static void
column_widths(const struct table *t, size_t *width)
{
	for (size_t i = 0; i < t->ncells; i++) {
		size_t len = strlen(t->cell[i].text);

		if (len > width[i % t->columns])
			width[i % t->columns] = len;
	}
}

/* How much of the last cell is shown: not the middle of a UTF-8 sequence. */
static size_t
last_shown(const char *text, size_t room)
{
	size_t len = strlen(text);

	if (room < LAST_COLUMNS_MIN || len <= room)
		return len;
	while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
		room--;
	return room;
}

static void
print_row(const struct table *t, size_t first, const size_t *width,
    bool colour, size_t room, struct buf *b)
{
	for (size_t i = 0; i < t->columns; i++) {
		const struct table_cell *c = &t->cell[first + i];
		enum colour paint = colour ? c->colour : COLOUR_NONE;
		bool last = i + 1 == t->columns;
		int pad = last ? 0 : (int)(width[i] - strlen(c->text)) + 2;
		size_t shown = last ? last_shown(c->text, room) :
				      strlen(c->text);

		must(buf_printf(b, "%s%.*s%s%*s", colour_start(paint),
		    (int)shown, c->text, colour_end(paint), pad, ""));
	}
	must(buf_addz(b, "\n"));
}

void
table_print(const struct table *t, bool colour, size_t columns, struct buf *b)
{
	size_t width[TABLE_COLUMNS_MAX] = { 0 }, taken = 0;
	bool head = t->ncells > 0 && t->cell[0].text[0] != '\0';

	must(t->columns > 0 && t->ncells % t->columns == 0);
	column_widths(t, width);
	for (size_t i = 0; i + 1 < t->columns; i++)
		taken += width[i] + 2;
	for (size_t i = head ? 0 : t->columns; i < t->ncells; i += t->columns)
		print_row(t, i, width, colour,
		    columns > taken ? columns - taken : 0, b);
}

void
table_show(const struct table *t)
{
	uint16_t rows, cols = 0;
	struct buf b;
	struct str s;

	buf_init(&b, TABLE_BYTES_MAX);
	if (isatty(STDOUT_FILENO) == 1)
		tty_size(&rows, &cols);
	table_print(t, colour_on(stdout), cols, &b);
	s = buf_str(&b);
	(void)fwrite(s.p, 1, s.len, stdout); /* main checks stdout at the end */
	buf_fini(&b);
}

void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->ncells; i++)
		free(t->cell[i].text);
	free(t->cell);
	*t = (struct table){ 0 };
}

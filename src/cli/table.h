/* table.h -- rows of text in aligned columns. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "say.h"

#define TABLE_COLUMNS_MAX 8

struct table_cell {
	char *text;
	enum colour colour;
};

struct table { /* zero it, then table_head() */
	size_t columns;
	struct table_cell *cell;	/* row by row; the first is the head */
	size_t ncells, room;
};

/* The head's names, ended by NULL; one of "" hides the whole head line. */
void table_head(struct table *t, const char *const *names);
/* Cells go in row by row. Text from outside is made safe to show. */
void table_add(struct table *t, enum colour c, const char *fmt, ...)
    PRINTF(3, 4);
/* Into b, which must have room for it. Lines longer than columns are cut in
 * the last one; 0: never. */
void table_print(const struct table *t, bool colour, size_t columns,
    struct buf *b);
void table_show(const struct table *t);	/* to standard output */
void table_fini(struct table *t);

#endif

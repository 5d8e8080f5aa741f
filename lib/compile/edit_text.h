/* edit_text.h -- one document as text and tree, changed together.  Of the
 * edit*.c files alone. */
#ifndef COMPILE_EDIT_TEXT_H
#define COMPILE_EDIT_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "compile/tree.h"

struct err;

struct edit_doc {
	const struct policy_file *file;
	char *text;		/* as it is now, heap */
	size_t len;
	struct doc doc;		/* of it */
	struct arena arena;
	bool changed;
};

struct snip { /* a value to be put in: the same twice */
	const char *flow;	/* on one line: {a: b, c: [d]} */
	const char *block;	/* lines from column 1; NULL: flow will do */
};

int edit_doc_open(struct edit_doc *d, const struct policy_file *f,
    struct err *e);
void edit_doc_close(struct edit_doc *d);

/* Each changes the text and reads it again: nodes from before are gone. -1:
 * *e, and it is as it was. */
int edit_insert_item(struct edit_doc *d, struct node *list,
    const struct snip *s, struct err *e);
int edit_remove_item(struct edit_doc *d, struct node *list, uint32_t i,
    struct err *e);
int edit_add_key(struct edit_doc *d, struct node *map, const char *key,
    const struct snip *s, struct err *e);
int edit_remove_key(struct edit_doc *d, struct node *map, uint32_t i,
    struct err *e);

/* A word as YAML takes it for nothing else, quoted if need be; in the
 * document's arena. */
const char *edit_quote(struct edit_doc *d, struct str s);

#endif

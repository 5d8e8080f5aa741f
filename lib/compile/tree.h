/* tree.h -- a YAML document as values with places.  Nodes live in the
 * compiler's arena; an alias is a second pointer to one node. */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "compile/compile.h"

#define TREE_DEPTH_MAX	32	/* lists and maps within each other */
#define TREE_NODES_MAX	131072	/* in one document, aliases counted in full */
#define TREE_ANCHORS_MAX 256

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct doc {
	const char *name;	/* as the user gave it */
	struct str text;
	struct node *root;	/* NULL: nothing in it */
	uint32_t index;		/* among the documents compiled together */
	enum policy_kind kind;
	bool maximum;
};

struct node {
	enum node_kind kind;
	bool quoted;		/* the scalar is a string, whatever it says */
	uint32_t line, column, width;
	uint32_t at, end;	/* bytes of the text, as the parser says */
	uint32_t weight;	/* nodes in it, itself included */
	const struct doc *doc;
	struct str text;	/* of a scalar, NUL after it */
	struct node **items;	/* of a map: key, value, key, value ... */
	uint32_t n;		/* entries: a map's pairs count once */
};

/* doc->root; 0, or -1 with the reasons in d. */
int yaml_parse(struct doc *doc, struct arena *a, struct diags *d);

/* ---- diag.c */
#define DIAGS_MAX 100 /* a reader has had enough; what follows is dropped */

void diag_add(struct diags *d, enum diag_level level, const struct doc *doc,
    uint32_t line, uint32_t column, uint32_t width, const char *fmt, ...)
    PRINTF(7, 8);

#endif

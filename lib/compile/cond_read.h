/* cond_read.h -- what the files that read conditions share.  Of the cond_*.c
 * files alone. */
#ifndef COMPILE_COND_READ_H
#define COMPILE_COND_READ_H

#include "base/compat.h"
#include "compile/cond.h"

enum lexeme_kind {
	LEX_END,
	LEX_NAME,	/* one word: letters, digits, _ */
	LEX_STRING, LEX_INT, LEX_SIZE, LEX_TIME, LEX_ADDR,
	LEX_OR, LEX_AND, LEX_NOT, LEX_IMPLIES,
	LEX_EQ, LEX_NE, LEX_LT, LEX_LE, LEX_GT, LEX_GE,
	LEX_OPEN, LEX_CLOSE, LEX_LIST, LEX_LIST_END,
	LEX_COMMA, LEX_DOT,
};

struct lexeme {
	enum lexeme_kind kind;
	uint32_t at, width;
	struct str text;	/* a name, or what a string means */
	struct cond_value value; /* of a constant */
};

struct reader { /* of one condition */
	struct str text;
	uint32_t pos;
	struct lexeme now, next;
	struct arena *arena;
	struct cond_fault *fault;
	unsigned where;
	enum fact_phase phase;
	uint32_t depth, ops;
	struct str item;	/* name of the item, inside exists and all */
	bool item_used;
};

enum operand_kind {
	OPERAND_COND,		/* true or false already */
	OPERAND_SUBJECT,	/* a fact, an item, or lower() or size() */
	OPERAND_VALUE,		/* a constant */
	OPERAND_WORD,		/* of an enum, if it is one */
	OPERAND_LIST,		/* of constants and words */
};

struct operand {
	enum operand_kind kind;
	uint32_t at, width;
	struct cond *cond;	/* a condition; or a subject, to be tested */
	struct lexeme token;	/* a constant or word */
	struct lexeme *list;
	uint32_t n;
};

/* ---- cond_lex.c: reads now from next, and next from the text. */
int token_take(struct reader *r);
/* -1, always: what is wrong, at a place of the text. */
int read_fault(struct reader *r, uint32_t at, uint32_t width,
    const char *fmt, ...) PRINTF(4, 5);
void *read_mem(struct reader *r, size_t n, size_t size);

/* ---- cond_type.c: operands put together, if their types agree. */
int read_compare(struct reader *r, enum cond_test op, const struct operand *x,
    const struct operand *y, struct operand *out);
int read_in(struct reader *r, const struct operand *x,
    const struct operand *y, struct operand *out);
const char *type_name(enum fact_type t);
const char *subject_name(const struct cond *k);
/* Constants that the subject could be compared with. */
int read_values(struct reader *r, struct cond *k, const struct lexeme *v,
    uint32_t n);
/* The subject becomes a test; end is where that ends in the text. */
void read_test(struct operand *out, struct cond *k, enum cond_test op,
    uint32_t at, uint32_t end);

/* As a condition: a bool fact is one by itself. */
int read_truth(struct reader *r, const struct operand *x, struct cond **out);
/* The fact of that name, if it is known here. */
int read_fact(struct reader *r, struct str name, uint32_t at, uint32_t width,
    struct operand *out);
int no_such_fact(struct reader *r, struct str name, uint32_t at,
    uint32_t width);
enum fact_type subject_type(const struct cond *k);

/* ---- cond_call.c: f(x, y), and x.f(y); y is NULL when there is none. */
int read_call(struct reader *r, const struct lexeme *name,
    const struct operand *x, const struct operand *y, struct operand *out);
bool is_function(struct str name);
int no_such_function(struct reader *r);	/* said of the word now */

/* ---- cond_pattern.c */
/* NULL, or why a text is no glob, or no domain pattern. */
const char *glob_fault(struct str glob);
const char *domain_fault(struct str pattern);
/* All alternatives of a glob, compiled for policy/match.h; at most
 * GLOB_FORMS_MAX of them. */
#define GLOB_FORMS_MAX 64
struct strs;
uint32_t glob_forms(struct str glob, struct arena *a,
    struct str out[GLOB_FORMS_MAX]);

#endif

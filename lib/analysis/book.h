/* book.h -- policy documents compiled and opened for questions: what explain,
 * test, diff and prove ask.  It answers by the decisions that enforcers make,
 * and holds also what this version cannot enforce yet. */
#ifndef ANALYSIS_BOOK_H
#define ANALYSIS_BOOK_H

#include "analysis/question.h"
#include "compile/checked.h"
#include "policy/answer.h"
#include "policy/image.h"

struct book { /* zero is closed */
	struct checked *checked;
	struct diags diags;	/* warnings, or why it did not open */
	struct policy_file *files;	/* what it is of; their texts are
					 * borrowed */
	size_t nfiles;
	struct image *image;
	const struct image *whole;	/* of a profile: of which it is one;
					 * else NULL */
	char *bytes;		/* of the image */
	size_t nbytes;
	uint16_t *ports;	/* a port for each kind that rules tell apart */
	uint32_t nports;
};

/* The texts of the files must outlive it. -1: diags say why.  book_close() it
 * either way. */
int book_open(const struct policy_file *files, size_t n, struct book *out);
/* The same of one that is read already, out->checked, with out->diags. */
int book_open_checked(struct book *out);
/* The same policy without the denies that ask for more than host, method and
 * path; with grants, its grants do not ask for more either. What a question
 * can say beside those stays, unless every such rule is meant. */
int book_open_wide(const struct book *b, bool grants, bool every,
    struct book *out);
void book_close(struct book *b);
/* One of what is another's; book_unlend() it. whole: as above. */
void book_lend(struct checked *k, struct image *im, const struct image *whole,
    struct book *out);
/* The image that numbers profiles. */
const struct image *book_numbers(const struct book *b);
void book_unlend(struct book *b);

enum reply_verdict { REPLY_DENY, REPLY_ALLOW, REPLY_AUDIT };

struct reply {
	enum reply_verdict verdict;
	const char *domain;
	struct policy_rule rule;	/* that decided; of the book */
	struct policy_rule nearest;	/* on a denial without rule */
	struct str route;		/* of a call to a model; or empty */
	char profiles[REASON_BYTES_MAX / 2]; /* a command runs under these */
	char reason[2 * REASON_BYTES_MAX];
};

/* The question's profiles; false: one of them is not there. */
bool book_profiles(const struct book *b, const struct question *q,
    uint64_t *profiles, struct str *missing);
void book_ask(const struct book *b, const struct question *q,
    struct reply *out);
/* "deny", "allow", "audit". */
const char *reply_word(enum reply_verdict v);
/* The word's verdict; false: it is none of them. */
bool reply_verdict_of(struct str word, enum reply_verdict *out);

/* ask_X.c, one per domain. */
void ask_commands(const struct book *b, const struct question *q,
    struct reply *out);
void ask_models(const struct book *b, const struct question *q,
    struct reply *out);
void ask_files(const struct book *b, const struct question *q,
    struct reply *out);
void ask_network(const struct book *b, const struct question *q,
    struct reply *out);

#endif

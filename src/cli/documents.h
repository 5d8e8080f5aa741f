/* documents.h -- policy documents, from files or as a sandbox has them. */
#ifndef CLI_DOCUMENTS_H
#define CLI_DOCUMENTS_H

#include <jansson.h>
#include <stddef.h>

#include "compile/compile.h"

struct args;

struct documents { /* zero is empty; documents_fini() it */
	struct policy_file *v;
	size_t n;
};

/* All add to what is there. 0, or the exit code after saying why not. */
int documents_add_file(struct documents *d, const char *file);
int documents_add_flags(struct documents *d, const struct args *a);
/* The files of --maximum, each a part of the maximum policy. */
int documents_add_maximum(struct documents *d, const struct args *a);
/* name NULL: the last one used; rev 0: the newest revision. */
int documents_add_sandbox(struct documents *d, const char *name,
    uint64_t rev);
/* The same, and the organisation's maximum that bounds it. */
int documents_add_in_force(struct documents *d, const char *name);
void documents_add_text(struct documents *d, const char *name,
    const char *text);
/* The "policies" of a revision. */
void documents_add_json(struct documents *d, const json_t *policies);
/* The word of the API for how a document is known. */
const char *documents_kind(enum policy_kind k);
/* Adds what they extend, from the libraries and files of this machine. To be
 * called once all are added. */
int documents_close(struct documents *d);
/* The same; what is wrong with them, the rest of their errors too, is put
 * into said, and nothing printed. */
int documents_find(struct documents *d, struct diags *said);
/* What is wrong with them, for people, to stderr. */
void documents_say(const struct diags *d);
void documents_fini(struct documents *d);

static inline void
clean_documents(struct documents *d)
{
	documents_fini(d);
}
#define CLEAN_DOCUMENTS __attribute__((cleanup(clean_documents)))

#endif

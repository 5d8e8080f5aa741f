/* edit.h -- small changes to policy documents, in the words of their users.
 *
 * The text is edited where it stands: comments, order and layout survive, and
 * nothing is written anew. After each change the text is read again and must
 * come to the very tree that was meant. What would give anyone more than the
 * change says is refused. */
#ifndef COMPILE_EDIT_H
#define COMPILE_EDIT_H

#include "base/limits.h"
#include "compile/compile.h"

#define EDITS_MAX	64	/* in one batch */
#define EDIT_BINARIES_MAX 32
#define EDIT_IPS_MAX	16

enum edit_kind {
	EDIT_ADD_ENDPOINT,	/* HOST:PORT[:ACCESS[:PROTOCOL[:ENFORCEMENT
				 * [:OPTION,...]]]] */
	EDIT_REMOVE_ENDPOINT,	/* HOST:PORT */
	EDIT_ADD_ALLOW,		/* HOST:PORT:METHOD:PATH */
	EDIT_ADD_DENY,		/* HOST:PORT:METHOD:PATH */
	EDIT_REMOVE_RULE,	/* NAME, or FILE:LINE */
	EDIT_REMOVE_BINARY,	/* NAME:PROGRAM, or FILE:LINE:PROGRAM */
};

struct edit { /* strings are views into what was parsed */
	enum edit_kind kind;
	struct str said;	/* the whole, for messages */
	struct str host, method, path;
	uint16_t port;
	struct str access, protocol, enforcement; /* empty: not said */
	struct str ips[EDIT_IPS_MAX];
	uint32_t nips;
	struct str rule;	/* of the removals; else --rule-name, or empty */
	struct str binaries[EDIT_BINARIES_MAX];
	uint32_t nbinaries;
};

/* Reads the words of one. -1: *e says what is wrong with them. */
int edit_parse(enum edit_kind kind, const char *text, struct edit *out,
    struct err *e);

struct edited { /* edited_fini() it */
	char **texts;		/* of each document, NULL: unchanged */
	size_t n;
	char **notes;		/* what the user should know */
	size_t nnotes;
};

/* All of them, in their order, or none: -1 with *e. Documents of a library
 * and of the maximum are looked at and never changed; there is at least one
 * that can be. */
int policy_edit(const struct policy_file *files, size_t n,
    const struct edit *edits, size_t nedits, struct edited *out,
    struct err *e);
void edited_fini(struct edited *ed);

#endif

/* parts.h -- how the readers of bodies say what they found.  Of lib/inspect
 * alone. */
#ifndef INSPECT_PARTS_H
#define INSPECT_PARTS_H

#include "inspect/inspect.h"
#include "inspect/jdoc.h"

enum found {
	FOUND_NONE,	/* it is surely none of those */
	FOUND_SOME,	/* units were added */
	FOUND_ODD,	/* it may be one: in->why */
};

enum found found_odd(struct inspect *in, const char *why);
/* Of the whole document, or of each in it if it is a list; mixed: why one in
 * which some are none is odd. */
typedef enum found found_one(struct inspect *in, const struct jdoc *d,
    const struct jvalue *v);
enum found found_batch(struct inspect *in, const struct jdoc *d,
    found_one *one, const char *mixed);
/* NULL: there are too many, in->why is set. */
struct inspect_unit *unit_add(struct inspect *in);
/* A copy in the arena; false: too much. */
bool unit_put(struct inspect *in, struct inspect_unit *u, enum detail detail,
    struct str name, struct str value);
/* Nothing of it is there, and that is known. */
void unit_known(struct inspect_unit *u, enum detail detail);
/* "a b", in the arena. */
void unit_say(struct inspect *in, struct inspect_unit *u, struct str a,
    struct str b);
/* Is some key like one of those, or are two like each other? Readers that do
 * not look at case would take another value than we do. */
bool keys_are_odd(const struct jdoc *d, const struct jvalue *object,
    const char *const *known, size_t n);

/* A document by itself. */
enum found graphql_text(struct inspect *in, struct str text);
enum found graphql_body(struct inspect *in, const struct jdoc *d);
enum found graphql_query(struct inspect *in);	/* from the target */
enum found graphql_message(struct inspect *in, const struct jdoc *d);
/* Is a part of a call in the target? Some servers take it from there. */
bool rpc_in_target(const struct inspect *in);
enum found rpc_body(struct inspect *in, const struct jdoc *d);
/* inspect.c: nothing of what is asked is known; and a JSON text. */
void inspect_give_up(struct inspect *in, const char *why);
void inspect_json(struct inspect *in, struct str text,
    enum found (*graphql)(struct inspect *in, const struct jdoc *d));
/* Over the bytes so far; whole: no more comes. Sets in->over. */
void git_push(struct inspect *in, bool whole);

#endif

/* edit_work.h -- a batch of edits under way.  Of the edit*.c files alone. */
#ifndef COMPILE_EDIT_WORK_H
#define COMPILE_EDIT_WORK_H

#include "compile/edit.h"
#include "compile/edit_text.h"

struct work {
	struct edit_doc docs[POLICY_FILES_MAX];
	uint32_t n;
	struct edited *out;
	struct err *e;
};

/* One entry or endpoint, wherever it stands. Gone after the next change of
 * its document. */
struct spot {
	struct edit_doc *d;
	struct node *list;	/* that it is an item of */
	uint32_t i;
	struct node *item;
	bool deny;		/* an item of a native deny list */
	/* Of the older schema: */
	struct node *rules;	/* network_policies */
	uint32_t rule;		/* in it */
};

#define SPOTS_MAX 256
struct spots {
	struct spot v[SPOTS_MAX];
	uint32_t n;
};

bool work_may_change(const struct edit_doc *d);
bool work_is_v1(const struct edit_doc *d);
void work_note(struct work *w, const char *fmt, ...) PRINTF(2, 3);
int work_refuse(struct work *w, const char *fmt, ...) PRINTF(2, 3);
/* "a.yaml:3, b.yaml:7" of those it has room for. */
const char *work_places(const struct spots *s, char *out, size_t cap);

/* Entries (native) or endpoints (older) of exactly this host and port. */
void native_spots(struct work *w, struct str host, uint16_t port,
    struct spots *out);
void v1_spots(struct work *w, struct str host, uint16_t port,
    struct spots *out);
/* Does a list or a single number of ports hold it; *n: how many it has. */
bool ports_hold(const struct node *ports, uint16_t port, uint32_t *n);
/* A list of words with this one in it? */
bool words_hold(const struct node *list, struct str word);
bool words_same(const struct node *a, const struct node *b);
struct node *work_find(const struct node *map, const char *key);

int native_add_endpoint(struct work *w, struct edit_doc *d,
    const struct edit *ed, const struct spots *s);
int native_add_request(struct work *w, struct edit_doc *d,
    const struct edit *ed, const struct spots *s);
int native_remove_endpoint(struct work *w, const struct edit *ed,
    const struct spot *s);
int native_remove_rule(struct work *w, const struct edit *ed,
    const struct spot *s);
int native_remove_binary(struct work *w, const struct edit *ed,
    const struct spot *s);
/* The entry that stands in a line of a document. */
bool native_at(struct work *w, struct str file, uint32_t line,
    struct spot *out);

int v1_add_endpoint(struct work *w, struct edit_doc *d,
    const struct edit *ed, const struct spots *s);
int v1_add_request(struct work *w, const struct edit *ed,
    const struct spot *s);
int v1_remove_endpoint(struct work *w, const struct edit *ed,
    const struct spot *s);
int v1_remove_rule(struct work *w, struct edit_doc *d, struct node *rules,
    uint32_t i);
int v1_remove_binary(struct work *w, const struct edit *ed,
    struct edit_doc *d, struct node *rules, uint32_t i);
/* Which of network_policies has this name; false: none. */
bool v1_rule(const struct edit_doc *d, struct str name, struct node **rules,
    uint32_t *i);

#endif

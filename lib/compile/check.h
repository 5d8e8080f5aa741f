/* check.h -- what all sections share: maps with known keys, values with known
 * types, and a sentence for what is not so. */
#ifndef COMPILE_CHECK_H
#define COMPILE_CHECK_H

#include "compile/rule.h"

struct compile { /* one run of the compiler */
	struct arena *arena;
	struct diags *diags;
	enum policy_stage stage;
	bool maximum;		/* it is the one that bounds others */
	const struct compile *max; /* the one that bounds it, or NULL */
	const struct pol_commands *whole; /* where profiles are, if it is one
				 * of them; NULL: it is none */
	struct policy pol;
};

enum want { WANT_ANY, WANT_WORD, WANT_LIST, WANT_MAP, WANT_BOOL,
	WANT_NUMBER };

typedef void key_take(struct compile *c, const struct node *value, void *arg);

struct key { /* one that a map may hold */
	const char *name;
	enum want want;
	key_take *take;		/* NULL: the type is all there is to check */
	const char *need;	/* not NULL: "not enforced by this version" */
};

void node_error(struct compile *c, const struct node *n, const char *fmt,
    ...) PRINTF(3, 4);
void node_warning(struct compile *c, const struct node *n, const char *fmt,
    ...) PRINTF(3, 4);
/* At POLICY_STAGE_ENFORCE an error "not enforced by this version: ...". */
void not_enforced(struct compile *c, const struct node *n, const char *fmt,
    ...) PRINTF(3, 4);

/* All keys known, of their type, each handed to its take(). */
void check_map(struct compile *c, const struct node *map,
    const struct key *keys, size_t nkeys, void *arg, const char *what);
/* Is it of the type, and if not, says so. */
bool check_want(struct compile *c, const struct node *n, enum want want,
    const char *what);
const struct node *map_find(const struct node *map, const char *key);
/* A string: quoted, or one that YAML takes for nothing else. */
bool is_word(const struct node *n);
bool is_null(const struct node *n);
/* A string of sane length without control bytes; NULL and said otherwise. */
const struct node *take_word(struct compile *c, const struct node *n,
    const char *what);
/* The word's place in a list ended by NULL; -1 and said when not in it. */
int take_choice(struct compile *c, const struct node *n,
    const char *const *choices, const char *what);
bool take_number(struct compile *c, const struct node *n, uint64_t min,
    uint64_t max, uint64_t *out, const char *what);
/* Once, or the same value everywhere; otherwise both places are said. */
void take_scalar(struct compile *c, struct pol_scalar *s,
    const struct node *n, uint32_t value, const char *what);
/* The value of default_policy: deny is 0, allow 1. */
void take_fallback(struct compile *c, struct pol_scalar *s,
    const struct node *n, const char *section);
/* The valid word nearest to s, or NULL when none is near. */
const char *word_near(struct str s, const char *const *words, size_t n);
/* One of words that means what s means in other languages; or NULL. */
const char *word_other(struct str s, const char *const *words, size_t n);
/* Memory of the run; never NULL. */
void *take_mem(struct compile *c, size_t n, size_t size);
struct str take_copy(struct compile *c, struct str s);

/* Each fills in part of an entry from its node; false: said what is wrong. */
bool take_host(struct compile *c, const struct node *n, bool deny,
    struct pol_host *out);
bool take_v1_host(struct compile *c, const struct node *n,
    struct pol_host *out);
void take_ports(struct compile *c, const struct node *n, struct pol_rule *r);
void take_protocols(struct compile *c, const struct node *n,
    struct pol_rule *r);
void take_methods(struct compile *c, const struct node *n,
    struct pol_rule *r);
void take_paths(struct compile *c, const struct node *n, struct pol_rule *r);
void take_exes(struct compile *c, const struct node *n, struct pol_rule *r);
void take_nets(struct compile *c, const struct node *n, struct pol_rule *r,
    bool v1);
bool method_add(struct compile *c, const struct node *n, struct pol_rule *r,
    bool any_case);
/* Adds one written pattern to r->paths, and what a deny covers besides. */
bool path_add(struct compile *c, const struct node *n, struct pol_rule *r,
    bool v1);
/* A path pattern in which a star stays in its part, to what match.c runs. */
struct str path_pattern(struct compile *c, struct str s);
bool exe_add(struct compile *c, const struct node *n, struct pol_exe *out,
    bool v1);
void rule_add(struct compile *c, const struct pol_rule *r);
/* Lists of at most LIST_MAX items, grown by one. */
void strs_add(struct compile *c, struct strs *s, struct str item);

/* The lists of an empty policy; it may not move while it grows. */
void policy_begin(struct policy *p);
/* Sections that are a policy of their own; never NULL. */
struct policy *check_apart(struct compile *c, const struct node *n);
/* Of all allows of requests: one that has canaries is refused, unless
 * something else is said. */
uint32_t sift_all(const struct policy *p);
/* One per section. */
void check_canaries(struct compile *c, const struct node *n, void *arg);
void check_network(struct compile *c, const struct node *n, void *arg);
void check_files(struct compile *c, const struct node *n, void *arg);
void check_commands(struct compile *c, const struct node *n, void *arg);
void check_inference(struct compile *c, const struct node *n, void *arg);
void check_resources(struct compile *c, const struct node *n, void *arg);
/* Those of an entry, and those of the section. */
struct pol_rate *entry_rate_limits(struct compile *c, const struct node *n);
void take_rate_limits(struct compile *c, const struct node *n, void *arg);
void check_labels(struct compile *c, const struct node *n, void *arg);
void check_process(struct compile *c, const struct node *n, void *arg);
void check_v1_process(struct compile *c, const struct node *n, void *arg);
/* After all documents: what of the limits nobody said. */
void resources_close(struct compile *c);
void check_v1(struct compile *c, const struct node *root);
void check_v1_network(struct compile *c, const struct node *n, void *arg);
void check_document(struct compile *c, const struct doc *doc);
/* Every alternative of the path n, with what like says. */
void file_take(struct compile *c, const struct node *n,
    const struct pol_file *like);
/* After all documents: endpoints of the older schema that do not agree. */
void clash_check(struct compile *c);
/* After all documents: the files as a whole, and then what of them the
 * kernel's own means can hold. */
void files_check(struct compile *c);
void floor_check(struct compile *c);
/* The image's bytes, heap, with others within, if any; -1: too much, said in
 * diags. */
struct inner {
	struct str max;		/* of the maximum, or empty */
	const struct str *names, *images;	/* of the profiles, by name */
	uint32_t n;
};
int emit(struct compile *c, const struct doc *docs, uint32_t ndocs,
    const struct inner *in, char **image, size_t *len);

#endif

/* exec_scan.h -- one form of a question against the commands of an image.  Of
 * the exec*.c files alone. */
#ifndef POLICY_EXEC_SCAN_H
#define POLICY_EXEC_SCAN_H

#include "base/limits.h"
#include "policy/exec.h"
#include "policy/form.h"

struct exec_scan {
	const struct image *im;
	const struct exec_query *q;
	const struct exec_form *form;
	struct str name;	/* as asked for; of "busybox rm": "rm" */
	uint32_t first;		/* argv[first] is its argv[0] */
};

static inline uint32_t
exec_args(const struct exec_scan *s)
{
	return s->form->argc > s->first ? s->form->argc - s->first - 1 : 0;
}

/* From 1 on, as in argv. */
static inline struct str
exec_arg(const struct exec_scan *s, uint32_t i)
{
	return s->form->argv[s->first + i];
}

/* ---- exec_path.c: canonical forms. What is asked for is given by who asks,
 * or made in buf. */
struct str exec_arg_path(const struct exec_scan *s, uint32_t i,
    char buf[PATH_BYTES_MAX]);
struct str exec_arg_attached(const struct exec_scan *s, uint32_t i,
    char buf[PATH_BYTES_MAX]);
/* Of a text that is a part of an argument; links are not followed. */
struct str exec_path_of(const struct exec_scan *s, struct str text,
    char buf[PATH_BYTES_MAX]);
/* What may be attached to an option behind others: of "-sSo/etc/x" what
 * follows each letter, one after the other (*at begins as 2), so that the last
 * one of them is there. false: no more. */
bool exec_clustered(struct str arg, size_t *at, struct str *rest);
/* VALUE of "--x=VALUE", "x=VALUE", "-xVALUE"; empty: none. */
struct str exec_value(struct str arg);
/* In a grant: will a program that is given it as an operand take it for a
 * file's name? beside: a character that may not be in it, or NUL. */
bool exec_like_path(struct str arg, char beside);

/* ---- exec_find.c: which commands of the image it is. */
#define EXEC_FOUND_MAX	32

struct exec_found {
	const struct f_command *v[EXEC_FOUND_MAX];
	uint32_t n;
	bool full;	/* there are more: nothing is certain */
};

void exec_find_grants(const struct exec_scan *s, struct exec_found *out);
void exec_find_denies(const struct exec_scan *s, struct exec_found *out);
/* "busybox rm x" is "rm x" too, and so is "ld.so /bin/rm x". False: it is no
 * such thing. */
bool exec_inner(const struct exec_scan *s, struct exec_scan *inner);

/* ---- exec_read.c: which rules its arguments are like. */
typedef void exec_on(void *arg, const struct f_crule *r);
void exec_grants(const struct exec_scan *s, const struct f_command *c,
    exec_on *on, void *arg);
void exec_denies(const struct exec_scan *s, const struct f_command *c,
    exec_on *on, void *arg);

/* ---- exec_env.c: the first demand that the environment does not meet. */
const struct f_cenv *exec_env_fault(const struct exec_scan *s,
    const struct f_crule *r);

/* ---- exec_near.c: why not. */
void exec_explain(const struct exec_scan *s, struct exec_answer *out);
void exec_rule(const struct image *im, const struct f_crule *r,
    struct policy_rule *out);

#endif

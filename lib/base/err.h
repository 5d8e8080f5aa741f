/* err.h -- an expected failure, as one sentence for a person. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/compat.h"
#include "base/limits.h"

enum err_kind {
	ERR_NONE,
	ERR_SYS,	/* a system call failed; sys holds errno */
	ERR_INPUT,	/* what somebody gave us is not well formed */
	ERR_DENIED,	/* policy or the kernel says no */
	ERR_LIMIT,	/* a bound in limits.h or in the policy was reached */
	ERR_PEER,	/* another process or host broke its protocol */
	ERR_MISSING,	/* the named thing does not exist */
	ERR_EXISTS,	/* the named thing exists already */
	ERR_STATE,	/* not possible in the present state */
};

struct err { /* on the caller's stack, no heap; zero it before use */
	enum err_kind kind;
	int sys;
	char text[ERR_BYTES_MAX];
};

/* All return -1, so a failing function ends in `return err_...;'.
 * e may be NULL when the caller does not care. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    PRINTF(3, 4);
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* err_sys for an error number that is not in errno. */
int err_num(struct err *e, int num, const char *fmt, ...) PRINTF(3, 4);
/* Puts "...: " in front of the text that is there. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

#if defined(__clang_analyzer__) && !defined(BASE_ERR_IMPL)
/* It sees one file at a time. */
#define err_set(...)	((void)err_set(__VA_ARGS__), -1)
#define err_sys(...)	((void)err_sys(__VA_ARGS__), -1)
#define err_num(...)	((void)err_num(__VA_ARGS__), -1)
#define err_wrap(...)	((void)err_wrap(__VA_ARGS__), -1)
#endif

#endif

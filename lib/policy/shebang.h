/* shebang.h -- what runs when a script is executed, as the kernel reads its
 * first line.  Pure: who asks reads the file and looks the names up. */
#ifndef POLICY_SHEBANG_H
#define POLICY_SHEBANG_H

#include <stdbool.h>

#include "base/str.h"

#define SHEBANG_BYTES	256	/* of a file, as far as the kernel looks */
#define SHEBANG_WORDS	16	/* of "env -S" */

struct shebang {
	struct str interpreter;	/* a path, as it is written */
	struct str argument;	/* all of it is one, blanks inside too */
	bool has_argument;
};

enum shebang_kind {
	SHEBANG_BAD,	/* begins so, and is none that may run */
	SHEBANG_NONE,	/* no script */
	SHEBANG_SCRIPT,
};

/* Of the first SHEBANG_BYTES of a file, or all of a shorter one. The strings
 * point into it. */
enum shebang_kind shebang_parse(struct str head, struct shebang *out);

struct shebang_env {
	struct str words[SHEBANG_WORDS]; /* the program, a name or a path, and
					  * the first of its arguments */
	unsigned n;
};

/* Is the interpreter env, which runs another one? SHEBANG_BAD: it is, and
 * what it would run is not said plainly (options but -S and -, variables,
 * quotes). */
enum shebang_kind shebang_env(const struct shebang *s,
    struct shebang_env *out);

#endif

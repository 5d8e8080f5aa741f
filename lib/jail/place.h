/* place.h -- which host trees appear where in a sandbox, and with what
 * rights: the operator's --mount and the policy's file grants as one sorted
 * list.  Pure: judges names only; what the names lead to is opened, and
 * judged again, by root.c. */
#ifndef JAIL_PLACE_H
#define JAIL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define PLACES_MAX 512	/* mounts, grants and denies of one sandbox */

enum box_system { BOX_READ_ONLY, BOX_NOTHING, BOX_LAYERED };

struct place {
	const char *host;	/* absolute, clean */
	const char *inside;
	bool read, write;
	bool grant;		/* of the policy: may be missing on the host */
	bool tree;		/* false: this file only */
	bool inner;		/* a grant that a mount has in it */
};

struct places { /* zero is none; strings are the caller's and stay */
	struct place list[PLACES_MAX];
	size_t n;
	const char *deny[PLACES_MAX];	/* inside; nothing of it is there */
	size_t ndeny;
	enum box_system system;
	/* Each open is judged: what the kernel alone could not hold (a denied
	 * name that is not there, write without read) is no fault. */
	bool gated;
	/* Our own directories on the host: refused as a source and hidden
	 * where they are below one. NULL-ended. */
	const char *const *ours;
};

/* All refuse with the name, the reason and the way out. */
int places_mount(struct places *p, const char *host, const char *inside,
    bool read_only, struct err *e);
int places_grant(struct places *p, const char *path, bool read, bool write,
    bool tree, struct err *e);
int places_deny(struct places *p, const char *path, struct err *e);
/* After the last: denies against grants and mounts, rights of mounts that a
 * grant covers, order (a tree before what is in it). */
int places_finish(struct places *p, struct err *e);

/* path is dir or below it. */
bool path_below(const char *path, const char *dir);

#endif

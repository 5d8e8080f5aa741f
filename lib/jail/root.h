/* root.h -- the file system of a sandbox, built from inside its new user,
 * mount and pid namespaces.
 *
 *	/			tmpfs, read-only when all is in place
 *	/usr /bin /lib ...	the host's, read-only; or below a layer
 *	/etc			etc.h; /etc/openshell is this sandbox's
 *	/proc			of the pid namespace, read-only as a whole: even
 *				a sandbox of root can set no sysctl
 *	/dev			null zero full random urandom tty, own pts
 *	/tmp /run /dev/shm	tmpfs; /var/tmp too when not layered
 *	/home/sandbox		SANDBOXDIR/home
 *	places			--mount and file grants (place.h)
 *
 * Every mount is nosuid and, but for the device nodes, nodev. Host paths are
 * opened once, through no symbolic link, and mounted by descriptor. */
#ifndef JAIL_ROOT_H
#define JAIL_ROOT_H

#include <stdbool.h>
#include <stdint.h>

#include "jail/landlock.h"
#include "jail/place.h"

struct err;

struct root_opts {
	const char *hostname;
	const char *dir;	/* SANDBOXDIR on the host */
	int dirfd;		/* the same, opened in this mount namespace */
	const char *baseline;	/* for etc.h */
	const struct places *places;
	bool host_root;		/* our uid on the host is 0 */
};

#define ROOT_RULES_MAX (PLACES_MAX + 32)

struct root_rule { /* for Landlock, by path inside */
	const char *path;
	uint64_t rights;
};

struct root { /* filled by root_build */
	int store;		/* the tmpfs from which the pieces are cloned */
	int top;		/* the new root */
	int ca, bundle, trust;	/* files of /etc/openshell, writable through
				 * these only */
	int pts;		/* the sandbox's devpts */
	struct root_rule rules[ROOT_RULES_MAX];
	size_t nrules;
};

/* Builds it, mounted over dir in this mount namespace. */
int root_build(const struct root_opts *o, struct root *r, struct err *e);
/* Makes it the root and lets go of the host's. */
int root_enter(struct root *r, struct err *e);

/* For root.c's parts. */
int root_rule(struct root *r, const char *path, uint64_t rights,
    struct err *e);
/* Puts nothing over what is at path (relative to the new root). Missing is
 * fine. */
int root_mask(struct root *r, const char *path, struct err *e);
/* A mount keeps its own name and no more: a directory above it could be
 * renamed, and another put in its place. In the host tree of o->places that
 * path lies in, makes each directory on the way to it a mount, too. */
int root_hold(const struct root_opts *o, struct root *r, const char *path,
    struct err *e);
/* places.c: all of o->places, and what they must not show. */
int root_places(const struct root_opts *o, struct root *r, struct err *e);
/* protect.c: makes read-only what would run outside the sandbox later, in
 * the writable host tree mounted at path. */
int root_protect(const struct root_opts *o, struct root *r, const char *path,
    struct err *e);
/* dev.c: /dev and /proc. */
int root_dev(struct root *r, struct err *e);
int root_proc(const struct root_opts *o, struct root *r, struct err *e);

#endif

/* self.h -- confine this process to its row of lib/role/roles.c, for good.
 *
 * Every program does: acquire, jail, serve. What it opened before stays
 * usable; afterwards the kernel refuses what its row does not name:
 *
 *   capabilities	none, and no way to gain any (bounding and ambient sets,
 *			securebits, no_new_privs); the broker may still raise
 *			CAP_SYS_PTRACE of the sandbox's user namespace
 *   files		Landlock, every right this kernel knows (SEE_x)
 *   network		seccomp on socket(2), Landlock on TCP bind (NET_x)
 *   system calls	a seccomp allow-list (CALLS_x). A call that libraries
 *			probe for fails with an errno; any other kills
 *   memory		no new executable pages (roles without CALLS_SPAWN)
 *   secrets		undumpable, no core files, not traceable
 *
 * Children inherit it all: a role whose children must do more starts them
 * before, or through a spawner (jail/spawner.h).
 *
 * Single-threaded callers only: Landlock binds the calling thread. */
#ifndef JAIL_SELF_H
#define JAIL_SELF_H

#include "role/roles.h"

struct err;

/* dirs: NULL-ended directories for SEE_LOG, SEE_BOX and SEE_STATE (they must
 * exist); NULL for the rest. Of SEE_BOX the first is the sandbox's directory,
 * any further one is a devpts, where terminals are opened. -1: nothing may be
 * served; say e->text and exit. There is no weaker level. */
int jail_enter(enum role r, const char *const *dirs, struct err *e);

/* A sentence for the program's log when this build confines less than a
 * release does (sanitizers: the filter logs instead of refusing); else
 * NULL. */
const char *jail_caveat(void);

#endif

/* slow.h -- file systems that may not answer, and what is asked about them.
 *
 * A file system in the network, or one that a program serves, may take as long
 * as it likes over a look at a name; who looks is held meanwhile. So in a
 * sandbox with such a mount the broker itself goes nowhere where it could be:
 * it looks a name up only by what the kernel has at hand, or a step at a time
 * from a directory that it holds, and turns back before such a mount (AWAY).
 * The question is then answered by a process of its own (away.c). */
#ifndef BROKER_SLOW_H
#define BROKER_SLOW_H

#include "broker/broker.h"

/* Before the jail. */
int slow_init(struct broker *b, struct err *e);
/* Must who acts for b keep clear of such mounts? */
bool slow_matters(const struct broker *b);
/* Does that path lie in one? It is canonical, or of something held. */
bool slow_path(const struct broker *b, const char *path);
bool slow_is(const struct broker *b, int fd);
/* Where a link in a directory that is held leads by its text. */
bool slow_link(const struct broker *b, int dir, const char *name);
/* AWAY, and the question is known to need it. */
int slow_turn(struct broker *b);
/* Who answers apart renames and links at the same time as we: from a look at
 * what stands at a name until it was moved, only one does in a file system.
 * 0, or -errno. */
int slow_alone(int dir, int other);
void slow_done(void);
/* The mount that was met last. */
const char *slow_point_met(void);

/* ---- away.c ---- */

/* The question met such a mount, and nothing has been done. What to answer. */
long away(const struct ask *a);

#endif

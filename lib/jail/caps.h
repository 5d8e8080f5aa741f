/* caps.h -- give up every capability, and every way to one. */
#ifndef JAIL_CAPS_H
#define JAIL_CAPS_H

#include <stdbool.h>

struct err;

/* no_new_privs; ambient, bounding, inheritable, effective and permitted sets
 * emptied; securebits locked where we may. Checks that it is so. */
int caps_drop_all(struct err *e);
/* The same, but CAP_SYS_PTRACE stays permitted (if it was), not effective. */
int caps_keep_ptrace(struct err *e);
/* Before executing who calls caps_keep_ptrace: only that one is left, and
 * survives the exec. */
int caps_hand_on_ptrace(struct err *e);
/* Makes a kept CAP_SYS_PTRACE effective, or not. -1 with errno. */
int caps_ptrace(bool on);

#endif

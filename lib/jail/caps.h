/* caps.h -- give up every capability, and every way to one. */
#ifndef JAIL_CAPS_H
#define JAIL_CAPS_H

struct err;

/* no_new_privs; ambient, bounding, inheritable, effective and permitted sets
 * emptied; securebits locked where we may. Checks that it is so. */
int caps_drop_all(struct err *e);

#endif

/* trim.h -- give back what only the start of a program needed. */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

/* Unmaps the pages of code and constants that start-up touched; what is
 * needed again comes back from the page cache. Nothing that was ever written
 * is let go. For programs that mostly wait. */
void trim_code(void);

#endif

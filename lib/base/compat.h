/* compat.h -- the compiler's and kernel's words, spelled once. */
#ifndef BASE_COMPAT_H
#define BASE_COMPAT_H

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN	  __attribute__((noreturn))
#define UNUSED		  __attribute__((unused))
#define MUST_USE	  __attribute__((warn_unused_result))
#define NELEM(a)	  (sizeof(a) / sizeof((a)[0]))

#endif

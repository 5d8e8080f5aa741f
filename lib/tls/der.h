/* der.h -- the little DER that a certificate needs, written from its end to
 * its front so that every length is known when its tag is written; and the
 * little that is read.  Pure. */
#ifndef TLS_DER_H
#define TLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct der { /* what is written fills p[at..cap) */
	unsigned char *p;
	size_t at, cap;
};

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_BYTES = 0x04,
	DER_UTF8 = 0x0C,
	DER_UTC_TIME = 0x17,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

struct der der_of(unsigned char *p, size_t cap);
struct str der_str(const struct der *d);
/* Raw bytes in front of what is there; too many is our bug. */
void der_put(struct der *d, const void *p, size_t len);
void der_put_str(struct der *d, struct str s);
/* Tag and length in front of all that was written since mark (which is an
 * earlier d->at). */
void der_wrap(struct der *d, unsigned tag, size_t mark);
/* A whole value: tag, length, bytes. */
void der_value(struct der *d, unsigned tag, struct str s);

/* Cuts the first value off in, if it has this tag: its content, and the
 * whole of it. */
bool der_take(struct str *in, unsigned tag, struct str *content,
    struct str *whole);

#endif

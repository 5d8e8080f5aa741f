/* wire.h -- integers and strings in and out of a message, little-endian. */
#ifndef MSG_WIRE_H
#define MSG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct wbuf { /* writes into the caller's bytes; over is sticky */
	unsigned char *p;
	size_t len, cap;
	bool over;
};

struct rbuf { /* reads borrowed bytes; bad is sticky, values are then zero */
	const unsigned char *p;
	size_t at, len;
	bool bad;
};

void put_u8(struct wbuf *w, uint8_t v);
void put_u16(struct wbuf *w, uint16_t v);
void put_u32(struct wbuf *w, uint32_t v);
void put_u64(struct wbuf *w, uint64_t v);
void put_i64(struct wbuf *w, int64_t v);
void put_bytes(struct wbuf *w, const void *p, size_t len); /* no length */
void put_str(struct wbuf *w, struct str s);	/* u32 length, bytes */
void put_strz(struct wbuf *w, const char *z);	/* NULL is "" */

uint8_t get_u8(struct rbuf *r);
bool get_bool(struct rbuf *r);			/* anything but 0, 1 is bad */
uint16_t get_u16(struct rbuf *r);
uint32_t get_u32(struct rbuf *r);
uint64_t get_u64(struct rbuf *r);
int64_t get_i64(struct rbuf *r);
/* A number that must be below bound. */
uint32_t get_below(struct rbuf *r, uint32_t bound);
struct str get_str(struct rbuf *r, size_t max);	/* borrowed from r */
/* Into a fixed buffer, NUL-terminated; a NUL inside or too long is bad. */
void get_strz(struct rbuf *r, char *out, size_t cap);
/* 0 if all was well formed and nothing is left, else -1. */
int get_end(const struct rbuf *r);

static inline struct rbuf
rbuf_of(struct str s)
{
	return (struct rbuf){ (const unsigned char *)s.p, 0, s.len, false };
}

#endif

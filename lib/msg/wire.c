#include "msg/wire.h"

void
put_bytes(struct wbuf *w, const void *p, size_t len)
{
	if (w->over || len > w->cap - w->len) {
		w->over = true;
		return;
	}
	if (len > 0)
		memcpy(w->p + w->len, p, len);
	w->len += len;
}

static void
put_le(struct wbuf *w, uint64_t v, size_t n)
{
	unsigned char b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)(v >> (8 * i));
	put_bytes(w, b, n);
}

void
put_u8(struct wbuf *w, uint8_t v)
{
	put_le(w, v, 1);
}

void
put_u16(struct wbuf *w, uint16_t v)
{
	put_le(w, v, 2);
}

void
put_u32(struct wbuf *w, uint32_t v)
{
	put_le(w, v, 4);
}

void
put_u64(struct wbuf *w, uint64_t v)
{
	put_le(w, v, 8);
}

void
put_i64(struct wbuf *w, int64_t v)
{
	put_le(w, (uint64_t)v, 8);
}

void
put_str(struct wbuf *w, struct str s)
{
	if (s.len > UINT32_MAX) {
		w->over = true;
		return;
	}
	put_u32(w, (uint32_t)s.len);
	put_bytes(w, s.p, s.len);
}

void
put_strz(struct wbuf *w, const char *z)
{
	put_str(w, str_c(z));
}

static uint64_t
get_le(struct rbuf *r, size_t n)
{
	uint64_t v = 0;

	if (r->bad || n > r->len - r->at) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)r->p[r->at + i] << (8 * i);
	r->at += n;
	return v;
}

uint8_t
get_u8(struct rbuf *r)
{
	return (uint8_t)get_le(r, 1);
}

bool
get_bool(struct rbuf *r)
{
	uint8_t v = get_u8(r);

	if (v > 1)
		r->bad = true;
	return v == 1 && !r->bad;
}

uint16_t
get_u16(struct rbuf *r)
{
	return (uint16_t)get_le(r, 2);
}

uint32_t
get_u32(struct rbuf *r)
{
	return (uint32_t)get_le(r, 4);
}

uint64_t
get_u64(struct rbuf *r)
{
	return get_le(r, 8);
}

int64_t
get_i64(struct rbuf *r)
{
	return (int64_t)get_le(r, 8);
}

uint32_t
get_below(struct rbuf *r, uint32_t bound)
{
	uint32_t v = get_u32(r);

	if (v >= bound) {
		r->bad = true;
		return 0;
	}
	return v;
}

struct str
get_str(struct rbuf *r, size_t max)
{
	size_t len = get_u32(r);
	struct str s = STR("");

	if (r->bad || len > max || len > r->len - r->at) {
		r->bad = true;
		return s;
	}
	s = str_of((const char *)r->p + r->at, len);
	r->at += len;
	return s;
}

void
get_strz(struct rbuf *r, char *out, size_t cap)
{
	struct str s = get_str(r, cap - 1);

	if (!str_copy(s, out, cap)) {
		r->bad = true;
		out[0] = '\0';
	}
}

int
get_end(const struct rbuf *r)
{
	return r->bad || r->at != r->len ? -1 : 0;
}

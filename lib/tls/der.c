#include "tls/der.h"

#include "base/must.h"

struct der
der_of(unsigned char *p, size_t cap)
{
	return (struct der){ p, cap, cap };
}

struct str
der_str(const struct der *d)
{
	return str_of((const char *)d->p + d->at, d->cap - d->at);
}

void
der_put(struct der *d, const void *p, size_t len)
{
	must(len <= d->at);
	d->at -= len;
	memcpy(d->p + d->at, p, len);
}

void
der_put_str(struct der *d, struct str s)
{
	der_put(d, s.p, s.len);
}

static void
put_byte(struct der *d, unsigned b)
{
	unsigned char c = (unsigned char)b;

	der_put(d, &c, 1);
}

void
der_wrap(struct der *d, unsigned tag, size_t mark)
{
	size_t len = mark - d->at;
	unsigned bytes = 0;

	if (len < 0x80) {
		put_byte(d, (unsigned)len);
	} else {
		for (size_t v = len; v > 0; v >>= 8, bytes++)
			put_byte(d, (unsigned)(v & 0xFF));
		put_byte(d, 0x80 | bytes);
	}
	put_byte(d, tag);
}

void
der_value(struct der *d, unsigned tag, struct str s)
{
	size_t mark = d->at;

	der_put_str(d, s);
	der_wrap(d, tag, mark);
}

bool
der_take(struct str *in, unsigned tag, struct str *content, struct str *whole)
{
	size_t head = 2, len = 0, bytes;

	if (in->len < 2 || (unsigned char)in->p[0] != tag)
		return false;
	len = (unsigned char)in->p[1];
	if (len >= 0x80) {
		bytes = len & 0x7F;
		head += bytes;
		if (bytes == 0 || bytes > 3 || in->len < head)
			return false;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | (unsigned char)in->p[2 + i];
	}
	if (len > in->len - head)
		return false;
	*whole = str_of(in->p, head + len);
	*content = str_of(in->p + head, len);
	*in = str_from(*in, head + len);
	return true;
}

#include "base/fold.h"

/* The next character without its case; -1: the end. */
static int
fold(struct str s, size_t *i)
{
	unsigned char c;

	if (*i >= s.len)
		return -1;
	c = (unsigned char)s.p[*i];
	if (str_has_prefix(str_from(s, *i), STR("\xc5\xbf"))) {
		*i += 2;
		return 's';	/* U+017F, long s */
	}
	if (str_has_prefix(str_from(s, *i), STR("\xe2\x84\xaa"))) {
		*i += 3;
		return 'k';	/* U+212A, the sign of Kelvin */
	}
	++*i;
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

int
fold_compare(struct str a, struct str b)
{
	size_t i = 0, j = 0;

	for (;;) {	/* ends with the shorter one */
		int x = fold(a, &i), y = fold(b, &j);

		if (x != y)
			return x < y ? -1 : 1;
		if (x == -1)
			return 0;
	}
}

bool
fold_same(struct str a, struct str b)
{
	return fold_compare(a, b) == 0;
}

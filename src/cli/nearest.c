#include "nearest.h"

#include <stdint.h>

#define WORD_BYTES_MAX 40 /* longer is not one of our words mistyped */

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

size_t
nearest_distance(struct str a, struct str b)
{
	size_t d[3][WORD_BYTES_MAX + 1]; /* the rows i-2, i-1 and i */

	if (a.len > WORD_BYTES_MAX || b.len > WORD_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = d[i % 3], *up = d[(i + 2) % 3],
		       *upup = d[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = a.p[i - 1] != b.p[j - 1];

			row[j] = least(up[j] + 1, row[j - 1] + 1,
			    up[j - 1] + change);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] && upup[j - 2] + 1 < row[j])
				row[j] = upup[j - 2] + 1;
		}
	}
	return d[a.len % 3][b.len];
}

struct nearest
nearest_to(struct str word)
{
	return (struct nearest){ word, NULL, SIZE_MAX };
}

void
nearest_try(struct nearest *n, const char *known)
{
	struct str k = str_c(known);
	size_t d = nearest_distance(n->word, k);

	if (n->word.len >= 2 && str_has_prefix(k, n->word))
		d = 1; /* cut short rather than mistyped */
	if (d < n->distance) {
		n->distance = d;
		n->best = known;
	}
}

const char *
nearest_get(const struct nearest *n)
{
	size_t far = n->word.len < 4 ? 1 : n->word.len < 8 ? 2 : 3;

	return n->distance <= far ? n->best : NULL;
}

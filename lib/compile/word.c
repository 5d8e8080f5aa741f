/* word.c -- the valid word that somebody probably meant. */
#include <string.h>

#include "base/compat.h"
#include "compile/check.h"

enum { WORD_MAX = 40 };

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* What it is called elsewhere, and here. */
static const struct {
	const char *theirs, *ours;
} others[] = {
	{ "host", "endpoint" }, { "hosts", "endpoint" },
	{ "hostname", "endpoint" }, { "domain", "endpoint" },
	{ "url", "endpoint" }, { "endpoint", "host" },
	{ "access", "permissions" }, { "mode", "permissions" },
	{ "programs", "binaries" }, { "commands", "binaries" },
	{ "program", "command" }, { "binary", "command" },
	{ "cmd", "command" }, { "name", "command" },
	{ "files", "file_access" }, { "filesystem", "file_access" },
	{ "filesystem_policy", "file_access" },
	{ "network_policies", "network" }, { "limits", "rate_limits" },
};

const char *
word_other(struct str s, const char *const *words, size_t n)
{
	for (size_t k = 0; k < NELEM(others); k++)
		for (size_t i = 0; i < n; i++)
			if (str_eqz(s, others[k].theirs) &&
			    strcmp(words[i], others[k].ours) == 0)
				return words[i];
	return NULL;
}

/* Insertions, removals, replacements and swaps of neighbours from a to b. */
static unsigned
distance(struct str a, struct str b)
{
	unsigned row[3][WORD_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3];
		const unsigned *before = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			bool same = a.p[i - 1] == b.p[j - 1];

			now[j] = min3(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + !same);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return row[a.len % 3][b.len];
}

static struct str
lowered(struct str s, char out[WORD_MAX])
{
	for (size_t i = 0; i < s.len; i++)
		out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    (char)(s.p[i] | 0x20) : s.p[i] == '-' ? '_' : s.p[i];
	return str_of(out, s.len);
}

/* The same letters in another order, as fingers do it: "pipy". */
static bool
is_jumbled(struct str a, struct str b)
{
	int count[256] = { 0 };

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		count[(unsigned char)a.p[i]]++;
		count[(unsigned char)b.p[i]]--;
	}
	for (size_t i = 0; i < NELEM(count); i++)
		if (count[i] != 0)
			return false;
	return true;
}

const char *
word_near(struct str s, const char *const *words, size_t n)
{
	char a[WORD_MAX], b[WORD_MAX];
	unsigned best = 4;
	const char *found = NULL;

	if (s.len == 0 || s.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct str w = str_c(words[i]), x, y;
		unsigned d;

		if (w.len > WORD_MAX)
			continue;
		x = lowered(s, a);
		y = lowered(w, b);
		d = is_jumbled(x, y) ? 1 : distance(x, y);
		if (d < best && 2 * d < w.len && 2 * d < s.len + 1) {
			best = d;
			found = words[i];
		}
	}
	return found;
}

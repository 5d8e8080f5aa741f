#include "names.h"

#include <stdio.h>

#include "base/compat.h"
#include "base/err.h"

static const char *const adjectives[] = {
	"able", "amber", "apt", "bold", "brave", "brief", "bright", "brisk",
	"calm", "clear", "clever", "cosy", "crisp", "deft", "eager", "early",
	"easy", "exact", "fair", "fast", "fine", "firm", "fond", "frank",
	"fresh", "gentle", "glad", "golden", "grand", "green", "happy",
	"hardy", "keen", "kind", "late", "light", "lively", "loyal", "lucky",
	"mellow", "merry", "mild", "modest", "neat", "noble", "patient",
	"placid", "plain", "polite", "proud", "quick", "quiet", "rapid",
	"ready", "serene", "sharp", "silver", "sleek", "smooth", "sober",
	"steady", "sunny", "tidy", "warm",
};
static const char *const nouns[] = {
	"acorn", "alder", "aspen", "badger", "beaver", "birch", "bison",
	"brook", "cedar", "clover", "comet", "coral", "crane", "cypress",
	"dahlia", "delta", "dove", "falcon", "fern", "finch", "fjord", "fox",
	"gecko", "glade", "harbor", "hare", "hazel", "heron", "ibis", "iris",
	"island", "jay", "juniper", "kestrel", "lagoon", "lake", "larch",
	"lark", "lemur", "lily", "linden", "lynx", "maple", "marten",
	"meadow", "moss", "newt", "oak", "olive", "orchid", "osprey",
	"otter", "owl", "pebble", "pine", "plover", "poppy", "quail",
	"raven", "reed", "robin", "sparrow", "thistle", "willow",
};

static bool
is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

int
name_check(struct str name, struct err *e)
{
	if (name.len == 0 || name.len > NAME_BYTES_MAX)
		return err_set(e, ERR_INPUT,
		    "a sandbox's name has 1 to %d characters", NAME_BYTES_MAX);
	for (size_t i = 0; i < name.len; i++)
		if (!is_label_char(name.p[i]))
			return err_set(e, ERR_INPUT, "a sandbox's name has "
			    "only a-z, 0-9 and \"-\" (character %zu is not)",
			    i + 1);
	if (name.p[0] == '-' || name.p[name.len - 1] == '-')
		return err_set(e, ERR_INPUT,
		    "a sandbox's name neither begins nor ends with \"-\"");
	if (name.len == ID_BYTES_MAX && id_is(name))
		return err_set(e, ERR_INPUT,
		    "a sandbox's name may not look like an id");
	return 0;
}

void
name_make(uint32_t random, bool plain, char out[NAME_BYTES_MAX + 1])
{
	const char *a = adjectives[random % NELEM(adjectives)];
	const char *n = nouns[random / NELEM(adjectives) % NELEM(nouns)];

	if (plain)
		(void)snprintf(out, NAME_BYTES_MAX + 1, "%s-%s", a, n);
	else
		(void)snprintf(out, NAME_BYTES_MAX + 1, "%s-%s-%u", a, n,
		    random >> 12 & 0xffff);
}

/* Crockford's base 32. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
id_make(struct wall now, const unsigned char random[10],
    char out[ID_BYTES_MAX + 1])
{
	uint64_t ms = (uint64_t)now.v / 1000;
	unsigned bits = 0, have = 0;
	size_t at = 10;

	for (size_t i = 0; i < 10; i++)
		out[i] = digits[ms >> (5 * (9 - i)) & 31];
	for (size_t i = 0; i < 10; i++) {
		bits = bits << 8 | random[i];
		for (have += 8; have >= 5; have -= 5)
			out[at++] = digits[bits >> (have - 5) & 31];
	}
	out[at] = '\0';
}

bool
id_is(struct str s)
{
	if (s.len != ID_BYTES_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i] >= 'a' && s.p[i] <= 'z' ?
		    (char)(s.p[i] - 'a' + 'A') : s.p[i];

		if (str_index(str_of(digits, sizeof(digits) - 1), c) == 32)
			return false;
	}
	return true;
}

/* amounts.c -- counts, money and times in documents. */
#include "base/compat.h"
#include "compile/check.h"

#define AMOUNT_MAX UINT64_C(1000000000000000)

static bool
scale(uint64_t v, uint64_t by, uint64_t *out)
{
	return !__builtin_mul_overflow(v, by, out) && *out > 0 &&
	    *out <= AMOUNT_MAX;
}

bool
take_count(struct compile *c, const struct node *n, uint64_t *out,
    const char *what)
{
	struct str s = n->text;
	uint64_t v, by = 1;

	if (n->kind == NODE_SCALAR && s.len > 1) {
		char last = s.p[s.len - 1];

		by = last == 'k' ? 1000 : last == 'M' ? 1000000 : 1;
		if (by > 1)
			s = str_head(s, s.len - 1);
	}
	if (n->kind == NODE_SCALAR && str_u64(s, AMOUNT_MAX, &v) &&
	    scale(v, by, out))
		return true;
	node_error(c, n, "%s must be a whole number from 1 on: write 8000, "
	    "16k or 2M", what);
	return false;
}

/* Micro-dollars. */
bool
take_cost(struct compile *c, const struct node *n, uint64_t *out,
    const char *what)
{
	struct str s = n->text, whole, part = STR("");
	uint64_t dollars, micro = 0, by = 1000000;
	bool ok = n->kind == NODE_SCALAR && s.len > 1 && s.p[0] == '$';

	if (ok) {
		s = str_from(s, 1);
		if (!str_cut(s, '.', &whole, &part))
			whole = s;
		else
			ok = part.len > 0 && part.len <= 6;
		ok = ok && str_u64(whole, AMOUNT_MAX / 1000000, &dollars);
	}
	for (size_t i = 0; ok && i < part.len; i++) {
		ok = part.p[i] >= '0' && part.p[i] <= '9';
		by /= 10;
		micro += by * (uint64_t)(part.p[i] - '0');
	}
	if (ok && (dollars > 0 || micro > 0)) {
		*out = dollars * 1000000 + micro;
		return true;
	}
	node_error(c, n, "%s must be an amount in dollars: write $0.80",
	    what);
	return false;
}

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 },
};

bool
take_time(struct compile *c, const struct node *n, uint64_t *ms,
    const char *what)
{
	struct str s = n->text;
	uint64_t v;
	size_t digits = 0;

	if (n->kind == NODE_SCALAR) {
		while (digits < s.len && s.p[digits] >= '0' &&
		    s.p[digits] <= '9')
			digits++;
		for (size_t i = 0; i < NELEM(units); i++)
			if (str_eqz(str_from(s, digits), units[i].name) &&
			    str_u64(str_head(s, digits), AMOUNT_MAX, &v) &&
			    scale(v, units[i].ms, ms))
				return true;
	}
	node_error(c, n, "%s must be a time: write 30s, 5m, 2h or 1d", what);
	return false;
}

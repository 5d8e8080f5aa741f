#include "rates.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/window.h"
#include "policy/image.h"

#define MB UINT64_C(1000000)	/* as people who sell traffic count it */
#define MINUTE_S 60

struct counter {
	struct rate rate;
	char *key;		/* what says that it is the same */
	struct window requests, bytes;
};

struct rates {
	uint32_t n[2];
	uint64_t whole[2];	/* bits */
	bool bytes;
	struct counter *v[2];
};

/* ---- which is which */

static char *
key_of(const struct rate *r, bool maximum)
{
	char *key = NULL;

	if (asprintf(&key, "%s%s%.*s %.*s", maximum ? "max " : "",
		r->whole ? "whole " : "", (int)r->profile.len, r->profile.p,
		(int)r->rule.text.len, r->rule.text.p) == -1)
		abort();
	return key;
}

/* Takes what the old one of that key counted; each is taken once. */
static void
counts_take(struct counter *c, struct rates *old, unsigned k,
    struct usec now)
{
	for (uint32_t i = 0; old != NULL && i < old->n[k]; i++) {
		struct counter *o = &old->v[k][i];

		if (o->key == NULL || strcmp(o->key, c->key) != 0)
			continue;
		c->requests = o->requests;
		if (o->rate.period_s == c->rate.period_s)
			c->bytes = o->bytes;
		else /* as if all of it had left now */
			window_add(&c->bytes, now, window_sum(&o->bytes, now));
		free(o->key);
		o->key = NULL;
		return;
	}
}

static struct usec
seconds(uint32_t s)
{
	return usec_of_ms((int64_t)s * 1000);
}

static void
counter_init(struct counter *c, const struct image *im, unsigned k,
    uint32_t i, struct rates *old, struct usec now)
{
	image_rate(im, k == 1, i, &c->rate);
	c->key = key_of(&c->rate, k == 1);
	window_init(&c->requests, seconds(MINUTE_S), now);
	window_init(&c->bytes, seconds(c->rate.period_s), now);
	counts_take(c, old, k, now);
}

struct rates *
rates_new(const struct image *im, struct rates *old, struct usec now)
{
	struct rates *r = mem_alloc(1, sizeof(*r));

	for (unsigned k = 0; k < 2; k++) {
		r->n[k] = image_rates(im, k == 1);
		r->v[k] = mem_alloc((size_t)r->n[k] + 1, sizeof(*r->v[k]));
		for (uint32_t i = 0; i < r->n[k]; i++) {
			struct counter *c = &r->v[k][i];

			counter_init(c, im, k, i, old, now);
			r->bytes |= c->rate.egress_mb != 0;
			if (c->rate.whole)
				r->whole[k] |= UINT64_C(1) << i;
		}
	}
	rates_free(old);
	return r;
}

void
rates_free(struct rates *r)
{
	if (r == NULL)
		return;
	for (unsigned k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < r->n[k]; i++)
			free(r->v[k][i].key);
		free(r->v[k]);
	}
	free(r);
}

/* ---- those that count */

static struct rates_set
all_of(const struct rates *r, struct rates_set which)
{
	which.of[0] |= r->whole[0];
	which.of[1] |= r->whole[1];
	return which;
}

static struct counter *
next_of(struct rates *r, struct rates_set *left)
{
	for (unsigned k = 0; k < 2; k++) {
		uint64_t m = left->of[k];

		if (m == 0)
			continue;
		left->of[k] = m & (m - 1);
		must((uint32_t)__builtin_ctzll(m) < r->n[k]);
		return &r->v[k][__builtin_ctzll(m)];
	}
	return NULL;
}

#define EACH(r, which, c)						\
	struct rates_set left_ = all_of(r, which);			\
	for (struct counter *c; ((c) = next_of(r, &left_)) != NULL;)

static uint64_t
most_bytes(const struct counter *c)
{
	return c->rate.egress_mb * MB;
}

/* ---- requests */

static void
say_over(struct rates_over *over, const struct counter *c, bool bytes,
    uint64_t used, uint64_t most, struct usec until)
{
	if (until.v <= 0)
		until.v = 1;
	if (until.v <= over->until.v)
		return;
	*over = (struct rates_over){ .rate = c->rate, .used = used,
		.most = most, .bytes = bytes, .until = until };
}

static bool
is_over(struct counter *c, uint64_t bytes, struct usec now,
    struct rates_over *over)
{
	const uint64_t most = most_bytes(c);
	uint64_t n = window_sum(&c->requests, now);
	bool wrong = false;

	if (c->rate.requests != 0 && n >= c->rate.requests) {
		say_over(over, c, false, n, c->rate.requests,
		    window_until(&c->requests, now, c->rate.requests - 1));
		wrong = true;
	}
	n = window_sum(&c->bytes, now);
	if (c->rate.egress_mb != 0 && (n > most || bytes > most - n)) {
		say_over(over, c, true, n, most, bytes > most ?
			seconds(c->rate.period_s) :
			window_until(&c->bytes, now, most - bytes));
		wrong = true;
	}
	return wrong;
}

static void
count_one(struct rates *r, struct rates_set which, struct usec now)
{
	EACH(r, which, c)
		window_add(&c->requests, now, 1);
}

bool
rates_admit(struct rates *r, struct rates_set which, uint64_t bytes,
    struct usec now, struct rates_over *over, bool *seen)
{
	struct rates_over soft = { .used = 0 };
	bool wrong = false;

	*over = (struct rates_over){ .used = 0 };
	*seen = false;
	EACH(r, which, c) {
		if (!is_over(c, bytes, now, c->rate.soft ? &soft : over))
			continue;
		*seen |= c->rate.soft;
		wrong |= !c->rate.soft;
	}
	if (wrong)
		return false;
	if (*seen)
		*over = soft;
	count_one(r, which, now);
	return true;
}

/* ---- bytes */

bool
rates_any(const struct rates *r)
{
	return r->n[0] + r->n[1] > 0;
}

bool
rates_count_bytes(const struct rates *r)
{
	return r->bytes;
}

static uint64_t
room_of(struct counter *c, struct usec now)
{
	uint64_t used = window_sum(&c->bytes, now);

	if (c->rate.egress_mb == 0 || c->rate.soft)
		return UINT64_MAX;
	return used < most_bytes(c) ? most_bytes(c) - used : 0;
}

uint64_t
rates_room(struct rates *r, struct rates_set which, struct usec now)
{
	uint64_t room = UINT64_MAX;

	EACH(r, which, c) {
		uint64_t own = room_of(c, now);

		room = own < room ? own : room;
	}
	return room;
}

bool
rates_tightest(struct rates *r, struct rates_set which, struct usec now,
    struct rates_over *over)
{
	uint64_t room = UINT64_MAX;

	EACH(r, which, c) {
		uint64_t own = room_of(c, now), used;

		if (own >= room)
			continue;
		room = own;
		used = window_sum(&c->bytes, now);
		*over = (struct rates_over){ .used = 0 };
		say_over(over, c, true, used, most_bytes(c),
		    window_until(&c->bytes, now, used - used / 8));
	}
	return room != UINT64_MAX;
}

void
rates_spend(struct rates *r, struct rates_set which, struct usec now,
    uint64_t bytes)
{
	EACH(r, which, c)
		window_add(&c->bytes, now, bytes);
}

void
rates_give_back(struct rates *r, struct rates_set which, uint64_t bytes)
{
	EACH(r, which, c)
		window_take_back(&c->bytes, bytes);
}

/* ---- what is used */

static void
use_of(struct counter *c, struct usec now, struct rate_use *out, char *text)
{
	const struct policy_rule *r = &c->rate.rule;
	int n = snprintf(text, RATES_RULE_BYTES_MAX, "%.*s:%u: %.*s",
	    (int)(r->file.len > 200 ? 200 : r->file.len), r->file.p, r->line,
	    (int)(r->text.len > 100 ? 100 : r->text.len), r->text.p);

	*out = (struct rate_use){ .rule = str_of(text, n < 0 ? 0 : (size_t)n),
		.whole = c->rate.whole, .requests_most = c->rate.requests,
		.bytes_most = most_bytes(c), .period_s = c->rate.period_s };
	if (c->rate.requests != 0)
		out->requests = window_sum(&c->requests, now);
	if (c->rate.egress_mb != 0)
		out->bytes = window_sum(&c->bytes, now);
}

void
rates_use(struct rates *r, struct usec now, struct rates_use *out)
{
	static char text[RATES_USE_MAX][RATES_RULE_BYTES_MAX];

	out->n = 0;
	for (unsigned pass = 0; pass < 4; pass++) /* the sandbox's first */
		for (uint32_t i = 0; i < r->n[pass & 1] &&
		     out->n < RATES_USE_MAX; i++) {
			struct counter *c = &r->v[pass & 1][i];

			if (c->rate.whole != (pass < 2))
				continue;
			use_of(c, now, &out->v[out->n], text[out->n]);
			out->n++;
		}
}

/* ---- words */

unsigned
rates_seconds(const struct rates_over *over)
{
	return (unsigned)((over->until.v + 999999) / 1000000);
}

void
rates_print(const struct rates_over *over, char *out, size_t cap)
{
	if (over->bytes)
		(void)snprintf(out, cap, "%" PRIu64 " of %" PRIu64 " bytes "
		    "left in the last %u s; again in %u s", over->used,
		    over->most, over->rate.period_s, rates_seconds(over));
	else
		(void)snprintf(out, cap, "%" PRIu64 " of %" PRIu64
		    " requests in the last minute; again in %u s",
		    over->used, over->most, rates_seconds(over));
}

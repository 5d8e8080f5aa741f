/* maximum_call.c -- commands and models under a maximum policy. */
#include <stdio.h>

#include "policy/exec_scan.h"
#include "policy/maximum.h"

/* ---- commands */

/* Those of first up to first + n, from 0 on. One more than an image takes is
 * as good as all. */
static uint32_t
shift(const uint32_t *v, uint32_t all, uint32_t first, uint32_t n,
    uint32_t out[EXEC_FOUND_MAX + 1])
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < all && found <= EXEC_FOUND_MAX; i++)
		if (v[i] >= first && v[i] - first < n)
			out[found++] = v[i] - first;
	return found;
}

struct exec_query
exec_numbered(const struct exec_query *q, uint32_t first, uint32_t n,
    struct exec_room *room)
{
	struct exec_query out = *q;

	out.profiles = 0;
	if (q->nforms > EXEC_FORMS_MAX)	/* it is denied anyway */
		return out;
	for (uint32_t i = 0; i < q->nforms; i++) {
		const struct exec_form *f = &q->forms[i];
		struct exec_form *to = &room->forms[i];

		*to = *f;
		to->nsame = shift(f->same, f->nsame, first, n, room->same[i]);
		to->same = room->same[i];
		to->ncopies = shift(f->copies, f->ncopies, first, n,
		    room->copies[i]);
		to->copies = room->copies[i];
	}
	out.forms = room->forms;
	return out;
}

/* A profile of the maximum is nothing that the policy knows. */
static void
refuse_profile(const struct exec_answer *max, struct exec_answer *out)
{
	out->judged = out->verdict = VERDICT_DENY;
	(void)snprintf(out->reason, sizeof(out->reason), "the maximum policy "
	    "lets it run under its profile %.*s alone, which this version "
	    "does not do", (int)(max->profile.len < 64 ? max->profile.len :
	    64), max->profile.p);
}

void
bound_exec(const struct image *max, struct str who,
    const struct exec_query *q, struct exec_answer *out)
{
	struct exec_room room;
	const struct exec_query mine = exec_numbered(q, max->first,
	    max->ncnames, &room);
	const struct str profile = out->profile;
	const uint64_t profiles = out->profiles;
	const bool audit = out->audit;
	const bool own_asks = out->judged == VERDICT_ALLOW || out->ask;
	struct exec_answer one;

	policy_exec(max, &mine, &one);
	if (out->judged == VERDICT_ALLOW && one.judged == VERDICT_DENY) {
		enum verdict verdict = out->verdict;

		*out = one;
		bound_say(who, out->reason);
		out->verdict = verdict;
	}
	out->audit = audit || one.audit;
	if (one.verdict == VERDICT_DENY)
		out->verdict = VERDICT_DENY;
	out->ask = out->judged == VERDICT_DENY && own_asks &&
	    (one.judged == VERDICT_ALLOW || one.ask);
	out->profiles = profiles | one.profiles;
	out->profile = profile.len > 0 || one.profiles == 0 ? profile :
	    one.profile;
	if (one.profile.len > 0 && one.profiles == 0 &&
	    out->judged == VERDICT_ALLOW)
		refuse_profile(&one, out);
}

void
maximum_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out)
{
	struct exec_room room;
	const struct exec_query mine = exec_numbered(q, 0, im->own->ncnames,
	    &room);

	policy_exec(im->own, &mine, out);
	bound_exec(im->max, MAXIMUM_NAME, q, out);
}

/* ---- models */

/* Does the maximum have this very backend, and is it as private as what it
 * allows here? */
static bool
is_known(const struct image *im, uint32_t i, enum locality most)
{
	struct backend own, one;

	image_backend(im->own, i, &own);
	for (uint32_t k = 0; k < image_backends(im->max); k++) {
		image_backend(im->max, k, &one);
		if (str_eq(own.name, one.name) && str_eq(own.url, one.url) &&
		    str_eq(own.region, one.region) && own.kind == one.kind &&
		    own.locality == one.locality && own.locality <= most &&
		    (one.retention == RETENTION_UNSAID ||
		    own.retention == one.retention) &&
		    own.require_no_cloud >= one.require_no_cloud)
			return true;
	}
	return false;
}

static void
lower_to(uint64_t *limit, uint64_t max)
{
	if (max != 0 && (*limit == 0 || max < *limit))
		*limit = max;
}

static void
bound(const struct route_answer *max, struct route_answer *out)
{
	out->redact = out->redact || max->redact;
	lower_to(&out->limits.input_tokens, max->limits.input_tokens);
	lower_to(&out->limits.output_tokens, max->limits.output_tokens);
	lower_to(&out->limits.cost, max->limits.cost);
	lower_to(&out->limits.time_ms, max->limits.time_ms);
}

static bool
find_backend(const struct image *im, const struct route_answer *max,
    uint32_t *out)
{
	struct backend b;

	for (*out = 0; *out < image_backends(im); ++*out) {
		image_backend(im, *out, &b);
		if (str_eq(b.name, max->route) &&
		    b.locality == max->locality)
			return true;
	}
	return false;
}

/* The maximum's own route, if the policy below has such a backend. */
static void
take_maximum(const struct image *im, const struct route_answer *max,
    struct route_answer *out)
{
	struct route_limits limits = out->limits;
	bool redact = out->redact;
	uint32_t backend = 0;
	bool found = max->verdict == VERDICT_ALLOW &&
	    find_backend(im, max, &backend);

	*out = *max;
	out->backend = backend;
	out->fallback = 0;
	out->limits = limits;
	out->redact = redact;
	if (!found) {
		out->verdict = out->judged = VERDICT_DENY;
		out->route = STR("");
	}
	bound_say(MAXIMUM_NAME, out->reason);
}

static void
deny_route(struct route_answer *out, const struct route_answer *max)
{
	struct str was = out->route;

	*out = (struct route_answer){ .rule = max->rule };
	(void)snprintf(out->reason, sizeof(out->reason), "the maximum policy "
	    "routes this to %.*s, and does not allow %.*s here",
	    (int)(max->route.len < 64 ? max->route.len : 64), max->route.p,
	    (int)(was.len < 64 ? was.len : 64), was.p);
}

void
maximum_route(const struct image *im, const struct facts *f,
    struct route_answer *out)
{
	struct route_answer max;

	policy_route(im->own, f, out);
	if (out->verdict == VERDICT_DENY)
		return;
	policy_route(im->max, f, &max);
	if (max.verdict == VERDICT_DENY || max.locality < out->locality)
		take_maximum(im->own, &max, out);
	if (out->verdict == VERDICT_ALLOW &&
	    !is_known(im, out->backend, max.locality))
		deny_route(out, &max);
	bound(&max, out);
	if (out->fallback != 0 && !is_known(im, out->fallback - 1,
		max.locality))
		out->fallback = 0;
}

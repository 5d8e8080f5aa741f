#include "policy/maximum.h"

#include "policy/say.h"
#include "policy/sift.h"

void
bound_say(struct str who, char reason[REASON_BYTES_MAX])
{
	char was[REASON_BYTES_MAX];
	struct saying s = { .p = reason, .cap = REASON_BYTES_MAX };

	memcpy(was, reason, sizeof(was));
	say_str(&s, who);
	say_z(&s, ": ");
	say_z(&s, was);
}

/* ---- network */

/* How the bytes pass: as the one that looks closer says. */
static void
narrow(struct net_answer *a, const struct net_answer *max)
{
	if (max->treat < a->treat)
		a->treat = max->treat;
	a->encoded_slash = a->encoded_slash && max->encoded_slash;
	a->sift = sift_join(a->sift, max->sift);
}

/* Those of a profile beside the policy's own, those of a maximum apart. */
static void
count(const struct image *max, const struct net_answer *one,
    struct net_answer *out)
{
	if (max->profile == 0)
		out->rates[1] |= one->rates[0];
	else if (max->nrates > 0)
		out->rates[0] |= one->rates[0] << max->rate |
		    max->whole_rates;
}

void
bound_network(const struct image *max, struct str who,
    const struct net_query *q, struct net_answer *out)
{
	struct net_answer one;

	policy_network(max, q, &one);
	one.asked |= out->asked;
	out->asked = one.asked;
	count(max, &one, out);
	if (out->judged == VERDICT_ALLOW && one.judged == VERDICT_DENY) {
		enum verdict verdict = out->verdict;
		enum treatment treat = out->treat;

		one.sift = sift_join(one.sift, out->sift);
		*out = one;
		out->rates[0] = 0;
		bound_say(who, out->reason);
		if (one.verdict == VERDICT_ALLOW) {	/* it only records */
			out->verdict = verdict;
			out->treat = treat;
		}
	}
	if (one.verdict == VERDICT_DENY)
		out->verdict = VERDICT_DENY;
	narrow(out, &one);
}

void
maximum_network(const struct image *im, const struct net_query *q,
    struct net_answer *out)
{
	policy_network(im->own, q, out);
	bound_network(im->max, MAXIMUM_NAME, q, out);
}

bool
maximum_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr, char *why, size_t cap)
{
	return policy_address(im->own, q, addr, why, cap) &&
	    policy_address(im->max, q, addr, why, cap);
}

/* ---- files */

static struct file_query
unmounted(const struct file_query *q)
{
	struct file_query other = *q;

	other.mounted = 0;
	return other;
}

void
bound_file(const struct image *max, struct str who,
    const struct file_query *q, struct file_answer *out)
{
	const struct file_query other = unmounted(q);
	struct file_answer one;

	policy_file(max, &other, &one);
	if (out->judged == VERDICT_ALLOW && one.judged == VERDICT_DENY) {
		enum verdict verdict = out->verdict;

		*out = one;
		bound_say(who, out->reason);
		out->verdict = verdict;
	}
	if (one.verdict == VERDICT_DENY) {
		out->verdict = VERDICT_DENY;
		out->hidden = out->hidden || one.hidden;
	}
}

void
maximum_file(const struct image *im, const struct file_query *q,
    struct file_answer *out)
{
	policy_file(im->own, q, out);
	bound_file(im->max, MAXIMUM_NAME, q, out);
}

unsigned
bound_judge(const struct image *max, const struct file_query *q)
{
	const struct file_query other = unmounted(q);

	return policy_file_judge(max, &other);
}

unsigned
maximum_judge(const struct image *im, const struct file_query *q)
{
	return policy_file_judge(im->own, q) & bound_judge(im->max, q);
}

static enum file_extent
extent_least(enum file_extent a, enum file_extent b)
{
	return a < b ? a : b;
}

void
maximum_below(const struct image *im, struct str path, unsigned mounted,
    struct file_below *out)
{
	struct file_below max;

	policy_file_below(im->own, path, mounted, out);
	policy_file_below(im->max, path, 0, &max);
	out->read = extent_least(out->read, max.read);
	out->write = extent_least(out->write, max.write);
}

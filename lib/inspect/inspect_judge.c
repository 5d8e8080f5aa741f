/* inspect_judge.c -- what a policy says of a request whose body was read. */
#include "inspect/inspect_judge.h"

#include "policy/say.h"
#include "policy/sift.h"

uint32_t
inspect_wanted(const struct image *im, const struct net_query *q,
    struct net_answer *out)
{
	struct net_query hoped = *q;
	struct net_answer a;

	if (!image_info(im)->needs_body)
		return 0;
	hoped.hoped = true;
	policy_network(im, &hoped, &a);
	if (a.judged == VERDICT_ALLOW) {
		uint32_t kinds = inspect_kinds(a.asked);

		return kinds == 0 || sift_sent(a.sift) == 0 ? kinds :
		    kinds | INSPECT_WHOLE;
	}
	*out = a;	/* says what no body changes */
	return 0;
}

uint32_t
inspect_messages(const struct image *im, const struct net_query *q,
    struct net_answer *out)
{
	struct net_query hoped = *q;
	struct net_answer a;
	uint32_t kinds;

	if (!image_info(im)->needs_body)
		return 0;
	hoped.hoped = true;
	policy_network(im, &hoped, &a);
	kinds = a.judged == VERDICT_ALLOW ? inspect_kinds(a.asked) : 0;
	if (a.judged != VERDICT_ALLOW || (kinds & INSPECT_GIT) == 0)
		*out = a;
	return (kinds & INSPECT_GIT) == 0 ? kinds : 0;
}

/* What both let pass. */
static void
add_unit(struct net_answer *a, const struct net_answer *one, bool first)
{
	if (first) {
		*a = *one;
		return;
	}
	if (a->verdict != VERDICT_ALLOW || (a->judged != VERDICT_ALLOW &&
		one->verdict == VERDICT_ALLOW))
		return;
	if (one->verdict != VERDICT_ALLOW || one->judged != VERDICT_ALLOW) {
		*a = *one;
		return;
	}
	a->rates[0] |= one->rates[0];
	a->rates[1] |= one->rates[1];
	a->sift |= one->sift;
	a->encoded_slash = a->encoded_slash && one->encoded_slash;
}

static void
say_what(struct net_answer *a, struct str what, const char *why)
{
	struct saying s = { .p = a->reason, .cap = sizeof(a->reason) };
	char reason[sizeof(a->reason)];

	memcpy(reason, a->reason, sizeof(reason));
	if (why != NULL) {
		say_z(&s, "what it asks for is not known: ");
		say_z(&s, why);
		say_z(&s, "; ");
	} else if (what.len > 0) {
		say_bytes(&s, what, 80);
		say_z(&s, ": ");
	}
	say_z(&s, reason);
}

void
inspect_judge(const struct image *im, const struct inspect *in,
    const struct net_query *q, struct net_answer *out)
{
	struct net_details details = { { { .known = false } } };
	struct net_query mine = *q;

	if (q->details != NULL)
		details = *q->details;
	mine.details = &details;
	if (in->asks_nothing) {
		mine.hoped = true;
		policy_network(im, &mine, out);
	}
	for (uint32_t i = 0; i < in->n; i++) {
		struct net_answer one;

		inspect_details(in, i, &details);
		policy_network(im, &mine, &one);
		if (one.judged != VERDICT_ALLOW)
			say_what(&one, in->v[i].says, in->why);
		add_unit(out, &one, i == 0);
	}
}

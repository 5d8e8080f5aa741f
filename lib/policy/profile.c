#include "policy/profile.h"

#include <stdio.h>

#include "base/must.h"
#include "policy/form.h"
#include "policy/maximum.h"

uint32_t
image_profiles(const struct image *im)
{
	return im->nprofiles;
}

struct str
image_profile(const struct image *im, uint32_t i)
{
	must(i < im->nprofiles);
	return form_text(im, im->profiles[i].name);
}

int
image_profile_find(const struct image *im, struct str name)
{
	for (uint32_t i = 0; i < im->nprofiles; i++)
		if (str_eq(image_profile(im, i), name))
			return (int)i;
	return -1;
}

uint64_t
image_profiles_all(const struct image *im)
{
	return im->nprofiles == 0 ? 0 :
	    UINT64_MAX >> (PROFILES_MAX - im->nprofiles);
}

/* ---- each of a set */

struct profile {
	const struct image *im;
	char name[PROFILE_BYTES_MAX + 16];
};

static bool
is_known(const struct image *im, uint64_t profiles)
{
	return (profiles & ~image_profiles_all(im)) == 0;
}

/* Takes the lowest one off the set. */
static bool
next(const struct image *im, uint64_t *profiles, struct profile *out)
{
	uint32_t i;
	struct str name;

	if (*profiles == 0)
		return false;
	i = (uint32_t)__builtin_ctzll(*profiles);
	*profiles &= *profiles - 1;
	out->im = im->under[i];
	name = image_profile(im, i);
	(void)snprintf(out->name, sizeof(out->name), "the profile %.*s",
	    (int)(name.len < PROFILE_BYTES_MAX ? name.len :
	    PROFILE_BYTES_MAX), name.p);
	return true;
}

static void
say_unknown(char reason[REASON_BYTES_MAX])
{
	(void)snprintf(reason, REASON_BYTES_MAX, "it runs under a profile "
	    "that the policy does not have");
}

/* ---- network */

void
profiles_network(const struct image *im, const struct net_query *q,
    struct net_answer *out)
{
	struct net_query mine = *q;
	uint64_t left = q->profiles;
	struct profile p;

	mine.profiles = 0;
	if (!is_known(im, left)) {
		*out = (struct net_answer){ 0 };
		say_unknown(out->reason);
		return;
	}
	policy_network(im, &mine, out);
	while (next(im, &left, &p))
		bound_network(p.im, str_c(p.name), &mine, out);
}

bool
profiles_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr, char *why, size_t cap)
{
	struct net_query mine = *q;
	uint64_t left = q->profiles;
	struct profile p;
	bool may;

	mine.profiles = 0;
	if (!is_known(im, left)) {
		(void)snprintf(why, cap, "who asks runs under a profile that "
		    "the policy does not have");
		return false;
	}
	may = policy_address(im, &mine, addr, why, cap);
	while (may && next(im, &left, &p))
		may = policy_address(p.im, &mine, addr, why, cap);
	return may;
}

/* ---- files */

void
profiles_file(const struct image *im, const struct file_query *q,
    struct file_answer *out)
{
	struct file_query mine = *q;
	uint64_t left = q->profiles;
	struct profile p;

	mine.profiles = 0;
	if (!is_known(im, left)) {
		*out = (struct file_answer){ 0 };
		say_unknown(out->reason);
		return;
	}
	policy_file(im, &mine, out);
	while (next(im, &left, &p))
		bound_file(p.im, str_c(p.name), &mine, out);
}

unsigned
profiles_judge(const struct image *im, const struct file_query *q)
{
	struct file_query mine = *q;
	unsigned may;

	mine.profiles = 0;
	if (!is_known(im, q->profiles))
		return 0;
	may = policy_file_judge(im, &mine);
	for (uint64_t left = q->profiles; left != 0 && may != 0;
	    left &= left - 1)
		may &= bound_judge(im->under[__builtin_ctzll(left)], &mine);
	return may;
}

bool
profiles_guarded(const struct image *im, const struct file_query *q)
{
	struct file_query mine = *q;
	bool is;

	mine.profiles = 0;
	is = is_known(im, q->profiles) && policy_file_guarded(im, &mine);
	for (uint64_t left = q->profiles; left != 0 && is; left &= left - 1)
		is = (bound_judge(im->under[__builtin_ctzll(left)], &mine) &
		    FILE_WRITE) != 0;
	return is;
}

bool
profiles_file_same(const struct image *im, uint64_t profiles, struct str a,
    struct str b)
{
	bool same = is_known(im, profiles) && file_state_same(
	    policy_file_state(im, a), policy_file_state(im, b));

	for (uint64_t left = profiles; left != 0 && same; left &= left - 1) {
		const struct image *one = im->under[__builtin_ctzll(left)];

		same = file_state_same(policy_file_state(one, a),
		    policy_file_state(one, b));
	}
	return same;
}

/* ---- commands */

void
profiles_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out)
{
	struct exec_query mine = *q;
	uint64_t left = q->profiles;
	struct profile p;

	mine.profiles = 0;
	if (!is_known(im, left)) {
		*out = (struct exec_answer){ 0 };
		say_unknown(out->reason);
		return;
	}
	policy_exec(im, &mine, out);
	while (next(im, &left, &p))
		bound_exec(p.im, str_c(p.name), &mine, out);
}

/* ---- in words */

void
profiles_print(const struct image *im, uint64_t profiles, char *out,
    size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (uint64_t left = profiles; left != 0 && len < cap;
	    left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);
		struct str name = i < im->nprofiles ? image_profile(im, i) :
		    STR("?");

		len += (size_t)snprintf(out + len, cap - len, "%s%.*s",
		    len == 0 ? "" : " and ", (int)name.len, name.p);
	}
}

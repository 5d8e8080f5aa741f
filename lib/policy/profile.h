/* profile.h -- decisions about what runs under profiles.
 *
 * An image may hold more of them, one for each profile: a narrower policy for
 * what some commands start. A process is under a set of profiles, and what
 * any of them denies is denied, besides what the policy itself (and its
 * maximum) denies: so nothing about a rule has to be compared for a profile
 * never to be wider. Each deciding function hands a question that names
 * profiles to its namesake here. One that the image does not have denies.
 *
 * As under a maximum, what the operator mounts is no allow of a profile's,
 * and its own documents need not free protected names. */
#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

#include <stddef.h>

#include "policy/decide.h"
#include "policy/exec.h"
#include "policy/files.h"

struct image;

void profiles_network(const struct image *im, const struct net_query *q,
    struct net_answer *out);
bool profiles_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr, char *why, size_t cap);
void profiles_file(const struct image *im, const struct file_query *q,
    struct file_answer *out);
unsigned profiles_judge(const struct image *im, const struct file_query *q);
bool profiles_guarded(const struct image *im, const struct file_query *q);
void profiles_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out);

/* policy_file_state(): have both the same one, also for what is under
 * profiles? */
bool profiles_file_same(const struct image *im, uint64_t profiles,
    struct str a, struct str b);

/* "reader", "reader and offline", ...; empty: none. */
void profiles_print(const struct image *im, uint64_t profiles, char *out,
    size_t cap);

#endif

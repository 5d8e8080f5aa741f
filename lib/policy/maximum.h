/* maximum.h -- decisions under an organisation's maximum policy.
 *
 * An image may hold a second one, the maximum. What either denies is denied:
 * each deciding function begins by handing such an image to its namesake
 * here, which asks it about both, as two images that have no maximum. */
#ifndef POLICY_MAXIMUM_H
#define POLICY_MAXIMUM_H

#include <stddef.h>

#include "policy/decide.h"
#include "policy/exec.h"
#include "policy/exec_scan.h"
#include "policy/files.h"
#include "policy/form.h"
#include "policy/route.h"

void maximum_network(const struct image *im, const struct net_query *q,
    struct net_answer *out);
bool maximum_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr, char *why, size_t cap);

/* Of the maximum, what the operator mounts is no allow, and protected names
 * are not denied: the policy below may name them exactly. */
void maximum_file(const struct image *im, const struct file_query *q,
    struct file_answer *out);
unsigned maximum_judge(const struct image *im, const struct file_query *q);
void maximum_below(const struct image *im, struct str path, unsigned mounted,
    struct file_below *out);

/* What is recorded by either is recorded; a person may allow what neither
 * denies for good. */
void maximum_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out);
/* The more private route of both, by a backend of the policy below that the
 * maximum has, too. The limits are the smaller ones. */
void maximum_route(const struct image *im, const struct facts *f,
    struct route_answer *out);

/* ---- one image more that bounds: the maximum, or a profile. The question is
 * the one that out answered so far. */

#define MAXIMUM_NAME	STR("the maximum policy")

void bound_network(const struct image *max, struct str who,
    const struct net_query *q, struct net_answer *out);
void bound_file(const struct image *max, struct str who,
    const struct file_query *q, struct file_answer *out);
unsigned bound_judge(const struct image *max, const struct file_query *q);
void bound_exec(const struct image *max, struct str who,
    const struct exec_query *q, struct exec_answer *out);
/* Puts "WHO: " in front. */
void bound_say(struct str who, char reason[REASON_BYTES_MAX]);

/* The question as an image numbers its commands: those from `first' on, n of
 * all. */
struct exec_room {
	struct exec_form forms[EXEC_FORMS_MAX];
	uint32_t same[EXEC_FORMS_MAX][EXEC_FOUND_MAX + 1];
	uint32_t copies[EXEC_FORMS_MAX][EXEC_FOUND_MAX + 1];
};
struct exec_query exec_numbered(const struct exec_query *q, uint32_t first,
    uint32_t n, struct exec_room *room);

#endif

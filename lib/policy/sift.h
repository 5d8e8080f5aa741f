/* sift.h -- what happens to secrets and personal data in requests that an entry
 * allows: two bits for each kind. Joined, the stricter counts. */
#ifndef POLICY_SIFT_H
#define POLICY_SIFT_H

#include <stdint.h>

enum sift_kind {
	SIFT_SECRETS,
	SIFT_PERSONAL,
	SIFT_ADDRESSES,
	SIFT_GENERIC,
	SIFT_CANARIES,
	SIFT_SENT_COUNT,	/* what is sent; and what comes back: */
	SIFT_RESPONSES = SIFT_SENT_COUNT,
	SIFT_KIND_COUNT
};

enum sift_act { /* rising */
	SIFT_NOTHING,
	SIFT_LOG,
	SIFT_REDACT,
	SIFT_BLOCK,
};

static inline enum sift_act
sift_act(uint32_t sift, enum sift_kind k)
{
	return (enum sift_act)(sift >> (2 * k) & 3);
}

static inline uint32_t
sift_of(enum sift_kind k, enum sift_act a)
{
	return (uint32_t)a << (2 * k);
}

/* Of what is sent alone. */
static inline uint32_t
sift_sent(uint32_t sift)
{
	return sift & ((1u << 2 * SIFT_SENT_COUNT) - 1);
}

static inline uint32_t
sift_join(uint32_t a, uint32_t b)
{
	uint32_t out = 0;

	for (int k = 0; k < SIFT_KIND_COUNT; k++) {
		const enum sift_act x = sift_act(a, (enum sift_kind)k);
		const enum sift_act y = sift_act(b, (enum sift_kind)k);

		out |= sift_of((enum sift_kind)k, x > y ? x : y);
	}
	return out;
}

#endif

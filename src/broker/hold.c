/* hold.c -- questions whose callers wait for more than us.
 *
 * A held question is not answered; when what it waited for has happened it is
 * asked anew, with all that was read of its caller read again. One whose
 * caller has gone is dropped when somebody looks. */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "broker/broker.h"

static struct {
	struct ask *v;
	size_t n, cap;
} held;

long
hold(const struct ask *a)
{
	if (held.n == held.cap) {
		if (held.cap >= BOX_PIDS_MAX)
			return -EAGAIN;
		held.cap = held.cap == 0 ? 64 : 2 * held.cap;
		held.v = mem_grow(held.v, held.cap, sizeof(*held.v));
	}
	held.v[held.n++] = *a;
	return HELD;
}

/* What is asked anew may be held again, then at the end. */
static void
again(bool (*is)(const struct ask *a, const void *arg), const void *arg)
{
	size_t n = held.n;

	for (size_t i = 0; i < n;) {
		struct ask a = held.v[i];

		if (!is(&a, arg)) {
			i++;
			continue;
		}
		held.n--;
		n--;
		for (size_t k = i; k < held.n; k++)
			held.v[k] = held.v[k + 1];
		if (caller_waits(&a))
			(void)broker_do(&a);
	}
}

static bool
has_id(const struct ask *a, const void *id)
{
	return a->id == *(const uint64_t *)id;
}

static bool
is_any(const struct ask *a, const void *unused)
{
	(void)a;
	(void)unused;
	return true;
}

void
hold_again(uint64_t id)
{
	again(has_id, &id);
}

void
hold_again_all(void)
{
	again(is_any, NULL);
}

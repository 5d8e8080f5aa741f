/* f_msg.c -- every message body, as a hostile peer could write it: the first
 * byte chooses the reader. */
#include <stdint.h>

#include "msg/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
read_one(uint8_t which, struct rbuf *r, struct arena *a)
{
	union {
		struct box_spec spec;
		struct box_hello hello;
		struct outcome outcome;
		struct session_start start;
		struct reply reply;
		struct egress_start egress;
		struct egress_ready ready;
		struct who who;
		struct spawned spawned;
		struct exited exited;
		struct audit_hello audit;
		struct rates_use use;
	} u;

	switch (which % 12) {
	case 0:
		(void)box_spec_get(r, a, &u.spec);
		break;
	case 1:
		(void)box_hello_get(r, &u.hello);
		break;
	case 2:
		(void)outcome_get(r, &u.outcome);
		break;
	case 3:
		(void)session_start_get(r, a, &u.start);
		break;
	case 4:
		(void)reply_get(r, &u.reply);
		break;
	case 5:
		(void)egress_start_get(r, &u.egress);
		break;
	case 6:
		(void)egress_ready_get(r, &u.ready);
		break;
	case 7:
		(void)who_get(r, &u.who);
		break;
	case 8:
		(void)spawned_get(r, &u.spawned);
		break;
	case 9:
		(void)exited_get(r, &u.exited);
		break;
	case 11:
		(void)rates_use_get(r, &u.use);
		break;
	default:
		(void)audit_hello_get(r, &u.audit);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct arena a = { .max = 1 << 22 };
	struct rbuf r;

	if (len == 0)
		return 0;
	r = (struct rbuf){ p + 1, 0, len - 1, false };
	read_one(p[0], &r, &a);
	arena_fini(&a);
	return 0;
}

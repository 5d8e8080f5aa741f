/* usage.c -- how much of the limits is used, for those who watch the sandbox:
 * said when it changes, once a second at most, and now and then while what was
 * counted grows old. */
#include <stdio.h>

#include "base/must.h"
#include "egress.h"
#include "msg/body.h"

#define SOON_MS	    1000
#define REQUESTS_MS 15000	/* while a minute passes */
#define BYTES_MS    60000	/* while hours may */

void
usage_changed(struct egress *eg)
{
	if (eg->usage_soon || !rates_any(eg->rates))
		return;
	eg->usage_soon = true;
	loop_timer_set(eg->loop, &eg->usage_timer, usec_of_ms(SOON_MS));
}

void
usage_on_time(struct loop *l, void *arg)
{
	static unsigned char bytes[RATES_USE_BYTES_MAX];
	struct egress *eg = arg;
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct rates_use u = { .n = 0 };
	bool requests = false, any = false;

	eg->usage_soon = false;
	rates_use(eg->rates, loop_now(l), &u);
	for (uint32_t i = 0; i < u.n; i++) {
		requests |= u.v[i].requests > 0;
		any |= u.v[i].requests > 0 || u.v[i].bytes > 0;
	}
	rates_use_put(&w, &u);
	control_say(eg, MSG_RATES_USE, 0, &w);
	if (any)
		loop_timer_set(l, &eg->usage_timer,
		    usec_of_ms(requests ? REQUESTS_MS : BYTES_MS));
}

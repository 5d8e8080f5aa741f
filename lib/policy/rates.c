#include "policy/rates.h"

#include "base/must.h"
#include "policy/form.h"

/* The image that has them; NULL: there is no maximum. */
static const struct image *
one_of(const struct image *im, bool maximum)
{
	return maximum ? im->max : im;
}

uint32_t
image_rates(const struct image *im, bool maximum)
{
	im = one_of(im, maximum);
	return im == NULL ? 0 : im->nrates;
}

void
image_rate(const struct image *im, bool maximum, uint32_t i,
    struct rate *out)
{
	const struct f_rate *r;

	must(i < image_rates(im, maximum));
	im = one_of(im, maximum);
	r = &im->rates[i];
	*out = (struct rate){ .requests = r->requests,
		.egress_mb = r->egress_mb, .period_s = r->period_s,
		.whole = r->whole != 0,
		.soft = im->head->mode != POLICY_ENFORCE,
		.rule = { .file = form_text(im, im->texts[r->file]),
		    .line = r->line, .text = form_text(im, r->text) } };
}

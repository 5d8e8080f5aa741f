#include "policy/rates.h"

#include "base/must.h"
#include "policy/form.h"
#include "policy/image.h"

uint32_t
image_rates(const struct image *im, bool maximum)
{
	uint32_t n;

	if (maximum)
		return im->max == NULL ? 0 : im->max->nrates;
	n = im->nrates;
	for (uint32_t i = 0; i < im->nprofiles; i++)
		n += im->under[i]->nrates;
	return n;
}

/* Whose the i-th is, and which of that one's. */
static const struct image *
find(const struct image *im, bool maximum, uint32_t *i)
{
	if (maximum || *i < im->nrates)
		return maximum ? im->max : im;
	for (uint32_t k = 0; k < im->nprofiles; k++) {
		const struct image *p = im->under[k];

		if (*i - p->rate < p->nrates) {
			*i -= p->rate;
			return p;
		}
	}
	must(false); /* image_rates() has them all */
	return NULL;
}

void
image_rate(const struct image *im, bool maximum, uint32_t i,
    struct rate *out)
{
	const struct image *whole = im;
	const struct f_rate *r;

	must(i < image_rates(im, maximum));
	im = find(im, maximum, &i);
	r = &im->rates[i];
	*out = (struct rate){ .requests = r->requests,
		.egress_mb = r->egress_mb, .period_s = r->period_s,
		.whole = r->whole != 0 && im->profile == 0,
		.profile = im->profile == 0 ? STR("") :
		    image_profile(whole, im->profile - 1),
		.soft = im->head->mode != POLICY_ENFORCE,
		.rule = { .file = form_text(im, im->texts[r->file]),
		    .line = r->line, .text = form_text(im, r->text) } };
}

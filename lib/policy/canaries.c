#include "policy/canaries.h"

#include "base/must.h"
#include "policy/form.h"

uint32_t
image_canaries(const struct image *im)
{
	return im->ncanaries + (im->max == NULL ? 0 : im->max->ncanaries);
}

void
image_canary(const struct image *im, uint32_t i, struct canary *out)
{
	const struct f_canary *f;

	must(i < image_canaries(im));
	if (i >= im->ncanaries) {
		i -= im->ncanaries;
		im = im->max;
	}
	f = &im->canaries[i];
	*out = (struct canary){ form_text(im, f->name),
		form_text(im, f->value) };
}

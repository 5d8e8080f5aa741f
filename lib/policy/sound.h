/* sound.h -- is an image sound? One function per domain looks at every record
 * of its sections before any is believed.  Of image.c and the sound_*.c files
 * alone. */
#ifndef POLICY_SOUND_H
#define POLICY_SOUND_H

#include "policy/form.h"

static inline bool
text_ok(const struct image *im, struct f_text t)
{
	return t.off <= im->nbytes && t.len <= im->nbytes - t.off;
}

static inline bool
span_ok(struct f_span s, uint32_t of)
{
	return s.first <= of && s.n <= of - s.first;
}

/* NULL, or what is wrong. */
const char *image_net_fault(const struct image *im);
const char *image_files_fault(const struct image *im);
const char *image_conds_fault(const struct image *im);
const char *image_models_fault(const struct image *im);
const char *image_limits_fault(const struct image *im);
const char *image_labels_fault(const struct image *im);
const char *image_commands_fault(const struct image *im);

#endif

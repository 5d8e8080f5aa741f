/* labels.c -- the labels of a path, by one walk over it. */
#include "policy/labels.h"

#include "base/must.h"
#include "policy/form.h"
#include "policy/sound.h"

static void
own_labels(const struct image *im, struct str path, unsigned shift,
    struct file_labels *out)
{
	const struct f_labels *l;
	const struct f_label *by;
	uint32_t state;

	if (im->nlabelroot == 0)
		return;
	state = walk_text(im->labelsteps, im->labelroot[0], path);
	l = &im->labelsets[walk_label(im->labelsteps, state)];
	out->names |= ((uint64_t)l->names[1] << 32 | l->names[0]) << shift;
	if (l->by == 0 || (l->level <= out->level && out->rule.line != 0))
		return;
	by = &im->labels[l->by - 1];
	out->level = (enum sensitivity)l->level;
	out->rule = (struct policy_rule){ .file = form_text(im,
		im->texts[by->file]), .line = by->line,
		.text = form_text(im, by->text), .policy = STR("labels") };
}

void
policy_labels(const struct image *im, struct str path,
    struct file_labels *out)
{
	*out = (struct file_labels){ 0 };
	own_labels(im, path, 0, out);
	if (im->max != NULL)
		own_labels(im->max, path, im->nlabelnames, out);
}

uint32_t
image_label_names(const struct image *im)
{
	uint32_t more = im->max == NULL ? 0 : im->max->nlabelnames;

	return im->nlabelnames + more;
}

struct str
image_label_name(const struct image *im, uint32_t i)
{
	if (i >= im->nlabelnames) {
		must(im->max != NULL &&
		    i - im->nlabelnames < im->max->nlabelnames);
		return form_text(im->max,
		    im->max->labelnames[i - im->nlabelnames]);
	}
	return form_text(im, im->labelnames[i]);
}

/* ---- is it sound? */

static bool
sets_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nlabelsets; i++)
		if (im->labelsets[i].level > SENSITIVITY_SECRET ||
		    im->labelsets[i].by > im->nlabels)
			return false;
	for (uint32_t i = 0; i < im->nlabels; i++)
		if (im->labels[i].file >= im->ntexts ||
		    !text_ok(im, im->labels[i].text))
			return false;
	for (uint32_t i = 0; i < im->nlabelnames; i++)
		if (!text_ok(im, im->labelnames[i]))
			return false;
	return im->nlabelnames <= LABEL_NAMES_MAX;
}

const char *
image_labels_fault(const struct image *im)
{
	if (!sets_ok(im))
		return "a label is damaged";
	if (im->nlabelroot == 0)
		return im->nlabelsteps == 0 ? NULL :
		    "its labels begin nowhere";
	if (im->nlabelroot != 1 || im->nlabelsteps == 0 ||
	    !walk_sound(im->labelsteps, im->nlabelsteps) ||
	    !walk_labels_below(im->labelsteps, im->nlabelsteps,
		im->nlabelsets) ||
	    !walk_is_state(im->nlabelsteps, im->labelroot[0]))
		return "its automaton of labels is damaged";
	return NULL;
}

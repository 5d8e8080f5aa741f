/* labels.h -- what a policy says of a file's content: how sensitive it is,
 * and the names it is known under. No allocation, no lock, no parse. */
#ifndef POLICY_LABELS_H
#define POLICY_LABELS_H

#include <stdint.h>

#include "policy/answer.h"
#include "policy/fact.h"

struct image;

#define LABEL_NAMES_MAX 32	/* of one policy: with a maximum's, 64 */

struct file_labels {
	enum sensitivity level;	/* the highest that a label gives */
	uint64_t names;		/* a bit for each: image_label_name() */
	struct policy_rule rule; /* that gave the level; empty: none */
};

/* Of the canonical path of the object reached, inside the sandbox. What a
 * label says of a directory holds for everything below. */
void policy_labels(const struct image *im, struct str path,
    struct file_labels *out);

/* Names count from 0, in the order of bytes. With a maximum policy those of
 * both: its own come behind. */
uint32_t image_label_names(const struct image *im);
struct str image_label_name(const struct image *im, uint32_t i);

#endif

/* names.h -- a sandbox's name and id. */
#ifndef GATEWAY_NAMES_H
#define GATEWAY_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

struct err;

/* One DNS label that cannot be taken for an id. */
int name_check(struct str name, struct err *e);
/* A pleasant one: "calm-otter"; from the 32 random bits, with their last
 * digits after it when plain is false. */
void name_make(uint32_t random, bool plain, char out[NAME_BYTES_MAX + 1]);
/* A ULID: sorts by time of making. */
void id_make(struct wall now, const unsigned char random[10],
    char out[ID_BYTES_MAX + 1]);
bool id_is(struct str s);	/* in the form of one */

#endif

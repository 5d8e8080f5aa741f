/* emit.h -- writing an image: records into its sections.  Of the emit_*.c
 * files alone, one per domain. */
#ifndef COMPILE_EMIT_H
#define COMPILE_EMIT_H

#include "automaton/pack.h"
#include "base/buf.h"
#include "compile/check.h"
#include "policy/form.h"

struct emit {
	struct compile *c;
	struct buf s[FORM_COUNT];
	struct f_span *lists;	/* of all sections, each once, hashed: in
				 * bytes; n 0 is empty */
	unsigned char *list_section;
	uint32_t nlists, cap_lists;
	struct pack *packs[FORM_COUNT];	/* of sections of steps, or NULL */
	uint32_t *conds;	/* the image's number of each of the policy's */
	bool full;
};

void emit_put(struct emit *e, enum form_section s, const void *p, size_t len);
/* How many records of that size a section holds so far. */
uint32_t emit_count(const struct emit *e, enum form_section s, size_t size);
/* A text; one that is there already is that one. */
struct f_text emit_text(struct emit *e, struct str s);
/* A list of records; the same. */
struct f_span emit_span(struct emit *e, enum form_section s, const void *v,
    uint32_t n, size_t size);

/* Packs an automaton into a section of struct f_step: its start state there,
 * with the labels as they are in d. The same one is there once. d's arrays
 * must live as long as the compiler's arena. */
uint32_t emit_walk(struct emit *e, enum form_section s, const struct dfa *d);

/* Once, before those that refer to them. */
void emit_conds(struct emit *e);
/* What a rule's record holds for a condition (take_cond()); 0 for 0. */
uint32_t emit_cond(const struct emit *e, uint32_t number);

void emit_models(struct emit *e);
void emit_limits(struct emit *e);
void emit_net(struct emit *e);
void emit_files(struct emit *e);
void emit_paths(struct emit *e);
void emit_commands(struct emit *e);

#endif

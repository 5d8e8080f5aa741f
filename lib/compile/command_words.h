/* command_words.h -- the words of one command's patterns: numbered, and told
 * apart by automata.  Of emit_commands.c alone. */
#ifndef COMPILE_COMMAND_WORDS_H
#define COMPILE_COMMAND_WORDS_H

#include "compile/commands.h"
#include "compile/emit.h"

struct command_words;

struct command_words *command_words_new(struct emit *e);
void command_words_free(struct command_words *w);
/* Readers and parts of grants whose first rule is crule `first'. What cannot
 * be told apart in bounds is said of the entry that is too much. */
void command_grants(struct emit *e, struct command_words *w,
    struct pol_command *const *v, uint32_t n, uint32_t first,
    struct f_command *out);
void command_denies(struct emit *e, struct command_words *w,
    struct pol_command *const *v, uint32_t n, uint32_t first,
    struct f_command *out);
/* The words of a deny, after command_denies(). */
void command_needs(struct emit *e, const struct command_words *w,
    const struct pol_command *r, struct f_crule *out);

#endif

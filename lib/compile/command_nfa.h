/* command_nfa.h -- one word of a command's pattern as a language over one
 * argument.  NUL is in none of them: no argument holds it. */
#ifndef COMPILE_COMMAND_NFA_H
#define COMPILE_COMMAND_NFA_H

#include "automaton/automaton.h"
#include "compile/commands.h"

/* What the argument itself must be like: of TOKEN_GLOB, TOKEN_ATTACHED and
 * TOKEN_OPTION. */
struct part word_argument(struct nfa *n, const struct pol_token *t);
/* What its canonical form, or that of what is attached to it, must be:
 * accepted as id. */
void word_paths(struct nfa *n, const struct pol_token *t, uint32_t id);
/* What a program takes for a file's name (exec_like_path in policy/). */
struct part word_like_path(struct nfa *n, char beside);

#endif

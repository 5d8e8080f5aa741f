/* command_words.h -- the words of one command's patterns: numbered, and told
 * apart by automata.  Of emit_commands.c, command_words.c and command_parts.c
 * alone. */
#ifndef COMPILE_COMMAND_WORDS_H
#define COMPILE_COMMAND_WORDS_H

#include "compile/commands.h"
#include "compile/emit.h"

struct word { /* of a command's patterns */
	const struct pol_token *t;
	const struct pol_command *by;	/* the first entry that has it */
	uint32_t rules;		/* how many denies have it */
};

/* What is read apart: an option and its value in one argument would be told
 * apart as the product of both. */
enum kind { OF_ARGUMENTS, OF_OPTIONS, OF_PATHS };

struct reader {
	uint32_t from, to;	/* numbers of its words */
	enum kind kind;
	bool like;		/* of no word: is it a path at all? An
				 * automaton that all commands share */
	struct dfa d;
	/* By word: the labels whose sets have it, rising. Those of word
	 * from + i are labels[starts[i]] up to labels[starts[i + 1]]. */
	uint32_t *starts, *labels;
};

struct command_ways { /* of all commands; heap */
	struct f_cway *v;
	uint32_t n, cap;
	uint64_t reading, work;	/* what readers and parts took so far */
};

struct command_words {
	struct emit *e;
	struct command_ways *ways;
	struct arena arena;
	bool deny;
	const struct pol_command *some;	/* one of the entries */
	struct word *v;		/* v[0] is none */
	uint32_t n;		/* with that */
	struct reader automata[READERS_MAX];
	uint32_t nautomata;
	struct { /* the same automaton may read two forms */
		const struct reader *r;
		uint32_t source;
	} readers[READERS_MAX];
	uint32_t nreaders;
};


struct command_words *command_words_new(struct emit *e,
    struct command_ways *ways);
void command_words_free(struct command_words *w);
/* Zeroed, and gone with w. */
void *command_scratch(struct command_words *w, size_t n, size_t size);
/* What cannot be told apart in bounds, said of the entry that is too much. */
void command_explosion(struct command_words *w,
    const struct pol_command *by);
uint32_t command_word(const struct command_words *w,
    const struct pol_token *t);

/* Readers and parts of grants whose first rule is crule `first'. */
void command_grants(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_command *out);
void command_parts(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_span *out);
void command_denies(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_command *out);
/* The words of a deny, after command_denies(). */
void command_needs(const struct command_words *w,
    const struct pol_command *r, struct f_crule *out);

#endif

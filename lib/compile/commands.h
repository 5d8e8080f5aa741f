/* commands.h -- the checked commands section, of all documents together. */
#ifndef COMPILE_COMMANDS_H
#define COMPILE_COMMANDS_H

#include "compile/check.h"

#define COMMANDS_MAX	16384	/* entries in one policy */
#define TOKENS_MAX	64	/* of one pattern */
#define ENVS_MAX	256	/* variables of one entry */

enum command_list { COMMAND_ALLOW, COMMAND_DENY, COMMAND_AUDIT };

/* What one argument must be like. */
enum token_kind {
	TOKEN_GLOB,	/* texts, with OP_SPAN for '*'. In a deny also what is
			 * attached to an option. */
	TOKEN_PATH,	/* its canonical form is one of the patterns texts. In
			 * a deny also what is attached. */
	TOKEN_ATTACHED,	/* of an allow: begins with prefix, and the canonical
			 * form of what follows is one of texts */
	TOKEN_OPTION,	/* of a deny: holds the option, however written; or
			 * begins with prefix, where that is not empty */
	TOKEN_ONE,	/* any one argument */
};

struct pol_token {
	enum token_kind kind;
	struct strs texts;	/* compiled (policy/match.h) */
	struct str prefix;
	/* TOKEN_OPTION: letters that mean it, and its long names */
	struct str letters;
	struct strs longs;
	bool words;		/* the program's options are words with one
				 * dash ("find -delete"), never clusters */
	struct str shown;	/* as written */
};

struct pol_env {
	struct str name;	/* a final '*' stands for any end */
	struct str value;
	bool pin;		/* must be there with this value; otherwise it
				 * may not be there */
};

struct pol_command {
	struct pol_command *next;
	enum command_list list;
	struct str name;	/* bare, or an absolute path */
	bool any;		/* whatever the arguments are */
	bool tail;		/* further arguments may follow the tokens */
	struct pol_token *tokens; /* a deny's: each somewhere, and those that
				 * are no options in this order */
	uint32_t ntokens;
	struct pol_env *envs;
	uint32_t nenvs;
	bool env_own;		/* envs are the built-in ones: nobody wrote
				 * them here */
	const struct node *profile;	/* NULL: none */
	uint32_t when;		/* number of a condition, 0: none */
	struct str shown;	/* "rm -rf *" */
	const struct node *at;
};

struct pol_profile {
	struct str name;
	const struct node *at;
	struct policy *pol;	/* what its sections say */
	bool used;		/* some entry names it */
};

struct pol_commands {
	struct pol_scalar fallback, made;
	const struct node *section;	/* the first; NULL: none anywhere */
	const struct node *star;	/* a deny that states the default */
	struct pol_command *list, **end;
	uint32_t n;
	struct pol_profile profiles[PROFILES_MAX];
	uint32_t nprofiles;
};

/* The pattern of e->name's arguments, from its text or from a list. */
bool command_tokens(struct compile *c, const struct node *n, struct str text,
    struct pol_command *e);
bool command_list_tokens(struct compile *c, const struct node *list,
    struct pol_command *e);
/* "-rf", "--force", "--output=/x": the options that a deny's word asks for,
 * and the value as one more token. False: the word is no option. */
bool command_options(struct compile *c, struct str word,
    struct pol_command *e, struct str *value);
/* The variables with which a program's arguments no longer say what it does;
 * of entries that say what its arguments must be. */
const struct pol_env *command_own_env(uint32_t *n);
/* The policy's, made when first asked for. */
struct pol_commands *commands_of(struct compile *c);
/* NULL: there is none of that name. */
const struct pol_profile *commands_profile(const struct pol_commands *k,
    struct str name);
void check_profiles(struct compile *c, const struct node *n, void *arg);
/* As the image numbers them, from 1 on; 0: it holds none. */
uint32_t profile_number(const struct compile *c, struct str name);
/* A profile as a policy to be compiled for itself, of c's documents. */
struct compile profile_alone(const struct compile *c,
    const struct pol_profile *p);
/* Its own whole, after all documents. */
void profiles_check(struct compile *c,
    void (*check)(struct compile *c));
/* After all documents. */
void commands_check(struct compile *c);

#endif

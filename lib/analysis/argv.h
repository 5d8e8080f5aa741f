/* argv.h -- all command lines that the commands of two policies can tell
 * apart: one of each kind.
 *
 * A program's name leads to some commands of each image (argv.c). Their
 * readers cut all arguments there can be into finitely many kinds
 * (argv_kinds.c); over these kinds as letters the grants' parts and the words
 * that denies still wait for are an automaton (argv_machine.c). In each of its
 * states both policies have answered all that they ever will of the arguments
 * behind it, so that one command line for each state is all.
 *
 * Where there are too many states each deny is looked at by itself, with none
 * of the others but those that turn out to matter: what one side allows and
 * the other does not, one of its denies takes, or no grant of it.
 *
 * What an argument spells and which file it leads to are taken for
 * independent, as they are where there are symbolic links. Where policies
 * differ, arguments are looked for that lead there on paper. What is found
 * only with links is said apart. */
#ifndef ANALYSIS_ARGV_H
#define ANALYSIS_ARGV_H

#include "analysis/book.h"
#include "analysis/vectors.h"
#include "policy/exec_scan.h"

/* ---- what others ask */

struct argv_verdict { /* of one side */
	enum reply_verdict verdict;
	uint64_t profiles[2];	/* by their names: of the first side's, and of
				 * those that only the second one has */
};

enum argv_unsure { /* what is not known of a program, by its name */
	ARGV_LARGE,	/* more kinds than can be looked at */
	ARGV_LINKS,	/* differs where a link or a directory leads */
	ARGV_MANIFOLD,	/* it does what its arguments say */
	ARGV_HIDDEN,	/* differs only where a condition is otherwise */
};

#define ARGV_BIT(why) (UINT32_C(1) << (why))

struct argv_space {
	struct arena *arena;	/* of what is given out */
	const struct book *side[2];
	/* For the second one, nothing is attached to what has a slash before
	 * its "=": a statement about /etc is not about "/w/=/etc". */
	bool plain;
	/* Would this be of interest? */
	bool (*differs)(const struct argv_verdict *a,
	    const struct argv_verdict *b);
	/* One of interest: asks both. false: they say something else. */
	bool (*on)(void *arg, const struct question *q);
	void (*unsure)(void *arg, struct str name, enum argv_unsure why);
	void *arg;
	uint64_t states;	/* looked at, of all names */
	uint64_t work, most;	/* steps so far; not more than, or 0 */
	bool may_run[2];	/* of ARGV_MANIFOLD: by which side */
};

void argv_walk(struct argv_space *s);

/* ---- between argv*.c */

#define ARGV_PLAYERS_MAX	4	/* images: a policy may have a maximum */
#define ARGV_UNITS_MAX		(2 * EXEC_FOUND_MAX)

struct argv_player {
	const struct image *im;
	bool bare;		/* some grant holds for all arguments */
};

struct argv_unit { /* a command of one of the images */
	const struct image *im;
	const struct f_command *c;
	uint32_t player;
	bool grants, denies;	/* its name leads to these */
	bool plain;		/* of a side that is */
	bool *skip;		/* by rule of its denies: left out */
	uint32_t *active, nactive; /* the others that can be looked at */
	/* Where in an effect: what its readers of grants find; the denies'
	 * words that it is; those that it is as a first argument. */
	uint32_t labels_at, words_at, old_at;
	/* Where in a state: a node for each part; what a deny waits for. */
	uint32_t nodes_at, rules_at;
};

struct argv_units { /* of one program */
	struct argv_player players[ARGV_PLAYERS_MAX];
	uint32_t nplayers;
	const struct image *profiles[2]; /* by side: has them, by number */
	uint32_t begins[3];	/* players of side i: begins[i] on */
	bool plain;		/* the second side */
	struct argv_unit v[ARGV_UNITS_MAX];
	uint32_t n;
	uint32_t effect, state;	/* how wide they are */
	bool old;		/* the first argument is another letter */
	bool conditions;	/* some grant has one */
	bool granted;		/* look at what conditions may grant, too */
	uint32_t unsure;	/* a set of ARGV_BIT */
};

static inline uint32_t
argv_words(const struct argv_unit *u)
{
	return (u->c->keys.n + 31) / 32;
}

#define ARGV_PLACES_MAX 16	/* directories that texts are seen from */

struct argv_kinds {
	struct vectors effects;	/* each a kind of argument */
	struct str *texts;	/* by kind: one of it; p NULL: none known */
	struct arena arena;
	struct str cwd;		/* in which the texts are that */
	struct { /* all that were made, by place */
		struct str cwd, *texts;
	} shown[1 + ARGV_PLACES_MAX];
	uint32_t nshown, nplaces;
	struct str places[ARGV_PLACES_MAX];
	bool placed;		/* the places are found */
};

/* -1: too many. */
int argv_kinds_make(const struct argv_units *u, struct argv_kinds *k);
/* Takes texts of each kind, as from cwd: a place, or nowhere. */
void argv_kinds_show(const struct argv_units *u, struct argv_kinds *k,
    struct str cwd);
void argv_kinds_fini(struct argv_kinds *k);
/* Finds the directories from which an argument may lead where it matters. */
void argv_kinds_places(const struct argv_units *u, struct argv_kinds *k);

enum argv_run {
	ARGV_TOO_MUCH,	/* none is given out */
	ARGV_AGAIN,	/* some denies that were skipped matter: once more */
	ARGV_DONE,
};

/* Gives out command lines of the program until all states are seen. */
enum argv_run argv_machine(struct argv_space *s, struct argv_units *u,
    struct argv_kinds *k, struct str name);
/* Whatever its arguments are? */
bool argv_is_denied(const struct argv_unit *x);

#endif

/* form_commands.h -- the commands in an image.  Of form.h alone.
 *
 * A command's patterns are decided in two steps. Its readers are automata
 * over one argument: in a certain form of it, each finds which of the
 * patterns' words it is like. What they find of one argument after the other
 * is what its parts run over: automata that know which words follow each
 * other in an allow, and what has to be known next. A deny only needs its
 * words to be there; of those that are no options the order is looked at when
 * all of them are. */

enum { /* of a command */
	COMMAND_GRANTED = 1,	/* some allow or audit names it */
	COMMAND_DENIED = 2,
	COMMAND_OLD_STYLE = 4,	/* its first argument may hold options without
				 * a dash (tar) */
	COMMAND_FLAGS = 7,
};

struct f_command {
	struct f_text name;	/* rising, each once */
	uint32_t hash;
	uint32_t flags;
	struct f_span bare;	/* crules that hold for all arguments */
	struct f_span grants, denies;	/* crules that do not */
	/* creaders: of the grants (what they find is a class), and of the
	 * denies (what they find is a list of words) */
	struct f_span readers, words;
	struct f_span parts;	/* crefs, cnodes where the grants begin */
	struct f_span keys;	/* clists of denies: which to look at when a
				 * word is there; keys[0]: always. As many as
				 * there are words, and one. */
};

enum { /* of a rule */
	CRULE_DENY = 1,
	CRULE_AUDIT = 2,	/* an allow that is always recorded */
	CRULE_TAIL = 4,		/* further arguments may follow */
	CRULE_ENV_OWN = 8,	/* envs are the built-in ones */
	CRULE_ANY = 16,		/* holds for all arguments */
	CRULE_FLAGS = 31,
};

struct f_crule {
	uint32_t flags;
	uint32_t when;		/* a condition's number, or 0 */
	struct f_span envs;	/* cenvs: first those that pin */
	uint32_t pins;		/* how many those are */
	struct f_text profile;
	uint32_t under;		/* the same: number of the whole's profile,
				 * + 1; 0: none that may be entered */
	struct f_span tokens;	/* of a grant: crefs of ctokens, to explain */
	struct f_span needs;	/* of a deny: crefs, words: first options,
				 * then, in their order, the others; 0 there is
				 * any argument */
	uint32_t options;	/* how many of needs are options */
	uint32_t file, line;	/* file: index into texts */
	struct f_text text;
};

enum ctoken_kind {
	CTOKEN_GLOB, CTOKEN_PATH, CTOKEN_ATTACHED, CTOKEN_ONE,
	CTOKEN_KIND_COUNT
};

struct f_ctoken {
	uint32_t kind;
	struct f_span texts;	/* cpats, compiled; any of them */
	struct f_text prefix;	/* CTOKEN_ATTACHED */
	struct f_text shown;
};

struct f_cenv {
	struct f_text name;	/* a final '*': any end */
	struct f_text value;
	uint32_t pin;		/* 1: must be there, and be value */
};

enum reader_source {
	READ_ARGUMENT,		/* as it is */
	READ_VALUE,		/* what is attached to it: "--x=VALUE" */
	READ_PATH,		/* its canonical form as a path */
	READ_ATTACHED,		/* the same of a path attached to it */
	READ_SOURCE_COUNT
};

#define READERS_MAX	16	/* of one command, for grants or for denies */
#define PARTS_MAX	64	/* of one command */
#define WORDS_MAX	32768	/* different ones in the denies of a command */
#define CLASSES_MAX	65536	/* that one automaton tells apart */

struct f_creader {
	uint32_t source, walk;
	struct f_span lists;	/* clists by label; of grants: none */
};

/* A place in the patterns of a part. What the reader finds of this argument
 * is a way's label, or leads to other. */
#define NODE_ANY	UINT32_MAX	/* reader: whatever the argument is */
#define NODE_NEXT	(UINT32_C(1) << 31) /* of to, other: what is there is
					     * about the next argument; of the
					     * same, only a later reader may be
					     * asked */

struct f_cnode { /* the first is dead */
	uint32_t reader, other;
	uint32_t label, to;	/* its only way, or 0 and it has others */
	uint32_t list;		/* clist of the crules that end here */
};

struct f_cway { /* of nodes with several */
	uint32_t from;		/* cnode; 0: empty */
	uint32_t label, to;
};

static inline uint32_t
form_way_hash(uint32_t from, uint32_t label)
{
	return from * UINT32_C(2654435761) ^ label * UINT32_C(2246822519);
}

struct f_commands { /* none: there is no section */
	uint32_t fallback;	/* 1: what no rule names is allowed */
	uint32_t made;		/* enum exec_made */
	uint32_t absolute;	/* 1: some command is named by its path */
};

#define FORM_COMMANDS(SECTION)						\
	SECTION(commands, struct f_commands)				\
	SECTION(cnames, struct f_command)				\
	SECTION(cslots, uint32_t)	/* hash: cname + 1, or 0 */	\
	SECTION(crules, struct f_crule)					\
	SECTION(ctokens, struct f_ctoken)				\
	SECTION(cpats, struct f_text)					\
	SECTION(cenvs, struct f_cenv)					\
	SECTION(cwatch, struct f_text)	/* all names of cenvs, once */	\
	SECTION(creaders, struct f_creader)				\
	SECTION(cnodes, struct f_cnode)					\
	SECTION(cways, struct f_cway)	/* hashed */			\
	SECTION(clists, struct f_span)	/* of crefs */			\
	SECTION(crefs, uint32_t)					\
	SECTION(csteps, struct f_step)

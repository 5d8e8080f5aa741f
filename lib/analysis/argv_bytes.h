/* argv_bytes.h -- several walks over the bytes of one argument at once.  Of
 * argv_*.c alone. */
#ifndef ANALYSIS_ARGV_BYTES_H
#define ANALYSIS_ARGV_BYTES_H

#include "analysis/argv.h"
#include "automaton/automaton.h"

#define WALKS_MAX	(4 * READERS_MAX)

struct walks { /* each once */
	struct walk_of {
		const struct f_step *steps;
		uint32_t nsteps, start;
	} v[WALKS_MAX];
	uint32_t n;
};

struct bytes { /* one for each class that no walk tells apart; never NUL */
	unsigned char v[256];
	uint32_t n;
};

/* What of an argument is looked at, and in which form. */
struct reading_of {
	struct walks spelled;	/* as it is; behind these, those of a first
				 * argument that may lack its dash */
	struct walks value, path;
	uint32_t cwd[WALKS_MAX]; /* of path: where a relative one begins */
	bool paths;		/* walk those, too */
	struct bytes bytes;
};

/* Its number there; VECTORS_NONE: no room. */
uint32_t walks_add(struct walks *w, const struct f_step *steps, uint32_t n,
    uint32_t start);
void bytes_of(const struct walks *const *w, uint32_t n, struct bytes *out);

/* A row: phase, spelled, value, and with paths: path, attached. */
enum { ROW_PHASE, ROW_WALKS };

static inline uint32_t
row_width(const struct reading_of *r)
{
	return ROW_WALKS + r->spelled.n + r->value.n +
	    (r->paths ? 2 * r->path.n : 0);
}

void row_begin(const struct reading_of *r, uint32_t *row);
void row_step(const struct reading_of *r, const uint32_t *row,
    unsigned char byte, uint32_t *out);
bool row_is_empty(const uint32_t *row);	/* no byte was there */
bool row_is_dashed(const uint32_t *row); /* the first one is a dash */
/* Nothing can be attached but by chance: "dir/a=b". */
bool row_is_file(const uint32_t *row);
bool row_has_value(const uint32_t *row);
bool row_has_attached(const uint32_t *row);
/* Something may be attached to an option behind others. */
bool row_has_cluster(const uint32_t *row);

/* ---- argv_kinds.c: the readers of a program's units */

/* number: of a grant's reader, its place among them. */
typedef void argv_on_reader(void *arg, const struct argv_unit *u,
    const struct f_creader *r, bool deny, uint32_t number);
void argv_readers(const struct argv_units *u, argv_on_reader *on, void *arg);
/* What a reader's finding is in an effect. */
void argv_put_found(const struct argv_unit *u, const struct f_creader *r,
    bool deny, uint32_t number, uint32_t label, uint32_t *words,
    uint32_t *labels);
/* "tar xf": is it read also as if a dash were before it? From there. */
bool argv_is_old(const struct argv_unit *u, const struct f_creader *r,
    bool deny);
uint32_t argv_old_start(const struct argv_unit *u, const struct f_creader *r);
/* false: too many walks. */
bool argv_reading(const struct argv_units *u, bool paths,
    struct reading_of *r);

/* ---- argv_paths.c */

struct lead { /* on the way through all paths */
	struct reading_of r;
	struct dfa can;
	struct vectors rows;	/* state of can, then the walks */
	uint32_t *from;		/* by row: the row before, and by which byte */
	unsigned char *by;
	uint32_t cap;
};

/* All paths there can be; false: too many. lead_fini() it either way. */
bool lead_all(const struct argv_units *u, struct arena *a, struct lead *l);
bool lead_is_whole(const struct lead *l, uint32_t i); /* or a beginning */
void lead_fini(struct lead *l);

#endif

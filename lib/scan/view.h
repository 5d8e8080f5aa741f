/* view.h -- what a text says under an encoding. */
#ifndef SCAN_VIEW_H
#define SCAN_VIEW_H

#include "scan/detect.h"

/* Between what does not follow on another: a byte that is in no word. */
#define BETWEEN 1

/* The bytes of a view from out on are from in on, in the text around it. */
struct segment {
	uint32_t out, in;
	uint8_t bits;		/* that each byte there says; 8: it is one
				 * byte of the view; 0: all up to where the
				 * next segment begins say what is here */
	uint8_t skip;		/* of these, said by what stands before */
	const char *under;	/* the escape that was taken off; or NULL */
};

struct view {
	struct text t;
	const char *under;	/* NULL: of each escape its own */
	const struct view *outer;	/* NULL: the window itself */
	const struct segment *segments;	/* and one that ends them */
	size_t n;
};

/* In the window: where what is at at begins, and where what ends before end
 * (which is not 0) does. */
size_t view_begin(const struct view *v, size_t at);
size_t view_end(const struct view *v, size_t end);
/* The encoding of what is from at to end; "": none. */
const char *view_under(const struct view *v, size_t at, size_t end);

enum run_name { RUN_BASE64, RUN_HEX, RUN_KIND_COUNT };

struct run {
	uint32_t at, end;
	uint8_t name;
};

/* Part of a text that is not all noise: what is looked for, in the bytes of a
 * picture, begins in none of the rest. */
struct island {
	uint32_t at, end;
};

struct room { /* what a view is made in; zero is empty */
	unsigned char *p;
	size_t n, cap;
	struct segment *segments;
	size_t nsegments, segments_cap;
	struct run *runs;
	size_t nruns, runs_cap, letters[RUN_KIND_COUNT];
	struct island *islands;
	size_t nislands, islands_cap;
};

void room_begin(struct room *r, size_t bytes);
void room_fini(struct room *r);
/* What is put from here on. Its out is filled in. */
void room_segment(struct room *r, struct segment s);
void room_view(const struct room *r, const struct view *outer, bool final,
    const char *under, struct view *out);

/* island.c */
void islands_find(struct room *r, const struct text *t);
/* The text up to the island's end. */
struct text island_text(const struct text *t, const struct island *it);

/* peel.c: the islands with one layer of escapes taken off: JSON's, percents,
 * HTML's, what is not seen, letters that look like others, and the zeros of
 * UTF-16. false: it has none. */
bool peel(struct room *r, const struct view *outer, const struct room *found,
    struct view *out);

/* Finds in the islands what may be base64 or hexadecimal; runs_decode() says what all of one
 * kind say when they are read from the letter place (of runs_places()) on. */
void runs_find(struct room *r, const struct view *v);
unsigned runs_places(enum run_name name);
void runs_decode(struct room *r, const struct view *outer, enum run_name name,
    unsigned place, const struct room *found, struct view *out);

#endif

/* detect.h -- between the parts of the scanner. */
#ifndef SCAN_DETECT_H
#define SCAN_DETECT_H

#include "scan/scan.h"

/* The bytes under examination: of the window, or what they decode to. */
struct text {
	const unsigned char *p;
	size_t n;
	bool final;		/* nothing comes behind */
};

enum seen {
	SEEN_NO,
	SEEN_YES,
	SEEN_MORE,	/* what comes behind decides */
};

struct span {
	size_t at, len;
};

/* Sets of characters that credentials are made of. */
enum set {
	SET_DIGIT, SET_HEX, SET_UPPER, SET_ALNUM,
	SET_URL,	/* A-Z a-z 0-9 _ - */
	SET_WORD,	/* and no - */
	SET_BASE64,	/* + / = as well */
	SET_DOTTED,	/* URL, and dots */
};
bool set_has(enum set set, unsigned char c);
/* How many from at on are of the set, at most max. */
size_t set_run(enum set set, const struct text *t, size_t at, size_t max);
/* Is at the first byte of a word? */
bool text_begins(const struct text *t, size_t at);

struct detector {
	const char *name;
	const char *word;	/* where one is, look() looks */
	enum scan_class class;
	enum set set;
	uint16_t min, max;	/* of the set, behind the word */
	enum seen (*look)(const struct detector *d, const struct text *t,
	    size_t at, struct span *out);
	bool any_case;		/* of the word */
	bool inside;		/* a longer word may hold it */
};

extern const struct detector detectors[];
extern const size_t detectors_count;

/* assign.c: behind such a word stands a value. */
enum seen look_assigned(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
/* keys.c: blocks and other shapes. */
enum seen look_key_block(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_openai(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_token_of_web(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_telegram(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_in_address(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_prefix(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
/* Could it be a secret, or is it what stands for one in examples? */
bool is_varied(const struct text *t, size_t at, size_t len);

/* numbers.c: what begins at at, with a digit, a capital or @. */
static inline bool
number_may(unsigned char c)
{
	return (unsigned)(c - '@') <= 'Z' - '@' || (unsigned)(c - '0') <= 9;
}

enum seen look_number(const struct text *t, size_t at, struct span *out,
    const struct detector **what);

/* check.c: digits as characters, without separators. */
bool check_luhn(const unsigned char *d, size_t n);
bool check_card(const unsigned char *d, size_t n);
bool check_iban(const unsigned char *s, size_t n);
bool check_verhoeff(const unsigned char *d, size_t n);
bool check_mod11_10(const unsigned char *d, size_t n);
bool check_cpf(const unsigned char *d, size_t n);
bool check_bsn(const unsigned char *d, size_t n);
bool check_ssn(const unsigned char *d, size_t n);
bool check_nir(const unsigned char *d, size_t n);

/* words.c: finds many words at once (Aho and Corasick, 1975), ASCII case
 * aside. */
struct words;
struct words_word {
	const unsigned char *p;
	size_t len;
};
int words_new(const struct words_word *w, size_t n, struct words **out,
    struct err *e) MUST_USE;
void words_free(struct words *w);
size_t words_longest(const struct words *w);
void words_find(const struct words *w, const struct text *t, size_t from,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg);

/* view.c: what a text says under an encoding. */
struct view {
	struct text t;
	const char *under;
	const struct view *outer;	/* NULL: the window itself */
	const uint32_t *map;	/* of each byte, and of the end, where in the
				 * outer it is from; NULL: all is from whole */
	struct span whole;
};
/* Calls on_view with each view of outer that says something else than it;
 * on_more with the place from which one could still change. */
struct view_taker {
	void (*on_view)(const struct view *v, void *arg);
	void (*on_more)(const struct view *outer, size_t at, void *arg);
	/* it must be read from at on, or from end on, not from between */
	void (*on_run)(const struct view *outer, struct span run, void *arg);
	/* no budget was left for all */
	void (*on_full)(const struct view *outer, void *arg);
	void *arg;
	size_t *budget;		/* bytes that views may still take */
};
void views_of(const struct view *outer, size_t from,
    const struct view_taker *to);

#endif

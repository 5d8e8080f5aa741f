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
extern const uint8_t set_bits[256];

static inline bool
set_has(enum set set, unsigned char c)
{
	return (set_bits[c] >> set & 1) != 0;
}

/* How many from at on are of the set, at most max. */
static inline size_t
set_run(enum set set, const struct text *t, size_t at, size_t max)
{
	size_t n = 0;

	while (n < max && at + n < t->n && set_has(set, t->p[at + n]))
		n++;
	return n;
}

/* Is at the first byte of a word? */
static inline bool
text_begins(const struct text *t, size_t at)
{
	return at == 0 || !set_has(SET_WORD, t->p[at - 1]);
}

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
	struct {		/* look_middle(): what stands before it */
		const char *word;	/* begins with this */
		enum set set;
		uint16_t min, max;
	} before;
};

extern const struct detector detectors[];
extern const size_t detectors_count;

/* assign.c: behind such a word stands a value. */
enum seen look_assigned(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
/* keys.c: blocks and other shapes. */
enum seen look_key_block(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_token_of_web(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_middle(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_in_address(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
enum seen look_prefix(const struct detector *d, const struct text *t,
    size_t at, struct span *out);
/* Could it be a secret, or is it what stands for one in examples? */
bool is_varied(const struct text *t, size_t at, size_t len);

/* check.c: digits as characters, without separators. */
bool check_luhn(const unsigned char *d, size_t n);
bool check_card(const unsigned char *d, size_t n);
bool check_iban(const unsigned char *s, size_t n);
bool check_verhoeff(const unsigned char *d, size_t n);
bool check_mod11_10(const unsigned char *d, size_t n);
bool check_cpf(const unsigned char *d, size_t n);
bool check_bsn(const unsigned char *d, size_t n);
bool check_nhs(const unsigned char *d, size_t n);
bool check_ssn(const unsigned char *d, size_t n);
bool check_nir(const unsigned char *d, size_t n);

/* words.c: finds many words of three letters at least, ASCII case aside; of
 * longer ones than 32 their beginning. They are not copied. */
struct words;
struct words_word {
	const unsigned char *p;
	size_t len;
};
int words_new(const struct words_word *w, size_t n, struct words **out,
    struct err *e) MUST_USE;
void words_free(struct words *w);
void words_find(const struct words *w, const struct text *t, size_t from,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg);

/* numbers.c: what has digits, or an @. */
struct number_taker {
	void (*on_number)(struct span s, const struct detector *d, void *arg);
	void (*on_more)(size_t at, void *arg);	/* what follows decides */
	void *arg;
	const struct words *near;	/* of numbers_words() */
};
int numbers_words(struct words **out, struct err *e) MUST_USE;
void numbers_find(const struct text *t, size_t from,
    const struct number_taker *to);

#endif

/* scan.h -- finds secrets and personal data in bytes as they come.
 *
 * What is looked for: values that the runtime itself holds (in capitals or
 * not, reversed, in base64 and in hexadecimal), credentials with a known shape,
 * numbers whose check digits agree (cards, bank accounts, numbers of
 * persons), addresses, and what is assigned to a name such as `password`. It
 * is looked for in the bytes, and in what they say under the escapes of JSON and
 * HTML, percent-encoding, base64, hexadecimal, UTF-16, invisible characters and
 * letters that look like others, up to three of them in one another. Nothing is
 * looked up, nothing is run, and no expression backtracks: the time is linear
 * in the bytes, and what would take longer is told as a finding of every class.
 *
 * Who is set on it can always invent one more encoding: this finds accidents
 * and the careless. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/str.h"

struct err;

enum scan_class { /* from the surest to the least sure */
	SCAN_EXACT,	/* a value that the runtime holds */
	SCAN_CANARY,	/* one that is nobody's, put where only a thief looks */
	SCAN_SECRET,	/* a credential's own shape */
	SCAN_PERSONAL,	/* of a person: card, account, number */
	SCAN_ADDRESS,	/* e-mail */
	SCAN_GENERIC,	/* looks like a secret beside its name */
	SCAN_CLASS_COUNT
};

#define SCAN_EXACT_MAX	     64
#define SCAN_EXACT_BYTES_MIN 8	/* shorter ones are in too many texts */
#define SCAN_EXACT_BYTES_MAX 512
#define SCAN_FINDING_BYTES_MAX 8192	/* the longest that is found in one piece;
					 * of one that long its beginning */

struct scan_value {
	struct str name;	/* for findings: of the secret, not itself */
	struct str value;
	enum scan_class class;	/* SCAN_EXACT or SCAN_CANARY */
};

struct scan_finding {
	const char *name;	/* as "github-token"; of an exact value its own */
	enum scan_class class;
	uint64_t at;		/* from the beginning of the stream */
	uint32_t len;		/* of the bytes as they came, not as decoded */
	const char *under;	/* the encoding, as "base64"; "": none */
	unsigned classes;	/* a bit for each that overlapped here; all of
				 * them for what cannot be read */
};

struct scan;	/* what is looked for, and room to look in: of all streams of a
		 * thread */

/* The values are copied. */
int scan_new(const struct scan_value *values, size_t n, struct scan **out,
    struct err *e) MUST_USE;
struct scan *scan_share(struct scan *s);	/* one more to free it */
void scan_free(struct scan *s);	/* NULL is fine; the last one does */
const char *scan_class_name(enum scan_class c);

#define SCAN_BACK_MAX 64	/* findings at a time */

bool scan_has_values(const struct scan *s);
/* What comes back: exact values alone, in the forms that they are looked for
 * in. Returns how many of the bytes are settled; the others may be a value's
 * beginning, and come again before what follows. Findings lie in what is
 * settled, each at its place in bytes. last: nothing follows. */
size_t scan_back(const struct scan *s, struct str bytes, bool last,
    void (*on_finding)(const struct scan_finding *f, void *arg), void *arg);

/* One body. Findings come in the order in which they begin, each once,
 * overlapping ones merged into the surer. */
struct scan_stream {
	struct scan *scan;
	void (*on_finding)(const struct scan_finding *f, void *arg);
	void *arg;
	unsigned char *p;	/* the window */
	size_t len, cap;
	size_t from;		/* where in it what is not settled begins */
	size_t fresh;		/* bytes at its end that were not looked at */
	uint64_t base;		/* the window's beginning, in the stream */
};

void scan_begin(struct scan_stream *t, struct scan *s,
    void (*on_finding)(const struct scan_finding *f, void *arg), void *arg);
/* Returns how many bytes of the stream are settled: all findings that begin
 * in them have been told. The rest, 32 KiB and a quarter at most, waits for
 * more. */
uint64_t scan_feed(struct scan_stream *t, struct str bytes);
/* No more comes: all is settled. */
void scan_end(struct scan_stream *t);
void scan_fini(struct scan_stream *t);	/* frees; zero state is fine */

#endif

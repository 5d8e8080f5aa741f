/* review.h -- code that was made in the sandbox, and a person's word on it.
 *
 *	made.c		which files those are
 *	content.c	what is in one: its SHA-256, and a copy that stays
 *	review.c	may it run? asks a person, holds the exec, knows answers
 *	reviewed.c	what was answered
 *	script.c	what the interpreter of a judged script reads is what
 *			was judged
 */
#ifndef BROKER_REVIEW_H
#define BROKER_REVIEW_H

#include "base/clock.h"
#include "broker/command.h"
#include "policy/sha256.h"

struct msg;
struct proposal_answer;

/* ---- made.c ---- */

/* Before the jail. */
int made_init(struct broker *b, struct err *e);
/* When the sandbox was created: what changed later was made in it. */
void made_since(struct wall created);
/* fd may be O_PATH; st is of it. */
bool made_is(const struct broker *b, int fd, const struct stat *st);
/* Cheaper: false if it is not. */
bool made_may_be(const struct stat *st);

/* ---- content.c ---- */

#define COPIES_MAX	 128
#define SCRIPT_BYTES_MAX (16U << 20)	/* of anything but a binary */

struct content {
	unsigned char hash[SHA256_BYTES];
	uint64_t size;
	bool binary;		/* ELF: the kernel keeps it from changing while
				 * it runs */
	size_t head_len;
	char head[2048];	/* its first bytes */
};

/* 0; HELD: it is being read, and the question held; or -errno: EFBIG, EAGAIN
 * (too many copies are in use). */
int content_read(struct broker *b, int held, struct content *out);
/* The sealed copy of what has this hash, borrowed, or -1. */
int content_copy(const unsigned char hash[SHA256_BYTES]);

/* ---- script.c ---- */

/* Process a (which is about to run it) reads p's scripts itself: from now on
 * it gets what was judged. 0 or -errno. */
int script_runs(const struct ask *a, const struct program *p);
/* It is about to execute something else. */
void script_leaves(const struct ask *a, const struct program *p);
/* The caller opens held for reading. 0: as any file; ANSWERED; or -errno. */
long script_open(const struct ask *a, int held, const struct stat *st,
    const char *asked, int flags);
/* May that be for the file that is open as fd? asked: as the caller names it;
 * path: its own. */
bool script_concerns(int fd, const char *asked, const char *path);
/* Must what stands there keep its name, since an interpreter is about to
 * resolve it? Then the question is held. 0, HELD or -errno. */
long script_keeps(const struct ask *a, const struct spot *s);
long script_wait(const struct ask *a);	/* the same of any question */
/* In a helper: did it open one for its caller? Then it is to be said where the
 * others are known. */
bool script_was_read(void);
void script_read_elsewhere(const struct ask *a);
int script_wait_ms(void);
void script_tick(const struct broker *b);
/* Is the copy with this hash kept for somebody? */
bool script_uses(const unsigned char hash[SHA256_BYTES]);

/* ---- reviewed.c ---- */

struct subject { /* "sha256:" and the digits */
	char text[8 + 2 * SHA256_BYTES];
};
struct subject subject_of(const unsigned char hash[SHA256_BYTES]);
bool subject_hash(struct str subject, unsigned char out[SHA256_BYTES]);

/* May the bytes with this hash run, by a person's word? */
bool review_knows(const unsigned char hash[SHA256_BYTES]);
void reviewed_put(const unsigned char hash[SHA256_BYTES], int64_t until);
void reviewed_remove(const unsigned char hash[SHA256_BYTES]);

/* ---- review.c ---- */

/* If that file of the program judged now was made in the sandbox and has been
 * read: its content; else NULL. */
const struct content *review_content(const struct ask *a, uint32_t file);
/* A person's answer; what waits is to be said again. */
void review_answer(struct broker *b, const struct proposal_answer *v);
void review_again(struct broker *b);
void review_limit(uint32_t seconds);	/* how long an exec is held */
int review_wait_ms(void);		/* -1: nothing is held */
void review_tick(struct broker *b);

/* ---- propose.c ---- */

/* The message for a proposal: heap, its length in *len; NULL: not possible. */
unsigned char *propose_message(const struct ask *a, const struct program *p,
    const struct program_file *file, const struct content *c,
    const char *reason, size_t *len);
void propose_say(struct broker *b, struct str message);
void propose_over(struct broker *b, const struct subject *s, bool late);

#endif

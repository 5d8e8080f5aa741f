/* bpf.h -- a seccomp filter from a table of system calls.
 *
 *	load arch;	another than ours	-> kill
 *	load number;	x32 (bit 30 on x86-64)	-> kill
 *	binary search over the table's numbers	-> its row's answer
 *	not in the table			-> otherwise
 *
 * A row answers at once or by looking at arguments. Numbers that follow one
 * another with the same plain answer become one range. seccomp can only see
 * registers: no row may depend on what a pointer points to. Comparisons are
 * of the low 32 bits, since every argument tested here is an int or an
 * unsigned int to the kernel, which ignores the rest: a filter that compares
 * 64 bits would let 1<<32 | bad pass. (A pointer can be tested for null.)
 * Pure, but for bpf_enter. */
#ifndef JAIL_BPF_H
#define JAIL_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define BPF_INS_MAX 4096	/* the kernel's BPF_MAXINSNS */

struct bpf {
	struct sock_filter ins[BPF_INS_MAX];
	size_t len;
	bool over;		/* sticky: did not fit */
	uint32_t yes;		/* the answer of the row whose look runs */
};

#define ANSWER_ALLOW	SECCOMP_RET_ALLOW
#define ANSWER_NOTIFY	SECCOMP_RET_USER_NOTIF	/* ask the broker */
#define ANSWER_KILL	SECCOMP_RET_KILL_PROCESS
#define ANSWER_ERRNO(n)	(SECCOMP_RET_ERRNO | ((n) & SECCOMP_RET_DATA))

struct call {
	uint32_t number;
	uint32_t answer;
	/* When set: emits tests of the arguments and must end in bpf_ret on
	 * every path; bpf_yes gives the row's answer. */
	void (*look)(struct bpf *b);
};

/* Sorts calls (by number; a number twice is our bug) and builds. false: it
 * does not fit. */
bool bpf_build(struct bpf *b, struct call *calls, size_t n,
    uint32_t otherwise);

/* For look functions. Each test looks at the argument loaded last. */
void bpf_load_arg(struct bpf *b, unsigned arg);		/* low 32 bits */
void bpf_load_arg_high(struct bpf *b, unsigned arg);	/* of a pointer */
void bpf_ret(struct bpf *b, uint32_t answer);
void bpf_yes(struct bpf *b);
void bpf_if_eq(struct bpf *b, uint32_t value, uint32_t answer);
void bpf_if_any(struct bpf *b, uint32_t mask, uint32_t answer); /* x & mask */
void bpf_if_none(struct bpf *b, uint32_t mask, uint32_t answer);
/* Goes on when the value is one of n (at most 200), else answers. */
void bpf_unless_in(struct bpf *b, const uint32_t *values, size_t n,
    uint32_t answer);
/* What is emitted up to bpf_end runs when the value is this one; it must end
 * in bpf_ret. Returns what bpf_end wants. */
size_t bpf_when_eq(struct bpf *b, uint32_t value);
void bpf_end(struct bpf *b, size_t block);
void bpf_and(struct bpf *b, uint32_t mask);	/* keep only these bits */

/* Answers that refuse become SECCOMP_RET_LOG, for sanitizer builds. */
void bpf_log_only(struct bpf *b);

/* Binds the calling thread and its children to come. */
int bpf_enter(const struct bpf *b, struct err *e);
/* The same for a filter with ANSWER_NOTIFY: returns the descriptor on which
 * its questions are read. A call that is being answered is interrupted only
 * by what kills its caller. */
int bpf_enter_asking(const struct bpf *b, struct err *e);

#endif

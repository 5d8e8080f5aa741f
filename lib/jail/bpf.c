#include "jail/bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"

#if defined(__x86_64__)
#define ARCH_OURS AUDIT_ARCH_X86_64
#define X32_BIT	  0x40000000U
#elif defined(__aarch64__)
#define ARCH_OURS AUDIT_ARCH_AARCH64
#else
#error "seccomp tables exist for x86-64 and aarch64"
#endif

#define RANGES_MAX 1024

struct range { /* numbers from first up to the next range's first */
	uint32_t first, answer;
	void (*look)(struct bpf *b);
};

static void
emit(struct bpf *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (b->len == BPF_INS_MAX) {
		b->over = true;
		return;
	}
	b->ins[b->len++] = (struct sock_filter){ code, jt, jf, k };
}

static void
load(struct bpf *b, size_t off)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)off);
}

void
bpf_load_arg(struct bpf *b, unsigned arg)
{
	must(arg < 6);	/* both architectures are little-endian */
	load(b, offsetof(struct seccomp_data, args) + 8 * (size_t)arg);
}

void
bpf_load_arg_high(struct bpf *b, unsigned arg)
{
	must(arg < 6);
	load(b, offsetof(struct seccomp_data, args) + 8 * (size_t)arg + 4);
}

void
bpf_ret(struct bpf *b, uint32_t answer)
{
	emit(b, BPF_RET | BPF_K, 0, 0, answer);
}

void
bpf_yes(struct bpf *b)
{
	bpf_ret(b, b->yes);
}

void
bpf_if_eq(struct bpf *b, uint32_t value, uint32_t answer)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
	bpf_ret(b, answer);
}

void
bpf_if_any(struct bpf *b, uint32_t mask, uint32_t answer)
{
	emit(b, BPF_JMP | BPF_JSET | BPF_K, 0, 1, mask);
	bpf_ret(b, answer);
}

void
bpf_if_none(struct bpf *b, uint32_t mask, uint32_t answer)
{
	emit(b, BPF_JMP | BPF_JSET | BPF_K, 1, 0, mask);
	bpf_ret(b, answer);
}

void
bpf_unless_in(struct bpf *b, const uint32_t *values, size_t n,
    uint32_t answer)
{
	must(n <= 200);	/* a conditional jump spans 255 */
	for (size_t i = 0; i < n; i++)
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(n - i), 0,
		    values[i]);
	bpf_ret(b, answer);
}

size_t
bpf_when_eq(struct bpf *b, uint32_t value)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, value);
	return b->len - 1;
}

void
bpf_end(struct bpf *b, size_t block)
{
	must(b->over || b->len - block - 1 <= 255);
	if (!b->over)
		b->ins[block].jf = (uint8_t)(b->len - block - 1);
}

void
bpf_and(struct bpf *b, uint32_t mask)
{
	emit(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
}

static int
by_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void
range_add(struct range *r, size_t *n, struct range v)
{
	must(*n < RANGES_MAX);
	if (*n > 0 && r[*n - 1].look == NULL && v.look == NULL &&
	    r[*n - 1].answer == v.answer)
		return;
	r[(*n)++] = v;
}

static size_t
ranges_of(struct range *r, const struct call *c, size_t ncalls,
    uint32_t otherwise)
{
	uint32_t next = 0;
	size_t n = 0;

	for (size_t i = 0; i < ncalls; i++) {
		must(c[i].number >= next);	/* not twice */
		if (c[i].number > next)
			range_add(r, &n, (struct range){ next, otherwise,
			    NULL });
		range_add(r, &n, (struct range){ c[i].number, c[i].answer,
		    c[i].look });
		next = c[i].number + 1;
	}
	range_add(r, &n, (struct range){ next, otherwise, NULL });
	return n;
}

/* Depth is log2(RANGES_MAX). The far half is reached by a long jump, since a
 * conditional one spans 255 instructions only. */
static void
search(struct bpf *b, const struct range *r, size_t n)
{
	size_t mid = n / 2, ja;

	if (n == 1) {
		b->yes = r->answer;
		if (r->look != NULL)
			r->look(b);
		else
			bpf_ret(b, r->answer);
		return;
	}
	emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, r[mid].first);
	ja = b->len;
	emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
	search(b, r, mid);
	if (!b->over)
		b->ins[ja].k = (uint32_t)(b->len - ja - 1);
	search(b, r + mid, n - mid);
}

bool
bpf_build(struct bpf *b, struct call *calls, size_t n, uint32_t otherwise)
{
	struct range ranges[RANGES_MAX];
	size_t count;

	b->len = 0;
	b->over = false;
	qsort(calls, n, sizeof(*calls), by_number);
	load(b, offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH_OURS);
	bpf_ret(b, ANSWER_KILL);
	load(b, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
	emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
	bpf_ret(b, ANSWER_KILL);
#endif
	count = ranges_of(ranges, calls, n, otherwise);
	search(b, ranges, count);
	return !b->over;
}

void
bpf_log_only(struct bpf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->ins[i].code == (BPF_RET | BPF_K) &&
		    b->ins[i].k != ANSWER_ALLOW &&
		    b->ins[i].k != ANSWER_NOTIFY)
			b->ins[i].k = SECCOMP_RET_LOG;
}

static int
enter(const struct bpf *b, unsigned long flags)
{
	struct sock_filter *ins = (struct sock_filter *)(uintptr_t)b->ins;
	struct sock_fprog p = { .len = (unsigned short)b->len,
		.filter = ins };

	must(!b->over && b->len > 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

int
bpf_enter(const struct bpf *b, struct err *e)
{
	if (enter(b, 0) != 0)
		return err_sys(e, "install the seccomp filter");
	return 0;
}

#define WAIT_KILLABLE 32 /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */

int
bpf_enter_asking(const struct bpf *b, struct err *e)
{
	int fd = enter(b, SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE);

	if (fd == -1 && errno == EINVAL)
		return err_set(e, ERR_DENIED, "this policy judges every open, "
		    "for which the kernel is too old: it needs Linux 5.19 or "
		    "newer");
	if (fd == -1)
		return err_sys(e, "install the seccomp filter");
	return fd;
}

/* t_gate_model.c -- the gate's protocol: every interleaving of it.
 *
 * Two askers, the kernel, the broker and an adversary, in steps so small that
 * another's can come between any two. The adversary rewrites the memory in
 * which a call's path and arguments are, moves the names of files, kills
 * askers, whose numbers go to others, and kills the broker. What must hold:
 *
 *	nothing runs, is opened or changed but an object that was judged, for
 *	the process that asked;
 *	nobody waits for ever, and nobody stays traced.
 *
 * The steps are those of src/broker (calls.c: take, read, still waiting, walk,
 * judge; open.c: hand over; names.c: do; stop.c: seize, let go, compare) and of
 * Linux (kernel/seccomp.c, fs/exec.c, kernel/ptrace.c). Each of the ways in which
 * such a gate has been built wrong is tried, too: the search must find what
 * it lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ASKERS = 2 };
enum object { GOOD, EVIL };	/* and the names of the two */
enum op { OPEN, CHANGE, EXEC };

enum pc { /* of an asker */
	RUNS,
	ASKED,		/* its question is in the kernel */
	TAKEN,		/* the broker has it */
	GOES_ON,	/* the kernel does the call itself */
	LOADED,		/* stopped: a new program, not begun */
	FAILED,		/* stopped: execve is about to return an error */
	GONE,
};

enum step { /* of the broker: what it does next */
	TAKE, READ, STILL, WALK, JUDGE, REFUSE, GIVE, DO, SEIZE, SEIZED, LET_GO
};

struct asker {
	enum pc pc;
	enum op op;
	unsigned life;		/* whose the number is */
	unsigned left;		/* questions that it may still ask */
	enum object memory;	/* the name in it */
	enum object loaded;
	bool seized;
};

struct state {
	struct asker t[ASKERS];
	enum object name;	/* what the good name leads to */
	enum step step;
	unsigned who, life;	/* the question in hand */
	unsigned from;		/* whose memory was read */
	enum object read, held;
	bool dead;		/* the broker */
};

/* How a gate can be wrong. */
enum wrong {
	RIGHT,
	OPENS_GO_ON,		/* the kernel reads the path again */
	OPENS_NAMES,		/* what was judged is found again by name */
	NOT_STILL,		/* nobody asks whether the caller waits yet */
	NOT_COMPARED,		/* a new program runs unseen */
	SEIZED_LATE,		/* traced after it was let go */
	STRANGERS_KEPT,		/* who got the number meanwhile stays traced */
	FAILURES_KEPT,		/* a failed exec leaves its caller traced */
	TRACER_DIES,		/* without PTRACE_O_EXITKILL */
};

/* ---- a state as a number ---- */

struct packer {
	uint64_t v;
	unsigned at;
	bool put;
};

static unsigned
field(struct packer *p, unsigned value, unsigned bits)
{
	const uint64_t mask = (1u << bits) - 1;
	unsigned out = value;

	if (p->put)
		p->v |= ((uint64_t)value & mask) << p->at;
	else
		out = (unsigned)(p->v >> p->at & mask);
	p->at += bits;
	return out;
}

static void
fields(struct packer *p, struct state *s)
{
	for (int i = 0; i < ASKERS; i++) {
		struct asker *t = &s->t[i];

		t->pc = field(p, t->pc, 3);
		t->op = field(p, t->op, 2);
		t->life = field(p, t->life, 1);
		t->left = field(p, t->left, 2);
		t->memory = field(p, t->memory, 1);
		t->loaded = field(p, t->loaded, 1);
		t->seized = field(p, t->seized, 1);
	}
	s->name = field(p, s->name, 1);
	s->step = field(p, s->step, 4);
	s->who = field(p, s->who, 1);
	s->life = field(p, s->life, 1);
	s->from = field(p, s->from, 1);
	s->read = field(p, s->read, 1);
	s->held = field(p, s->held, 1);
	s->dead = field(p, s->dead, 1);
}

/* ---- the search ---- */

struct node {
	uint64_t key;		/* of the state, plus one; 0: free */
	unsigned char seen;	/* by settles(): 1 on the way, 2 done */
};

static struct search {
	enum wrong wrong;
	struct node *nodes;
	size_t cap, n;
	uint64_t *queue;
	size_t head, tail;
	const char *broken;	/* the sentence that does not hold */
} find;

static struct node *
node_of(uint64_t key)
{
	size_t at = (key * 0x9e3779b97f4a7c15u >> 20) & (find.cap - 1);

	while (find.nodes[at].key != 0 && find.nodes[at].key != key + 1)
		at = (at + 1) & (find.cap - 1);
	return &find.nodes[at];
}

static uint64_t
key_of(struct state s)
{
	struct packer p = { .put = true };

	fields(&p, &s);
	return p.v;
}

static struct state
state_of(uint64_t key)
{
	struct packer p = { .v = key };
	struct state s;

	memset(&s, 0, sizeof(s));
	fields(&p, &s);
	return s;
}

static void
reach(struct state s)
{
	uint64_t key = key_of(s);
	struct node *at = node_of(key);

	if (at->key != 0)
		return;
	at->key = key + 1;
	assert_true(++find.n < find.cap / 2);
	find.queue[find.tail++] = key;
}

static void
holds(bool it, const char *sentence)
{
	if (!it && find.broken == NULL)
		find.broken = sentence;
}

#define ONLY_JUDGED "only what was judged good is used"
#define ONLY_ASKERS "what is done was asked by who is answered"

/* ---- what each can do: calls next with each state that may follow ---- */

typedef void next_fn(struct state s);

static enum object
leads_to(const struct state *s, enum object name)
{
	return name == GOOD ? s->name : EVIL;
}

static void
ends(struct asker *t)
{
	t->pc = GONE;
	t->seized = false;
}

static void
adversary(struct state s, next_fn *next)
{
	struct state n = s;

	n.name = s.name == GOOD ? EVIL : GOOD;
	next(n);
	n = s;
	n.dead = true;
	next(n);
	for (int i = 0; i < ASKERS; i++) {
		const struct asker *t = &s.t[i];

		n = s;
		n.t[i].memory = t->memory == GOOD ? EVIL : GOOD;
		next(n);
		n = s;
		ends(&n.t[i]);
		next(n);
		if (t->pc == GONE && t->life == 0 && !s.dead) {
			n.t[i] = (struct asker){ .life = 1, .left = 1,
				.memory = t->memory };
			next(n);
		}
		for (enum op op = OPEN; op <= EXEC; op++) {
			if (t->pc != RUNS || t->left == 0)
				continue;
			n = s;
			n.t[i].pc = ASKED;
			n.t[i].left--;
			n.t[i].op = op;
			next(n);
		}
	}
}

/* A new program's first instruction. */
static void
begins(struct asker *t)
{
	t->pc = RUNS;
	t->seized = false;
	holds(t->loaded == GOOD, ONLY_JUDGED);
}

/* The call of an asker that was let go on. */
static void
kernel_call(struct state s, int i, next_fn *next)
{
	struct state n = s;
	struct asker *t = &n.t[i];

	t->loaded = leads_to(&s, t->memory);
	if (t->op != EXEC) {
		t->pc = RUNS;
		holds(t->loaded == GOOD, ONLY_JUDGED);
	} else if (t->seized) {
		t->pc = LOADED;
	} else {
		begins(t);
	}
	next(n);
	n = s; /* or it fails: memory, a limit, a damaged file */
	t->pc = t->seized && find.wrong != FAILURES_KEPT ? FAILED : RUNS;
	next(n);
}

static void
kernel(struct state s, next_fn *next)
{
	for (int i = 0; i < ASKERS; i++) {
		struct state n = s;
		struct asker *t = &n.t[i];

		if (t->pc == GOES_ON)
			kernel_call(s, i, next);
		if (!s.dead || t->pc == GONE)
			continue;
		/* the broker was the first process of the namespace */
		if (find.wrong == TRACER_DIES && t->pc == LOADED) {
			begins(t);
			next(n);
			n = s;
		}
		ends(t);
		next(n);
	}
}

static bool
waits(const struct state *s)
{
	const struct asker *t = &s->t[s->who];

	return t->pc == TAKEN && t->life == s->life;
}

/* What the broker looks for when no question is in hand. */
static void
broker_idle(struct state s, next_fn *next)
{
	for (unsigned i = 0; i < ASKERS; i++) {
		struct state n = s;
		struct asker *t = &n.t[i];

		if (t->pc == ASKED) {
			t->pc = TAKEN;
			n.who = i;
			n.life = t->life;
			n.step = READ;
		} else if (t->pc == LOADED && t->loaded == GOOD) {
			begins(t);
		} else if (t->pc == LOADED) {
			ends(t);
		} else if (t->pc == FAILED) {
			t->pc = RUNS;
			t->seized = false;
		} else {
			continue;
		}
		next(n);
	}
}

static enum step
judged(const struct state *s)
{
	if (s->held == EVIL)
		return REFUSE;
	switch (s->t[s->who].op) {
	case OPEN:
		return find.wrong == OPENS_GO_ON ? LET_GO : GIVE;
	case CHANGE:
		return DO;
	case EXEC:
		break;
	}
	return find.wrong == NOT_COMPARED || find.wrong == SEIZED_LATE ?
	    LET_GO : SEIZE;
}

static void
answer(struct state *s)
{
	if (waits(s))
		s->t[s->who].pc = RUNS;
	s->step = TAKE;
}

static void
give(struct state *s)
{
	if (waits(s))
		holds((find.wrong == OPENS_NAMES ? leads_to(s, s->read) :
						   s->held) == GOOD,
		    ONLY_JUDGED);
	answer(s);
}

/* The caller may have been killed since: done all the same, as a kernel
 * does what a dying process asked. */
static void
act(struct state *s)
{
	holds(s->held == GOOD, ONLY_JUDGED);
	holds(s->from == s->life, ONLY_ASKERS);
	answer(s);
}

/* By number: whoever has it. */
static void
seize(struct state *s)
{
	struct asker *t = &s->t[s->who];

	if (t->pc != GONE)
		t->seized = true;
	s->step = find.wrong == SEIZED_LATE ? TAKE : SEIZED;
}

static void
seized(struct state *s)
{
	struct asker *t = &s->t[s->who];

	s->step = LET_GO;
	if (waits(s))
		return;
	s->step = TAKE;
	if (find.wrong != STRANGERS_KEPT)
		t->seized = false;
}

static void
let_go(struct state *s)
{
	struct asker *t = &s->t[s->who];

	s->step = TAKE;
	if (!waits(s))
		return;
	t->pc = GOES_ON;
	if (find.wrong == SEIZED_LATE)
		s->step = SEIZE;
}

static void
broker(struct state s, next_fn *next)
{
	const struct asker *t = &s.t[s.who];

	if (s.dead)
		return;
	switch (s.step) {
	case TAKE:
		broker_idle(s, next);
		return;
	case READ:
		s.step = t->pc == GONE ? TAKE : STILL;
		s.read = t->memory;
		s.from = t->life;
		break;
	case STILL:
		s.step = find.wrong == NOT_STILL || waits(&s) ? WALK : TAKE;
		break;
	case WALK:
		s.held = leads_to(&s, s.read);
		s.step = JUDGE;
		break;
	case JUDGE:
		s.step = judged(&s);
		break;
	case REFUSE:
		answer(&s);
		break;
	case GIVE:
		give(&s);
		break;
	case DO:
		act(&s);
		break;
	case SEIZE:
		seize(&s);
		break;
	case SEIZED:
		seized(&s);
		break;
	case LET_GO:
		let_go(&s);
		break;
	}
	next(s);
}

/* ---- does everybody come to rest, if the adversary does nothing more? ---- */

static void settles(struct state s);
static bool moved;

static void
settles_too(struct state s)
{
	moved = true;
	settles(s);
}

static void
rests(const struct state *s)
{
	for (int i = 0; i < ASKERS; i++) {
		const struct asker *t = &s->t[i];

		holds(t->pc == RUNS || t->pc == GONE, "nobody waits for ever");
		holds(!t->seized, "nobody stays traced");
	}
}

/* As deep as the askers' steps are many. */
static void
settles(struct state s)
{
	struct node *at = node_of(key_of(s));

	if (find.broken != NULL || at->seen == 2)
		return;
	holds(at->seen == 0, "nothing goes on for ever");
	if (find.broken != NULL)
		return;
	at->seen = 1;
	moved = false;
	kernel(s, settles_too);
	broker(s, settles_too);
	if (!moved)
		rests(&s);
	moved = true;
	at->seen = 2;
}

/* The sentence that does not hold of such a gate, or NULL. */
static const char *
search(enum wrong wrong)
{
	find = (struct search){ .wrong = wrong, .cap = (size_t)1 << 23 };
	find.nodes = calloc(find.cap, sizeof(*find.nodes));
	find.queue = calloc(find.cap / 2, sizeof(*find.queue));
	assert_true(find.nodes != NULL && find.queue != NULL);
	reach((struct state){ .t = { { .left = 2 }, { .left = 1 } } });
	while (find.head < find.tail && find.broken == NULL) {
		struct state s = state_of(find.queue[find.head++]);

		adversary(s, reach);
		kernel(s, reach);
		broker(s, reach);
	}
	for (size_t i = 0; i < find.tail && find.broken == NULL; i++)
		settles(state_of(find.queue[i]));
	free(find.nodes);
	free(find.queue);
	return find.broken;
}

static void
nothing_undecided_passes_and_nobody_waits_for_ever(void **unused)
{
	const char *broken = search(RIGHT);

	(void)unused;
	if (broken != NULL)
		fail_msg("not so: %s", broken);
	print_message("%zu states\n", find.n);
	assert_true(find.n > 10000);
}

static void
each_way_to_build_it_wrong_is_found(void **unused)
{
	static const struct {
		enum wrong wrong;
		const char *broken;
	} ways[] = {
		{ OPENS_GO_ON, ONLY_JUDGED },
		{ OPENS_NAMES, ONLY_JUDGED },
		{ NOT_STILL, ONLY_ASKERS },
		{ NOT_COMPARED, ONLY_JUDGED },
		{ SEIZED_LATE, ONLY_JUDGED },
		{ STRANGERS_KEPT, "nobody stays traced" },
		{ FAILURES_KEPT, "nobody stays traced" },
		{ TRACER_DIES, ONLY_JUDGED },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const char *broken = search(ways[i].wrong);

		assert_non_null(broken);
		assert_string_equal(broken, ways[i].broken);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_undecided_passes_and_nobody_waits_for_ever),
		cmocka_unit_test(each_way_to_build_it_wrong_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

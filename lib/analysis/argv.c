/* argv.c -- the names that programs may be asked for by, one for each set of
 * commands that they lead to. */
#include "analysis/argv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/must.h"

enum {
	OPTIONS_MAX = 24,
	RULE_SHOWN_MAX = 160,
	ROUNDS_MAX = 32,
	WORK_MAX = 1 << 27,	/* steps, of all programs */
	KINDS_WORK = 256,	/* that finding out what there is costs */
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* ---- the images */

static void
player_add(struct argv_units *u, const struct image *im)
{
	u->players[u->nplayers++] = (struct argv_player){ .im = im };
}

static void
players_take(const struct argv_space *s, struct argv_units *u)
{
	for (uint32_t i = 0; i < 2; i++) {
		const struct image *im = s->side[i]->image;

		u->begins[i] = u->nplayers;
		u->profiles[i] = book_numbers(s->side[i]);
		if (im->max != NULL) {
			player_add(u, im->own);
			player_add(u, im->max);
		} else
			player_add(u, im);
	}
	u->begins[2] = u->nplayers;
}

/* ---- what a name leads to */

static bool
unit_add(struct argv_units *u, uint32_t player, const struct f_command *c,
    bool deny)
{
	struct argv_unit *x;

	for (uint32_t i = 0; i < u->n; i++)
		if (u->v[i].player == player && u->v[i].c == c) {
			u->v[i].denies |= deny;
			return true;
		}
	if (u->n == ARGV_UNITS_MAX)
		return false;
	x = &u->v[u->n++];
	*x = (struct argv_unit){ .im = u->players[player].im, .c = c,
		.player = player, .grants = !deny, .denies = deny,
		.plain = u->plain && player >= u->begins[1] };
	return true;
}

struct naming { /* one name, as a question */
	struct exec_form form;
	struct exec_query q;
	struct str argv[2];
};

static struct exec_scan
scan_of(struct naming *n, const struct image *im, struct str name)
{
	n->argv[0] = name;
	n->argv[1] = STR("x");
	n->form = (struct exec_form){ .name = name, .argv = n->argv,
		.argc = 2 };
	if (name.p[0] == '/')
		n->form.file = name;
	n->q = (struct exec_query){ .forms = &n->form, .nforms = 1,
		.paper = true };
	return (struct exec_scan){ .im = im, .q = &n->q, .form = &n->form,
		.name = name };
}

/* false: more commands than an exec may be of. */
static bool
units_of(struct argv_units *u, struct str name)
{
	struct naming n;
	struct exec_found found;
	bool ok = true;

	u->n = 0;
	for (uint32_t p = 0; p < u->nplayers; p++) {
		struct exec_scan s = scan_of(&n, u->players[p].im, name);

		exec_find_grants(&s, &found);
		for (uint32_t i = 0; i < found.n; i++)
			ok &= unit_add(u, p, found.v[i], false);
		ok &= !found.full;
		exec_find_denies(&s, &found);
		for (uint32_t i = 0; i < found.n; i++)
			ok &= unit_add(u, p, found.v[i], true);
		ok &= !found.full;
	}
	return ok;
}

static bool
is_manifold(const struct argv_units *u, struct str name)
{
	struct exec_scan inner, s;
	struct naming n;

	s = scan_of(&n, u->players[0].im, name);
	return exec_inner(&s, &inner);
}

/* ---- what both sides have */

static uint32_t
side_of(const struct argv_units *u, const struct argv_unit *x)
{
	return x->player >= u->begins[1];
}

/* By how they are written. Where words are quoted there is more than one way
 * to read that, and what is too long is not there as a whole. */
static bool
is_alike(const struct argv_unit *x, uint32_t i, const struct argv_unit *y,
    uint32_t k)
{
	const struct f_crule *a = &x->im->crules[i];
	const struct f_crule *b = &y->im->crules[k];
	struct str s = form_text(x->im, a->text);

	return a->flags == b->flags && str_eq(s, form_text(y->im, b->text)) &&
	    s.len < RULE_SHOWN_MAX - 1 && str_index(s, '\'') == s.len &&
	    str_index(s, '"') == s.len && a->when == 0 && b->when == 0 &&
	    str_eq(form_text(x->im, a->profile), form_text(y->im,
	    b->profile)) && str_eq(form_text(x->im, x->c->name),
	    form_text(y->im, y->c->name));
}

static bool
other_side_has(const struct argv_units *u, const struct argv_unit *x,
    uint32_t i)
{
	for (uint32_t k = 0; k < u->n; k++) {
		const struct argv_unit *y = &u->v[k];

		if (side_of(u, x) == side_of(u, y) || !y->denies ||
		    u->begins[2] > 2)
			continue;
		for (uint32_t r = 0; r < y->c->denies.n; r++)
			if (is_alike(x, x->c->denies.first + i, y,
				y->c->denies.first + r))
				return true;
	}
	return false;
}

static bool
rules_alike(const struct argv_unit *x, struct f_span a,
    const struct argv_unit *y, struct f_span b)
{
	if (a.n != b.n)
		return false;
	for (uint32_t i = 0; i < a.n; i++)
		if (!is_alike(x, a.first + i, y, b.first + i))
			return false;
	return true;
}

/* Most programs' rules are the same on both sides, in the same order. */
static bool
sides_alike(const struct argv_units *u)
{
	const struct image *a = u->players[0].im, *b = u->players[1].im;
	uint32_t half = u->n / 2;

	if (u->begins[2] != 2 || u->n % 2 != 0 || a->info.mode !=
	    b->info.mode || (a->ncommands > 0) != (b->ncommands > 0) ||
	    (a->ncommands > 0 && a->commands->fallback !=
	    b->commands->fallback))
		return false;
	for (uint32_t i = 0; i < half; i++) {
		const struct argv_unit *x = &u->v[i], *y = &u->v[half + i];

		if (x->player == y->player || x->grants != y->grants ||
		    x->denies != y->denies ||
		    !rules_alike(x, x->c->bare, y, y->c->bare) ||
		    !rules_alike(x, x->c->grants, y, y->c->grants) ||
		    !rules_alike(x, x->c->denies, y, y->c->denies))
			return false;
	}
	return true;
}

/* ---- one program */

static bool
has_condition(const struct argv_unit *x, struct f_span rules)
{
	for (uint32_t i = 0; i < rules.n; i++)
		if (x->im->crules[rules.first + i].when != 0)
			return true;
	return false;
}

static void
unit_place(struct argv_units *u, struct argv_unit *x)
{
	uint32_t words = x->denies ? argv_words(x) : 0;

	x->labels_at = u->effect;
	x->words_at = x->labels_at + (x->grants ? x->c->readers.n : 0);
	x->old_at = x->words_at + words;
	u->effect = x->old_at + ((x->c->flags & COMMAND_OLD_STYLE) != 0 ?
	    words : 0);
	u->old |= x->denies && (x->c->flags & COMMAND_OLD_STYLE) != 0;
	u->conditions |= x->grants && (has_condition(x, x->c->bare) ||
	    has_condition(x, x->c->grants));
}

/* false: some deny has more options than are counted. */
static bool
units_place(struct argv_units *u, struct arena *a)
{
	u->effect = 1;	/* never none at all */
	u->old = u->conditions = u->granted = false;
	for (uint32_t p = 0; p < u->nplayers; p++)
		u->players[p].bare = u->players[p].im->ncommands > 0 &&
		    u->players[p].im->commands->fallback == 1;
	for (uint32_t i = 0; i < u->n; i++) {
		struct argv_unit *x = &u->v[i];

		unit_place(u, x);
		x->skip = need(arena_alloc(a, (size_t)x->c->denies.n + 1,
		    sizeof(*x->skip)));
		x->active = need(arena_alloc(a, (size_t)x->c->denies.n + 1,
		    sizeof(*x->active)));
		for (uint32_t r = 0; r < x->c->denies.n; r++)
			if (x->im->crules[x->c->denies.first + r].options >
			    OPTIONS_MAX)
				return false;
		for (uint32_t r = 0; x->grants && r < x->c->bare.n; r++)
			u->players[x->player].bare |= (x->im->crules[
			    x->c->bare.first + r].flags & CRULE_DENY) == 0;
	}
	return true;
}

static void
skip_all(struct argv_units *u, bool skip)
{
	for (uint32_t i = 0; i < u->n; i++)
		for (uint32_t r = 0; u->v[i].denies &&
		    r < u->v[i].c->denies.n; r++)
			u->v[i].skip[r] = skip;
}

static bool
is_spent(const struct argv_space *s)
{
	return s->work > (s->most != 0 ? s->most : WORK_MAX);
}

/* Until no more denies turn out to matter. false: too large. */
static bool
run_piece(struct argv_space *s, struct argv_units *u, struct argv_kinds *k,
    struct str name)
{
	enum argv_run run = ARGV_AGAIN;

	for (unsigned i = 0; i < ROUNDS_MAX && run == ARGV_AGAIN &&
	    !is_spent(s); i++)
		run = argv_machine(s, u, k, name);
	return run == ARGV_DONE;
}

/* What grants make, and each deny that the other side does not have. */
static bool
run_pieces(struct argv_space *s, struct argv_units *u, struct argv_kinds *k,
    struct str name)
{
	bool ok;

	skip_all(u, true);
	ok = run_piece(s, u, k, name);
	for (uint32_t i = 0; i < u->n; i++)
		for (uint32_t r = 0; ok && u->v[i].denies &&
		    r < u->v[i].c->denies.n; r++) {
			if (other_side_has(u, &u->v[i], r))
				continue;
			skip_all(u, true);
			u->v[i].skip[r] = false;
			ok = run_piece(s, u, k, name);
		}
	return ok;
}

/* Once more with all that conditions may grant. */
static bool
run_all(struct argv_space *s, struct argv_units *u, struct argv_kinds *k,
    struct str name)
{
	for (unsigned world = 0; world < 1U + u->conditions; world++) {
		u->granted = world == 1;
		skip_all(u, false);
		if (argv_machine(s, u, k, name) == ARGV_TOO_MUCH &&
		    !run_pieces(s, u, k, name))
			return false;
	}
	return true;
}

static void
program(struct argv_space *s, struct argv_units *u, struct str name,
    struct arena *a)
{
	struct argv_kinds k = { .cwd = STR("") };
	bool ok;

	u->unsure = 0;
	if (sides_alike(u))
		return;
	ok = !is_spent(s) && units_place(u, a) &&
	    argv_kinds_make(u, &k) == 0 && run_all(s, u, &k, name);
	s->work += KINDS_WORK + k.effects.n;
	argv_kinds_fini(&k);
	if (!ok)
		u->unsure |= ARGV_BIT(ARGV_LARGE);
	for (unsigned why = 0; why <= ARGV_HIDDEN; why++)
		if ((u->unsure & ARGV_BIT(why)) != 0)
			s->unsure(s->arg, name, (enum argv_unsure)why);
}

static bool
player_may_run(const struct argv_units *u, uint32_t p)
{
	const struct image *im = u->players[p].im;
	bool may = im->ncommands == 0 || im->commands->fallback == 1;

	for (uint32_t i = 0; i < u->n; i++) {
		if (u->v[i].player != p)
			continue;
		if (argv_is_denied(&u->v[i]))
			return false;
		may |= u->v[i].grants;
	}
	return may;
}

static void
say_manifold(struct argv_space *s, const struct argv_units *u,
    struct str name)
{
	s->may_run[0] = s->may_run[1] = true;
	for (uint32_t p = 0; p < u->nplayers; p++)
		s->may_run[p >= u->begins[1]] &= player_may_run(u, p);
	if (s->may_run[0] || s->may_run[1])
		s->unsure(s->arg, name, ARGV_MANIFOLD);
}

/* ---- all names */

struct names {
	struct argv_space *s;
	struct argv_units u;
	struct arena arena;
	struct vectors seen;	/* which commands of which image, for what */
	uint32_t *row;
};

static void
name_try(struct names *n, struct str name)
{
	uint32_t was = n->seen.n, width = n->seen.width;
	struct arena a = { 0 };

	if (!units_of(&n->u, name)) {
		n->s->unsure(n->s->arg, name, ARGV_LARGE);
		return;
	}
	memset(n->row, 0, width * sizeof(*n->row));
	n->row[0] = is_manifold(&n->u, name);
	for (uint32_t i = 0; i < n->u.n; i++) {
		const struct argv_unit *x = &n->u.v[i];

		n->row[1 + i] = 1 + ((uint32_t)(x->c - x->im->cnames) << 4 |
		    x->player << 2 | (uint32_t)x->denies << 1 | x->grants);
	}
	if (vectors_add(&n->seen, n->row) != was)
		return;
	program(n->s, &n->u, name, &a);
	if (n->row[0] != 0)
		say_manifold(n->s, &n->u, name);
	arena_fini(&a);
}

/* A name as it stands, from where programs are, from elsewhere, and of
 * another kind of the same thing. */
static void
names_like(struct names *n, struct str name)
{
	static const char *const ways[] = { "%.*s", "/usr/bin/%.*s",
		"/usr/local/sbin/%.*s", "/usr/local/bin/%.*s",
		"/usr/sbin/%.*s", "/sbin/%.*s", "/bin/%.*s",
		"/else/where/%.*s", "%.*s.x", "/usr/bin/%.*s.x" };
	struct str base = str_base(name);

	name_try(n, name);
	for (size_t i = 0; i < NELEM(ways); i++) {
		char *z = arena_printf(&n->arena, ways[i], (int)base.len,
		    base.p);

		must(z != NULL);
		name_try(n, str_c(z));
	}
}

static void
names_of(struct names *n, const struct image *im)
{
	for (uint32_t i = 0; i < im->ncnames; i++)
		names_like(n, form_text(im, im->cnames[i].name));
}

void
argv_walk(struct argv_space *s)
{
	static const char *const others[] = { "any-other",
		"/else/where/any-other", "busybox", "toybox", "ld.so" };
	struct names n = { .s = s, .u = { .plain = s->plain } };

	players_take(s, &n.u);
	vectors_init(&n.seen, 1 + ARGV_UNITS_MAX);
	n.row = mem_alloc(n.seen.width, sizeof(*n.row));
	for (uint32_t p = 0; p < n.u.nplayers; p++)
		names_of(&n, n.u.players[p].im);
	for (size_t i = 0; i < NELEM(others); i++)
		name_try(&n, str_c(others[i]));
	vectors_fini(&n.seen);
	free(n.row);
	arena_fini(&n.arena);
}

/* exec_find.c -- which commands of an image are meant. */
#include <stdio.h>

#include "base/compat.h"
#include "policy/exec_scan.h"

/* Where a sandbox's PATH leads, on paper; its own home is not among them,
 * since what is there is the agent's. */
static const char *const places[] = { "/usr/local/sbin", "/usr/local/bin",
	"/usr/sbin", "/usr/bin", "/sbin", "/bin" };

/* They do what their first argument says. */
static const struct str manifold[] = { STR("busybox"), STR("toybox"),
	STR("coreutils") };

static const struct f_command *
lookup(const struct image *im, struct str name, uint32_t hash)
{
	uint32_t at = form_slot(hash, im->ncslots), i;

	while ((i = im->cslots[at]) != 0) {
		const struct f_command *c = &im->cnames[i - 1];

		if (c->hash == hash && str_eq(form_text(im, c->name), name))
			return c;
		at = (at + 1) & (im->ncslots - 1);
	}
	return NULL;
}

static void
found_add(struct exec_found *out, const struct f_command *c, uint32_t want)
{
	if (c == NULL || (c->flags & want) == 0)
		return;
	for (uint32_t i = 0; i < out->n; i++)
		if (out->v[i] == c)
			return;
	if (out->n == EXEC_FOUND_MAX)
		out->full = true;
	else
		out->v[out->n++] = c;
}

static void
find_text(const struct image *im, struct str name, uint32_t want,
    struct exec_found *out)
{
	uint32_t h = FORM_HASH_START;

	for (size_t i = 0; i < name.len; i++)
		h = form_hash(h, name.p[i]);
	found_add(out, lookup(im, name, h), want);
}

/* A deny of mkfs is one of mkfs.ext4: what stands behind a dot says which
 * kind of the same thing it is. */
static void
find_kinds(const struct image *im, struct str name, struct exec_found *out)
{
	uint32_t h = FORM_HASH_START;

	for (size_t i = 0; i < name.len; i++) {
		if (i > 0 && name.p[i] == '.')
			found_add(out, lookup(im, str_head(name, i), h),
			    COMMAND_DENIED);
		h = form_hash(h, name.p[i]);
	}
	found_add(out, lookup(im, name, h), COMMAND_DENIED);
}

static void
find_numbers(const struct image *im, const uint32_t *v, uint32_t n,
    uint32_t want, struct exec_found *out)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i] < im->ncnames)
			found_add(out, &im->cnames[v[i]], want);
}

/* On paper a bare name is the file of that name in any of the places, and a
 * file there is what its name says. */
static void
find_paper(const struct exec_scan *s, struct str asked, uint32_t want,
    struct exec_found *out)
{
	struct str base = str_base(asked);
	bool placed = base.len == asked.len;

	if (!placed)
		find_text(s->im, asked, want, out);
	for (size_t i = 0; i < NELEM(places); i++) {
		char path[512];
		int n = snprintf(path, sizeof(path), "%s/%.*s", places[i],
		    (int)str_upto(base, 256).len, base.p);
		struct str file = str_of(path, (size_t)n);

		if (str_eq(asked, file))
			placed = true;
		if (base.len == asked.len)
			find_text(s->im, file, want, out);
	}
	if (placed)
		find_text(s->im, base, want, out);
}

void
exec_find_grants(const struct exec_scan *s, struct exec_found *out)
{
	out->n = 0;
	out->full = false;
	if (s->im->ncnames == 0)
		return;
	find_numbers(s->im, s->form->same, s->form->nsame, COMMAND_GRANTED,
	    out);
	if (s->q->paper)
		find_paper(s, s->form->file.len > 0 ? s->form->file : s->name,
		    COMMAND_GRANTED, out);
}

static void
find_named(const struct exec_scan *s, struct str path, struct exec_found *out)
{
	struct str base = str_base(path);

	find_kinds(s->im, base, out);
	if (base.len != path.len && s->im->commands->absolute != 0)
		find_text(s->im, path, COMMAND_DENIED, out);
}

void
exec_find_denies(const struct exec_scan *s, struct exec_found *out)
{
	struct str called;

	out->n = 0;
	out->full = false;
	if (s->im->ncnames == 0)
		return;
	find_named(s, s->name, out);
	if (s->first > 0)	/* busybox is not busybox's applet */
		return;
	find_named(s, s->form->file, out);
	called = s->form->argc > 0 ? s->form->argv[0] : s->name;
	if (str_has_prefix(called, STR("-")))
		called = str_from(called, 1); /* as a login shell, is told */
	if (!str_eq(called, s->name))
		find_named(s, called, out);
	find_numbers(s->im, s->form->same, s->form->nsame, COMMAND_DENIED,
	    out);
	find_numbers(s->im, s->form->copies, s->form->ncopies,
	    COMMAND_DENIED, out);
	if (s->q->paper)
		find_paper(s, s->name, COMMAND_DENIED, out);
}

/* Is it the loader? Run by hand it starts the program that it is given. */
bool
exec_is_loader(struct str base)
{
	return str_has_prefix(base, STR("ld-linux")) ||
	    str_has_prefix(base, STR("ld-musl-")) ||
	    str_eqz(base, "ld.so") || str_has_prefix(base, STR("ld64.so"));
}

/* "busybox.static" and "busybox-x86_64" are, too. */
static bool
is_manifold(struct str base)
{
	for (size_t i = 0; i < NELEM(manifold); i++)
		if (str_has_prefix(base, manifold[i]) &&
		    (base.len == manifold[i].len ||
			strchr(".-_", base.p[manifold[i].len]) != NULL))
			return true;
	return false;
}

/* The loader's own options, and whether a value follows. */
static bool
has_value(struct str option)
{
	static const char *const with[] = { "--library-path", "--preload",
		"--audit", "--argv0", "--inhibit-rpath",
		"--glibc-hwcaps-prepend", "--glibc-hwcaps-mask" };

	for (size_t i = 0; i < NELEM(with); i++)
		if (str_eqz(option, with[i]))
			return true;
	return false;
}

uint32_t
exec_loaded(const struct str *argv, uint32_t argc)
{
	uint32_t i = 1;

	while (i < argc && str_has_prefix(argv[i], STR("--")))
		i += has_value(argv[i]) ? 2 : 1;
	return i;
}

/* "coreutils --coreutils-prog=rm -r x" */
static struct str
program_of(struct str arg)
{
	static const struct str options[] = { STR("--coreutils-prog="),
		STR("--coreutils-prog-shebang=") };

	for (size_t i = 0; i < NELEM(options); i++)
		if (str_has_prefix(arg, options[i]))
			return str_from(arg, options[i].len);
	return arg;
}

bool
exec_inner(const struct exec_scan *s, struct exec_scan *inner)
{
	struct str base = str_base(s->name);
	struct str file = s->first == 0 ? str_base(s->form->file) :
	    STR("");
	uint32_t at = 0;

	if (is_manifold(base) || is_manifold(file))
		at = 1;
	else if (exec_is_loader(base) || exec_is_loader(file))
		at = exec_loaded(s->form->argv + s->first,
		    s->form->argc - s->first);
	if (at == 0 || at > exec_args(s))
		return false;
	*inner = *s;
	inner->first += at;
	inner->name = program_of(exec_arg(s, at));
	return true;
}

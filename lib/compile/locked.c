/* locked.c -- what a running sandbox cannot change: its files, its commands,
 * and the floor of its processes. */
#include <stdio.h>

#include "base/buf.h"
#include "base/must.h"
#include "compile/compile.h"
#include "compile/locked.h"
#include "policy/form.h"
#include "policy/resources.h"

#define CHANGES_BYTES_MAX 65536

void
changes_say(struct changes *c, const char *what, const char *was,
    const char *is)
{
	if (strcmp(was, is) != 0)
		c->ok = c->ok && buf_printf(c->out, "%s%s: %s -> %s\n",
		    c->section, what, was, is);
}

/* ---- the section's own values */

static const char *
system_name(const struct image *im)
{
	switch (im->info.system) {
	case POLICY_SYSTEM_READ_ONLY:
		return "read-only";
	case POLICY_SYSTEM_NONE:
		return "none";
	case POLICY_SYSTEM_LAYERED:
		return "layered";
	}
	return "?";
}

static const char *
default_name(const struct image *im)
{
	return (im->fpaths->flags & FPATHS_OPEN) != 0 ? "allow" : "deny";
}

static const char *
hide_name(const struct image *im)
{
	return (im->fpaths->flags & FPATHS_HIDE) != 0 ? "true" : "false";
}

/* ---- rules: those of one text are one */

struct rule {
	struct str text;
	bool deny, hide;
	unsigned access;
};

static bool
is_policys(const struct f_frule *r)
{
	return (r->flags & (FRULE_SYSTEM | FRULE_PROTECTED)) == 0;
}

static bool
rule_next(const struct image *im, uint32_t *i, struct rule *out)
{
	uint32_t n = 0;

	*out = (struct rule){ 0 };
	for (; *i < im->nfrules; ++*i, n++) {
		const struct f_frule *r = &im->frules[*i];
		struct str text = form_text(im, r->text);
		bool deny = (r->flags & FRULE_DENY) != 0;

		if (!is_policys(r) ||
		    (n > 0 && (deny != out->deny || !str_eq(text, out->text))))
			break;
		out->text = text;
		out->deny = deny;
		out->hide |= (r->flags & FRULE_HIDE) != 0;
		out->access |= r->access;
	}
	return n > 0;
}

static const char *
rule_name(const struct rule *r)
{
	static const char *const allows[] = { "nothing", "read", "write",
		"read, write" };
	static const char *const denies[] = { "nothing", "deny read",
		"deny write", "deny" };
	static const char *const hides[] = { "nothing", "deny read, hidden",
		"deny write, hidden", "deny, hidden" };

	return (!r->deny ? allows : r->hide ? hides : denies)[r->access & 3];
}

static int
compare(const struct rule *a, const struct rule *b)
{
	size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
	int c = (int)a->deny - (int)b->deny;

	if (c == 0)
		c = memcmp(a->text.p, b->text.p, n);
	if (c == 0 && a->text.len != b->text.len)
		c = a->text.len < b->text.len ? -1 : 1;
	return c;
}

static void
say_rule(struct changes *c, const struct rule *was, const struct rule *is)
{
	struct str text = was != NULL ? was->text : is->text;
	char what[1200];

	(void)snprintf(what, sizeof(what), " %.*s", (int)text.len, text.p);
	changes_say(c, what, was == NULL ? "nothing" : rule_name(was),
	    is == NULL ? "nothing" : rule_name(is));
}

/* Both lists are sorted, by the compiler: one walk finds all. */
static void
say_rules(struct changes *c)
{
	uint32_t i = 0, j = 0;
	struct rule x, y;
	bool more = rule_next(c->was, &i, &x), less = rule_next(c->is, &j,
	    &y);

	while (more || less) {
		int k = !more ? 1 : !less ? -1 : compare(&x, &y);

		say_rule(c, k <= 0 ? &x : NULL, k >= 0 ? &y : NULL);
		if (k <= 0)
			more = rule_next(c->was, &i, &x);
		if (k >= 0)
			less = rule_next(c->is, &j, &y);
	}
}

static void
say_files(struct changes *c)
{
	changes_say(c, ".system", system_name(c->was), system_name(c->is));
	changes_say(c, ".default_policy", default_name(c->was), default_name(c->is));
	changes_say(c, ".hide", hide_name(c->was), hide_name(c->is));
	say_rules(c);
}

/* Without a gate, the policy's allows lie within the maximum's: what else is
 * in it makes no difference to the files. */
static void
say_maximum(struct changes *c, const struct image *was,
    const struct image *is)
{
	c->section = "the maximum's file_access";
	if (!c->was->info.needs_file_gate && !c->is->info.needs_file_gate)
		return;
	if (was == NULL || is == NULL) {
		changes_say(c, "", was == NULL ? "none" : "one", is == NULL ? "none" :
		    "one");
		return;
	}
	c->was = was;
	c->is = is;
	say_files(c);
}

/* ---- profiles: processes are under them by their numbers */

static void
names_print(const struct image *im, char *out, size_t cap)
{
	size_t len = 0;

	(void)snprintf(out, cap, "none");
	for (uint32_t i = 0; i < image_profiles(im) && len < cap; i++) {
		struct str name = image_profile(im, i);

		len += (size_t)snprintf(out + len, cap - len, "%s%.*s",
		    i == 0 ? "" : ", ", (int)name.len, name.p);
	}
}

/* One that only one of both has, whole. */
static void
say_lone(struct changes *c, const struct image *im, bool was)
{
	struct rule r;
	uint32_t i = 0;

	changes_say(c, ".system", was ? system_name(im) : "nothing",
	    was ? "nothing" : system_name(im));
	changes_say(c, ".default_policy", was ? default_name(im) : "nothing",
	    was ? "nothing" : default_name(im));
	while (rule_next(im, &i, &r))
		say_rule(c, was ? &r : NULL, was ? NULL : &r);
}

static void
say_profile(struct changes *c, const struct image *old,
    const struct image *new_, struct str name)
{
	char section[PROFILE_BYTES_MAX + 32];
	int was = image_profile_find(old, name);
	int is = image_profile_find(new_, name);

	(void)snprintf(section, sizeof(section), "profiles.%.*s.file_access",
	    (int)name.len, name.p);
	c->section = section;
	c->was = was < 0 ? NULL : old->under[was];
	c->is = is < 0 ? NULL : new_->under[is];
	if (was < 0)
		say_lone(c, c->is, false);
	else if (is < 0)
		say_lone(c, c->was, true);
	else {
		say_files(c);
		(void)snprintf(section, sizeof(section),
		    "profiles.%.*s.commands", (int)name.len, name.p);
		changes_commands(c);
	}
}

static void
say_profiles(struct changes *c, const struct image *old,
    const struct image *new_)
{
	char was[(PROFILE_BYTES_MAX + 2) * PROFILES_MAX + 8];
	char is[sizeof(was)];

	names_print(old, was, sizeof(was));
	names_print(new_, is, sizeof(is));
	c->section = "profiles";
	changes_say(c, "", was, is);
	for (uint32_t i = 0; i < old->nprofiles; i++)
		say_profile(c, old, new_, image_profile(old, i));
	for (uint32_t i = 0; i < new_->nprofiles; i++)
		if (image_profile_find(old, image_profile(new_, i)) < 0)
			say_profile(c, old, new_, image_profile(new_, i));
}

static void
say_maximum_commands(struct changes *c, const struct image *was,
    const struct image *is)
{
	c->section = "the maximum's commands";
	if ((was != NULL && was->ncommands > 0) != (is != NULL &&
	    is->ncommands > 0)) {
		changes_say(c, "", was != NULL && was->ncommands > 0 ? "some" :
		    "none", is != NULL && is->ncommands > 0 ? "some" : "none");
		return;
	}
	if (was == NULL || is == NULL)
		return;
	c->was = was;
	c->is = is;
	changes_commands(c);
}

/* ---- the floor of processes */

static void
say_id(struct changes *c, const char *what, enum limit which)
{
	uint32_t was = image_limit(c->was, which);
	uint32_t is = image_limit(c->is, which);
	char a[16] = "sandbox", b[16] = "sandbox";

	if (was != 0)
		(void)snprintf(a, sizeof(a), "%u", was);
	if (is != 0)
		(void)snprintf(b, sizeof(b), "%u", is);
	changes_say(c, what, a, b);
}

static void
say_process(struct changes *c)
{
	static const char *const words[] = { [ISOLATION_FULL] = "full",
		[ISOLATION_FILES] = "files", [ISOLATION_NAMESPACES] =
		    "namespaces" };

	c->section = "process";
	say_id(c, ".run_as_user", LIMIT_USER);
	say_id(c, ".run_as_group", LIMIT_GROUP);
	changes_say(c, ".isolation.minimum", words[image_limit(c->was,
	    LIMIT_ISOLATION)], words[image_limit(c->is, LIMIT_ISOLATION)]);
}

char *
policy_locked_changes(const struct image *old, const struct image *new_)
{
	struct buf b;
	struct changes c = { &b, old, new_, "file_access", true };
	char *z;

	buf_init(&b, CHANGES_BYTES_MAX);
	say_files(&c);
	say_process(&c);
	c.section = "commands";
	changes_commands(&c);
	say_maximum(&c, old->max, new_->max);
	say_profiles(&c, old, new_);
	say_maximum_commands(&c, old->max, new_->max);
	if (b.len == 0 && c.ok) {
		buf_fini(&b);
		return NULL;
	}
	z = buf_take(&b, NULL);	/* too much to say: what fits is said */
	must(z != NULL);
	return z;
}

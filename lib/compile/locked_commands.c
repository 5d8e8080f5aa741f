/* locked_commands.c -- the commands of two images: each rule as a text, and
 * those that only one of them has. */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "compile/locked.h"
#include "policy/cond.h"
#include "policy/form.h"

static char *
rule_text(const struct image *im, const struct f_crule *r)
{
	struct str text = form_text(im, r->text);
	struct str profile = form_text(im, r->profile);
	struct str when = cond_text(im, r->when);
	const char *list = (r->flags & CRULE_DENY) != 0 ? "deny" :
	    (r->flags & CRULE_AUDIT) != 0 ? "audit" : "allow";
	char *z = mem_printf(" %s %.*s%s%.*s%s%.*s", list, (int)text.len,
	    text.p, when.len > 0 ? " when " : "", (int)when.len, when.p,
	    profile.len > 0 ? " profile " : "", (int)profile.len, profile.p);

	for (uint32_t i = 0; i < r->envs.n; i++) {
		const struct f_cenv *v = &im->cenvs[r->envs.first + i];
		struct str name = form_text(im, v->name);
		struct str value = form_text(im, v->value);
		char *more;

		if ((r->flags & CRULE_ENV_OWN) != 0)
			break;
		more = mem_printf("%s %s%.*s%s%.*s", z, v->pin != 0 ? "" :
		    "!", (int)name.len, name.p, v->pin != 0 ? "=" : "",
		    (int)value.len, value.p);
		free(z);
		z = more;
	}
	return z;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **
texts_of(const struct image *im)
{
	char **v = mem_alloc(im->ncrules + 1, sizeof(*v));

	for (uint32_t i = 0; i < im->ncrules; i++)
		v[i] = rule_text(im, &im->crules[i]);
	qsort(v, im->ncrules, sizeof(*v), by_text);
	return v;
}

static void
texts_free(char **v)
{
	for (char **p = v; *p != NULL; p++)
		free(*p);
	free(v);
}

static void
say_rules(struct changes *c)
{
	char **was = texts_of(c->was), **is = texts_of(c->is);
	char **x = was, **y = is;

	while (*x != NULL || *y != NULL) {
		int k = *x == NULL ? 1 : *y == NULL ? -1 : strcmp(*x, *y);

		if (k != 0)
			changes_say(c, k < 0 ? *x : *y, k < 0 ? "there" :
			    "none", k < 0 ? "none" : "there");
		x += k <= 0;
		y += k >= 0;
	}
	texts_free(was);
	texts_free(is);
}

static const char *
default_name(const struct image *im)
{
	return im->ncommands == 0 ? "no section" :
	    im->commands->fallback == 1 ? "allow" : "deny";
}

static const char *
made_name(const struct image *im)
{
	static const char *const names[] = { "deny", "ask", "audit",
		"allow" };

	return im->ncommands == 0 ? "no section" :
	    names[im->commands->made & 3];
}

void
changes_commands(struct changes *c)
{
	changes_say(c, ".default_policy", default_name(c->was),
	    default_name(c->is));
	changes_say(c, ".unreviewed_code", made_name(c->was),
	    made_name(c->is));
	say_rules(c);
}

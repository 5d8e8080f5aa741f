/* exec_env.c -- what a rule demands of a program's environment. */
#include "policy/exec_scan.h"

static bool
name_is(struct str pattern, struct str name)
{
	if (pattern.p[pattern.len - 1] == '*')
		return str_has_prefix(name, str_head(pattern,
		    pattern.len - 1));
	return str_eq(pattern, name);
}

/* A name may stand there twice, and programs differ in which they take. */
static bool
is_pinned(const struct exec_scan *s, const struct f_cenv *v)
{
	struct str want = form_text(s->im, v->name), name, value;
	bool there = false;

	for (uint32_t i = 0; i < s->q->nenv; i++) {
		if (!str_cut(s->q->env[i], '=', &name, &value) ||
		    !str_eq(want, name))
			continue;
		if (!str_eq(value, form_text(s->im, v->value)))
			return false;
		there = true;
	}
	return there;
}

static const struct f_cenv *
forbids(const struct exec_scan *s, const struct f_crule *r, struct str name)
{
	for (uint32_t i = r->pins; i < r->envs.n; i++) {
		const struct f_cenv *v = &s->im->cenvs[r->envs.first + i];

		if (name_is(form_text(s->im, v->name), name))
			return v;
	}
	return NULL;
}

static bool
is_given(const struct exec_scan *s, const struct f_crule *r, struct str env)
{
	if ((r->flags & CRULE_ENV_OWN) == 0)
		return false;
	for (uint32_t i = 0; i < s->q->ngiven; i++)
		if (str_eq(s->q->given[i], env))
			return true;
	return false;
}

const struct f_cenv *
exec_env_fault(const struct exec_scan *s, const struct f_crule *r)
{
	const struct f_cenv *v;
	struct str name, value;

	if (s->q->paper)
		return NULL;
	for (uint32_t i = 0; i < r->pins; i++) {
		v = &s->im->cenvs[r->envs.first + i];
		if (!is_pinned(s, v))
			return v;
	}
	/* Without a '=' no program sees it as a variable. */
	for (uint32_t i = 0; i < s->q->nenv; i++)
		if (str_cut(s->q->env[i], '=', &name, &value) &&
		    (v = forbids(s, r, name)) != NULL &&
		    !is_given(s, r, s->q->env[i]))
			return v;
	return NULL;
}

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

/* A name may stand there twice; each program takes another of them. */
static bool
is_met(const struct exec_scan *s, const struct f_cenv *v)
{
	struct str want = form_text(s->im, v->name), name, value;
	bool there = false;

	for (uint32_t i = 0; i < s->q->nenv; i++) {
		if (!str_cut(s->q->env[i], '=', &name, &value))
			continue;	/* no program sees it as a variable */
		if (!name_is(want, name))
			continue;
		if (v->pin == 0 || !str_eq(value,
			form_text(s->im, v->value)))
			return false;
		there = true;
	}
	return there || v->pin == 0;
}

const struct f_cenv *
exec_env_fault(const struct exec_scan *s, const struct f_crule *r)
{
	if (s->q->paper)
		return NULL;
	for (uint32_t i = 0; i < r->envs.n; i++)
		if (!is_met(s, &s->im->cenvs[r->envs.first + i]))
			return &s->im->cenvs[r->envs.first + i];
	return NULL;
}

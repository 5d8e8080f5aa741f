/* exec.c -- the commands' one decision.
 *
 * A deny of any form of the question denies. What all grants that match
 * demand (an environment, a profile, a record) is demanded, whichever of them
 * would have been enough. The built-in demands on the environment are those
 * of a pattern, and hold only where nothing but patterns grants. */
#include "policy/exec.h"

#include <stddef.h>
#include <stdio.h>

#include "base/must.h"
#include "policy/cond.h"
#include "policy/exec_scan.h"
#include "policy/maximum.h"
#include "policy/profile.h"
#include "policy/say.h"

struct tally {
	const struct exec_scan *s;
	const struct f_crule *deny, *allow, *audit, *profile;
	const struct f_crule *bad;	/* whose environment is not met */
	const struct f_cenv *bad_env;
	const struct f_crule *own;	/* a grant with the built-in demands */
	bool free;			/* and one without */
	uint64_t profiles;		/* of all that match */
};

/* ---- an image's commands */

/* Its own, then those of its maximum, then its profiles', in that order. */
static const struct image *
part(const struct image *im, uint32_t i)
{
	if (i == 0)
		return im;
	if (im->max != NULL && --i == 0)
		return im->max;
	return im->under != NULL && i <= im->nprofiles ? im->under[i - 1] :
	    NULL;
}

bool
image_has_commands(const struct image *im)
{
	const struct image *p;

	for (uint32_t i = 0; (p = part(im, i)) != NULL; i++)
		if (p->ncommands > 0)
			return true;
	return false;
}

enum exec_made
image_made(const struct image *im)
{
	enum exec_made own = im->ncommands > 0 ?
	    (enum exec_made)im->commands->made : MADE_ALLOW;
	enum exec_made max = im->max != NULL ? image_made(im->max) : own;

	return max < own ? max : own;
}

uint32_t
image_commands(const struct image *im)
{
	const struct image *p;
	uint32_t n = 0;

	for (uint32_t i = 0; (p = part(im, i)) != NULL; i++)
		n += p->ncnames;
	return n;
}

void
image_command(const struct image *im, uint32_t i, struct exec_command *out)
{
	const struct image *p = im;
	const struct f_command *c;

	for (uint32_t k = 1; p != NULL && i >= p->ncnames; k++) {
		i -= p->ncnames;
		p = part(im, k);
	}
	must(p != NULL);
	c = &p->cnames[i];
	out->name = form_text(p, c->name);
	out->allow = (c->flags & COMMAND_GRANTED) != 0;
	out->deny = (c->flags & COMMAND_DENIED) != 0;
}

uint32_t
image_envs(const struct image *im)
{
	const struct image *p;
	uint32_t n = 0;

	for (uint32_t i = 0; (p = part(im, i)) != NULL; i++)
		n += p->ncwatch;
	return n;
}

struct str
image_env(const struct image *im, uint32_t i)
{
	const struct image *p = im;

	for (uint32_t k = 1; p != NULL && i >= p->ncwatch; k++) {
		i -= p->ncwatch;
		p = part(im, k);
	}
	must(p != NULL);
	return form_text(p, p->cwatch[i]);
}

bool
image_exec_paths(const struct image *im)
{
	const struct image *p;

	for (uint32_t i = 0; (p = part(im, i)) != NULL; i++)
		for (uint32_t k = 0; k < p->ncreaders; k++)
			if (p->creaders[k].source == READ_PATH ||
			    p->creaders[k].source == READ_ATTACHED)
				return true;
	return false;
}

uint64_t
image_exec_facts(const struct image *im)
{
	const struct image *p;
	uint64_t facts = 0;

	for (uint32_t i = 0; (p = part(im, i)) != NULL; i++)
		for (uint32_t k = 0; k < p->ncrules; k++)
			facts |= cond_facts(p, p->crules[k].when);
	return facts;
}

/* ---- the rules that match */

/* Large, and seldom asked for: not in the caller's frame. */
static bool __attribute__((noinline))
holds(const struct exec_scan *s, const struct f_crule *r)
{
	struct facts f;

	if (s->q->facts != NULL)
		f = *s->q->facts;
	else
		memset(&f, 0, sizeof(f));
	facts_exec(&f, s->q);
	if ((r->flags & CRULE_DENY) != 0)
		return cond_denies(s->im, r->when, &f);
	return cond_grants(s->im, r->when, &f);
}

static const struct f_crule *
first(const struct f_crule *a, const struct f_crule *b)
{
	return a == NULL || b < a ? b : a;
}

static void
on_deny(void *arg, const struct f_crule *r)
{
	struct tally *t = arg;

	if ((r->flags & CRULE_DENY) != 0 &&
	    (r->when == 0 || holds(t->s, r)))
		t->deny = first(t->deny, r);
}

static void
on_grant(void *arg, const struct f_crule *r)
{
	struct tally *t = arg;

	if ((r->flags & CRULE_DENY) != 0 ||
	    (r->when != 0 && !holds(t->s, r)))
		return;
	if ((r->flags & CRULE_AUDIT) != 0)
		t->audit = first(t->audit, r);
	else
		t->allow = first(t->allow, r);
	if (r->profile.len > 0)
		t->profile = first(t->profile, r);
	if (r->under > 0)
		t->profiles |= UINT64_C(1) << (r->under - 1);
	if ((r->flags & CRULE_ENV_OWN) != 0) {
		t->own = first(t->own, r);
		return;
	}
	t->free = true;
	if (r->envs.n > 0 && (t->bad == NULL || r < t->bad)) {
		const struct f_cenv *v = exec_env_fault(t->s, r);

		if (v != NULL) {
			t->bad = r;
			t->bad_env = v;
		}
	}
}

static void
scan_denies(struct tally *t, const struct exec_scan *s, bool *full)
{
	struct exec_found found __attribute__((uninitialized));

	t->s = s;
	exec_find_denies(s, &found);
	*full |= found.full;
	for (uint32_t i = 0; i < found.n; i++)
		exec_denies(s, found.v[i], on_deny, t);
}

/* "busybox busybox rm" ends with its arguments. */
static void
denies(struct tally *t, const struct exec_scan *scans, uint32_t n, bool *full)
{
	for (uint32_t i = 0; i < n; i++) {
		struct exec_scan s = scans[i], inner;

		scan_denies(t, &s, full);
		while (t->deny == NULL && exec_inner(&s, &inner)) {
			s = inner;
			scan_denies(t, &s, full);
		}
	}
}

static void
grants(struct tally *t, const struct exec_scan *scans, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct exec_found found __attribute__((uninitialized));

		t->s = &scans[i];
		exec_find_grants(&scans[i], &found);
		for (uint32_t k = 0; k < found.n; k++)
			exec_grants(&scans[i], found.v[k], on_grant, t);
	}
	if (t->own != NULL && !t->free && t->bad == NULL) {
		t->bad_env = exec_env_fault(&scans[0], t->own);
		if (t->bad_env != NULL)
			t->bad = t->own;
	}
}

/* ---- the answer */

/* Of every allowed exec: printf() would take as long as the decision. */
static void
say_rule(const struct image *im, const struct f_crule *r, const char *verb,
    struct exec_answer *out)
{
	struct saying s = { .p = out->reason, .cap = sizeof(out->reason) };

	exec_rule(im, r, &out->rule);
	say_z(&s, verb);
	say_str(&s, out->rule.file);
	say_z(&s, ":");
	say_number(&s, out->rule.line);
	say_z(&s, ": ");
	say_str(&s, out->rule.text);
}

static void
say_env(const struct image *im, const struct tally *t,
    struct exec_answer *out)
{
	const struct f_cenv *v = t->bad_env;
	struct str name = form_text(im, v->name);

	exec_rule(im, t->bad, &out->nearest);
	(void)snprintf(out->reason, sizeof(out->reason),
	    v->pin != 0 ? "the environment variable %.*s is not what "
	    "%.*s:%u pins it to" : "the environment variable %.*s is "
	    "forbidden by %.*s:%u%s", (int)name.len, name.p,
	    (int)out->nearest.file.len, out->nearest.file.p,
	    out->nearest.line, t->bad != t->own ? "" :
	    ", since the entry says what the arguments must be (env: lifts "
	    "it)");
}

static void
allow(const char *reason, struct exec_answer *out)
{
	out->judged = VERDICT_ALLOW;
	if (out->reason[0] == '\0')
		(void)snprintf(out->reason, sizeof(out->reason), "%s",
		    reason);
}

static void
grant(const struct image *im, const struct tally *t, struct exec_answer *out)
{
	out->audit = t->audit != NULL;
	if (t->profile != NULL)
		out->profile = form_text(im, t->profile->profile);
	out->profiles = t->profiles;
	if (t->bad != NULL)
		say_env(im, t, out);
	else {
		say_rule(im, out->audit ? t->audit : t->allow, out->audit ?
		    "allowed and recorded by " : "allowed by ",
		    out);
		out->judged = VERDICT_ALLOW;
	}
}

/* Code that was made in the sandbox is of no file that a rule could name: it
 * is judged as what it is. */
static bool
judge_made(const struct image *im, const struct tally *t, bool reviewed,
    struct exec_answer *out)
{
	enum exec_made made = image_made(im);

	if (made == MADE_ASK && reviewed)
		made = MADE_ALLOW;
	if (made == MADE_DENY || made == MADE_ASK) {
		out->ask = made == MADE_ASK;
		(void)snprintf(out->reason, sizeof(out->reason), "it was "
		    "made in the sandbox, and unreviewed_code is %s",
		    out->ask ? "ask: a person has to allow it" : "deny");
		return true;
	}
	if (t->bad != NULL)
		return false;
	if (t->allow != NULL || t->audit != NULL)
		grant(im, t, out);
	else
		allow(reviewed ? "it was made in the sandbox, and a person "
		    "has allowed it" : "it was made in the sandbox, and "
		    "unreviewed_code allows it", out);
	out->audit |= made == MADE_AUDIT;
	return true;
}

static void
judge(const struct image *im, const struct exec_query *q,
    const struct exec_scan *scans, uint32_t n, struct exec_answer *out)
{
	struct tally t = { 0 };
	bool full = false;

	denies(&t, scans, n, &full);
	if (t.deny != NULL) {
		say_rule(im, t.deny, "denied by ", out);
		return;
	}
	if (full) {
		(void)snprintf(out->reason, sizeof(out->reason), "it is the "
		    "same file as more than %d commands of the policy",
		    EXEC_FOUND_MAX);
		return;
	}
	grants(&t, scans, n);
	if (q->made && judge_made(im, &t, q->reviewed, out))
		return;
	if (t.allow != NULL || t.audit != NULL)
		grant(im, &t, out);
	else if (im->commands->fallback == 1)
		allow("default_policy of commands is allow", out);
	else
		exec_explain(&scans[0], out);
}

/* It may run whatever the rules say, but where they say. */
static void
launch(const struct exec_scan *scans, uint32_t n, struct exec_answer *out)
{
	struct tally t = { 0 };

	if (n <= EXEC_FORMS_MAX)
		grants(&t, scans, n);
	out->profiles = t.profiles;
	allow("the operator launched it", out);
}

void
policy_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out)
{
	struct exec_scan scans[EXEC_FORMS_MAX] __attribute__((uninitialized));
	uint32_t n = q->nforms;

	if (q->profiles != 0) {
		profiles_exec(im, q, out);
		return;
	}
	if (im->max != NULL) {
		maximum_exec(im, q, out);
		return;
	}
	memset(out, 0, offsetof(struct exec_answer, reason) + 1);
	for (uint32_t i = 0; i < n && i < EXEC_FORMS_MAX; i++)
		scans[i] = (struct exec_scan){ .im = im, .q = q,
			.form = &q->forms[i], .name = q->forms[i].name };
	if (im->ncommands == 0)
		allow("the policy has no commands section", out);
	else if (q->main)
		launch(scans, n, out);
	else if (n == 0 || n > EXEC_FORMS_MAX)
		(void)snprintf(out->reason, sizeof(out->reason), "more than "
		    "%d interpreters one after the other", EXEC_FORMS_MAX);
	else
		judge(im, q, scans, n, out);
	out->verdict = im->info.mode == POLICY_ENFORCE ? out->judged :
	    VERDICT_ALLOW;
}

/* exec_near.c -- why not: the grant that came nearest, and what differs. */
#include <stdarg.h>
#include <stdio.h>

#include "base/compat.h"
#include "policy/exec_scan.h"
#include "policy/match.h"

enum {
	RULES_LOOKED_AT = 256,	/* a denial must not take for ever */
	SHOWN_MAX = 48,		/* of one of the agent's arguments */
};

struct near {
	const struct exec_scan *s;
	const struct f_crule *best;
	uint32_t matched;	/* leading tokens */
	uint32_t seen;		/* grants that could be nearest */
	uint32_t left;		/* rules to look at */
};

void
exec_rule(const struct image *im, const struct f_crule *r,
    struct policy_rule *out)
{
	out->file = form_text(im, im->texts[r->file]);
	out->line = r->line;
	out->text = form_text(im, r->text);
	out->policy = STR("commands");
}

/* ---- one argument and one token */

static bool
texts_match(const struct image *im, struct f_span texts, struct str s)
{
	if (s.len == 0 || s.len > PATH_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < texts.n; i++)
		if (match_path(form_text(im, im->cpats[texts.first + i]), s))
			return true;
	return false;
}

static bool
attached_matches(const struct exec_scan *s, const struct f_ctoken *t,
    uint32_t i)
{
	struct str prefix = form_text(s->im, t->prefix), arg = exec_arg(s, i);
	char buf[PATH_BYTES_MAX];

	return str_has_prefix(arg, prefix) &&
	    exec_like_path(str_from(arg, prefix.len), '=') &&
	    texts_match(s->im, t->texts, exec_arg_attached(s, i, buf));
}

static bool
token_matches(const struct exec_scan *s, const struct f_ctoken *t, uint32_t i)
{
	struct str arg = exec_arg(s, i);
	char buf[PATH_BYTES_MAX];

	switch (t->kind) {
	case CTOKEN_ONE:
		return true;
	case CTOKEN_PATH:
		return exec_like_path(arg, '\0') &&
		    texts_match(s->im, t->texts, exec_arg_path(s, i, buf));
	case CTOKEN_ATTACHED:
		return attached_matches(s, t, i);
	default:
		return arg.len == 0 ? t->texts.n > 0 &&
		    match_path(form_text(s->im, s->im->cpats[t->texts.first]),
			arg) : texts_match(s->im, t->texts, arg);
	}
}

static const struct f_ctoken *
token_at(const struct exec_scan *s, const struct f_crule *r, uint32_t i)
{
	return &s->im->ctokens[s->im->crefs[r->tokens.first + i]];
}

static uint32_t
leading(const struct exec_scan *s, const struct f_crule *r)
{
	uint32_t n = 0;

	while (n < r->tokens.n && n < exec_args(s) &&
	    token_matches(s, token_at(s, r, n), n + 1))
		n++;
	return n;
}

/* ---- the nearest */

static void
look_at(struct near *n, struct f_span rules)
{
	for (uint32_t i = 0; i < rules.n && n->left > 0; i++, n->left--) {
		const struct f_crule *r = &n->s->im->crules[rules.first + i];
		uint32_t matched;

		if ((r->flags & CRULE_DENY) != 0)
			continue;
		n->seen++;
		matched = leading(n->s, r);
		if (n->best == NULL || matched > n->matched) {
			n->best = r;
			n->matched = matched;
		}
	}
}

static struct str
shown(struct str s, char buf[SHOWN_MAX + 4])
{
	size_t n = 0;

	for (; n < s.len && n < SHOWN_MAX; n++)
		buf[n] = s.p[n] >= 0x20 && s.p[n] < 0x7f ? s.p[n] : '?';
	if (s.len > n)
		for (unsigned i = 0; i < 3; i++)
			buf[n++] = '.';
	return str_of(buf, n);
}

static void say(struct exec_answer *out, const char *fmt, ...) PRINTF(2, 3);

static void
say(struct exec_answer *out, const char *fmt, ...)
{
	size_t len = strlen(out->reason);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out->reason + len, sizeof(out->reason) - len, fmt,
	    ap);
	va_end(ap);
}

static void
say_difference(const struct near *n, struct exec_answer *out)
{
	const struct exec_scan *s = n->s;
	uint32_t at = n->matched;
	char buf[SHOWN_MAX + 4];
	struct str arg = STR(""), token = STR("");

	if (at < exec_args(s))
		arg = shown(exec_arg(s, at + 1), buf);
	if (at < n->best->tokens.n)
		token = str_upto(form_text(s->im, token_at(s, n->best,
		    at)->shown), SHOWN_MAX);
	if (at < n->best->tokens.n && at < exec_args(s))
		say(out, "argument %u \"%.*s\" is not %.*s", at + 1,
		    (int)arg.len, arg.p, (int)token.len, token.p);
	else if (at < n->best->tokens.n)
		say(out, "argument %u is missing, and must be %.*s", at + 1,
		    (int)token.len, token.p);
	else if (at < exec_args(s) &&
	    (n->best->flags & (CRULE_TAIL | CRULE_ANY)) == 0)
		say(out, "argument %u \"%.*s\" is one too many", at + 1,
		    (int)arg.len, arg.p);
	else
		say(out, "its condition does not hold");
}

/* Allowed by a name that is another file here. */
static bool
say_other(const struct exec_scan *s, struct str name, struct exec_answer *out)
{
	struct exec_query paper = *s->q;
	struct exec_form form = *s->form;
	struct exec_scan named = { .im = s->im, .q = &paper, .form = &form,
		.name = str_base(s->name) };
	struct near n = { .s = &named, .left = RULES_LOOKED_AT };
	struct exec_found found;

	paper.paper = true;
	form.file = STR("");
	form.nsame = 0;
	exec_find_grants(&named, &found);
	for (uint32_t i = 0; i < found.n; i++) {
		look_at(&n, found.v[i]->bare);
		look_at(&n, found.v[i]->grants);
	}
	if (n.best == NULL)
		return false;
	exec_rule(s->im, n.best, &out->nearest);
	say(out, "%.*s is not the file that %.*s:%u allows: that is the one "
	    "to which the name led when the sandbox started", (int)name.len,
	    name.p, (int)out->nearest.file.len, out->nearest.file.p,
	    out->nearest.line);
	return true;
}

void
exec_explain(const struct exec_scan *s, struct exec_answer *out)
{
	struct near n = { .s = s, .left = RULES_LOOKED_AT };
	char buf[SHOWN_MAX + 4];
	struct str name = shown(s->form->file.len > 0 ? s->form->file :
	    s->name, buf);
	struct exec_found found;

	exec_find_grants(s, &found);
	for (uint32_t i = 0; i < found.n; i++) {
		look_at(&n, found.v[i]->bare);
		look_at(&n, found.v[i]->grants);
	}
	if (n.best == NULL) {
		if (!say_other(s, name, out))
			say(out, "no rule of commands allows %.*s",
			    (int)name.len, name.p);
		return;
	}
	exec_rule(s->im, n.best, &out->nearest);
	say(out, "%s \"%.*s\" (%.*s:%u): ", n.seen == 1 ?
	    "allowed only as" : "no allow agrees; the nearest is",
	    (int)str_upto(out->nearest.text, 80).len, out->nearest.text.p,
	    (int)str_upto(out->nearest.file, 60).len, out->nearest.file.p,
	    out->nearest.line);
	say_difference(&n, out);
}

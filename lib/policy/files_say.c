/* files_say.c -- the files' decision in words: the rule, or for a denial that
 * no rule made, the one that came nearest and what differs. */
#include <stddef.h>

#include "policy/maximum.h"
#include "policy/paths.h"
#include "policy/profile.h"
#include "policy/say.h"

enum { PATH_SHOWN = 100 };

struct told { /* one answer on its way */
	const struct image *im;
	const struct file_query *q;
	const struct path_says *said;
	struct file_answer *out;
	struct saying s;
};

static const char *const access_names[] = { "reading", "writing" };

static void
rule_out(const struct image *im, uint32_t rule, struct policy_rule *out)
{
	const struct f_frule *r = &im->frules[rule - 1];

	out->text = form_text(im, r->text);
	out->line = r->line;
	out->policy = STR("file_access");
	if ((r->flags & FRULE_SYSTEM) != 0)
		out->file = STR("the system baseline");
	else if ((r->flags & FRULE_PROTECTED) != 0)
		out->file = STR("the protected names");
	else
		out->file = form_text(im, im->texts[r->file]);
}

/* "p.yaml:5 `/srv/" and so on. */
static void
say_rule(struct saying *s, const struct policy_rule *r)
{
	say_str(s, r->file);
	if (r->line != 0) {
		say_z(s, ":");
		say_number(s, r->line);
	}
	say_z(s, " `");
	say_str(s, str_upto(r->text, PATH_SHOWN));
	say_z(s, "`");
}

static void
say_path(struct told *t)
{
	say_bytes(&t->s, t->q->path, PATH_SHOWN);
}

/* ---- the nearest */

/* How far, up to the end of a component, both agree. */
static size_t
shared(struct str rule, struct str path)
{
	size_t n = 0;

	for (size_t i = 0; i <= rule.len && i <= path.len; i++) {
		bool end = i == rule.len || i == path.len;

		if ((i == path.len || path.p[i] == '/') &&
		    (i == rule.len || rule.p[i] == '/'))
			n = i;
		if (end || rule.p[i] != path.p[i])
			break;
	}
	return n;
}

static struct str
allow_text(const struct image *im, uint32_t i)
{
	return form_text(im, im->frules[i].text);
}

static int
compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return c != 0 ? c : a.len < b.len ? -1 : a.len > b.len;
}

/* The policy's allows stand in order of their text: of all of them, the two
 * between which the path would stand agree with it the longest. */
static uint32_t
find_near(const struct image *im, struct str path)
{
	uint32_t lo = 0, hi = im->fpaths->nallows, best = 0;
	size_t most = 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (compare(allow_text(im, mid), path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (uint32_t i = lo > 0 ? lo - 1 : 0;
	    i <= lo && i < im->fpaths->nallows; i++) {
		size_t n = shared(allow_text(im, i), path);

		if (n > most) {
			most = n;
			best = i + 1;
		}
	}
	return best;
}

/* No rule gives this access: does one give the other? */
static void
say_no_rule(struct told *t, unsigned i)
{
	const struct path_says *said = t->said;
	uint32_t other = said->allow[1 - i] != 0 ? said->allow[1 - i] :
	    said->base[1 - i];
	uint32_t near = other != 0 ? other : find_near(t->im, t->q->path);

	if (near != 0)
		rule_out(t->im, near, &t->out->nearest);
	if (other != 0) {
		say_rule(&t->s, &t->out->nearest);
		say_z(&t->s, " allows ");
		say_z(&t->s, access_names[1 - i]);
		say_z(&t->s, " ");
		say_path(t);
		say_z(&t->s, ", not ");
		say_z(&t->s, access_names[i]);
		return;
	}
	say_z(&t->s, "no rule allows ");
	say_z(&t->s, access_names[i]);
	say_z(&t->s, " ");
	say_path(t);
	if (near != 0) {
		say_z(&t->s, "; nearest is ");
		say_rule(&t->s, &t->out->nearest);
	}
}

/* ---- the sentence */

static void
say_allowed(struct told *t, struct path_why w)
{
	switch (w.why) {
	case WHY_ALLOWED:
		say_z(&t->s, "allowed by ");
		say_rule(&t->s, &t->out->rule);
		return;
	case WHY_MOUNTED:
		say_z(&t->s, "the operator's mount gives it");
		return;
	case WHY_OPEN:
		say_z(&t->s, "default_policy of file_access is allow");
		return;
	case WHY_OURS:
		say_z(&t->s, "the certificates that a sandbox trusts stay "
		    "readable");
		return;
	case WHY_NO_RULE:
	case WHY_DENIED:
	case WHY_GUARDED:
		return;
	}
}

static void
say_denied(struct told *t, struct path_why w, unsigned i)
{
	if (w.why == WHY_NO_RULE) {
		say_no_rule(t, i);
		return;
	}
	say_path(t);
	if (w.why == WHY_GUARDED) {
		say_z(&t->s, " is a protected name (`");
		say_str(&t->s, t->out->rule.text);
		say_z(&t->s, "`), which a program outside would obey: allow "
		    "its exact path to let it be written");
		return;
	}
	say_z(&t->s, " is denied by ");
	say_rule(&t->s, &t->out->rule);
}

/* Nothing of it, and nothing below it, is to be had. */
static bool
is_unseen(const struct file_query *q, const struct image *im,
    const struct path_says *said)
{
	struct file_below below;

	if (why_allows(path_judge(im, said, FILE_READ, q->mounted)))
		return false;
	if ((said->kinds & KIND_HIDE) != 0)
		return true;
	if ((im->fpaths->flags & FPATHS_HIDE) == 0 ||
	    why_allows(path_judge(im, said, FILE_WRITE, q->mounted)))
		return false;
	policy_file_below(im, q->path, q->mounted, &below);
	return below.read == FILE_NONE && below.write == FILE_NONE;
}

/* Of what is asked, what is denied; else what was asked first. */
static struct path_why
judge_asked(const struct told *t, unsigned *i)
{
	struct path_why w = { WHY_NO_RULE, 0 };
	bool some = false;

	for (unsigned k = 0; k < 2; k++) {
		struct path_why one;

		if ((t->q->access >> k & 1) == 0)
			continue;
		one = path_judge(t->im, t->said, 1U << k, t->q->mounted);
		if (!some || !why_allows(one)) {
			w = one;
			*i = k;
		}
		some = true;
		if (!why_allows(one))
			break;
	}
	return w;
}

static void
answer(struct told *t)
{
	unsigned i = 0;
	struct path_why w = judge_asked(t, &i);

	if ((t->q->access & (FILE_READ | FILE_WRITE)) == 0) {
		say_z(&t->s, "neither reading nor writing was asked for");
		return;
	}
	if (w.rule != 0)
		rule_out(t->im, w.rule, &t->out->rule);
	if (why_allows(w)) {
		t->out->judged = VERDICT_ALLOW;
		say_allowed(t, w);
	} else {
		say_denied(t, w, i);
	}
}

void
policy_file(const struct image *im, const struct file_query *q,
    struct file_answer *out)
{
	struct path_walk w;
	struct told t = { im, q, &w.said, out, { out->reason, 0,
	    sizeof(out->reason) } };
	bool is_path;

	if (q->profiles != 0) {
		profiles_file(im, q, out);
		return;
	}
	if (im->max != NULL) {
		maximum_file(im, q, out);
		return;
	}
	is_path = path_walk(im, q->path, &w);
	memset(out, 0, offsetof(struct file_answer, reason) + 1);
	if (is_path)
		answer(&t);
	else
		say_z(&t.s, "no canonical path: it must be absolute, without "
		    "empty, . and .. components, and below 4096 bytes");
	out->verdict = out->judged;
	if (im->info.mode != POLICY_ENFORCE)
		out->verdict = VERDICT_ALLOW;
	else if (out->verdict == VERDICT_DENY && is_path)
		out->hidden = is_unseen(q, im, &w.said);
}

/* prove_models.c -- statements about calls to models that are made: every kind
 * of call that the policy's conditions or the statement's tell apart is asked
 * about.  What the router does not know may be anything: a statement that is
 * then neither true nor false is broken. */
#include "analysis/diff.h"
#include "analysis/prove.h"
#include "base/must.h"
#include "compile/cond_domain.h"
#include "policy/route.h"

static bool
is_plain_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-' ||
			s.p[i] == '_' || (s.p[i] >= '0' && s.p[i] <= '9')))
			return false;
	return s.len > 0;
}

/* "route == local": the name of a backend needs no quotes here. */
static bool
is_route(const struct statement *s, uint32_t i)
{
	return i >= 2 && str_eqz(s->word[i - 2].text, "route") &&
	    (str_eqz(s->word[i - 1].text, "==") ||
		str_eqz(s->word[i - 1].text, "!=")) &&
	    is_plain_word(s->word[i].text);
}

/* The statement as it was written, but for such quotes. */
static struct str
text_of(struct statement *s)
{
	const struct token *last = &s->word[s->n - 1];
	const char *from = s->text.p + s->word[0].column - 1;
	char *out = arena_alloc(s->arena, s->text.len + 2 * (size_t)s->n + 1,
	    1);
	size_t n = 0;

	must(out != NULL);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct token *t = &s->word[i];
		const char *at = s->text.p + t->column - 1;
		size_t before = (size_t)(at - from);

		memcpy(out + n, from, before);
		n += before;
		if (is_route(s, i))
			out[n++] = '"';
		memcpy(out + n, at, t->width);
		n += t->width;
		if (is_route(s, i))
			out[n++] = '"';
		from = at + t->width;
	}
	must(from == s->text.p + last->column - 1 + last->width);
	return str_of(out, n);
}

static int
parse(struct statement *s, struct cond **out)
{
	struct cond_fault f;
	uint32_t column;

	if (cond_parse(text_of(s), FOR_MODEL | FOR_PROOF, PHASE_RESULT,
		s->arena, out, &f) == 0)
		return 0;
	column = s->word[0].column + f.at;
	for (uint32_t i = 0; i < s->n; i++)	/* quotes of ours before it */
		if (is_route(s, i) && s->word[i].column < column)
			column -= s->word[i].column +
			    s->word[i].width < column ? 2 : 1;
	diag_add(s->diags, DIAG_ERROR, s->doc, s->line, column, f.width,
	    "%s", f.text);
	return -1;
}

static int
ask_point(struct statement *s, const struct cond *k,
    const struct cond_domain *d, uint64_t point)
{
	struct route_answer a;
	struct question q;
	struct facts f;
	struct reply r;

	model_question(s->arena, d, point, &q);
	policy_route(s->book->image, q.facts, &a);
	s->proof->asked++;
	if (a.verdict == VERDICT_DENY &&
	    (cond_uses(k) & FACT_BIT(FACT_VERDICT)) == 0)
		return 0;	/* no call is made */
	f = *q.facts;
	fact_put(&f, FACT_VERDICT, a.verdict == VERDICT_ALLOW);
	fact_put_text(&f, FACT_ROUTE, a.route);
	if (a.verdict == VERDICT_ALLOW)
		fact_put(&f, FACT_LOCALITY, (int64_t)a.locality);
	if (cond_eval(k, &f) == TRUTH_TRUE)
		return 0;
	book_ask(s->book, &q, &r);
	statement_counter(s, &q, &r);
	return 1;
}

int
prove_models(struct statement *s)
{
	uint32_t n = book_conds(s->book, NULL);
	const struct cond **v = arena_alloc(s->arena, (size_t)n + 1,
	    sizeof(struct cond *));
	struct cond_domain points;
	struct cond *k;
	const char *why;

	must(v != NULL);
	if (parse(s, &k) == -1)
		return -1;
	n = book_conds(s->book, v);
	v[n++] = k;
	if (cond_domain(v, n, true, MODEL_POINTS_MAX, s->arena, &points,
		&why) == -1)
		return statement_fault(s, 0, "%s", why);
	for (uint64_t i = 0; i < points.points; i++)
		if (ask_point(s, k, &points, i) != 0)
			break;
	return 0;
}

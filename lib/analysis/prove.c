#include "analysis/prove.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"

int
statement_fault(struct statement *s, uint32_t i, const char *fmt, ...)
{
	const struct token *t = i < s->n ? &s->word[i] : &s->word[s->n - 1];
	uint32_t column = t->column, width = t->width;
	char text[REASON_BYTES_MAX * 2];
	va_list ap;

	if (i >= s->n) {
		column += width;
		width = 1;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_add(s->diags, DIAG_ERROR, s->doc, s->line, column, width, "%s",
	    text);
	return -1;
}

bool
statement_take(struct statement *s, const char *word)
{
	if (s->at >= s->n || !str_eqz(s->word[s->at].text, word))
		return false;
	s->at++;
	return true;
}

void
statement_counter(struct statement *s, const struct question *q,
    const struct reply *r)
{
	if (!s->proof->holds)
		return;
	s->proof->holds = false;
	s->proof->counter = *q;
	s->proof->counter.shown = question_print(s->arena, q);
	s->proof->reply = *r;
}

/* ---- words */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A comma stands for "or". */
static int
split(struct statement *s, struct str text)
{
	s->word = arena_alloc(s->arena, STATEMENT_WORDS_MAX + 1,
	    sizeof(*s->word));
	must(s->word != NULL);
	for (size_t i = 0; i < text.len;) {
		size_t from = i;
		struct str one;
		char *z;

		if (is_blank(text.p[i])) {
			i++;
			continue;
		}
		while (i < text.len && !is_blank(text.p[i]) &&
		    (i == from || text.p[i] != ',') && text.p[from] != ',')
			i++;
		if (i == from)
			i++;
		one = str_of(text.p + from, i - from);
		if (s->n == STATEMENT_WORDS_MAX)
			return statement_fault(s, s->n - 1, "a statement has "
			    "at most %d words", STATEMENT_WORDS_MAX);
		z = arena_strdup(s->arena, str_eqz(one, ",") ? STR("or") :
							      one);
		must(z != NULL);
		s->word[s->n++] = (struct token){ str_c(z),
			(uint32_t)from + 1, (uint32_t)one.len };
	}
	return 0;
}

/* ---- the forms */

static int
no_form(struct statement *s)
{
	return statement_fault(s, s->at, "a statement begins with \"no "
	    "request\", \"no connection\", \"every request\", \"nothing "
	    "under\", \"only\" or \"no command\", or is CONDITION => "
	    "CONDITION");
}

static bool
is_condition(const struct statement *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (strstr(s->word[i].text.p, "=>") != NULL)
			return true;
	return false;
}

static bool
has_word(const struct statement *s, const char *word)
{
	for (uint32_t i = s->at; i < s->n; i++)
		if (str_eqz(s->word[i].text, word))
			return true;
	return false;
}

static int
run(struct statement *s)
{
	if (is_condition(s))
		return prove_models(s);
	if (statement_take(s, "no")) {
		if (statement_take(s, "command"))
			return prove_commands(s);
		if (statement_take(s, "request"))
			return prove_network(s, false, false);
		if (statement_take(s, "connection"))
			return prove_network(s, false, true);
		return no_form(s);
	}
	if (statement_take(s, "every"))
		return statement_take(s, "request") ?
		    prove_network(s, true, false) : no_form(s);
	if (statement_take(s, "only"))
		return has_word(s, "runs") ? prove_only_commands(s) :
					     prove_files(s, true);
	if (statement_take(s, "nothing"))
		return statement_take(s, "under") ? prove_files(s, false) :
						    no_form(s);
	return no_form(s);
}

int
prove(const struct book *b, const struct doc *doc, uint32_t line,
    struct str statement, struct arena *a, struct diags *d,
    struct proof *out)
{
	struct statement s = { .book = b, .doc = doc, .line = line,
		.arena = a, .diags = d, .proof = out, .text = statement };
	struct reply again;

	*out = (struct proof){ .holds = true };
	if (split(&s, statement) == -1)
		return -1;
	if (s.n == 0) {
		diag_add(d, DIAG_ERROR, doc, line, 1, 1,
		    "there is no statement");
		return -1;
	}
	if (run(&s) == -1)
		return -1;
	if (!out->holds) {	/* explain says the same, or we are wrong */
		book_ask(b, &out->counter, &again);
		must(again.verdict == out->reply.verdict);
	}
	return 0;
}

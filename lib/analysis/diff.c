#include "analysis/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

static bool
is_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->line == b->line && str_eq(a->file, b->file) &&
	    str_eq(a->text, b->text);
}

/* The rule that made the difference: the deny, where there is one. */
static const struct policy_rule *
cause(enum change change, const struct reply *before,
    const struct reply *after)
{
	const struct reply *denies = change == CHANGE_POSSIBLE ? before :
								 after;
	const struct reply *allows = change == CHANGE_POSSIBLE ? after :
								 before;

	return denies->rule.file.len > 0 ? &denies->rule : &allows->rule;
}

/* Differences are told together when they are about one host, or about files,
 * and one rule made them. */
static bool
is_like(const struct difference *d, enum change change,
    const struct question *q, const struct reply *before,
    const struct reply *after)
{
	return d->text == NULL && d->change == change &&
	    d->domain == after->domain &&
	    (d->example.kind == ASK_WRITE) == (q->kind == ASK_WRITE) &&
	    str_eq(host_str(&d->example.host), host_str(&q->host)) &&
	    is_rule(cause(change, before, after), cause(d->change,
		&d->before, &d->after));
}

/* What says most to a person: a request, without conditions. */
static unsigned
rank(const struct question *q)
{
	static const unsigned ranks[] = { [ASK_HTTP] = 3, [ASK_TLS] = 2,
		[ASK_TCP] = 1, [ASK_CONNECT] = 0, [ASK_MODEL] = 0 };

	if (q->kind > ASK_TCP)
		return !q->mounted;
	return 2 * ranks[q->kind] + !q->has_address;
}

static void
note(struct diffing *d, enum change change, const struct question *q,
    const struct reply *before, const struct reply *after)
{
	struct difference *one = NULL;
	uint32_t kinds = 1;

	/* From the end: those of one host come one after the other. */
	for (uint32_t i = d->to->n; i > 0 && one == NULL; i--)
		if (is_like(&d->to->v[i - 1], change, q, before, after))
			one = &d->to->v[i - 1];
	if (one == NULL && d->to->n == DIFFERENCES_MAX) {
		d->to->more = true;
		return;
	}
	if (one == NULL)
		one = &d->to->v[d->to->n++];
	else
		kinds = ++one->kinds;
	if (kinds > 1 && rank(q) <= rank(&one->example))
		return;
	*one = (struct difference){ .change = change,
		.domain = after->domain, .example = *q, .before = *before,
		.after = *after, .kinds = kinds };
	one->example.shown = question_print(&d->to->arena, q);
}

static void note_text(struct diffing *d, enum change change,
    const char *domain, const struct node *at, const char *fmt, va_list ap)
    __attribute__((format(printf, 5, 0)));

static void
note_text(struct diffing *d, enum change change, const char *domain,
    const struct node *at, const char *fmt, va_list ap)
{
	char text[2 * REASON_BYTES_MAX];
	struct difference *one;

	if (d->to->n == DIFFERENCES_MAX) {
		d->to->more = true;
		return;
	}
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	one = &d->to->v[d->to->n++];
	*one = (struct difference){ .change = change, .domain = domain,
		.kinds = 1 };
	one->text = arena_strdup(&d->to->arena, str_c(text));
	must(one->text != NULL);
	if (at != NULL) {
		one->at.file = str_c(at->doc->name);
		one->at.line = at->line;
	}
}

void
diff_setting(struct diffing *d, const struct node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_text(d, CHANGE_SETTING, "settings", at, fmt, ap);
	va_end(ap);
}

void
diff_unsure(struct diffing *d, const char *domain, const struct node *at,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_text(d, CHANGE_UNSURE, domain, at, fmt, ap);
	va_end(ap);
}

bool
diff_ask(struct diffing *d, const struct question *q)
{
	struct reply before, after;

	d->spent |= d->most != 0 && d->asked++ >= d->most;
	if (d->spent)
		return false;
	book_ask(d->before, q, &before);
	book_ask(d->after, q, &after);
	if (before.verdict == after.verdict) {
		if (!str_eq(before.route, after.route))
			note(d, CHANGE_ROUTED, q, &before, &after);
		else if (strcmp(before.profiles, after.profiles) != 0)
			note(d, CHANGE_PROFILE, q, &before, &after);
	} else
		note(d, before.verdict == REPLY_DENY ? CHANGE_POSSIBLE :
		    after.verdict == REPLY_DENY ? CHANGE_IMPOSSIBLE :
						  CHANGE_RECORDED,
		    q, &before, &after);
	if (d->one && d->to->n > 0)
		return false;
	return before.verdict != REPLY_DENY || after.verdict != REPLY_DENY;
}

int
diff_only_network(const struct book *before, const struct book *after,
    struct diff *out, struct err *e)
{
	struct diffing d = { before, after, out, true, false };

	*out = (struct diff){ 0 };
	out->v = mem_alloc(DIFFERENCES_MAX, sizeof(*out->v));
	return diff_network(&d, e);
}

int
diff_all_network(const struct book *before, const struct book *after,
    struct diff *out, struct err *e)
{
	struct diffing d = { before, after, out, false, true };

	*out = (struct diff){ 0 };
	out->v = mem_alloc(DIFFERENCES_MAX, sizeof(*out->v));
	return diff_network(&d, e);
}

int
diff_only_files(const struct book *before, const struct book *after,
    struct diff *out, struct err *e)
{
	struct diffing d = { before, after, out, true, false };

	*out = (struct diff){ 0 };
	out->v = mem_alloc(DIFFERENCES_MAX, sizeof(*out->v));
	return diff_files(&d, e);
}

int
diff_books(const struct book *before, const struct book *after,
    struct diff *out, struct err *e)
{
	struct diffing d = { before, after, out, false, false };

	*out = (struct diff){ 0 };
	out->v = mem_alloc(DIFFERENCES_MAX, sizeof(*out->v));
	if (diff_files(&d, e) == -1 || diff_network(&d, e) == -1)
		return -1;
	diff_commands(&d);
	if (diff_models(&d, e) == -1)
		return -1;
	diff_rest(&d);
	return 0;
}

void
diff_fini(struct diff *d)
{
	arena_fini(&d->arena);
	free(d->v);
	*d = (struct diff){ 0 };
}

/* near.c -- why not: the rule that came nearest, and what differs. */
#include <stdarg.h>
#include <stdio.h>

#include "base/compat.h"
#include "policy/cond.h"
#include "policy/match.h"
#include "policy/scan.h"

enum { LIST_SHOWN = 6 };	/* items of a list that are said */

struct say { /* writes into a fixed buffer, cut at its end */
	char *p;
	size_t len, cap;
};

static void say(struct say *s, const char *fmt, ...) PRINTF(2, 3);

static void
say(struct say *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->p + s->len, s->cap - s->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		s->len += (size_t)n < s->cap - s->len ? (size_t)n :
		    s->cap - s->len - 1;
}

/* The agent's bytes: printable or nothing, and not the whole sentence. */
static void
say_text(struct say *s, struct str t, size_t max)
{
	for (size_t i = 0; i < t.len && i < max && s->len + 1 < s->cap; i++) {
		s->p[s->len++] = t.p[i] >= 0x20 && t.p[i] < 0x7f ? t.p[i] :
		    '?';
		s->p[s->len] = '\0';
	}
	if (t.len > max)
		say(s, "...");
}

/* A compiled pattern as it was written. */
static void
say_pattern(struct say *s, struct str t)
{
	for (size_t i = 0; i < t.len; i++) {
		switch (t.p[i]) {
		case OP_STAR:
		case OP_LABEL:
			say(s, "*");
			break;
		case OP_SPAN:
			say(s, i + 1 == t.len && i > 0 &&
			    t.p[i - 1] == '/' ? "*" : "**");
			break;
		case OP_DIRS:
			say(s, "**/");
			break;
		case OP_ONE:
			say(s, "?");
			break;
		default:
			say_text(s, str_of(t.p + i, 1), 1);
			break;
		}
	}
}

static bool
say_comma(struct say *s, uint32_t i)
{
	if (i >= LIST_SHOWN) {
		say(s, ", ...");
		return false;
	}
	if (i > 0)
		say(s, ", ");
	return true;
}

static void
say_port(struct say *s, const struct scan *q, const struct f_rule *r)
{
	say(s, "port %u is not in [", q->q->port);
	for (uint32_t i = 0; i < r->ports.n && say_comma(s, i); i++) {
		const struct f_port *p = &q->im->ports[r->ports.first + i];

		if (p->lo == p->hi)
			say(s, "%u", p->lo);
		else
			say(s, "%u-%u", p->lo, p->hi);
	}
	say(s, "]");
}

static void
say_wire(struct say *s, const struct scan *q, const struct f_rule *r)
{
	uint32_t wires = r->wire != 0 ? r->wire : q->port_wires;

	if ((wires & WIRE_INSPECTED) == 0)
		say(s, "it is not for HTTP");
	else if (q->q->websocket && (wires & (q->q->tls ?
	    WIRE_HTTPS | WIRE_WSS : WIRE_HTTP | WIRE_WS)) != 0)
		say(s, "it narrows the methods and does not name the "
		    "protocol %s, and this is a WebSocket",
		    q->q->tls ? "wss" : "ws");
	else if (q->q->h2c && (wires & WIRE_H2C) == 0)
		say(s, "it does not name the protocol h2c, and this is "
		    "HTTP/2 in clear");
	else if ((wires & (WIRE_HTTP | WIRE_HTTPS)) == 0 &&
	    !q->q->websocket)
		say(s, (wires & WIRE_GRPC) != 0 ? "it is for gRPC alone" :
		    (wires & WIRE_H2C) != 0 ?
		    "it is for HTTP/2 in clear alone" :
		    "it is for WebSockets alone");
	else
		say(s, q->q->tls ? "it is for http in clear, and this is TLS" :
		    "it is for https, and this is not TLS");
}

static void
say_who(struct say *s, const struct scan *q, const struct f_rule *r)
{
	say(s, "it is only for [");
	for (uint32_t i = 0; i < r->exes.n && say_comma(s, i); i++)
		say_pattern(s, form_text(q->im,
		    q->im->exes[r->exes.first + i].text));
	if (q->q->who.n == 0) {
		say(s, "], and who asks is not known");
		return;
	}
	say(s, "], and the program is ");
	say_text(s, q->q->who.exe[0], 64);
}

static void
say_method(struct say *s, const struct scan *q, const struct f_rule *r)
{
	uint32_t n = 0;

	say(s, "method ");
	say_text(s, q->q->method, 20);
	say(s, " is not in [");
	for (uint32_t left = r->methods; left != 0; left &= left - 1, n++)
		if (say_comma(s, n))
			say(s, "%s", form_method_name(left));
		else
			break;
	for (uint32_t i = 0; i < r->words.n && say_comma(s, n); i++, n++)
		say_text(s, form_text(q->im,
		    q->im->words[r->words.first + i]), 20);
	say(s, "]");
}

static void
say_path(struct say *s, const struct scan *q, const struct f_rule *r)
{
	say(s, "path ");
	say_text(s, q->q->path, 60);
	say(s, " is not in [");
	for (uint32_t i = 0; i < r->paths.n && say_comma(s, i); i++)
		say_pattern(s, form_text(q->im,
		    q->im->pats[r->paths.first + i].text));
	say(s, "]");
}

/* Where a star is any characters, as in all values but git's, two are one. */
static void
say_value(struct say *s, const struct f_need *t, struct str pattern)
{
	if (t->detail == DETAIL_GIT_REPOSITORY || t->detail == DETAIL_GIT_REF) {
		say_pattern(s, pattern);
		return;
	}
	for (size_t i = 0; i < pattern.len; i++)
		if (pattern.p[i] == OP_SPAN)
			say(s, "*");
		else
			say_pattern(s, str_of(pattern.p + i, 1));
}

static void
say_need(struct say *s, const struct scan *q, const struct f_rule *r)
{
	const struct f_need *t = scan_need(q, r);
	const struct detail_pair *wrong;
	const struct detail_info *d;

	if (t == NULL)
		return;
	d = &detail_table[t->detail];
	say(s, "%s%s%s", d->key, d->word[0] != '\0' ? "." : "", d->word);
	if ((t->flags & NEED_REST) != 0)
		say(s, " holds a name that is not listed");
	if (t->name.len > 0) {
		say(s, " ");
		say_text(s, form_text(q->im, t->name), 40);
	}
	wrong = scan_wrong(q, r, t);
	if (wrong != NULL && wrong->name.len > 0 && t->name.len == 0) {
		say(s, " ");
		say_text(s, wrong->name, 40);
	}
	if (t->pats.n == 0) {
		say(s, (t->flags & NEED_FORBIDDEN) != 0 ?
		    " must not be there" : " must be there");
		return;
	}
	if (wrong != NULL) {
		say(s, " \"");
		say_text(s, wrong->value, 60);
		say(s, "\" is not in [");
	} else {
		say(s, " is not, or not all of it, in [");
	}
	/* Of a field, each second one is what is below it. */
	for (uint32_t i = 0, step = 1 + (t->detail == DETAIL_GRAPHQL_FIELD);
	    i < t->pats.n && say_comma(s, i / step); i += step)
		say_value(s, t, form_text(q->im,
		    q->im->pats[t->pats.first + i].text));
	say(s, "]");
}

static void
say_miss(struct say *s, const struct scan *q, const struct f_rule *r,
    enum miss miss)
{
	switch (miss) {
	case MISS_PORT:
		say_port(s, q, r);
		return;
	case MISS_WIRE:
		say_wire(s, q, r);
		return;
	case MISS_WHO:
		say_who(s, q, r);
		return;
	case MISS_METHOD:
		say_method(s, q, r);
		return;
	case MISS_PATH:
		say_path(s, q, r);
		return;
	case MISS_SLASH:
		say(s, "the path holds an encoded slash, and it does not say "
		    "encoded_slash: allow");
		return;
	case MISS_NEED:
		say_need(s, q, r);
		return;
	case MISS_WHEN:
		say(s, "it is only when ");
		say_text(s, cond_text(q->im, r->when), 120);
		return;
	case MISS_HOST:
	case MISS_NONE:
		return;
	}
}

struct near { /* the rule that came nearest so far */
	const struct scan *s;
	const struct f_rule *rule;
	enum miss miss;
};

static void
note(struct near *n, const struct f_rule *r, enum miss miss)
{
	if ((r->flags & (RULE_DENY | RULE_SOFT)) != 0)
		return;	/* denies, and audit: nobody's grant */
	if (n->rule == NULL || miss > n->miss ||
	    (miss == n->miss && r < n->rule)) {
		n->rule = r;
		n->miss = miss;
	}
}

static void
near_group(void *arg, const struct f_group *g)
{
	struct near *n = arg;
	const struct image *im = n->s->im;
	const struct f_cell *cell = scan_cell(n->s, g);
	uint32_t wires;

	if (g->allow != 0 && (cell == NULL || n->rule == NULL))
		note(n, &im->rules[g->allow - 1], MISS_PORT);
	for (uint32_t i = 0; cell != NULL && i < cell->all.n; i++) {
		const struct f_rule *r =
		    &im->rules[im->refs[cell->all.first + i]];

		note(n, r, scan_rule(n->s, r, true, &wires));
	}
}

void
near_rule(const struct image *im, const struct f_rule *r,
    struct policy_rule *out)
{
	out->file = form_text(im, im->texts[r->file]);
	out->line = r->line;
	out->text = form_text(im, r->text);
	out->policy = form_text(im, r->section);
}

/* As say_wire says it; a path has no blanks in it. */
bool
near_is_protocol(const char *reason)
{
	return strstr(reason, "it is not for HTTP") != NULL ||
	    strstr(reason, "does not name the protocol ") != NULL ||
	    strstr(reason, "it is for WebSockets alone") != NULL ||
	    strstr(reason, "it is for gRPC alone") != NULL ||
	    strstr(reason, "it is for HTTP/2 in clear alone") != NULL ||
	    strstr(reason, "it is for http in clear, and") != NULL ||
	    strstr(reason, "it is for https, and") != NULL;
}

void
near_explain(const struct scan *s, struct net_answer *out)
{
	struct say to = { out->reason, 0, sizeof(out->reason) };
	struct near n = { .s = s };
	uint32_t kin = scan_groups(s, near_group, &n);

	if (n.rule == NULL) {
		say(&to, "no rule names ");
		say_text(&to, s->q->host, 100);
		n.rule = kin == 0 ? NULL : &s->im->rules[kin - 1];
	} else {
		say_miss(&to, s, n.rule, n.miss);
	}
	if (n.rule == NULL)
		return;
	near_rule(s->im, n.rule, &out->nearest);
	say(&to, "; nearest is %.*s:%u", (int)out->nearest.file.len,
	    out->nearest.file.p, out->nearest.line);
}

/* near.c -- why not: the rule that came nearest, and what differs. */
#include <stdarg.h>
#include <stdio.h>

#include "base/compat.h"
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
	uint32_t wires = r->wire != 0 ? r->wire :
	    form_port_wires(q->q->port);

	if ((wires & WIRE_INSPECTED) == 0)
		say(s, "it is not for HTTP");
	else if (q->q->websocket && (wires & (q->q->tls ?
	    WIRE_HTTPS | WIRE_WSS : WIRE_HTTP | WIRE_WS)) != 0)
		say(s, "it narrows the methods and does not name the "
		    "protocol %s, and this is a WebSocket",
		    q->q->tls ? "wss" : "ws");
	else if ((wires & (WIRE_HTTP | WIRE_HTTPS)) == 0 &&
	    !q->q->websocket)
		say(s, "it is for WebSockets alone");
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
	case MISS_HOST:
	case MISS_NONE:
		return;
	}
}

/* Labels that two names share at their end. */
static unsigned
labels_shared(struct str a, struct str b)
{
	unsigned n = 0;

	for (size_t i = 1; i <= a.len && i <= b.len; i++) {
		if (a.p[a.len - i] != b.p[b.len - i])
			return n;
		if (a.p[a.len - i] == '.')
			n++;
		if ((i == a.len || a.p[a.len - i - 1] == '.') &&
		    (i == b.len || b.p[b.len - i - 1] == '.') &&
		    (i == a.len || i == b.len))
			return n + 1;
	}
	return n;
}

static const struct f_rule *
first_allow(const struct image *im, const struct f_host *h)
{
	for (uint32_t i = 0; i < h->refs.n; i++)
		if (im->rules[im->refs[h->refs.first + i]].flags == 0)
			return &im->rules[im->refs[h->refs.first + i]];
	return NULL;
}

/* The allow whose name shares the most labels with this one: two at least,
 * or it says nothing. */
static const struct f_rule *
find_kin(const struct scan *s)
{
	const struct f_rule *best = NULL;
	unsigned most = 1;

	if (s->literal)
		return NULL;
	for (uint32_t i = 0; i < s->im->nhosts; i++) {
		const struct f_host *h = &s->im->hosts[i];
		unsigned n = labels_shared(form_text(s->im, h->name),
		    s->q->host);
		const struct f_rule *r = n > most ? first_allow(s->im, h) :
		    NULL;

		if (r != NULL) {
			most = n;
			best = r;
		}
	}
	return best;
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

void
near_explain(const struct scan *s, const struct f_rule *best, enum miss miss,
    struct net_answer *out)
{
	struct say to = { out->reason, 0, sizeof(out->reason) };

	if (best == NULL) {
		say(&to, "no rule names ");
		say_text(&to, s->q->host, 100);
		best = find_kin(s);
	} else {
		say_miss(&to, s, best, miss);
	}
	if (best == NULL)
		return;
	near_rule(s->im, best, &out->nearest);
	say(&to, "; nearest is %.*s:%u", (int)out->nearest.file.len,
	    out->nearest.file.p, out->nearest.line);
}

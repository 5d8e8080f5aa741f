#include "sift.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "egress.h"
#include "hold.h"
#include "judge.h"
#include "policy/canaries.h"
#include "policy/say.h"
#include "policy/sift.h"
#include "scan/scan.h"
#include "sift_body.h"

enum { NAMED_MAX = 6 };	/* findings that a record names */

struct sifting {
	struct conn *c;
	uint32_t sift;
	const char *where;	/* "URL", "body" */
	char *body;		/* to redact in; NULL: it cannot be */
	bool enforced;		/* or is only said what would be done */
	bool changed;		/* something was redacted */
	enum sift_act worst;
	unsigned n;
	struct saying says;
	char text[512];
};

static enum sift_kind
kind_of(enum scan_class class)
{
	switch (class) {
	case SCAN_PERSONAL:
		return SIFT_PERSONAL;
	case SCAN_ADDRESS:
		return SIFT_ADDRESSES;
	case SCAN_GENERIC:
		return SIFT_GENERIC;
	case SCAN_CANARY:
		return SIFT_CANARIES;
	case SCAN_EXACT:
	case SCAN_SECRET:
	case SCAN_CLASS_COUNT:
		break;
	}
	return SIFT_SECRETS;
}

/* As long as it was, so that no length changes; digits by digits, so that a
 * number in JSON stays one. */
void
sift_redact(char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] >= '0' && p[i] <= '9')
			p[i] = '9';
		else if (p[i] != '\r' && p[i] != '\n')
			p[i] = '*';
}

static void
say_finding(struct sifting *s, const struct sift_note *f,
    enum sift_act act)
{
	static const char *const acts[] = { "", "", ", redacted",
		", blocked" };
	char text[160];

	if (++s->n > NAMED_MAX)
		return;
	(void)snprintf(text, sizeof(text), "%s%s at byte %llu of the %s%s%s%s",
	    s->n == 1 ? "" : "; ", f->name, (unsigned long long)f->at,
	    s->where, f->under[0] == '\0' ? "" : " under ", f->under,
	    acts[act]);
	say_z(&s->says, text);
}

/* What overlaps is one finding, and the strictest word counts. */
static enum sift_act
act_of(uint32_t sift, unsigned classes)
{
	enum sift_act act = SIFT_NOTHING;

	for (int i = 0; i < SCAN_CLASS_COUNT; i++) {
		enum sift_act own = sift_act(sift,
		    kind_of((enum scan_class)i));

		if ((classes >> i & 1) != 0 && own > act)
			act = own;
	}
	return act;
}

/* No record shows it. */
static void
hide(struct sifting *s, const struct sift_note *f)
{
	struct conn *c = s->c;

	if (strcmp(s->where, "head") == 0 && f->at < strlen(c->method))
		c->odd_method = true;
	if (strcmp(s->where, "URL") != 0 || f->at >= c->path.len)
		return;
	if (c->shown.len == 0)
		must(buf_adds(&c->shown, buf_str(&c->path)));
	for (size_t i = f->at; i < f->at + f->len && i < c->shown.len; i++)
		c->shown.p[c->shown.off + i] = '*';
}

static void
take(struct sifting *s, const struct sift_note *f)
{
	enum sift_act act = act_of(s->sift, f->classes);

	if (act == SIFT_NOTHING)
		return;
	/* Another URL would be another one; and of what is as long as the
	 * longest, more may follow. */
	if (act == SIFT_REDACT &&
	    (s->body == NULL || f->len >= SCAN_FINDING_BYTES_MAX))
		act = SIFT_BLOCK;
	if (act == SIFT_REDACT && s->enforced) {
		sift_redact(s->body + f->at, f->len);
		s->changed = true;
	}
	if (act > s->worst)
		s->worst = act;
	hide(s, f);
	say_finding(s, f, act);
}

static void
on_finding(const struct scan_finding *f, void *arg)
{
	const struct sift_note note = { f->at, f->len, f->classes, f->name,
		f->under };

	take(arg, &note);
}

/* Their lengths were checked with the image. */
struct scan *
sift_scan(const struct image *im)
{
	struct scan_value v[SCAN_EXACT_MAX];
	char names[SCAN_EXACT_MAX][CANARY_NAME_BYTES_MAX + 16];
	const uint32_t n = image_canaries(im);
	struct scan *scan = NULL;
	struct err e = { 0 };
	struct canary one;

	must(n <= SCAN_EXACT_MAX);
	for (uint32_t i = 0; i < n; i++) {
		image_canary(im, i, &one);
		(void)snprintf(names[i], sizeof(names[i]), "canary %.*s",
		    (int)one.name.len, one.name.p);
		v[i] = (struct scan_value){ str_c(names[i]), one.value,
			SCAN_CANARY };
	}
	must(scan_new(v, n, &scan, &e) == 0);
	return scan;
}

static void
look(struct sifting *s, struct scan *scan, const char *where, char *body,
    struct str bytes)
{
	struct scan_stream t;

	s->where = where;
	s->body = body;
	scan_begin(&t, scan, on_finding, s);
	(void)scan_feed(&t, bytes);
	scan_end(&t);
	scan_fini(&t);
}

static void
look_url(struct sifting *s, const struct conn *c)
{
	struct buf url;

	buf_init(&url, 2 * (size_t)HTTP_TARGET_BYTES_MAX);
	must(buf_adds(&url, buf_str(&c->path)) && buf_addz(&url, "?") &&
	    buf_adds(&url, buf_str(&c->query_text)));
	look(s, c->eg->scan, "URL", NULL, buf_str(&url));
	buf_fini(&url);
}

/* Where credentials belong: whether they go to whom they are for is what the
 * grants say. */
static bool
is_for_credentials(struct str name)
{
	static const char *const names[] = { "authorization",
		"proxy-authorization", "cookie", "x-api-key", "api-key",
		"x-goog-api-key", "x-auth-token", "x-access-token",
		"private-token", "job-token", "deploy-token",
		"x-amz-security-token", "x-vault-token", "x-github-token",
		"x-subscription-token", "x-figma-token", "dd-api-key" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (str_case_eq(name, str_c(names[i])))
			return true;
	return false;
}

static void
look_fields(struct sifting *s, const struct conn *c, const struct http_head *h,
    bool credentials)
{
	const uint32_t sift = s->sift;
	struct buf text;
	bool ok;

	buf_init(&text, 2 * (size_t)HTTP_HEAD_BYTES_MAX);
	ok = credentials || buf_printf(&text, "%s\n", c->method);
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *f = &h->fields[i];

		if (is_for_credentials(f->name) != credentials)
			continue;
		ok = ok && buf_adds(&text, f->name) && buf_addz(&text, ": ") &&
		    buf_adds(&text, f->value) && buf_addz(&text, "\n");
	}
	must(ok); /* the head it is from is shorter */
	if (credentials)
		s->sift = sift & sift_of(SIFT_CANARIES, SIFT_BLOCK);
	look(s, c->eg->scan, credentials ? "credentials" : "head", NULL,
	    buf_str(&text));
	s->sift = sift;
	buf_fini(&text);
}

static void
cannot_look(struct sifting *s, const char *why)
{
	enum sift_act act = SIFT_NOTHING;

	for (int k = 0; k < SIFT_SENT_COUNT; k++)
		if (sift_act(s->sift, (enum sift_kind)k) > act)
			act = sift_act(s->sift, (enum sift_kind)k);
	if (s->n++ > 0)
		say_z(&s->says, "; ");
	say_z(&s->says, "it is not inspected: ");
	say_z(&s->says, why);
	if (act >= SIFT_REDACT)
		s->worst = SIFT_BLOCK;
}

/* What was found in a packed body itself, which goes on as it is. */
static void
look_beside(struct sifting *s, const struct sifted *d)
{
	if (d->beside.classes == 0)
		return;
	s->where = "packed body";
	s->body = NULL;
	take(s, &d->beside);
}

/* What was found in the body that is held. false: what it would be without it
 * cannot be sent. */
static void
look_body(struct sifting *s, struct conn *c, struct http_head *h)
{
	const struct sifted *d;

	if (c->websocket || request_framing(c, h) == HTTP_NO_BODY)
		return;	/* messages are looked at when they come */
	d = c->hold == NULL ? NULL : c->hold->sifted;
	if (d == NULL || d->why != NULL) {
		cannot_look(s, d == NULL ? "its body is longer than "
		    "8 MiB, or is a push" : d->why);
		return;
	}
	s->where = d->unpack == NULL ? "body" : "unpacked body";
	s->body = (char *)(uintptr_t)sift_body_text(c).p;
	s->changed = false;
	for (size_t i = 0; i < d->n; i++)
		take(s, &d->v[i]);
	if (!s->changed)
		look_beside(s, d);
	else if (s->worst != SIFT_BLOCK && d->unpack != NULL)
		hold_unpacked(c, h);
}

bool
sift_is_enforced(const struct conn *c)
{
	const struct image_info *info = image_info(c->eg->image);

	return info->mode == POLICY_ENFORCE || info->bounded;
}

static void
deny(struct net_answer *a, const struct sifting *s)
{
	struct saying says = { .p = a->reason, .cap = sizeof(a->reason) };

	a->verdict = a->judged = VERDICT_DENY;
	a->nearest = a->rule;
	a->rule = (struct policy_rule){ .line = 0 };
	say_z(&says, "inspect: ");
	say_z(&says, s->text);
}

/* false: what was found could not be recorded. */
static bool
conclude(struct conn *c, struct sifting *s, struct net_answer *a)
{
	char more[64];

	if (s->n > NAMED_MAX) {
		(void)snprintf(more, sizeof(more), "; and %u more",
		    s->n - NAMED_MAX);
		say_z(&s->says, more);
	}
	if (s->worst == SIFT_BLOCK && sift_is_enforced(c)) {
		deny(a, s);
		return true; /* recorded as that */
	}
	return s->n == 0 || judge_record(c, AUDIT_FINDING, AUDIT_OBSERVED, a,
	    0, str_c(s->text));
}

bool
sift_request(struct conn *c, struct http_head *h, struct net_answer *a)
{
	struct sifting s = { .c = c, .sift = a->sift,
		.enforced = sift_is_enforced(c) };

	s.says = (struct saying){ .p = s.text, .cap = sizeof(s.text) };
	look_url(&s, c);
	look_fields(&s, c, h, false);
	look_fields(&s, c, h, true);
	look_body(&s, c, h);
	return conclude(c, &s, a);
}

bool
sift_message(struct conn *c, const char *where, char *p,
    const struct sifted *found, struct net_answer *a)
{
	struct sifting s = { .c = c, .sift = a->sift, .where = where,
		.body = p, .enforced = sift_is_enforced(c) };

	s.says = (struct saying){ .p = s.text, .cap = sizeof(s.text) };
	if (found->why != NULL)
		cannot_look(&s, found->why);
	for (size_t i = 0; i < found->n; i++)
		take(&s, &found->v[i]);
	return conclude(c, &s, a);
}

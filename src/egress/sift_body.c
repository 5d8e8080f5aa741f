#include "sift_body.h"

#include <stdlib.h>

#include "base/must.h"
#include "egress.h"
#include "hold.h"
#include "sift.h"

static void
on_note(const struct scan_finding *f, void *arg)
{
	struct sifted *s = arg;

	if (s->n == SIFT_NOTES_MAX) {
		s->why = "more is found in it than is kept";
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : 2 * s->cap;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = (struct sift_note){ f->at, f->len, f->classes, f->name,
		f->under };
}

/* What unpacks to nothing says something, too: names and comments of gzip,
 * frames that are to be skipped. */
static void
on_beside(const struct scan_finding *f, void *arg)
{
	struct sifted *s = arg;
	unsigned classes = s->beside.classes | f->classes;

	if (s->beside.classes == 0)
		s->beside = (struct sift_note){ f->at, f->len, 0, f->name,
			f->under };
	s->beside.classes = classes;
}

/* Why the body cannot be read, or NULL. */
static const char *
unread(struct conn *c, struct sifted *s)
{
	const struct inspect_head *said;
	enum unpack_coding coding;
	size_t len;
	char *p;

	if (!hold_body(c, &p, &len))
		return "its body is longer than 8 MiB, or is a push";
	said = &c->hold->in.head;
	if (said->twice)
		return "it says twice what its body is";
	coding = unpack_coding_of(said->encoding);
	if (coding == UNPACK_UNKNOWN)
		return "its body is compressed in a way that is not read";
	if (coding != UNPACK_NONE && len > 0)
		s->unpack = unpack_new(coding);
	return NULL;
}

static void
begin(struct conn *c, struct sifted *s)
{
	s->begun = true;
	buf_init(&s->plain, INSPECT_WHOLE_MAX);
	s->why = unread(c, s);
	s->scan = scan_share(c->eg->scan);
	scan_begin(&s->t, s->scan, on_note, s);
	scan_begin(&s->packed, s->scan, on_beside, s);
}

/* Unpacks a slice of it. true: that was the last. What was unpacked counts
 * among what all hold. */
static bool
unpack_more(struct conn *c, struct sifted *s, struct str held)
{
	struct str in = str_from(held, s->taken);
	const size_t had = in.len;
	const char *why = NULL;
	enum unpack_got got;
	const size_t was = s->plain.len;

	got = unpack_some(s->unpack, &in, &s->plain, SIFT_SLICE_BYTES, &why);
	(void)scan_feed(&s->packed, str_of(held.p + s->taken, had - in.len));
	s->taken += had - in.len;
	hold_count(c, s->plain.len - was);
	if (got == UNPACK_MORE && in.len == had && s->plain.len == was) {
		why = "cut short";
		got = UNPACK_BAD;
	}
	if (got == UNPACK_BAD)
		s->why = why;
	(void)scan_feed(&s->t, str_from(buf_str(&s->plain), was));
	return got != UNPACK_MORE;
}

static bool
take_more(struct sifted *s, struct str held)
{
	const struct str some = str_upto(str_from(held, s->taken),
	    SIFT_SLICE_BYTES);

	(void)scan_feed(&s->t, some);
	s->taken += some.len;
	return s->taken == held.len;
}

bool
sift_body_more(struct conn *c, const struct http_head *h)
{
	struct sifted *s;
	size_t len;
	bool last;
	char *p;

	if (c->hold == NULL || !c->hold->taken ||
	    request_framing(c, h) == HTTP_NO_BODY)
		return true;
	if (c->hold->sifted == NULL)
		c->hold->sifted = mem_alloc(1, sizeof(*s));
	s = c->hold->sifted;
	if (s->done)
		return true;
	if (!s->begun)
		begin(c, s);
	if (s->why == NULL && hold_body(c, &p, &len)) {
		last = s->unpack != NULL ? unpack_more(c, s, str_of(p, len)) :
					   take_more(s, str_of(p, len));
		if (!last && s->why == NULL)
			return false;
		if (s->why == NULL)
			scan_end(&s->t);
		if (s->why == NULL && s->unpack != NULL)
			scan_end(&s->packed);
	}
	scan_fini(&s->t);
	scan_fini(&s->packed);
	s->done = true;
	return true;
}

bool
sift_message_more(struct conn *c, struct sifted **out, struct str text)
{
	struct sifted *s = *out;

	if (s == NULL) {
		s = *out = mem_alloc(1, sizeof(*s));
		s->scan = scan_share(c->eg->scan);
		scan_begin(&s->t, s->scan, on_note, s);
	}
	if (s->done)
		return true;
	if (!take_more(s, text))
		return false;
	scan_end(&s->t);
	scan_fini(&s->t);
	s->done = true;
	return true;
}

struct str
sift_body_text(struct conn *c)
{
	struct sifted *s = c->hold->sifted;
	size_t len;
	char *p;

	if (s->unpack != NULL)
		return buf_str(&s->plain);
	must(hold_body(c, &p, &len));
	return str_of(p, len);
}

void
sifted_free(struct sifted *s)
{
	if (s == NULL)
		return;
	scan_fini(&s->t);
	scan_fini(&s->packed);
	scan_free(s->scan);
	unpack_free(s->unpack);
	buf_fini(&s->plain);
	free(s->v);
	free(s);
}

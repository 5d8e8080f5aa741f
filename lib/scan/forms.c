#include "scan/forms.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"

const char *
scan_class_name(enum scan_class c)
{
	static const char *const names[SCAN_CLASS_COUNT] = { "exact", "canary",
		"secret", "personal", "address", "generic" };

	return names[c];
}

/* ---- what is looked for ---- */

static unsigned char
letter(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static void
form_add(struct scan *s, const unsigned char *p, size_t len, bool any_case)
{
	struct form *f = &s->forms[s->nforms++];

	must(s->nforms <= SCAN_EXACT_MAX * FORMS_MAX && len > 0);
	*f = (struct form){ mem_alloc(len, 1), len, any_case,
		(uint32_t)s->nvalues };
	memcpy(f->p, p, len);
	if (len > s->longest)
		s->longest = len;
	s->begins[p[0] / 64] |= 1ul << p[0] % 64;
	if (any_case && letter(p[0]) >= 'a' && letter(p[0]) <= 'z') {
		const unsigned char other = p[0] ^ 0x20;

		s->begins[other / 64] |= 1ul << other % 64;
	}
}

static void
add_hex(struct scan *s, struct str v)
{
	unsigned char out[2 * SCAN_EXACT_BYTES_MAX];

	for (size_t i = 0; i < v.len; i++) {
		out[2 * i] = (unsigned char)"0123456789abcdef"
		    [(unsigned char)v.p[i] >> 4];
		out[2 * i + 1] = (unsigned char)"0123456789abcdef"
		    [v.p[i] & 0xf];
	}
	form_add(s, out, 2 * v.len, true);
}

static void
add_reversed(struct scan *s, struct str v)
{
	unsigned char out[SCAN_EXACT_BYTES_MAX];

	for (size_t i = 0; i < v.len; i++)
		out[i] = (unsigned char)v.p[v.len - 1 - i];
	form_add(s, out, v.len, true);
}

/* As URLs and JSON write it, where that is something else. */
static void
add_escaped(struct scan *s, struct str v)
{
	unsigned char url[3 * SCAN_EXACT_BYTES_MAX];
	unsigned char json[2 * SCAN_EXACT_BYTES_MAX];
	unsigned char slash[2 * SCAN_EXACT_BYTES_MAX];
	size_t nurl = 0, njson = 0, nslash = 0;

	for (size_t i = 0; i < v.len; i++) {
		const unsigned char c = (unsigned char)v.p[i];

		if (set_has(SET_DOTTED, c) || c == '~') {
			url[nurl++] = c;
		} else {
			url[nurl++] = '%';
			url[nurl++] = (unsigned char)"0123456789ABCDEF"[c >> 4];
			url[nurl++] = (unsigned char)
			    "0123456789ABCDEF"[c & 0xf];
		}
		if (c == '"' || c == '\\')
			json[njson++] = slash[nslash++] = '\\';
		else if (c == '/')
			slash[nslash++] = '\\';
		json[njson++] = slash[nslash++] = c;
	}
	if (nurl != v.len)
		form_add(s, url, nurl, true);
	if (njson != v.len)
		form_add(s, json, njson, true);
	if (nslash != njson)
		form_add(s, slash, nslash, true);
}

/* In a longer text's base64 the value begins at one of three places; its
 * first and last letters depend on what stands beside it, and are left out. */
static void
add_base64(struct scan *s, struct str v, size_t before, const char *letters)
{
	unsigned char in[SCAN_EXACT_BYTES_MAX + 4] = { 0 };
	unsigned char out[(SCAN_EXACT_BYTES_MAX + 4) / 3 * 4 + 4];
	const size_t bits = (before + v.len) * 8;
	const size_t first = (before * 8 + 5) / 6, last = bits / 6;
	size_t n = 0;

	memcpy(in + before, v.p, v.len);
	for (size_t i = first; i < last; i++) {
		const size_t at = i * 6;
		const unsigned two = (unsigned)in[at / 8] << 8 |
		    in[at / 8 + 1];

		out[n++] = (unsigned char)
		    letters[two >> (10 - at % 8) & 0x3f];
	}
	form_add(s, out, n, false);
}

static const char letters_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char letters_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
value_add(struct scan *s, const struct scan_value *v, struct err *e)
{
	if (s->nvalues == SCAN_EXACT_MAX ||
	    v->value.len < SCAN_EXACT_BYTES_MIN ||
	    v->value.len > SCAN_EXACT_BYTES_MAX)
		return err_set(e, ERR_LIMIT,
		    "the value of %.*s cannot be looked for: it must have %d "
		    "to %d bytes, and there may be %d values",
		    (int)v->name.len, v->name.p, SCAN_EXACT_BYTES_MIN,
		    SCAN_EXACT_BYTES_MAX, SCAN_EXACT_MAX);
	form_add(s, (const unsigned char *)v->value.p, v->value.len, true);
	add_escaped(s, v->value);
	add_reversed(s, v->value);
	add_hex(s, v->value);
	for (size_t before = 0; before < 3; before++) {
		add_base64(s, v->value, before, letters_std);
		add_base64(s, v->value, before, letters_url);
	}
	s->values[s->nvalues++] = (struct detector){
		.name = mem_printf("%.*s", (int)v->name.len, v->name.p),
		.class = v->class };
	return 0;
}

static int
words_make(struct scan *s, struct err *e)
{
	const size_t n = detectors_count + s->nforms;
	struct words_word *w = mem_alloc(n, sizeof(*w));
	int rc;

	for (size_t i = 0; i < detectors_count; i++)
		w[i] = (struct words_word){
			(const unsigned char *)detectors[i].word,
			strlen(detectors[i].word) };
	for (size_t i = 0; i < s->nforms; i++)
		w[detectors_count + i] = (struct words_word){ s->forms[i].p,
			s->forms[i].len };
	rc = words_new(w, n, &s->words, e);
	free(w);
	return rc;
}

int
scan_new(const struct scan_value *values, size_t n, struct scan **out,
    struct err *e)
{
	struct scan *s = mem_alloc(1, sizeof(*s));
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = value_add(s, &values[i], e);
	if (rc == 0)
		rc = words_make(s, e);
	if (rc == 0)
		rc = numbers_words(&s->near, e);
	if (rc != 0)
		scan_free(s);
	else
		*out = s;
	return rc;
}

struct scan *
scan_share(struct scan *s)
{
	s->refs++;
	return s;
}

void
scan_free(struct scan *s)
{
	if (s == NULL || s->refs-- > 0)
		return;
	for (size_t i = 0; i < s->nforms; i++) {
		mem_wipe(s->forms[i].p, s->forms[i].len);
		free(s->forms[i].p);
	}
	for (size_t i = 0; i < s->nvalues; i++)
		free((char *)(uintptr_t)s->values[i].name);
	words_free(s->words);
	words_free(s->near);
	for (int i = 0; i <= DEPTH_MAX; i++) {
		room_fini(&s->made[i]);
		room_fini(&s->runs[i]);
	}
	free(s->found);
	free(s);
}

static bool
same_letters(const struct form *f, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (f->any_case ? letter(p[i]) != letter(f->p[i]) :
				  p[i] != f->p[i])
			return false;
	}
	return true;
}

enum seen
look_form(const struct form *f, const struct text *t, size_t at,
    struct span *out)
{
	const size_t n = t->n - at < f->len ? t->n - at : f->len;

	if (!same_letters(f, t->p + at, n))
		return SEEN_NO;
	if (n < f->len)
		return t->final ? SEEN_NO : SEEN_MORE;
	*out = (struct span){ at, n };
	return SEEN_YES;
}

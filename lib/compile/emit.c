/* emit.c -- the checked policy as the bytes of an image.  The same documents
 * in the same order give the same bytes. */
#include "compile/emit.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

void
emit_put(struct emit *e, enum form_section s, const void *p, size_t len)
{
	if (!buf_add(&e->s[s], p, len))
		e->full = true;
}

uint32_t
emit_count(const struct emit *e, enum form_section s, size_t size)
{
	return (uint32_t)(e->s[s].len / size);
}

/* ---- lists that are the same are there once */

static uint32_t
list_hash(enum form_section s, const char *p, size_t len)
{
	uint32_t h = UINT32_C(2166136261) + s;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * UINT32_C(16777619);
	return h ^ h >> 15;
}

static const char *
list_at(const struct emit *e, enum form_section s, struct f_span at)
{
	return e->s[s].p + e->s[s].off + at.first;
}

static uint32_t
list_slot(const struct emit *e, enum form_section s, const void *p,
    size_t len)
{
	uint32_t mask = e->cap_lists - 1;
	uint32_t i = list_hash(s, p, len) & mask;

	for (;; i = (i + 1) & mask) { /* ends: half of it is empty */
		struct f_span l = e->lists[i];

		if (l.n == 0 || (l.n == len && e->list_section[i] == s &&
		    memcmp(list_at(e, s, l), p, len) == 0))
			return i;
	}
}

static void
lists_grow(struct emit *e)
{
	struct f_span *old = e->lists;
	unsigned char *of = e->list_section;
	uint32_t cap = e->cap_lists;

	if (2 * e->nlists < cap)
		return;
	e->cap_lists = cap == 0 ? 1024 : 2 * cap;
	e->lists = mem_alloc(e->cap_lists, sizeof(*e->lists));
	e->list_section = mem_alloc(e->cap_lists, 1);
	for (uint32_t i = 0; i < cap; i++)
		if (old[i].n != 0) {
			uint32_t at = list_slot(e, of[i],
			    list_at(e, of[i], old[i]), old[i].n);

			e->lists[at] = old[i];
			e->list_section[at] = of[i];
		}
	free(old);
	free(of);
}

/* In bytes. */
static struct f_span
put_list(struct emit *e, enum form_section s, const void *p, size_t len)
{
	struct f_span l = { emit_count(e, s, 1), (uint32_t)len };
	uint32_t at;

	if (len == 0)
		return (struct f_span){ 0, 0 };
	lists_grow(e);
	at = list_slot(e, s, p, len);
	if (e->lists[at].n != 0)
		return e->lists[at];
	emit_put(e, s, p, len);
	if (!e->full) {
		e->lists[at] = l;
		e->list_section[at] = (unsigned char)s;
		e->nlists++;
	}
	return l;
}

struct f_text
emit_text(struct emit *e, struct str s)
{
	struct f_span l = put_list(e, FORM_bytes, s.p, s.len);

	return (struct f_text){ l.first, l.n };
}

struct f_span
emit_span(struct emit *e, enum form_section s, const void *v, uint32_t n,
    size_t size)
{
	struct f_span l = put_list(e, s, v, n * size);

	return (struct f_span){ l.first / (uint32_t)size,
		l.n / (uint32_t)size };
}

uint32_t
emit_walk(struct emit *e, enum form_section s, const struct dfa *d)
{
	if (e->packs[s] == NULL)
		e->packs[s] = pack_new();
	return pack_add(e->packs[s], d, NULL);
}

static void
put_packs(struct emit *e)
{
	for (unsigned s = 0; s < FORM_COUNT; s++) {
		const struct f_step *steps;
		uint32_t n;

		if (e->packs[s] == NULL)
			continue;
		steps = pack_steps(e->packs[s], &n);
		if (pack_is_full(e->packs[s]))
			e->full = true;
		else
			emit_put(e, (enum form_section)s, steps,
			    n * sizeof(*steps));
		pack_free(e->packs[s]);
	}
}

/* ---- the whole */

static struct f_head
head_form(const struct compile *c)
{
	const struct policy *p = &c->pol;
	struct f_head h = { .version = FORM_VERSION };

	memcpy(h.magic, FORM_MAGIC, sizeof(h.magic));
	h.mode = p->mode.value;
	h.system = p->files.section != NULL ? p->files.system.value :
	    (uint32_t)POLICY_SYSTEM_LAYERED;
	h.flags = p->net_default.value == 1 ? FORM_DEFAULT_ALLOW : 0;
	if (c->stage != POLICY_STAGE_ENFORCE)
		h.flags |= FORM_CHECK_ONLY;
	return h;
}

static const size_t record_bytes[FORM_COUNT] = {
#define SECTION(name, record) [FORM_##name] = sizeof(record),
	FORM_SECTIONS(SECTION)
#undef SECTION
};

static bool
put_padded(struct buf *out, struct str s)
{
	static const char zeros[FORM_ALIGN];
	size_t odd;

	if (!buf_adds(out, s))
		return false;
	odd = out->len % FORM_ALIGN;
	return odd == 0 || buf_add(out, zeros, FORM_ALIGN - odd);
}

static bool
join(struct emit *e, struct f_head *h, struct buf *out)
{
	bool ok = put_padded(out, str_of((const char *)h, sizeof(*h)));

	for (unsigned s = 0; s < FORM_COUNT && ok; s++) {
		h->sections[s].first = (uint32_t)out->len;
		h->sections[s].n = emit_count(e, (enum form_section)s,
		    record_bytes[s]);
		ok = put_padded(out, buf_str(&e->s[s]));
	}
	return ok && !e->full;
}

static void
put_all(struct emit *e, const struct doc *docs, uint32_t ndocs)
{
	for (uint32_t i = 0; i < ndocs; i++) {
		struct f_text t = emit_text(e, str_c(docs[i].name));

		emit_put(e, FORM_texts, &t, sizeof(t));
	}
	emit_conds(e);
	emit_net(e);
	emit_files(e);
	emit_paths(e);
	emit_models(e);
	emit_limits(e);
	emit_commands(e);
}

/* A length that is a multiple of FORM_ALIGN, so that they stay aligned. */
static void
put_inner(struct emit *e, const struct inner *in)
{
	if (in->max.len > 0)
		emit_put(e, FORM_maximum, in->max.p, in->max.len);
	for (uint32_t i = 0; i < in->n; i++) {
		struct f_profile p = { emit_text(e, in->names[i]), {
			emit_count(e, FORM_inner, 1),
			(uint32_t)in->images[i].len } };

		must(in->images[i].len % FORM_ALIGN == 0);
		emit_put(e, FORM_profiles, &p, sizeof(p));
		emit_put(e, FORM_inner, in->images[i].p, in->images[i].len);
	}
}

static void
emit_fini(struct emit *e)
{
	for (unsigned s = 0; s < FORM_COUNT; s++)
		buf_fini(&e->s[s]);
	free(e->lists);
	free(e->list_section);
}

int
emit(struct compile *c, const struct doc *docs, uint32_t ndocs,
    const struct inner *in, char **image, size_t *len)
{
	struct emit e = { .c = c };
	struct f_head h = head_form(c);
	struct buf out;
	bool ok;

	for (unsigned s = 0; s < FORM_COUNT; s++)
		buf_init(&e.s[s], IMAGE_BYTES_MAX);
	buf_init(&out, IMAGE_BYTES_MAX);
	put_all(&e, docs, ndocs);
	put_packs(&e);
	put_inner(&e, in);
	ok = join(&e, &h, &out);
	emit_fini(&e);
	if (c->diags->errors > 0) {
		buf_fini(&out);
		return -1;
	}
	if (!ok) {
		diag_add(c->diags, DIAG_ERROR, &docs[0], 0, 0, 0,
		    "the policy is too large: compiled it would pass %d bytes",
		    IMAGE_BYTES_MAX);
		buf_fini(&out);
		return -1;
	}
	h.size = (uint32_t)out.len;
	*image = buf_take(&out, len);
	memcpy(*image, &h, sizeof(h));
	sha256(str_from(str_of(*image, *len), FORM_HASHED), h.hash);
	memcpy(*image, &h, sizeof(h));
	return 0;
}

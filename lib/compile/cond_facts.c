/* cond_facts.c -- facts as words of a question: "turn=5 labels=pii,hr". */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "compile/cond_domain.h"
#include "compile/cond_read.h"

enum { WORD_BYTES_MAX = 65536 };

/* ---- printing */

static bool
print_list(struct buf *b, const union fact_value *v)
{
	bool ok = true;

	for (uint32_t i = 0; i < v->list.n && ok; i++)
		ok = (i == 0 || buf_addz(b, ",")) &&
		    buf_adds(b, v->list.v[i]);
	return ok;
}

static bool
print_addr(struct buf *b, const unsigned char a[16])
{
	struct prefix p = { .bits = 128 };
	char text[PREFIX_TEXT_BYTES];

	memcpy(p.addr, a, sizeof(p.addr));
	return buf_addz(b, prefix_print(&p, text));
}

static bool
print_value(struct buf *b, enum fact f, const union fact_value *v)
{
	switch (fact_table[f].type) {
	case FACT_BOOL:
		return buf_addz(b, v->n != 0 ? "true" : "false");
	case FACT_ENUM:
		return buf_adds(b, fact_word(f, (unsigned)v->n));
	case FACT_INT:
		return buf_printf(b, "%lld", (long long)v->n);
	case FACT_SIZE:
		return buf_printf(b, "%lldB", (long long)v->n);
	case FACT_TIME:
		return buf_printf(b, "%lldms", (long long)v->n);
	case FACT_TEXT:
		return buf_adds(b, v->text);
	case FACT_ADDR:
		return print_addr(b, v->addr);
	case FACT_LIST:
		return print_list(b, v);
	case FACT_TYPE_COUNT:
		break;
	}
	return false;
}

struct str
facts_print(const struct facts *f, uint64_t which, struct arena *a)
{
	struct buf b;
	bool ok = true;
	struct str s;
	char *z;

	buf_init(&b, 1U << 20);
	for (; which != 0 && ok; which &= which - 1) {
		enum fact id = (enum fact)__builtin_ctzll(which);

		ok = buf_printf(&b, "%s%s=", b.len == 0 ? "" : " ",
		    fact_table[id].name) &&
		    ((f->known & FACT_BIT(id)) == 0 ?
			buf_addz(&b, "unknown") :
			print_value(&b, id, &f->v[id]));
	}
	s = buf_str(&b);	/* if it does not fit, its beginning */
	z = arena_strdup(a, s);
	must(z != NULL);	/* the arena has no limit of its own */
	s = str_of(z, s.len);
	buf_fini(&b);
	return s;
}

/* ---- reading */

static void
take_list(struct reader *r, struct str s, union fact_value *v)
{
	struct str *items = read_mem(r, s.len + 1, sizeof(*items));
	struct str head, tail;
	uint32_t n = 0;

	for (; s.len > 0; s = tail) {
		if (!str_cut(s, ',', &head, &tail)) {
			head = s;
			tail = STR("");
		}
		items[n++] = head;
	}
	v->list.v = items;
	v->list.n = n;
}

static int
take_word(struct reader *r, enum fact f, struct str s, union fact_value *v)
{
	int i = fact_table[f].type == FACT_ENUM ? fact_word_find(f, s) :
	    str_eqz(s, "true") ? 1 : str_eqz(s, "false") ? 0 : -1;

	v->n = i;
	if (i >= 0)
		return 0;
	return read_fault(r, 0, (uint32_t)s.len, "%s cannot be \"%.*s\": it "
	    "is one of %s", fact_table[f].name, (int)s.len, s.p,
	    fact_table[f].type == FACT_BOOL ? "true, false" :
	    fact_table[f].words);
}

/* A number, size or time, as a condition writes it. */
static int
take_amount(struct reader *r, enum fact f, struct str s,
    union fact_value *v)
{
	static const enum lexeme_kind kinds[FACT_TYPE_COUNT] = {
		[FACT_INT] = LEX_INT, [FACT_SIZE] = LEX_SIZE,
		[FACT_TIME] = LEX_TIME };

	r->text = s;
	r->pos = 0;
	if (token_take(r) == -1)
		return -1;
	if (r->next.kind != kinds[fact_table[f].type] ||
	    r->next.width != s.len)
		return read_fault(r, 0, (uint32_t)s.len, "%s cannot be "
		    "\"%.*s\"", fact_table[f].name, (int)s.len, s.p);
	v->n = r->next.value.n;
	return 0;
}

static int
take_value(struct reader *r, enum fact f, struct str s, union fact_value *v)
{
	switch (fact_table[f].type) {
	case FACT_BOOL:
	case FACT_ENUM:
		return take_word(r, f, s, v);
	case FACT_INT:
	case FACT_SIZE:
	case FACT_TIME:
		return take_amount(r, f, s, v);
	case FACT_TEXT:
		v->text = s;
		return 0;
	case FACT_ADDR:
		return addr_parse(s, v->addr) ? 0 : read_fault(r, 0,
		    (uint32_t)s.len, "\"%.*s\" is no address", (int)s.len,
		    s.p);
	case FACT_LIST:
		take_list(r, s, v);
		return 0;
	case FACT_TYPE_COUNT:
		break;
	}
	return -1;
}

int
fact_take(struct str word, unsigned where, struct arena *a, struct facts *f,
    struct cond_fault *fault)
{
	struct reader r = { .arena = a, .fault = fault, .where = where };
	struct str name, value;
	union fact_value v = { 0 };
	int id;

	*fault = (struct cond_fault){ .width = 1 };
	if (word.len > WORD_BYTES_MAX || !str_cut(word, '=', &name, &value))
		return read_fault(&r, 0, (uint32_t)word.len,
		    "a fact is written NAME=VALUE, as "
		    "context_sensitivity=high");
	id = fact_find(name);
	if (id < 0)
		return no_such_fact(&r, name, 0, (uint32_t)name.len);
	if ((fact_table[id].where & where) == 0 ||
	    fact_table[id].phase > PHASE_BODY)
		return read_fault(&r, 0, (uint32_t)name.len,
		    "%s is no fact of this question", fact_table[id].name);
	if (str_eqz(value, "unknown")) {
		f->known &= ~FACT_BIT(id);
		return 0;
	}
	if (take_value(&r, (enum fact)id, value, &v) == -1) {
		fault->at += (uint32_t)name.len + 1;
		return -1;
	}
	f->known |= FACT_BIT(id);
	f->v[id] = v;
	return 0;
}

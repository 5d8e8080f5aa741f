#include "analysis/known.h"

#include "base/err.h"
#include "base/must.h"
#include "compile/cond.h"

static int
add_enum(struct str value, enum fact id, struct facts *f, struct err *e)
{
	int word = fact_word_find(id, value);

	if (word < 0)
		return err_set(e, ERR_INPUT, "%s has no word \"%.*s\": it is "
		    "one of %s", fact_table[id].name, (int)value.len, value.p,
		    fact_table[id].words);
	fact_put(f, id, word);
	return 0;
}

static int
add_bool(struct str value, enum fact id, struct facts *f, struct err *e)
{
	if (!str_eqz(value, "true") && !str_eqz(value, "false"))
		return err_set(e, ERR_INPUT, "%s is true or false, not "
		    "\"%.*s\"", fact_table[id].name, (int)value.len, value.p);
	fact_put(f, id, str_eqz(value, "true"));
	return 0;
}

static int
add_list(struct arena *a, struct str value, enum fact id, struct facts *f)
{
	struct str *v = arena_alloc(a, value.len + 1, sizeof(*v));
	struct str one, rest = value;
	uint32_t n = 0;
	bool more = value.len > 0;

	must(v != NULL);
	while (more && n < FACT_ITEMS_MAX) {
		more = str_cut(rest, ',', &one, &rest);
		v[n++] = more ? one : rest;
	}
	fact_put_list(f, id, v, n);
	return 0;
}

/* Numbers, sizes, times and addresses, as a condition writes them. */
static int
add_measure(struct arena *a, struct str value, enum fact id, struct facts *f,
    struct err *e)
{
	const struct fact_info *info = &fact_table[id];
	char *text = arena_printf(a, "%s == %.*s", info->name,
	    (int)value.len, value.p);
	struct cond_fault fault;
	struct cond *c;

	must(text != NULL);
	if (cond_parse(str_c(text), info->where, info->phase, a, &c,
		&fault) == -1)
		return err_set(e, ERR_INPUT, "%s=%.*s: %s", info->name,
		    (int)value.len, value.p, fault.text);
	if (c->kind != COND_TEST || c->nvalues != 1)
		return err_set(e, ERR_INPUT, "%s takes one value", info->name);
	if (info->type == FACT_ADDR)
		fact_put_addr(f, id, c->values[0].net.addr);
	else
		fact_put(f, id, c->values[0].n);
	return 0;
}

static int
add_value(struct arena *a, struct str value, enum fact id, struct facts *f,
    struct err *e)
{
	switch (fact_table[id].type) {
	case FACT_BOOL:
		return add_bool(value, id, f, e);
	case FACT_ENUM:
		return add_enum(value, id, f, e);
	case FACT_TEXT:
		fact_put_text(f, id, value);
		return 0;
	case FACT_LIST:
		return add_list(a, value, id, f);
	case FACT_INT:
	case FACT_SIZE:
	case FACT_TIME:
	case FACT_ADDR:
		return add_measure(a, value, id, f, e);
	case FACT_TYPE_COUNT:
		break;
	}
	return -1;
}

int
known_add(struct arena *a, struct str word, unsigned where, struct facts *f,
    struct err *e)
{
	struct str name, value;
	int id;

	if (!str_cut(word, '=', &name, &value))
		return err_set(e, ERR_INPUT, "\"%.*s\" is no fact: write "
		    "NAME=VALUE, as sensitivity=high", (int)word.len, word.p);
	id = fact_find(name);
	if (id < 0)
		return err_set(e, ERR_INPUT, "there is no fact \"%.*s\"",
		    (int)name.len, name.p);
	if ((fact_table[id].where & where) == 0)
		return err_set(e, ERR_INPUT, "%s is not known where this is "
		    "decided", fact_table[id].name);
	if ((f->known & FACT_BIT((unsigned)id)) != 0)
		return err_set(e, ERR_INPUT, "%s is said twice",
		    fact_table[id].name);
	return add_value(a, value, (enum fact)id, f, e);
}

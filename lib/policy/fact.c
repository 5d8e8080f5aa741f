/* fact.c -- the table of facts, and the words of those that are enums. */
#include "policy/fact.h"

const struct fact_info fact_table[FACT_COUNT] = {
#define FACT(id, name, type, words, ordered, where, phase, meaning)	\
	[FACT_##id] = { name, words, meaning, FACT_##type, ordered,	\
		where, PHASE_##phase },
	FACTS(FACT)
#undef FACT
};

const char *const fact_other_names[FACT_OTHERS] = { "sensitivity",
	"task_type" };
static const enum fact others[FACT_OTHERS] = { FACT_SENSITIVITY, FACT_TASK };

int
fact_find(struct str name)
{
	for (int i = 0; i < FACT_COUNT; i++)
		if (str_eqz(name, fact_table[i].name))
			return i;
	for (int i = 0; i < FACT_OTHERS; i++)
		if (str_eqz(name, fact_other_names[i]))
			return (int)others[i];
	return -1;
}

/* The next value of a list of words: all of its names, joined by '='. */
static bool
next_value(struct str *rest, struct str *names)
{
	struct str head, tail;

	if (rest->len == 0)
		return false;
	if (!str_cut(*rest, ' ', &head, &tail)) {
		head = *rest;
		tail = STR("");
	}
	*names = head;
	*rest = tail;
	return true;
}

unsigned
fact_words(enum fact f)
{
	struct str rest = str_c(fact_table[f].words), names;
	unsigned n = 0;

	while (next_value(&rest, &names))
		n++;
	return n;
}

struct str
fact_word(enum fact f, unsigned i)
{
	struct str rest = str_c(fact_table[f].words), names;

	while (next_value(&rest, &names))
		if (i-- == 0)
			return str_head(names, str_index(names, '='));
	return STR("");
}

int
fact_word_find(enum fact f, struct str word)
{
	struct str rest = str_c(fact_table[f].words), names, head, tail;

	for (int i = 0; next_value(&rest, &names); i++) {
		while (str_cut(names, '=', &head, &tail)) {
			if (str_eq(head, word))
				return i;
			names = tail;
		}
		if (str_eq(names, word))
			return i;
	}
	return -1;
}

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "scan/detect.h"

#define STATES_MAX 65535
#define NO_WORD	   UINT32_MAX

struct words {
	uint8_t class_of[256];	/* 0: in no word */
	size_t nclasses, nstates, nwords, longest;
	uint16_t *next;		/* nstates rows of nclasses */
	uint32_t *first;	/* a word that ends in the state, or NO_WORD */
	uint16_t *shorter;	/* the next state whose words end here, too */
	uint32_t *same;		/* another word with the same letters */
	uint32_t *len;		/* of each word */
};

static unsigned char
folded(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static void
classes_find(struct words *w, const struct words_word *v, size_t n)
{
	w->nclasses = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].len; k++) {
			unsigned char c = folded(v[i].p[k]);

			if (w->class_of[c] == 0)
				w->class_of[c] = (uint8_t)w->nclasses++;
		}
	for (int c = 'A'; c <= 'Z'; c++)
		w->class_of[c] = w->class_of[c | 0x20];
}

static uint16_t *
step(const struct words *w, size_t state, unsigned char c)
{
	return &w->next[state * w->nclasses + w->class_of[c]];
}

static void
word_add(struct words *w, const struct words_word *v, uint32_t number)
{
	size_t state = 0;

	for (size_t i = 0; i < v->len; i++) {
		uint16_t *to = step(w, state, v->p[i]);

		if (*to == 0)
			*to = (uint16_t)w->nstates++;
		state = *to;
	}
	w->same[number] = w->first[state];
	w->first[state] = number;
	w->len[number] = (uint32_t)v->len;
	if (v->len > w->longest)
		w->longest = v->len;
}

/* Row by row in the order of depth, every missing step becomes the one from
 * the longest other beginning that the state ends with. */
static void
steps_complete(struct words *w)
{
	uint16_t *back = mem_alloc(w->nstates, sizeof(*back));
	uint16_t *queue = mem_alloc(w->nstates, sizeof(*queue));
	size_t head = 0, tail = 0;

	queue[tail++] = 0;
	while (head < tail) {
		const size_t state = queue[head++];
		uint16_t *row = &w->next[state * w->nclasses];
		const uint16_t *other = &w->next[back[state] * w->nclasses];

		for (size_t c = 1; c < w->nclasses; c++) {
			if (row[c] == 0) {
				row[c] = state == 0 ? 0 : other[c];
				continue;
			}
			back[row[c]] = state == 0 ? 0 : other[c];
			w->shorter[row[c]] =
			    w->first[back[row[c]]] != NO_WORD ? back[row[c]] :
			    w->shorter[back[row[c]]];
			queue[tail++] = row[c];
		}
	}
	free(back);
	free(queue);
}

int
words_new(const struct words_word *v, size_t n, struct words **out,
    struct err *e)
{
	struct words *w = mem_alloc(1, sizeof(*w));
	size_t states = 1;

	for (size_t i = 0; i < n; i++)
		states += v[i].len;
	if (states > STATES_MAX) {
		free(w);
		return err_set(e, ERR_LIMIT, "too many words to look for");
	}
	classes_find(w, v, n);
	w->next = mem_alloc(states * w->nclasses, sizeof(*w->next));
	w->first = mem_alloc(states, sizeof(*w->first));
	w->shorter = mem_alloc(states, sizeof(*w->shorter));
	w->same = mem_alloc(n + 1, sizeof(*w->same));
	w->len = mem_alloc(n + 1, sizeof(*w->len));
	memset(w->first, 0xff, states * sizeof(*w->first));
	w->nstates = 1;
	for (size_t i = 0; i < n; i++)
		word_add(w, &v[i], (uint32_t)i);
	steps_complete(w);
	*out = w;
	return 0;
}

void
words_free(struct words *w)
{
	if (w == NULL)
		return;
	free(w->next);
	free(w->first);
	free(w->shorter);
	free(w->same);
	free(w->len);
	free(w);
}

size_t
words_longest(const struct words *w)
{
	return w->longest;
}

static void
tell(const struct words *w, size_t state, size_t end,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg)
{
	for (; state != 0; state = w->shorter[state])
		for (uint32_t i = w->first[state]; i != NO_WORD;
		    i = w->same[i])
			on_word(i, end - w->len[i], arg);
}

void
words_find(const struct words *w, const struct text *t, size_t from,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg)
{
	size_t state = 0;

	for (size_t i = from; i < t->n; i++) {
		state = *step(w, state, t->p[i]);
		if (w->first[state] != NO_WORD || w->shorter[state] != 0)
			tell(w, state, i + 1, on_word, arg);
	}
}

#include "compile/library.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "compile/extends.h"

enum { NAMES_BYTES_MAX = 600 };

int
docset_add(struct docset *s, const struct policy_file *f,
    struct diags *d)
{
	if (s->n == POLICY_FILES_MAX) {
		struct doc doc = { .name = f->name };

		diag_add(d, DIAG_ERROR, &doc, 0, 0, 0,
		    "more than %d policy files", POLICY_FILES_MAX);
		return -1;
	}
	s->v[s->n++] = *f;
	return 0;
}

void
docset_fini(struct docset *s)
{
	arena_fini(&s->arena);
	s->n = 0;
}

/* ---- closing */

struct closing {
	struct docset *set;
	const struct policy_library *lib;
	struct diags *d;
	struct arena arena;	/* of the trees */
	struct doc docs[POLICY_FILES_MAX];
};

static void
say_missing(struct closing *c, const struct node *word, const char *name)
{
	const char *near = word_near(str_c(name), c->lib->names,
	    c->lib->nnames);
	char all[NAMES_BYTES_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < c->lib->nnames && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
		    i == 0 ? "" : ", ", c->lib->names[i]);
	if (near != NULL)
		diag_add(c->d, DIAG_ERROR, word->doc, word->line,
		    word->column, word->width, "no library is called "
		    "\"%.64s\": did you mean \"%s\"?", name, near);
	else
		diag_add(c->d, DIAG_ERROR, word->doc, word->line,
		    word->column, word->width, "no library is called "
		    "\"%.64s\": there are %s", name, all[0] == '\0' ?
		    "none" : all);
}

static int
fetch(struct closing *c, const struct node *word, const struct target *t,
    struct policy_file *out)
{
	struct err e = { 0 };
	int rc;

	if (t->file && c->lib->file == NULL) {
		diag_add(c->d, DIAG_ERROR, word->doc, word->line,
		    word->column, word->width, "extends the file %.200s, "
		    "which was not sent along", t->name);
		return -1;
	}
	rc = t->file ? c->lib->file(c->lib->arg, t->name, out, &e) :
	    c->lib->library(c->lib->arg, t->name, out, &e);
	if (rc == 1 && !t->file)
		say_missing(c, word, t->name);
	else if (rc != 0)
		diag_add(c->d, DIAG_ERROR, word->doc, word->line,
		    word->column, word->width, "extends %.200s: %s", t->name,
		    rc == 1 ? "there is no such file" : e.text);
	return rc == 0 ? 0 : -1;
}

/* Its text is read when its turn comes. */
static struct doc
doc_of(const struct policy_file *f)
{
	return (struct doc){ .name = f->name, .kind = f->kind,
		.maximum = f->maximum };
}

static int
take(struct closing *c, const struct node *word)
{
	struct docset *s = c->set;
	struct policy_file f = { 0 };
	struct target t;

	if (!extends_target(&c->arena, c->d, word, &t))
		return -1;
	if (extends_find(&c->arena, &t, word->doc, c->docs,
	    (uint32_t)s->n) != -1)
		return 0;
	if (fetch(c, word, &t, &f) == -1)
		return -1;
	f.name = arena_strdup(&s->arena, str_c(t.name));
	must(f.name != NULL);
	f.maximum = word->doc->maximum;
	if (docset_add(s, &f, c->d) == -1)
		return -1;
	c->docs[s->n - 1] = doc_of(&f);
	return 0;
}

/* A document without the word needs no reading here: most have none. What
 * is not YAML, or spells it otherwise, the compiler refuses. */
static const struct node *
list_of(struct closing *c, uint32_t i)
{
	static const char word[] = "extends";
	struct str text = c->set->v[i].text;
	struct diags unsaid = { 0 };
	struct doc *doc = &c->docs[i];
	int rc;

	if (text.len == 0 || memmem(text.p, text.len, word,
	    sizeof(word) - 1) == NULL)
		return NULL;
	doc->text = text;
	rc = yaml_parse(doc, &c->arena, &unsaid);
	diags_fini(&unsaid);
	return rc == 0 ? extends_of(doc) : NULL;
}

int
docset_close(struct docset *s, const struct policy_library *lib,
    struct diags *d)
{
	struct closing *c = mem_alloc(1, sizeof(*c));
	int rc = 0;

	*c = (struct closing){ .set = s, .lib = lib, .d = d };
	for (size_t i = 0; i < s->n; i++)
		c->docs[i] = doc_of(&s->v[i]);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct node *list = list_of(c, i);

		for (uint32_t j = 0; list != NULL && j < list->n; j++)
			if (take(c, list->items[j]) == -1)
				rc = -1;
	}
	arena_fini(&c->arena);
	free(c);
	return rc;
}

/* ---- what a library is for */

struct str
policy_title(struct str text)
{
	struct str line = str_head(text, str_index(text, '\n'));

	if (line.len < 2 || line.p[0] != '#')
		return STR("");
	line = str_trim(str_from(line, 1));
	if (line.len > 0 && line.p[line.len - 1] == '.')
		line = str_head(line, line.len - 1);
	return line;
}

#include "documents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/must.h"
#include "library.h"
#include "say.h"

/* Takes text over. */
static void
add(struct documents *d, const char *name, char *text, size_t len,
    enum policy_kind kind)
{
	d->v = mem_grow(d->v, d->n + 1, sizeof(*d->v));
	d->v[d->n++] = (struct policy_file){ mem_strdup(name),
		str_of(text, len), kind, false };
}

int
documents_add_file(struct documents *d, const char *file)
{
	bool in = strcmp(file, "-") == 0;
	struct err e = { 0 };
	char *text;
	size_t len;
	int rc;

	rc = in ? io_read_all(STDIN_FILENO, POLICY_BYTES_MAX, &text, &len,
	    &e) : io_read_file(AT_FDCWD, file, POLICY_BYTES_MAX, &text, &len,
	    &e);
	if (rc == -1) {
		(void)say_error(&e);
		if (e.sys == ENOENT && file[strspn(file,
		    "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0')
			say_hint("a policy of the library is named in a "
			    "document: extends: [%s]", file);
		return EXIT_FAILED;
	}
	add(d, in ? "standard input" : file, text, len, POLICY_GIVEN);
	return EXIT_OK;
}

int
documents_add_flags(struct documents *d, const struct args *a)
{
	const char *file;
	size_t at = 0;

	while ((file = args_next(a, "policy", &at)) != NULL) {
		int code = documents_add_file(d, file);

		if (code != EXIT_OK)
			return code;
	}
	return EXIT_OK;
}

int
documents_add_maximum(struct documents *d, const struct args *a)
{
	const char *file;
	size_t at = 0;

	while ((file = args_next(a, "maximum", &at)) != NULL) {
		int code = documents_add_file(d, file);

		if (code != EXIT_OK)
			return code;
		d->v[d->n - 1].maximum = true;
	}
	return EXIT_OK;
}

static const char *const kinds[] = { [POLICY_GIVEN] = "given",
	[POLICY_USER] = "user", [POLICY_SHIPPED] = "shipped" };

const char *
documents_kind(enum policy_kind k)
{
	return kinds[k];
}

static enum policy_kind
kind_of(const char *word)
{
	return strcmp(word, "user") == 0 ? POLICY_USER :
	    strcmp(word, "shipped") == 0 ? POLICY_SHIPPED : POLICY_GIVEN;
}

void
documents_add_text(struct documents *d, const char *name, const char *text)
{
	add(d, name, mem_strdup(text), strlen(text), POLICY_GIVEN);
}

void
documents_add_json(struct documents *d, const json_t *policies)
{
	const json_t *one;
	size_t i;

	json_array_foreach(policies, i, one) {
		documents_add_text(d, json_text(one, "name"),
		    json_text(one, "text"));
		d->v[d->n - 1].kind = kind_of(json_text(one, "kind"));
	}
}

static int
add_sandbox(struct documents *d, const char *name, uint64_t rev, bool bounds)
{
	CLEAN_FREE char *tail = rev != 0 ? mem_printf("/policy/revisions/%llu",
	    (unsigned long long)rev) : mem_strdup("/policy");
	CLEAN_FREE char *path = api_path(name, tail);
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code = api_open(&api, API_START);
	size_t own;

	if (code != EXIT_OK || (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	documents_add_json(d, json_object_get(answer, "policies"));
	own = d->n;
	if (bounds)
		documents_add_json(d, json_object_get(answer, "maximum"));
	for (; own < d->n; own++)
		d->v[own].maximum = true;
	return EXIT_OK;
}

int
documents_add_sandbox(struct documents *d, const char *name, uint64_t rev)
{
	return add_sandbox(d, name, rev, false);
}

int
documents_add_in_force(struct documents *d, const char *name)
{
	return add_sandbox(d, name, 0, true);
}

/* ---- what they extend */

/* Most policies extend nothing: then there is nothing to look up. */
static bool
any_extends(const struct documents *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].text.len > 0 && memmem(d->v[i].text.p,
			d->v[i].text.len, "extends", 7) != NULL)
			return true;
	return false;
}

static void
add_found(struct documents *d, const struct docset *set)
{
	for (size_t i = d->n; i < set->n; i++) {
		const struct policy_file *f = &set->v[i];
		char *text = mem_alloc(f->text.len + 1, 1);

		memcpy(text, f->text.p, f->text.len);
		add(d, f->name, text, f->text.len, f->kind);
		d->v[d->n - 1].maximum = f->maximum;
	}
}

/* What else is wrong with them: all errors are said at once. A full set may
 * lack what its documents extend, and would be said to. */
static void
say_rest(const struct docset *set, struct diags *said)
{
	char *image;
	size_t len;

	if (set->n < POLICY_FILES_MAX && policy_compile(set->v, set->n,
	    POLICY_STAGE_CHECK, &image, &len, said) == 0)
		free(image);
}

static int
close_over(struct documents *d, struct library *l, struct diags *said)
{
	const struct policy_library lib = library_find(l);
	struct docset set = { 0 };
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++)
		rc = docset_add(&set, &d->v[i], said);
	if (rc == 0)
		rc = docset_close(&set, &lib, said);
	if (rc == 0)
		add_found(d, &set);
	else
		say_rest(&set, said);
	docset_fini(&set);
	return rc;
}

int
documents_find(struct documents *d, struct diags *said)
{
	struct library l = { 0 };
	struct err e = { 0 };
	int code = EXIT_OK;

	if (!any_extends(d))
		return EXIT_OK;
	if (library_read(&l, &e) == -1)
		code = say_error(&e);
	else if (close_over(d, &l, said) == -1)
		code = EXIT_FAILED;
	library_fini(&l);
	return code;
}

void
documents_say(const struct diags *d)
{
	CLEAN_FREE char *text = diags_print(d, colour_on(stderr));

	(void)fflush(stdout); /* what was printed before comes before */
	(void)fputs(text, stderr);
}

int
documents_close(struct documents *d)
{
	struct diags said = { 0 };
	int code = documents_find(d, &said);

	if (code != EXIT_OK)
		documents_say(&said);
	diags_fini(&said);
	return code;
}

void
documents_fini(struct documents *d)
{
	for (size_t i = 0; i < d->n; i++) {
		char *text;

		/* Ours, though policy_file only lends it. */
		memcpy(&text, &d->v[i].text.p, sizeof(text));
		free(text);
		memcpy(&text, &d->v[i].name, sizeof(text));
		free(text);
	}
	free(d->v);
	*d = (struct documents){ 0 };
}

/* update.c -- openshell policy update: small changes, in the user's text. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "api.h"
#include "args.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "compile/edit.h"
#include "diag.h"
#include "documents.h"
#include "run.h"
#include "say.h"
#include "show.h"

#define TRIES 50	/* others change the same policy meanwhile */
#define PAUSE_NS 20000000
#define NOTE_BYTES 256	/* that the gateway takes */

struct update {
	const struct args *a;
	struct edit edits[EDITS_MAX];
	size_t nedits;
	struct documents docs;
	struct edited ed;
	json_int_t revision;	/* that the documents are of */
};

/* ---- the words */

static const struct {
	const char *flag;
	enum edit_kind kind;
} kinds[] = {
	{ "add-endpoint", EDIT_ADD_ENDPOINT },
	{ "remove-endpoint", EDIT_REMOVE_ENDPOINT },
	{ "add-allow", EDIT_ADD_ALLOW },
	{ "add-deny", EDIT_ADD_DENY },
	{ "remove-rule", EDIT_REMOVE_RULE },
	{ "remove-binary", EDIT_REMOVE_BINARY },
};

/* For whom, where that is not in the edit's own words. */
static int
take_who(const struct args *a, struct edit *ed)
{
	const char *name = args_get(a, "rule-name"), *binary;
	size_t at = 0;

	if (ed->kind == EDIT_REMOVE_RULE || ed->kind == EDIT_REMOVE_BINARY)
		return EXIT_OK;
	if (name != NULL)
		ed->rule = str_c(name);
	while ((binary = args_next(a, "binary", &at)) != NULL) {
		if (ed->nbinaries == EDIT_BINARIES_MAX)
			return say_usage("policy update", "more than %d "
			    "programs", EDIT_BINARIES_MAX);
		ed->binaries[ed->nbinaries++] = str_c(binary);
	}
	return EXIT_OK;
}

static int
take_edit(struct update *u, const struct args_value *v)
{
	struct err e = { 0 };

	for (size_t i = 0; i < NELEM(kinds); i++) {
		if (strcmp(v->flag->name, kinds[i].flag) != 0)
			continue;
		if (u->nedits == EDITS_MAX)
			return say_usage("policy update", "more than %d edits "
			    "at once", EDITS_MAX);
		if (edit_parse(kinds[i].kind, v->text, &u->edits[u->nedits],
			&e) == -1)
			return say_usage("policy update", "--%s %s",
			    v->flag->name, e.text);
		return take_who(u->a, &u->edits[u->nedits++]);
	}
	return EXIT_OK;
}

static int
take_edits(struct update *u)
{
	for (size_t i = 0; i < u->a->nvalues; i++) {
		int code = take_edit(u, &u->a->value[i]);

		if (code != EXIT_OK)
			return code;
	}
	return u->nedits > 0 ? EXIT_OK : say_usage("policy update",
	    "policy update needs an edit, as --add-allow");
}

/* ---- what changes, line by line */

static struct str
take_line(struct str *rest)
{
	struct str line;

	if (!str_cut(*rest, '\n', &line, rest)) {
		line = *rest;
		*rest = STR("");
	}
	return line;
}

/* How many lines of `in' come before this one; SIZE_MAX: it is not there. */
static size_t
lines_before(struct str in, struct str line)
{
	for (size_t n = 0; in.len > 0; n++)
		if (str_eq(take_line(&in), line))
			return n;
	return SIZE_MAX;
}

static void
print_line(char sign, struct str line)
{
	enum colour c = sign == '+' ? COLOUR_GREEN : COLOUR_RED;

	(void)printf("%s%c %.*s%s\n", colour_on(stdout) ? colour_start(c) :
	    "", sign, (int)line.len, line.p, colour_on(stdout) ?
	    colour_end(c) : "");
}

/* Edits put lines in and take lines out: the nearer of both explains the
 * difference. */
static void
print_changes(const char *name, struct str was, struct str is)
{
	(void)printf("%s:\n", name);
	while (was.len > 0 || is.len > 0) {
		struct str a = was, b = is;
		struct str x = take_line(&a), y = take_line(&b);
		size_t gone, come;

		if (was.len > 0 && is.len > 0 && str_eq(x, y)) {
			was = a;
			is = b;
			continue;
		}
		gone = is.len > 0 ? lines_before(a, y) : 0;
		come = was.len > 0 ? lines_before(b, x) : 0;
		if (was.len > 0 && (is.len == 0 || gone < come ||
		    (gone == SIZE_MAX && come == SIZE_MAX))) {
			print_line('-', x);
			was = a;
		} else {
			print_line('+', y);
			is = b;
		}
	}
}

static bool
any_changed(const struct update *u)
{
	for (size_t i = 0; i < u->ed.n; i++)
		if (u->ed.texts[i] != NULL)
			return true;
	return false;
}

/* The documents that change, as they would be. */
static json_t *
changes_json(const struct update *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->ed.n; i++)
		if (u->ed.texts[i] != NULL)
			must(json_array_append_new(list, json_pack("{s:s, s:s}",
			    "name", u->docs.v[i].name, "text",
			    u->ed.texts[i])) == 0);
	return json_pack("{s:b, s:o}", "changed", any_changed(u), "policies",
	    list);
}

static void
print_all(const struct update *u)
{
	CLEAN_JSON json_t *v = changes_json(u);

	if (show_as_asked(u->a, v))
		return;
	for (size_t i = 0; i < u->ed.n; i++)
		if (u->ed.texts[i] != NULL)
			print_changes(u->docs.v[i].name, u->docs.v[i].text,
			    str_c(u->ed.texts[i]));
}

/* ---- making them */

/* frozen: from here on documents are looked at and not changed. */
static int
edit_all(struct update *u, size_t frozen)
{
	struct policy_file files[POLICY_FILES_MAX];
	struct err e = { 0 };
	size_t n = u->docs.n;

	if (n > POLICY_FILES_MAX) {
		(void)err_set(&e, ERR_LIMIT, "more than %d policy files",
		    POLICY_FILES_MAX);
		return say_error(&e);
	}
	for (size_t i = 0; i < n; i++) {
		files[i] = u->docs.v[i];
		if (i >= frozen && files[i].kind == POLICY_GIVEN)
			files[i].kind = POLICY_USER;
	}
	if (policy_edit(files, n, u->edits, u->nedits, &u->ed, &e) == -1)
		return say_error(&e);
	for (size_t i = 0; i < u->ed.nnotes; i++)
		say("%s", u->ed.notes[i]);
	return EXIT_OK;
}

/* The documents as they would be; the texts are u's. */
static void
new_files(const struct update *u, struct policy_file *files)
{
	for (size_t i = 0; i < u->docs.n; i++) {
		files[i] = u->docs.v[i];
		if (u->ed.texts[i] != NULL)
			files[i].text = str_c(u->ed.texts[i]);
	}
}

static int
is_well(const struct update *u)
{
	struct policy_file files[POLICY_FILES_MAX];
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	size_t len;
	int rc;

	new_files(u, files);
	rc = policy_compile(files, u->docs.n, POLICY_STAGE_CHECK, &image,
	    &len, &d);
	if (rc == -1) {
		documents_say(&d);
		say("so it would not be a policy; nothing was changed");
	}
	diags_fini(&d);
	return rc == -1 ? EXIT_FAILED : EXIT_OK;
}

/* ---- files */

static int
write_one(const char *file, struct str text)
{
	struct err e = { 0 };
	struct stat st;

	if (stat(file, &st) == -1) {
		(void)err_sys(&e, "%s", file);
		return say_error(&e);
	}
	if (io_replace_file(AT_FDCWD, file, st.st_mode & 07777, text, &e) ==
	    -1)
		return say_error(&e);
	return EXIT_OK;
}

static int
update_files(struct update *u)
{
	size_t given;
	int code;

	if ((code = documents_add_flags(&u->docs, u->a)) != EXIT_OK)
		return code;
	given = u->docs.n;
	if ((code = documents_close(&u->docs)) != EXIT_OK ||
	    (code = edit_all(u, given)) != EXIT_OK ||
	    (code = is_well(u)) != EXIT_OK)
		return code;
	if (!any_changed(u))
		say("nothing changes");
	if (args_has(u->a, "dry-run")) {
		print_all(u);
		return EXIT_OK;
	}
	for (size_t i = 0; code == EXIT_OK && i < given; i++)
		if (u->ed.texts[i] != NULL)
			code = write_one(u->docs.v[i].name,
			    str_c(u->ed.texts[i]));
	return code;
}

/* ---- a sandbox */

/* "--add-allow a.test:443:GET:/x ...", as far as it fits. */
static void
note_of(const struct args *a, char out[NOTE_BYTES])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < a->nvalues && len < NOTE_BYTES; i++)
		for (size_t k = 0; k < NELEM(kinds); k++)
			if (strcmp(a->value[i].flag->name, kinds[k].flag) ==
			    0 && len < NOTE_BYTES)
				len += (size_t)snprintf(out + len, NOTE_BYTES
				    - len, "%s%s %s", len == 0 ? "" : " ",
				    kinds[k].flag, a->value[i].text);
}

static json_t *
body_of(const struct update *u)
{
	struct policy_file files[POLICY_FILES_MAX];
	char note[NOTE_BYTES];
	json_t *list = json_array(), *body;

	note_of(u->a, note);
	new_files(u, files);
	for (size_t i = 0; i < u->docs.n; i++)
		must(json_array_append_new(list, json_pack(
		    "{s:s, s:s%, s:s}", "name", files[i].name, "text",
		    files[i].text.p, files[i].text.len, "kind",
		    documents_kind(files[i].kind))) == 0);
	body = json_pack("{s:o, s:b, s:I, s:s}", "policies", list, "wait",
	    args_has(u->a, "wait"), "base_revision", u->revision, "note",
	    note);
	if (body != NULL && args_has(u->a, "timeout"))
		(void)json_object_set_new(body, "timeout_s",
		    json_integer(args_seconds(u->a, "timeout", 0)));
	return body;
}

static void
forget(struct update *u)
{
	edited_fini(&u->ed);
	documents_fini(&u->docs);
}

/* What is in force, edited. */
static int
fetch_and_edit(struct update *u, struct api *api, const char *path)
{
	CLEAN_JSON json_t *rev = NULL;
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code = api_ask(api, &q, &rev);

	if (code != EXIT_OK)
		return code;
	u->revision = (json_int_t)json_number(rev, "revision");
	documents_add_json(&u->docs, json_object_get(rev, "policies"));
	if (u->docs.n == 0)
		documents_add_text(&u->docs, "update.yaml", "");
	return edit_all(u, POLICY_FILES_MAX);
}

/* EXIT_OK; *again: somebody else was faster. */
static int
send_edited(struct update *u, struct api *api, const char *path, bool quiet,
    bool *again)
{
	CLEAN_JSON json_t *body = body_of(u);
	CLEAN_JSON json_t *rev = NULL;
	struct ask q = { "PUT", path, body, "waiting for the new policy", -1,
		0 };
	int code;

	q.quiet = quiet;
	code = api_ask(api, &q, &rev);
	*again = quiet && code != EXIT_OK && q.status == 409;
	if (*again)
		return EXIT_OK;
	if (code != EXIT_OK && quiet)	/* said aloud this time */
		return send_edited(u, api, path, false, again);
	if (code == EXIT_OK && !show_as_asked(u->a, rev))
		policy_show_set(rev, args_has(u->a, "wait"));
	return code;
}

static int
update_sandbox(struct update *u)
{
	CLEAN_FREE char *path = api_path(u->a->nwords > 0 ? u->a->word[0] :
	    NULL, "/policy");
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	CLEAN_API struct api api = { 0 };
	bool again = true;
	int code = api_open(&api, API_START);

	for (int i = 0; i < TRIES && code == EXIT_OK && again; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		forget(u);
		code = fetch_and_edit(u, &api, path);
		if (code != EXIT_OK)
			return code;
		if (!any_changed(u))
			say("nothing changes");
		if (!any_changed(u) || args_has(u->a, "dry-run")) {
			print_all(u);
			return EXIT_OK;
		}
		code = send_edited(u, &api, path, i + 1 < TRIES, &again);
	}
	return code;
}

int
run_policy_update(const struct args *a)
{
	struct update *u = mem_alloc(1, sizeof(*u));
	bool files = args_has(a, "policy");
	int code;

	u->a = a;
	code = take_edits(u);
	if (code == EXIT_OK && files && a->nwords > 0)
		code = say_usage("policy update", "\"%s\" or --policy: whose "
		    "policy?", a->word[0]);
	else if (code == EXIT_OK)
		code = files ? update_files(u) : update_sandbox(u);
	forget(u);
	free(u);
	return code;
}

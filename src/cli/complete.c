/* complete.c -- completion: the shells ask "openshell __complete WORDS",
 * which answers with what could stand where the last word is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "run.h"
#include "say.h"

static const char bash_script[] =
    "_openshell() {\n"
    "	local IFS=$'\\n'\n"
    "	local words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
    "	COMPREPLY=($(compgen -W \"$(openshell __complete "
    "\"${words[@]}\" 2>/dev/null)\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
    "}\n"
    "complete -o default -F _openshell openshell\n";

static const char zsh_script[] =
    "#compdef openshell\n"
    "_openshell() {\n"
    "	local -a found\n"
    "	found=(${(f)\"$(openshell __complete \"${(@)words[2,CURRENT]}\" "
    "2>/dev/null)\"})\n"
    "	if (( $#found )); then compadd -a found; else _files; fi\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
    "	_openshell \"$@\"\n"
    "else\n"
    "	compdef _openshell openshell\n"
    "fi\n";

static const char fish_script[] =
    "function __openshell_complete\n"
    "	set -l words (commandline -opc) (commandline -ct)\n"
    "	openshell __complete $words[2..-1] 2>/dev/null\n"
    "end\n"
    "complete -c openshell -f -n '__openshell_complete | string length -q' "
    "-a '(__openshell_complete)'\n";

int
run_completions(const struct args *a)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = { { "bash", bash_script }, { "zsh", zsh_script },
		{ "fish", fish_script } };

	for (size_t i = 0; i < NELEM(scripts); i++)
		if (strcmp(scripts[i].shell, a->word[0]) == 0) {
			(void)fputs(scripts[i].script, stdout);
			return EXIT_OK;
		}
	return say_usage("completions", "\"%s\": bash, zsh or fish",
	    a->word[0]);
}

static void
offer(const char *word, const char *typed)
{
	if (strncmp(word, typed, strlen(typed)) == 0)
		(void)printf("%s\n", word);
}

/* First words, each once, or the second words of a group. */
static void
offer_commands(const char *group, const char *typed)
{
	size_t len = group == NULL ? 0 : strlen(group);
	const char *before = "";

	for (const struct command *c = commands; c->name != NULL; c++) {
		char first[32];

		if (group != NULL && strncmp(c->name, group, len) == 0 &&
		    c->name[len] == ' ')
			offer(c->name + len + 1, typed);
		if (group != NULL)
			continue;
		(void)snprintf(first, sizeof(first), "%.*s",
		    (int)strcspn(c->name, " "), c->name);
		if (strcspn(c->name, " ") != strcspn(before, " ") ||
		    strncmp(before, first, strlen(first)) != 0)
			offer(first, typed);
		before = c->name;
	}
}

static void
offer_flags(const struct command *c, const char *typed)
{
	char word[64];

	for (const struct flag *f = c->flags; f->name != NULL; f++) {
		if (f->kind == FLAG_LATER)
			continue;
		(void)snprintf(word, sizeof(word), "--%s", f->name);
		offer(word, typed);
	}
	offer("--help", typed);
}

static void
offer_parted(const char *choices, const char *typed)
{
	char list[128], *save = NULL;

	(void)snprintf(list, sizeof(list), "%s", choices);
	for (char *p = strtok_r(list, "|", &save); p != NULL;
	    p = strtok_r(NULL, "|", &save))
		offer(p, typed);
}

/* Only from a gateway that runs: a tab key starts nothing. */
static void
offer_sandboxes(const char *typed)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	struct ask q = { "GET", "/v1/sandboxes", NULL, NULL, -1, 0 };
	const json_t *box;
	size_t i;

	http_init(&api.http, -1);
	if (!api_is_there() || api_open(&api, API_IF_RUNNING) != EXIT_OK ||
	    api_ask(&api, &q, &answer) != EXIT_OK)
		return;
	json_array_foreach(json_object_get(answer, "sandboxes"), i, box)
		offer(json_text(box, "name"), typed);
}

static void
offer_proposals(const char *typed)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	struct ask q = { "GET", "/v1/proposals", NULL, NULL, -1, 0 };
	const json_t *one;
	char number[24];
	size_t i;

	http_init(&api.http, -1);
	if (!api_is_there() || api_open(&api, API_IF_RUNNING) != EXIT_OK ||
	    api_ask(&api, &q, &answer) != EXIT_OK)
		return;
	json_array_foreach(json_object_get(answer, "proposals"), i, one) {
		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_number(one, "proposal"));
		offer(number, typed);
	}
}

/* The flag whose value is being typed, or NULL. */
static const struct flag *
awaiting(const struct command *c, const char *before)
{
	const struct flag *f = NULL;

	if (strncmp(before, "--", 2) == 0)
		f = command_flag(c, str_c(before + 2));
	else if (before[0] == '-' && before[1] != '\0' && before[2] == '\0')
		f = command_letter(c, before[1]);
	return f != NULL && f->kind != FLAG_BOOL ? f : NULL;
}

static void
offer_for(const struct command *c, const char *before, const char *typed)
{
	const struct flag *f = awaiting(c, before);

	if (f != NULL) {
		if (f->kind == FLAG_CHOICE)
			offer_parted(f->value, typed);
		return; /* else the shell's own: files */
	}
	if (typed[0] == '-')
		offer_flags(c, typed);
	else if (c->words == WORDS_SHELL)
		offer_parted("bash|zsh|fish", typed);
	else if (c->words == WORDS_PROPOSAL)
		offer_proposals(typed);
	else if (c->words == WORDS_SANDBOX || c->words == WORDS_SANDBOXES ||
	    c->words == WORDS_POLICY)
		offer_sandboxes(typed);
}

int
complete(char **words, size_t n)
{
	const char *typed = n > 0 ? words[n - 1] : "", *first;
	const struct command *c;

	for (size_t i = 0; i + 1 < n; i++)
		if (strcmp(words[i], "--") == 0)
			return EXIT_OK; /* a command's own words */
	if (n <= 1) {
		offer_commands(NULL, typed);
		return EXIT_OK;
	}
	first = command_alias(words[0]);
	if (command_is_group(first) && n == 2) {
		offer_commands(first, typed);
		return EXIT_OK;
	}
	c = command_find(first, command_is_group(first) ? words[1] : NULL);
	if (c != NULL)
		offer_for(c, words[n - 2], typed);
	return EXIT_OK;
}

int
run_version(const struct args *a)
{
	(void)a; /* it takes no flags */
	(void)printf("openshell %s\n", OPENSHELL_VERSION);
	return EXIT_OK;
}

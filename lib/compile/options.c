/* options.c -- which ways of writing an option are the same to a program, so
 * that a deny of one denies all. */
#include "base/compat.h"
#include "compile/commands.h"

/* Letters that mean one thing, and the long names that mean it too. What is
 * not here means only itself: more would deny what nobody named. */
static const struct same {
	const char *programs, *letters, *longs;
} sames[] = {
	{ "apt apt-get", "y", "yes assume-yes" },
	{ "chgrp chmod chown cp ls", "R", "recursive" },
	{ "cp", "rRa", "recursive archive" },
	{ "cp git ln mv npm rm", "f", "force" },
	{ "curl", "A", "user-agent" },
	{ "curl", "F", "form" },
	{ "curl", "H", "header" },
	{ "curl", "I", "head" },
	{ "curl", "K", "config" },
	{ "curl", "L", "location" },
	{ "curl", "O", "remote-name" },
	{ "curl", "T", "upload-file" },
	{ "curl", "X", "request" },
	{ "curl", "b", "cookie" },
	{ "curl", "d", "data data-ascii" },
	{ "curl", "k", "insecure" },
	{ "curl", "o", "output" },
	{ "curl", "u", "user" },
	{ "curl", "x", "proxy" },
	{ "docker podman", "d", "detach" },
	{ "docker podman", "p", "publish" },
	{ "docker podman", "v", "volume" },
	{ "egrep fgrep grep", "rR", "recursive dereference-recursive" },
	{ "git", "dD", "delete" },
	{ "git", "m", "message" },
	{ "git", "n", "no-verify" },
	{ "git", "u", "set-upstream" },
	{ "kubectl", "f", "filename" },
	{ "kubectl", "n", "namespace" },
	{ "ln", "s", "symbolic" },
	{ "mkdir rmdir", "p", "parents" },
	{ "nc ncat netcat", "e", "exec" },
	{ "nc ncat netcat", "l", "listen" },
	{ "ncat", "c", "sh-exec" },
	{ "node", "e", "eval" },
	{ "node", "p", "print" },
	{ "node", "r", "require" },
	{ "npm pnpm yarn", "g", "global" },
	{ "pip pip3", "U", "upgrade" },
	{ "pip pip3", "e", "editable" },
	{ "pip pip3", "i", "index-url" },
	{ "pip pip3", "r", "requirement" },
	{ "rm", "d", "dir" },
	{ "rm", "rR", "recursive" },
	{ "rsync", "e", "rsh" },
	{ "rsync", "ra", "recursive archive" },
	{ "sed", "e", "expression" },
	{ "sed", "f", "file" },
	{ "sed", "i", "in-place" },
	{ "su", "c", "command" },
	{ "sudo", "u", "user" },
	{ "tar", "C", "directory" },
	{ "tar", "P", "absolute-names" },
	{ "tar", "c", "create" },
	{ "tar", "f", "file" },
	{ "tar", "x", "extract get" },
	{ "tee", "a", "append" },
	{ "wget", "O", "output-document" },
	{ "wget", "P", "directory-prefix" },
	{ "wget", "i", "input-file" },
	{ "wget", "r", "recursive" },
};

/* Their options are words behind one dash. */
static const char *const worded = "c++ cc clang clang++ convert ffmpeg "
    "ffprobe find g++ gcc go java javac ld magick openssl terraform tofu";

static bool
has_word(const char *list, struct str word)
{
	struct str rest = str_c(list), one;
	bool more = true;

	while (more) {
		more = str_cut(rest, ' ', &one, &rest);
		if (str_eq(more ? one : rest, word))
			return true;
	}
	return false;
}

static struct str
program(const struct pol_command *e)
{
	const char *slash = strrchr(e->name.p, '/');

	return slash == NULL ? e->name : str_c(slash + 1);
}

static struct pol_token *
option_add(struct compile *c, struct pol_command *e, struct str shown)
{
	struct pol_token *t = &e->tokens[e->ntokens++];

	*t = (struct pol_token){ .kind = TOKEN_OPTION,
		.shown = take_copy(c, shown), .letters = STR("") };
	return t;
}

static void
longs_add(struct compile *c, struct pol_token *t, const char *longs)
{
	struct str rest = str_c(longs), one;

	while (str_cut(rest, ' ', &one, &rest))
		strs_add(c, &t->longs, one);
	strs_add(c, &t->longs, rest);
}

static struct str
letters_join(struct compile *c, struct str a, const char *b)
{
	return str_c(arena_printf(c->arena, "%.*s%s", (int)a.len, a.p, b));
}

/* Everything that means the letter or the long name (one is empty). */
static void
option_fill(struct compile *c, struct pol_command *e, struct pol_token *t,
    struct str letter, struct str name)
{
	bool known = false;

	for (size_t i = 0; i < NELEM(sames); i++) {
		const struct same *s = &sames[i];

		if (!has_word(s->programs, program(e)) ||
		    (letter.len == 1 ? strchr(s->letters, letter.p[0]) == NULL
			: !has_word(s->longs, name)))
			continue;
		t->letters = letters_join(c, t->letters, s->letters);
		longs_add(c, t, s->longs);
		known = true;
	}
	if (known)
		return;
	t->letters = take_copy(c, letter);
	if (name.len > 0)
		strs_add(c, &t->longs, take_copy(c, name));
}

static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] < 'A' || s.p[i] > 'Z') &&
		    (s.p[i] < '0' || s.p[i] > '9') &&
		    (i == 0 || (s.p[i] != '-' && s.p[i] != '_' &&
		    s.p[i] != '.')))
			return false;
	return s.len > 0;
}

/* "--name", "--name=value"; of programs with worded options one dash too. */
static bool
long_take(struct compile *c, struct str word, size_t dashes,
    struct pol_command *e, struct str *value)
{
	struct str name = str_from(word, dashes), head, tail = STR("");
	struct pol_token *t;

	if (str_cut(name, '=', &head, &tail))
		name = head;
	if (!is_plain(name))
		return false;
	*value = take_copy(c, tail);
	t = option_add(c, e, str_head(word, dashes + name.len));
	t->words = has_word(worded, program(e));
	option_fill(c, e, t, STR(""), name);
	return true;
}

/* "-rf" is "-r" and "-f"; "-o/x" is "-o" and "/x". */
static bool
letters_take(struct compile *c, struct str word, struct pol_command *e,
    struct str *value)
{
	struct str s = str_from(word, 1);

	if (s.len > 1 && (s.p[1] == '/' ||
	    str_has_prefix(str_from(s, 1), STR("**")))) {
		*value = take_copy(c, str_from(s, 1));
		s = str_head(s, 1);
	}
	if (!is_plain(s) || str_index(s, '-') != s.len ||
	    s.len > TOKENS_MAX / 4)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char shown[3] = { '-', s.p[i], '\0' };
		struct str letter = str_of(s.p + i, 1);

		option_fill(c, e, option_add(c, e, str_c(shown)), letter,
		    STR(""));
	}
	return true;
}

bool
command_options(struct compile *c, struct str word, struct pol_command *e,
    struct str *value)
{
	if (word.len < 2 || word.p[0] != '-' || str_eqz(word, "--"))
		return false;
	if (e->tokens == NULL)
		e->tokens = take_mem(c, TOKENS_MAX, sizeof(*e->tokens));
	if (str_has_prefix(word, STR("--")))
		return long_take(c, word, 2, e, value);
	if (has_word(worded, program(e)))
		return long_take(c, word, 1, e, value);
	return letters_take(c, word, e, value);
}

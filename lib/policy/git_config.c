#include "policy/git_config.h"

#include <stdio.h>

#include "base/compat.h"

enum value { VALUE_ANY, VALUE_REMOTE };

/* "NAME.KEY", or "NAME.*.KEY" in a section with a name of its own. A key of
 * "*" is every key. */
static const struct {
	const char *name;
	enum value value;
} settings[] = {
	{ "core.repositoryformatversion", VALUE_ANY },
	{ "core.filemode", VALUE_ANY },
	{ "core.bare", VALUE_ANY },
	{ "core.logallrefupdates", VALUE_ANY },
	{ "core.ignorecase", VALUE_ANY },
	{ "core.precomposeunicode", VALUE_ANY },
	{ "core.symlinks", VALUE_ANY },
	{ "core.autocrlf", VALUE_ANY },
	{ "core.eol", VALUE_ANY },
	{ "core.safecrlf", VALUE_ANY },
	{ "core.quotepath", VALUE_ANY },
	{ "core.abbrev", VALUE_ANY },
	{ "core.whitespace", VALUE_ANY },
	{ "core.untrackedcache", VALUE_ANY },
	{ "core.preloadindex", VALUE_ANY },
	{ "core.sparsecheckout", VALUE_ANY },
	{ "core.sparsecheckoutcone", VALUE_ANY },
	{ "core.longpaths", VALUE_ANY },
	{ "extensions.objectformat", VALUE_ANY },
	{ "extensions.refstorage", VALUE_ANY },
	{ "user.name", VALUE_ANY },
	{ "user.email", VALUE_ANY },
	{ "author.name", VALUE_ANY },
	{ "author.email", VALUE_ANY },
	{ "committer.name", VALUE_ANY },
	{ "committer.email", VALUE_ANY },
	{ "remote.*.url", VALUE_REMOTE },
	{ "remote.*.pushurl", VALUE_REMOTE },
	{ "remote.*.fetch", VALUE_ANY },
	{ "remote.*.push", VALUE_ANY },
	{ "remote.*.tagopt", VALUE_ANY },
	{ "remote.*.mirror", VALUE_ANY },
	{ "remote.*.prune", VALUE_ANY },
	{ "remote.*.prunetags", VALUE_ANY },
	{ "remote.*.gh-resolved", VALUE_ANY },
	{ "remote.pushdefault", VALUE_REMOTE },
	{ "branch.*.remote", VALUE_REMOTE },
	{ "branch.*.pushremote", VALUE_REMOTE },
	{ "branch.*.merge", VALUE_ANY },
	{ "branch.*.rebase", VALUE_ANY },
	{ "branch.*.description", VALUE_ANY },
	{ "branch.*.vscode-merge-base", VALUE_ANY },
	{ "branch.*.gh-merge-base", VALUE_ANY },
	{ "branch.autosetupmerge", VALUE_ANY },
	{ "branch.autosetuprebase", VALUE_ANY },
	{ "submodule.*.active", VALUE_ANY },
	{ "submodule.*.url", VALUE_REMOTE },
	{ "pull.rebase", VALUE_ANY },
	{ "pull.ff", VALUE_ANY },
	{ "push.default", VALUE_ANY },
	{ "push.autosetupremote", VALUE_ANY },
	{ "push.followtags", VALUE_ANY },
	{ "fetch.prune", VALUE_ANY },
	{ "fetch.prunetags", VALUE_ANY },
	{ "rebase.autostash", VALUE_ANY },
	{ "rebase.autosquash", VALUE_ANY },
	{ "merge.ff", VALUE_ANY },
	{ "merge.conflictstyle", VALUE_ANY },
	{ "merge.renames", VALUE_ANY },
	{ "diff.renames", VALUE_ANY },
	{ "diff.algorithm", VALUE_ANY },
	{ "status.showuntrackedfiles", VALUE_ANY },
	{ "init.defaultbranch", VALUE_ANY },
	{ "color.ui", VALUE_ANY },
	{ "advice.*", VALUE_ANY },
	{ "gc.auto", VALUE_ANY },
	{ "index.version", VALUE_ANY },
	{ "protocol.version", VALUE_ANY },
	{ "http.postbuffer", VALUE_ANY },
	{ "lfs.repositoryformatversion", VALUE_ANY },
};

struct reading { /* of one of both */
	struct str rest, head;	/* head: the line of its section */
	struct str line;	/* the next of the others, with head; no line:
				 * there is none any more */
	char section[32];	/* in lower case; empty: not understood */
	bool sub;		/* the section has a name of its own */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str
trim(struct str s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = str_from(s, 1);
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Behind a backslash, also with the CR that git drops. */
static bool
goes_on(struct str rest, size_t end)
{
	if (end > 0 && rest.p[end - 1] == '\r')
		end--;
	return end > 0 && rest.p[end - 1] == '\\';
}

/* What git would read as one. */
static struct str
take_line(struct str *rest)
{
	struct str line = *rest;
	size_t i = 0;

	while (i < rest->len && (rest->p[i] != '\n' || goes_on(*rest, i)))
		i++;
	line.len = i;
	*rest = str_from(*rest, i < rest->len ? i + 1 : i);
	return line;
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-';
}

/* How many bytes of a name s begins with; out has it in lower case. 0: none,
 * or too long. */
static size_t
take_name(struct str s, char *out, size_t cap)
{
	size_t n = 0;

	while (n < s.len && n + 1 < cap && is_name_byte(s.p[n])) {
		char c = s.p[n];

		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	out[n] = '\0';
	return n < s.len && is_name_byte(s.p[n]) ? 0 : n;
}

/* "[name]" or "[name "sub"]", trimmed. */
static void
take_head(struct reading *r, struct str head)
{
	size_t n;

	r->head = head;
	r->sub = false;
	n = take_name(str_from(head, 1), r->section, sizeof(r->section));
	head = str_from(head, 1 + n);
	if (str_eqz(head, "]") && n > 0)
		return;
	r->sub = n > 0 && str_has_prefix(head, STR(" \"")) &&
	    head.len > 4 && head.p[head.len - 1] == ']' &&
	    head.p[head.len - 2] == '"' && head.p[2] != '-';
	for (size_t i = 2; r->sub && i + 2 < head.len; i++)
		r->sub = head.p[i] != '"' && head.p[i] != '\\' &&
		    (unsigned char)head.p[i] >= ' ';
	if (!r->sub)
		r->section[0] = '\0';
}

/* Without comments, escapes and halves of quotes. */
static bool
is_plain(struct str v)
{
	bool quoted = false;

	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c == '"')
			quoted = !quoted;
		if (c == '\\' || (c < ' ' && c != '\t') || c == 0x7f ||
		    (!quoted && (c == '#' || c == ';')))
			return false;
	}
	return !quoted;
}

static bool
has(struct str s, const char *what)
{
	const size_t n = strlen(what);

	for (size_t i = 0; i + n <= s.len; i++)
		if (memcmp(s.p + i, what, n) == 0)
			return true;
	return false;
}

/* A name, a path, HOST:PATH or a URL of a kind that git itself speaks: "x::y"
 * and "x://y" run git-remote-x; a host that begins with a dash is an option of
 * ssh's. */
static bool
is_remote(struct str v)
{
	static const char *const schemes[] = { "https://", "http://",
		"ssh://", "git://", "file://" };
	bool known = !has(v, "://");

	for (size_t i = 0; i < NELEM(schemes); i++)
		known = known || str_has_prefix(v, str_c(schemes[i]));
	return known && v.len > 0 && v.p[0] != '-' && !has(v, "\"") &&
	    !has(v, "::") && !has(v, "://-") && !has(v, "@-") &&
	    !has(v, ":-") && !has(v, "/-");
}

static bool
is_setting(const char *name, const struct reading *r, const char *key)
{
	const size_t n = strlen(r->section);

	if (strncmp(name, r->section, n) != 0 || name[n] != '.')
		return false;
	name += n + 1;
	if (r->sub != (strncmp(name, "*.", 2) == 0))
		return false;
	if (r->sub)
		name += 2;
	return strcmp(name, key) == 0 || strcmp(name, "*") == 0;
}

/* "key", "key = value", trimmed. */
static bool
is_harmless(const struct reading *r, struct str line)
{
	char key[32];
	size_t n = take_name(line, key, sizeof(key));
	struct str value = trim(str_from(line, n));

	if (n == 0 || r->section[0] == '\0')
		return false;
	if (value.len > 0 && value.p[0] != '=')
		return false;
	if (value.len > 0)
		value = trim(str_from(value, 1));
	for (size_t i = 0; i < NELEM(settings); i++)
		if (is_setting(settings[i].name, r, key))
			return is_plain(value) &&
			    (settings[i].value == VALUE_ANY ||
				is_remote(value));
	return false;
}

/* Goes on to the next that is not harmless. */
static void
next(struct reading *r)
{
	while (r->rest.len > 0) {
		struct str whole = take_line(&r->rest), line = trim(whole);

		if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';') {
			/* a comment does not go on in the next line, but
			 * what was taken for its end would */
			if (memchr(whole.p, '\n', whole.len) == NULL)
				continue;
		} else if (line.p[0] == '[' && memchr(line.p, '\n',
			line.len) == NULL) {
			take_head(r, line);
			if (r->section[0] != '\0')
				continue;
		} else if (is_harmless(r, line)) {
			continue;
		}
		r->line = line;
		return;
	}
	r->line = STR("");
}

bool
git_config_harmless(struct str was, struct str is, char *why, size_t cap)
{
	struct reading old = { .rest = was }, now = { .rest = is };

	do {
		next(&old);
		next(&now);
		if (!str_eq(old.line, now.line) ||
		    (old.line.len > 0 && !str_eq(old.head, now.head))) {
			struct reading *r = now.line.len > 0 ? &now : &old;

			(void)snprintf(why, cap, "%.*s %.*s",
			    (int)(r->head.len < 60 ? r->head.len : 60),
			    r->head.p == NULL ? "" : r->head.p,
			    (int)(r->line.len < 60 ? r->line.len : 60),
			    r->line.p);
			return false;
		}
	} while (old.line.len > 0);
	return true;
}

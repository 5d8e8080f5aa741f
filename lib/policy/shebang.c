/* shebang.c -- as in Linux's fs/binfmt_script.c: blanks and tabs part, a line
 * that is cut off must at least show where the interpreter's name ends. */
#include "policy/shebang.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str
skip_blanks(struct str s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = str_from(s, 1);
	return s;
}

static size_t
name_end(struct str s)
{
	size_t n = 0;

	while (n < s.len && !is_blank(s.p[n]) && s.p[n] != '\0')
		n++;
	return n;
}

/* Up to the line's end, or as far as it is seen; false: the name may go on
 * behind that. */
static bool
first_line(struct str head, struct str *line)
{
	size_t end;

	head = str_upto(head, SHEBANG_BYTES);
	end = str_index(head, '\n');
	*line = str_from(str_head(head, end), 2);
	if (end == head.len && head.len == SHEBANG_BYTES) {
		/* Its last byte is the kernel's own NUL. */
		struct str seen = skip_blanks(str_head(*line,
		    line->len - 1));

		*line = str_head(*line, line->len - 1);
		if (name_end(seen) == seen.len)
			return false;
	}
	while (line->len > 0 && is_blank(line->p[line->len - 1]))
		line->len--;
	return true;
}

enum shebang_kind
shebang_parse(struct str head, struct shebang *out)
{
	struct str line;
	size_t n;

	*out = (struct shebang){ .interpreter = STR("") };
	if (!str_has_prefix(head, STR("#!")))
		return SHEBANG_NONE;
	if (!first_line(head, &line))
		return SHEBANG_BAD;
	line = skip_blanks(line);
	n = name_end(line);
	if (n == 0)
		return SHEBANG_BAD;
	out->interpreter = str_head(line, n);
	if (n == line.len || line.p[n] == '\0')
		return SHEBANG_SCRIPT;
	line = skip_blanks(str_from(line, n));
	out->argument = str_head(line, str_index(line, '\0'));
	out->has_argument = line.len > 0;
	return SHEBANG_SCRIPT;
}

/* ---- env */

static bool
is_plain(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (strchr("'\"\\$#=", word.p[i]) != NULL)
			return false;
	return true;
}

static enum shebang_kind
split(struct str s, struct shebang_env *out)
{
	for (s = skip_blanks(s); s.len > 0; s = skip_blanks(s)) {
		size_t n = name_end(s);
		struct str word = str_head(s, n);

		if (out->n == SHEBANG_WORDS || !is_plain(word) ||
		    (out->n == 0 && word.p[0] == '-'))
			return SHEBANG_BAD;
		out->words[out->n++] = word;
		s = str_from(s, n);
	}
	return out->n > 0 ? SHEBANG_SCRIPT : SHEBANG_BAD;
}

enum shebang_kind
shebang_env(const struct shebang *s, struct shebang_env *out)
{
	struct str a = s->argument;

	out->n = 0;
	if (!str_eqz(s->interpreter, "env") &&
	    !str_has_suffix(s->interpreter, STR("/env")))
		return SHEBANG_NONE;
	if (!s->has_argument)
		return SHEBANG_BAD;
	if (str_has_prefix(a, STR("-S")))
		return split(str_from(a, 2), out);
	if (str_has_prefix(a, STR("--split-string=")))
		return split(str_from(a, 15), out);
	/* A name with blanks in it is one name to env. */
	if (a.len == 0 || a.p[0] == '-' || !is_plain(a))
		return SHEBANG_BAD;
	out->words[out->n++] = a;
	return SHEBANG_SCRIPT;
}

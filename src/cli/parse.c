#include "parse.h"

#include <stddef.h>

#include "base/compat.h"
#include "base/err.h"

#define SPAN_SECONDS_MAX 315360000 /* ten years: longer is a typing error */

int
parse_span(struct str text, int64_t *seconds, struct err *e)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct str digits = text;
	uint64_t n, each = 1;

	for (size_t i = 0; i < NELEM(units) && text.len > 0; i++)
		if (text.p[text.len - 1] == units[i].unit) {
			each = units[i].seconds;
			digits = str_head(text, text.len - 1);
		}
	if (!str_u64(digits, SPAN_SECONDS_MAX, &n) ||
	    n > SPAN_SECONDS_MAX / each)
		return err_set(e, ERR_INPUT, "\"%.*s\" is not a time: say 90, "
		    "90s, 5m, 2h or 1d", (int)text.len, text.p);
	*seconds = (int64_t)(n * each);
	return 0;
}

static int
mount_mode(struct str mode, struct mount_arg *out, struct err *e)
{
	if (str_eqz(mode, "ro"))
		out->read_only = true;
	else if (!str_eqz(mode, "rw"))
		return err_set(e, ERR_INPUT, "the last part is ro or rw, "
		    "not \"%.*s\"", (int)mode.len, mode.p);
	return 0;
}

int
parse_mount(struct str text, struct mount_arg *out, struct err *e)
{
	struct str host, inside = STR(""), mode;

	*out = (struct mount_arg){ .read_only = false };
	if (!str_cut(text, ':', &host, &inside))
		host = text;
	if (str_cut(inside, ':', &inside, &mode) &&
	    mount_mode(mode, out, e) == -1)
		return -1;
	if (host.len == 0)
		return err_set(e, ERR_INPUT, "no host path before the colon");
	if (inside.len > 0 && inside.p[0] != '/')
		return err_set(e, ERR_INPUT, "the path inside must be "
		    "absolute, not \"%.*s\"", (int)inside.len, inside.p);
	if (!str_copy(host, out->host, sizeof(out->host)) ||
	    !str_copy(inside, out->inside, sizeof(out->inside)))
		return err_set(e, ERR_LIMIT, "path too long");
	return 0;
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
parse_env(struct str text, struct str *name, struct str *value, struct err *e)
{
	if (!str_cut(text, '=', name, value)) {
		*name = text;
		*value = (struct str){ NULL, 0 };
	}
	for (size_t i = 0; i < name->len; i++)
		if (!is_alpha(name->p[i]) && name->p[i] != '_' &&
		    (i == 0 || !is_digit(name->p[i])))
			return err_set(e, ERR_INPUT, "\"%.*s\" is no name for "
			    "an environment variable", (int)name->len, name->p);
	if (name->len == 0)
		return err_set(e, ERR_INPUT, "say NAME=VALUE, or NAME to copy "
		    "it from here");
	return 0;
}

static bool
is_label(struct str s, size_t least)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '.' &&
		    s.p[i] != '_' && s.p[i] != '/' && s.p[i] != '-')
			return false;
	return s.len >= least && s.len <= NAME_BYTES_MAX;
}

int
parse_label(struct str text, struct str *key, struct str *value,
    struct err *e)
{
	if (!str_cut(text, '=', key, value))
		return err_set(e, ERR_INPUT, "\"%.*s\": say KEY=VALUE",
		    (int)text.len, text.p);
	if (!is_label(*key, 1) || !is_label(*value, 0))
		return err_set(e, ERR_INPUT, "\"%.*s\": a label holds letters, "
		    "digits and . _ / - and at most %d of them on each side",
		    (int)text.len, text.p, NAME_BYTES_MAX);
	return 0;
}

bool
parse_is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool edge = i == 0 || i == s.len - 1;

		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !is_digit(s.p[i]) &&
		    (edge || s.p[i] != '-'))
			return false;
	}
	return s.len > 0 && s.len <= NAME_BYTES_MAX;
}

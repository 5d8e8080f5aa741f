/* override.c -- fields in which a request asks some servers to take it for
 * another one: another method, or another path. A server that does so does
 * what was never judged, so the request that it may take it for is judged
 * as well, and the field passes only if that one may. */
#include <stdio.h>

#include "base/compat.h"
#include "conn.h"
#include "egress.h"
#include "http/chars.h"
#include "http/target.h"
#include "judge.h"

static const struct str methods[] = { { "x-http-method-override", 22 },
	{ "x-http-method", 13 }, { "x-method-override", 17 } };
static const struct str paths[] = { { "x-original-url", 14 },
	{ "x-rewrite-url", 13 } };

/* As servers compare that make variables of fields: '_' is '-' to them. */
static bool
is_name(struct str name, struct str want)
{
	if (name.len != want.len)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i] == '_' ? '-' : http_lower(name.p[i]);

		if (c != want.p[i])
			return false;
	}
	return true;
}

static bool
is_any(struct str name, const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_name(name, list[i]))
			return true;
	return false;
}

static enum parse
take_method(struct str value, char out[METHOD_TEXT_MAX], struct http_fault *f)
{
	for (size_t i = 0; i < value.len; i++)
		if (!http_is(value.p[i], CHAR_TOKEN))
			return http_bad(f, 400, "a field that names another "
			    "method holds no method");
	if (!str_copy(value, out, METHOD_TEXT_MAX))
		return http_bad(f, 400, "a field names another method that "
		    "is too long");
	/* servers take it in any case */
	for (; *out != '\0'; out++)
		if (*out >= 'a' && *out <= 'z')
			*out = (char)(*out - 'a' + 'A');
	return PARSE_OK;
}

static enum parse
take_path(struct str value, struct buf *out, struct http_fault *f)
{
	struct target t;
	struct path p;

	if (target_parse(value, &t, f) != PARSE_OK ||
	    path_canon(t.path, out, &p, f) != PARSE_OK)
		return PARSE_BAD;
	return p.encoded_slash ? http_bad(f, 400,
	    "a field names another path with an encoded slash") : PARSE_OK;
}

/* What the fields ask for; empty: nothing. */
static enum parse
collect(const struct http_head *h, char method[METHOD_TEXT_MAX],
    struct buf *path, struct http_fault *f)
{
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *fd = &h->fields[i];

		if (fd->name.len < 13 || (fd->name.p[0] | 0x20) != 'x')
			continue;
		if (is_any(fd->name, methods, NELEM(methods))) {
			if (method[0] != '\0')
				return http_bad(f, 400, "two fields name "
				    "another method");
			if (take_method(fd->value, method, f) != PARSE_OK)
				return PARSE_BAD;
		} else if (is_any(fd->name, paths, NELEM(paths))) {
			if (path->len != 0)
				return http_bad(f, 400, "two fields name "
				    "another path");
			if (take_path(fd->value, path, f) != PARSE_OK)
				return PARSE_BAD;
		}
	}
	return PARSE_OK;
}

/* Takes the stricter of two answers. */
static void
add_answer(struct net_answer *a, const struct net_answer *b)
{
	char reason[sizeof(a->reason)];

	if (b->verdict == VERDICT_ALLOW && (b->judged == VERDICT_ALLOW ||
		a->judged != VERDICT_ALLOW))
		return;
	(void)snprintf(reason, sizeof(reason), "a field asks the server to "
	    "take it for another request: %.190s", b->reason);
	*a = *b;
	(void)snprintf(a->reason, sizeof(a->reason), "%s", reason);
}

/* Which of the fields a server honours is not known: each way is judged. */
static void
judge_each(struct conn *c, struct str method, struct str path,
    struct net_answer *a)
{
	const struct str m[] = { method, str_c(c->method), method };
	const struct str p[] = { buf_str(&c->path), path, path };
	struct net_answer b;

	for (size_t i = 0; i < 3 && a->verdict == VERDICT_ALLOW; i++) {
		if (m[i].len == 0 || p[i].len == 0)
			continue;
		judge_as(c, m[i], p[i], &b);
		add_answer(a, &b);
	}
}

enum parse
override_judge(struct conn *c, const struct http_head *h,
    struct net_answer *a, struct http_fault *f)
{
	char method[METHOD_TEXT_MAX] = "";
	struct buf path;
	enum parse got;

	buf_init(&path, 3 * HTTP_TARGET_BYTES_MAX);
	got = collect(h, method, &path, f);
	if (got == PARSE_OK && (method[0] != '\0' || path.len != 0))
		judge_each(c, str_c(method), buf_str(&path), a);
	buf_fini(&path);
	return got;
}

/* edit_parse.c -- the words of one edit, as a person writes it. */
#include "base/err.h"
#include "compile/edit.h"

static int
bad(struct err *e, const struct edit *ed, const char *form)
{
	return err_set(e, ERR_INPUT, "\"%.*s\": it must be %s",
	    (int)(ed->said.len < 128 ? ed->said.len : 128), ed->said.p, form);
}

/* Up to the next colon; the rest after it. false: nothing there. */
static bool
next(struct str *rest, struct str *out)
{
	struct str tail;

	if (!str_cut(*rest, ':', out, &tail)) {
		*out = *rest;
		tail = STR("");
	}
	*rest = tail;
	return out->len > 0;
}

/* No control bytes, and of sane length: the compiler judges the rest. */
static bool
is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.len <= 1024;
}

static bool
take_place(struct str *rest, struct edit *ed)
{
	struct str port;
	uint64_t v;
	size_t close = 0;

	if (rest->len > 0 && rest->p[0] == '[')
		close = str_index(*rest, ']');
	if (close > 0 && close < rest->len) {
		ed->host = str_of(rest->p + 1, close - 1);
		*rest = str_from(*rest, close + 1);
		if (rest->len == 0 || rest->p[0] != ':')
			return false;
		*rest = str_from(*rest, 1);
	} else if (!next(rest, &ed->host)) {
		return false;
	}
	if (!next(rest, &port) || !str_u64(port, UINT16_MAX, &v) || v == 0)
		return false;
	ed->port = (uint16_t)v;
	return ed->host.len > 0 && ed->host.len <= HOST_BYTES_MAX;
}

static int
take_options(struct str list, struct edit *ed, struct err *e)
{
	struct str one;

	while (list.len > 0) {
		if (!str_cut(list, ',', &one, &list)) {
			one = list;
			list = STR("");
		}
		if (!str_has_prefix(one, STR("allowed-ip=")))
			return err_set(e, ERR_INPUT, "option \"%.*s\" is not "
			    "in this version; allowed-ip=CIDR is",
			    (int)(one.len < 64 ? one.len : 64), one.p);
		if (ed->nips == EDIT_IPS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d addresses",
			    EDIT_IPS_MAX);
		ed->ips[ed->nips++] = str_from(one, strlen("allowed-ip="));
	}
	return 0;
}

static int
parse_endpoint(struct str rest, struct edit *ed, struct err *e)
{
	static const char form[] = "HOST:PORT[:ACCESS[:PROTOCOL[:ENFORCEMENT"
	    "[:allowed-ip=CIDR,...]]]]";

	if (!take_place(&rest, ed))
		return bad(e, ed, form);
	/* Each may be empty: a:443::tcp. An option may hold colons. */
	(void)next(&rest, &ed->access);
	(void)next(&rest, &ed->protocol);
	(void)next(&rest, &ed->enforcement);
	if (ed->access.len > 0 && !str_eqz(ed->access, "read-only") &&
	    !str_eqz(ed->access, "read-write") && !str_eqz(ed->access, "full"))
		return bad(e, ed, "HOST:PORT:ACCESS..., where ACCESS is "
		    "read-only, read-write or full");
	return take_options(rest, ed, e);
}

static int
parse_request(struct str rest, struct edit *ed, struct err *e)
{
	if (!take_place(&rest, ed) || !next(&rest, &ed->method) ||
	    rest.len == 0 || (rest.p[0] != '/' && !str_eqz(rest, "**")))
		return bad(e, ed, "HOST:PORT:METHOD:PATH, as "
		    "api.example.com:443:GET:/v1/*");
	ed->path = rest;
	return 0;
}

static int
parse_binary(struct str s, struct edit *ed, struct err *e)
{
	size_t at = s.len;

	while (at > 0 && s.p[at - 1] != ':')
		at--;
	if (at < 2 || at == s.len)
		return bad(e, ed, "RULE:PROGRAM, with RULE a name or "
		    "FILE:LINE");
	ed->rule = str_head(s, at - 1);
	ed->binaries[ed->nbinaries++] = str_from(s, at);
	return 0;
}

int
edit_parse(enum edit_kind kind, const char *text, struct edit *out,
    struct err *e)
{
	struct str s = str_c(text);

	*out = (struct edit){ .kind = kind, .said = s };
	if (!is_clean(s))
		return bad(e, out, "a line of at most 1024 bytes");
	switch (kind) {
	case EDIT_ADD_ENDPOINT:
		return parse_endpoint(s, out, e);
	case EDIT_REMOVE_ENDPOINT:
		return take_place(&s, out) && s.len == 0 ? 0 :
		    bad(e, out, "HOST:PORT");
	case EDIT_ADD_ALLOW:
	case EDIT_ADD_DENY:
		return parse_request(s, out, e);
	case EDIT_REMOVE_RULE:
		out->rule = s;
		return s.len > 0 ? 0 : bad(e, out, "a name, or FILE:LINE");
	case EDIT_REMOVE_BINARY:
		return parse_binary(s, out, e);
	}
	return bad(e, out, "an edit");
}

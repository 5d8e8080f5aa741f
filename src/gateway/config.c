#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "config_read.h"
#include "http/host.h"

/* Only scalars have a place in libfyaml; a list's is that of its key. */
int
config_fault(const struct reader *r, struct fy_node *at, const char *text)
{
	struct fy_node *n = fy_node_is_scalar(at) ? at : r->key;
	struct fy_token *t = n == NULL ? NULL : fy_node_get_scalar_token(n);
	const struct fy_mark *m = t == NULL ? NULL : fy_token_start_mark(t);

	return err_set(r->e, ERR_INPUT, "%s:%d:%d: %s", r->file,
	    m == NULL ? 1 : m->line + 1, m == NULL ? 1 : m->column + 1, text);
}

/* A plain or quoted scalar, borrowed; not an alias. */
int
config_scalar(const struct reader *r, struct fy_node *n, struct str *out)
{
	size_t len = 0;
	const char *z;

	if (n == NULL || !fy_node_is_scalar(n) || fy_node_is_alias(n))
		return n == NULL ? err_set(r->e, ERR_INPUT,
		    "%s: a value is missing", r->file) :
		    config_fault(r, n, "a single value must stand here");
	z = fy_node_get_scalar(n, &len);
	*out = str_of(z == NULL ? "" : z, len);
	if (out->len == 0)
		return config_fault(r, n, "the value is empty");
	return 0;
}

/* ---- keys ---- */

static int
read_pair(const struct reader *r, struct fy_node_pair *p, struct buf *out)
{
	struct authority name, address;
	struct str key = STR(""), value = STR("");
	struct http_fault why;
	const char *at = NULL;

	if (config_scalar(r, fy_node_pair_key(p), &key) == -1 ||
	    config_scalar(r, fy_node_pair_value(p), &value) == -1)
		return -1;
	if (authority_parse(key, &name, &why) != PARSE_OK ||
	    name.host.kind != HOST_NAME)
		return config_fault(r, fy_node_pair_key(p),
		    "not HOST or HOST:PORT with a host's name");
	/* an IPv6 address without a port needs no brackets */
	if (host_parse(value, &address.host, &why) == PARSE_OK)
		address.port = 0;
	else if (authority_parse(value, &address, &why) != PARSE_OK)
		at = "not ADDRESS or ADDRESS:PORT";
	if (at == NULL && address.host.kind == HOST_NAME)
		at = "an address must stand here, not a name";
	if (at != NULL)
		return config_fault(r, fy_node_pair_value(p), at);
	if (!buf_adds(out, host_str(&name.host)) ||
	    (name.port != 0 && !buf_printf(out, ":%u", name.port)) ||
	    !buf_printf(out, address.host.kind == HOST_IPV6 ? "=[%s]" : "=%s",
		address.host.text) ||
	    (address.port != 0 && !buf_printf(out, ":%u", address.port)) ||
	    !buf_addz(out, "\n"))
		return config_fault(r, fy_node_pair_key(p), "too many names");
	return 0;
}

static int
read_resolve(const struct reader *r, struct fy_node *n, struct config *out)
{
	struct fy_node_pair *p;
	void *iter = NULL;
	struct buf text;

	if (n == NULL || !fy_node_is_mapping(n))
		return n == NULL ? 0 : config_fault(r, n,
		    "resolve is a mapping of HOST[:PORT] to ADDRESS[:PORT]");
	if (fy_node_mapping_item_count(n) > RESOLVE_COUNT_MAX)
		return config_fault(r, n, "too many names");
	buf_init(&text, RESOLVE_BYTES_MAX - 1);
	while ((p = fy_node_mapping_iterate(n, &iter)) != NULL) {
		if (read_pair(r, p, &text) == -1) {
			buf_fini(&text);
			return -1;
		}
	}
	free(out->resolve);
	out->resolve = buf_take(&text, NULL);
	return 0;
}

static int
read_ca(const struct reader *r, struct fy_node *n, struct config *out)
{
	struct str value = STR("");

	if (config_scalar(r, n, &value) == -1)
		return -1;
	if (value.p[0] != '/' || value.len >= PATH_BYTES_MAX)
		return config_fault(r, n, "upstream_ca is the absolute path of a "
		    "file of certificates");
	free(out->upstream_ca);
	out->upstream_ca = str_dup(value);
	if (out->upstream_ca == NULL)
		return config_fault(r, n, "a NUL in a path");
	if (access(out->upstream_ca, R_OK) == -1)
		return config_fault(r, n, "upstream_ca cannot be read");
	return 0;
}

/* It is read each time that a policy is compiled, inside our jail. */
static int
read_maximum(const struct reader *r, struct fy_node *n, struct config *out)
{
	struct str value = STR("");

	if (config_scalar(r, n, &value) == -1)
		return -1;
	if (value.len >= PATH_BYTES_MAX)
		return config_fault(r, n, "maximum_policy is the path of a policy");
	free(out->maximum_policy);
	out->maximum_policy = str_dup(value);
	if (out->maximum_policy == NULL)
		return config_fault(r, n, "a NUL in a path");
	return 0;
}

static int
read_approval(const struct reader *r, struct fy_node *n, struct config *out)
{
	struct str value = STR("");
	uint64_t v, each = 1;

	if (config_scalar(r, n, &value) == -1)
		return -1;
	switch (value.p[value.len - 1]) {
	case 'h':
		each = 3600;
		break;
	case 'm':
		each = 60;
		break;
	default:
		break;
	}
	if (each > 1 || value.p[value.len - 1] == 's')
		value.len--;
	if (!str_u64(value, APPROVAL_S_MAX / each, &v) || v == 0)
		return config_fault(r, n, "approval_timeout is a time up to 24h, as "
		    "in 90s, 10m or 1h");
	out->approval_s = (uint32_t)(v * each);
	return 0;
}

static const struct {
	const char *key;
	int (*read)(const struct reader *r, struct fy_node *n,
	    struct config *out);
} keys[] = {
	{ "resolve", read_resolve },
	{ "upstream_ca", read_ca },
	{ "maximum_policy", read_maximum },
	{ "approval_timeout", read_approval },
	{ "upstream_proxy", config_read_proxy },
	{ "upstream_tls", config_read_tls },
};

static int
read_key(struct reader *r, struct fy_node_pair *p, struct config *out)
{
	struct str key = STR("");

	if (config_scalar(r, fy_node_pair_key(p), &key) == -1)
		return -1;
	r->key = fy_node_pair_key(p);
	for (size_t i = 0; i < NELEM(keys); i++)
		if (str_eqz(key, keys[i].key))
			return keys[i].read(r, fy_node_pair_value(p), out);
	return config_fault(r, fy_node_pair_key(p),
	    "unknown key; the keys are resolve, upstream_ca, upstream_tls, "
	    "upstream_proxy, maximum_policy and approval_timeout");
}

static int
read_root(struct reader *r, struct fy_node *root, struct config *out)
{
	struct fy_node_pair *p;
	void *iter = NULL;

	if (root == NULL)
		return 0;
	if (!fy_node_is_mapping(root))
		return config_fault(r, root, "the file is a mapping of keys");
	while ((p = fy_node_mapping_iterate(root, &iter)) != NULL)
		if (read_key(r, p, out) == -1)
			return -1;
	return 0;
}

/* ---- the file ---- */

static int
syntax_fault(const struct reader *r, struct fy_diag *diag)
{
	void *iter = NULL;
	struct fy_diag_error *d = fy_diag_errors_iterate(diag, &iter);

	if (d == NULL)
		return err_set(r->e, ERR_INPUT, "%s: not YAML", r->file);
	return err_set(r->e, ERR_INPUT, "%s:%d:%d: %s", r->file, d->line,
	    d->column, d->msg == NULL ? "not YAML" : d->msg);
}

/* One document, and nothing after it. */
static int
read_only_document(struct reader *r, struct fy_parser *parser,
    struct fy_diag *diag, struct config *out)
{
	struct fy_document *doc = fy_parse_load_document(parser), *more;
	int rc = doc == NULL ? syntax_fault(r, diag) :
			       read_root(r, fy_document_root(doc), out);

	fy_parse_document_destroy(parser, doc);
	if (rc == -1)
		return -1;
	more = fy_parse_load_document(parser);
	if (more == NULL && !fy_diag_got_error(diag))
		return 0;
	fy_parse_document_destroy(parser, more);
	return more == NULL ? syntax_fault(r, diag) :
	    err_set(r->e, ERR_INPUT, "%s: more than one document", r->file);
}

/* Nothing but comments and blank lines: libfyaml calls that an error. */
static bool
is_blank(struct str text)
{
	struct str line;

	while (text.len > 0) {
		if (!str_cut(text, '\n', &line, &text)) {
			line = text;
			text = STR("");
		}
		line = str_trim(line);
		if (line.len > 0 && line.p[0] != '#')
			return false;
	}
	return true;
}

static void
say_nothing(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	(void)diag;
	(void)user;
	(void)buf;
	(void)len;
}

int
config_parse(const char *file, struct str text, struct config *out,
    struct err *e)
{
	struct fy_diag_cfg how;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET |
	    FYPCF_COLLECT_DIAG };
	struct reader r = { file, NULL, e };
	struct config c = { mem_strdup(""), mem_strdup(""), mem_strdup(""),
		APPROVAL_S_DEFAULT, mem_strdup(""), mem_strdup("") };
	struct fy_parser *parser;
	int rc = 0;

	fy_diag_cfg_default(&how);
	how.fp = NULL;
	how.output_fn = say_nothing;
	cfg.diag = fy_diag_create(&how);
	must(cfg.diag != NULL);
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	must(parser != NULL &&
	    fy_parser_set_string(parser, text.p, text.len) == 0);
	if (!is_blank(text))
		rc = read_only_document(&r, parser, cfg.diag, &c);
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	if (rc == -1) {
		config_fini(&c);
		return -1;
	}
	*out = c;
	return 0;
}

int
config_load(const char *file, struct config *out, struct err *e)
{
	CLEAN_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	CLEAN_FREE char *text = NULL;
	size_t len = 0;

	if (fd == -1 && errno != ENOENT)
		return err_sys(e, "open %s", file);
	if (fd != -1 &&
	    io_read_all(fd, CONFIG_BYTES_MAX, &text, &len, e) == -1)
		return err_wrap(e, "%s", file);
	if (str_index(str_of(text, len), '\0') != len)
		return err_set(e, ERR_INPUT, "%s: holds a NUL", file);
	return config_parse(file, str_of(text == NULL ? "" : text, len), out,
	    e);
}

static bool
text_same(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

bool
config_same(const struct config *a, const struct config *b)
{
	return text_same(a->resolve, b->resolve) &&
	    text_same(a->upstream_ca, b->upstream_ca) &&
	    text_same(a->maximum_policy, b->maximum_policy) &&
	    text_same(a->proxy, b->proxy) && text_same(a->tls, b->tls) &&
	    a->approval_s == b->approval_s;
}

void
config_fini(struct config *c)
{
	free(c->resolve);
	free(c->upstream_ca);
	free(c->maximum_policy);
	free(c->proxy);
	free(c->tls);
	*c = (struct config){ .resolve = NULL };
}

/* config_ways.c -- upstream_proxy and upstream_tls: on which way servers are
 * reached, and what of TLS is special to one. */
#include <errno.h>
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "config.h"
#include "config_read.h"
#include "http/bypass.h"
#include "msg/body.h"

typedef int read_fn(const struct reader *r, struct fy_node *n,
    struct buf *out);

struct word {
	const char *name;
	read_fn *read;
};

static int
add(const struct reader *r, struct fy_node *n, struct buf *out,
    const char *word, struct str value)
{
	return buf_printf(out, "%s %.*s\n", word, (int)value.len, value.p) ?
	    0 : config_fault(r, n, "too much");
}

/* Each key at most once is libfyaml's to see to. */
static int
read_words(const struct reader *r, struct fy_node *n, const struct word *words,
    const char *names, struct buf *out)
{
	struct fy_node_pair *p;
	void *iter = NULL;

	while ((p = fy_node_mapping_iterate(n, &iter)) != NULL) {
		struct reader inner = { r->file, fy_node_pair_key(p), r->e };
		const struct word *w = words;
		struct str key = STR("");

		if (config_scalar(r, fy_node_pair_key(p), &key) == -1)
			return -1;
		while (w->name != NULL && !str_eqz(key, w->name))
			w++;
		if (w->name == NULL)
			return config_fault(r, fy_node_pair_key(p), names);
		if (w->read(&inner, fy_node_pair_value(p), out) == -1)
			return -1;
	}
	return 0;
}

/* ---- files ---- */

static int
file_path(const struct reader *r, struct fy_node *n, const char *word,
    struct stat *st, struct buf *out)
{
	char path[PATH_BYTES_MAX], why[PATH_BYTES_MAX + 64];
	struct str value = STR("");

	if (config_scalar(r, n, &value) == -1)
		return -1;
	if (value.p[0] != '/' || str_index(value, '\n') != value.len ||
	    !str_copy(value, path, sizeof(path)))
		return config_fault(r, n, "the absolute path of a file must "
		    "stand here");
	if (access(path, R_OK) == -1 || stat(path, st) == -1 ||
	    !S_ISREG(st->st_mode)) {
		(void)snprintf(why, sizeof(why), "%s cannot be read", path);
		return config_fault(r, n, why);
	}
	return add(r, n, out, word, value);
}

/* What others may read is no secret. */
static int
secret_path(const struct reader *r, struct fy_node *n, const char *word,
    struct buf *out)
{
	struct stat st;

	if (file_path(r, n, word, &st, out) == -1)
		return -1;
	if ((st.st_mode & 077) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0))
		return config_fault(r, n, "others may read or own this file: "
		    "chmod 600");
	return 0;
}

/* ---- upstream_tls ---- */

static int
read_ca(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct stat st;

	return file_path(r, n, "ca", &st, out);
}

static int
read_certificate(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct stat st;

	return file_path(r, n, "certificate", &st, out);
}

static int
read_own_key(const struct reader *r, struct fy_node *n, struct buf *out)
{
	return secret_path(r, n, "key", out);
}

static bool
has(struct fy_node *n, const char *key)
{
	return fy_node_mapping_lookup_by_string(n, key, (size_t)-1) != NULL;
}

static int
read_server(const struct reader *r, struct fy_node_pair *p, struct buf *out)
{
	static const struct word words[] = { { "ca", read_ca },
		{ "certificate", read_certificate }, { "key", read_own_key },
		{ NULL, NULL } };
	struct reader inner = { r->file, fy_node_pair_key(p), r->e };
	struct fy_node *n = fy_node_pair_value(p);
	struct str key = STR("");
	struct authority at;
	struct http_fault f;

	if (config_scalar(r, inner.key, &key) == -1)
		return -1;
	if (authority_parse(key, &at, &f) != PARSE_OK)
		return config_fault(r, inner.key, "not HOST or HOST:PORT");
	if (n == NULL || !fy_node_is_mapping(n) || fy_node_is_alias(n) ||
	    fy_node_mapping_item_count(n) == 0)
		return config_fault(&inner, inner.key, "a server has ca, or "
		    "certificate and key, or all three");
	if (has(n, "certificate") != has(n, "key"))
		return config_fault(&inner, inner.key, "certificate and key "
		    "go together");
	if (!buf_printf(out, at.port == 0 ? "server %s\n" : "server %s:%u\n",
		at.host.text, (unsigned)at.port))
		return config_fault(r, inner.key, "too many servers");
	return read_words(&inner, n, words,
	    "unknown key; a server has ca, certificate and key", out);
}

static int
servers_read(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct fy_node_pair *p;
	void *iter = NULL;

	if (n == NULL || !fy_node_is_mapping(n) || fy_node_is_alias(n))
		return config_fault(r, n == NULL ? r->key : n, "upstream_tls "
		    "is a mapping of HOST or HOST:PORT");
	if (fy_node_mapping_item_count(n) > WAYS_SERVER_MAX)
		return config_fault(r, n, "too many servers");
	while ((p = fy_node_mapping_iterate(n, &iter)) != NULL)
		if (read_server(r, p, out) == -1)
			return -1;
	return 0;
}

/* ---- upstream_proxy ---- */

static int
read_exception(const struct reader *r, struct fy_node *n, struct str word,
    struct buf *out)
{
	struct bypass b;
	struct http_fault f;

	if (bypass_parse(word, &b, &f) != PARSE_OK)
		return config_fault(r, n, "not a HOST, .HOST, ADDRESS or "
		    "RANGE, with :PORT or without");
	return add(r, n, out, "except", word);
}

static int
read_exceptions(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct fy_node *x;
	void *iter = NULL;
	struct str word = STR("");

	if (n == NULL || !fy_node_is_sequence(n) || fy_node_is_alias(n) ||
	    fy_node_sequence_item_count(n) > WAYS_EXCEPT_MAX)
		return config_fault(r, r->key, "no_proxy is a list, of at "
		    "most 64");
	while ((x = fy_node_sequence_iterate(n, &iter)) != NULL)
		if (config_scalar(r, x, &word) == -1 ||
		    read_exception(r, x, word, out) == -1)
			return -1;
	return 0;
}

static int
add_proxy(const struct reader *r, struct fy_node *n, struct str url,
    struct buf *out)
{
	const struct str scheme = STR("http://");
	struct authority at;
	struct http_fault f;

	if (str_has_suffix(url, STR("/")))
		url.len--;
	if (!str_has_prefix(url, scheme) ||
	    str_index(url, '@') != url.len ||
	    authority_parse(str_from(url, scheme.len), &at, &f) != PARSE_OK ||
	    at.port == 0)
		return config_fault(r, n, "a proxy is http://HOST:PORT; its "
		    "user and password stand in the file that credentials "
		    "names");
	return add(r, n, out, "proxy", str_from(url, scheme.len));
}

static const char *
either(const char *large, const char *small)
{
	const char *v = getenv(large);

	return v == NULL || v[0] == '\0' ? getenv(small) : v;
}

/* As the gateway was started: only because the configuration says so. */
static int
add_environment(const struct reader *r, struct fy_node *n, struct buf *out)
{
	const char *url = either("HTTPS_PROXY", "https_proxy");
	struct str list = str_c(either("NO_PROXY", "no_proxy")), word;

	if (url == NULL || url[0] == '\0')
		return config_fault(r, n, "HTTPS_PROXY is not set where the "
		    "gateway was started");
	if (add_proxy(r, n, str_c(url), out) == -1)
		return -1;
	while (list.len > 0) {
		if (!str_cut(list, ',', &word, &list)) {
			word = list;
			list = STR("");
		}
		word = str_trim(word);
		if (word.len > 0 && read_exception(r, n, word, out) == -1)
			return -1;
	}
	return 0;
}

static int
read_url(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct str value = STR("");

	if (config_scalar(r, n, &value) == -1)
		return -1;
	return str_eqz(value, "environment") ? add_environment(r, n, out) :
					       add_proxy(r, n, value, out);
}

static int
read_by(const struct reader *r, struct fy_node *n, struct buf *out)
{
	struct str value = STR("");

	if (config_scalar(r, n, &value) == -1)
		return -1;
	if (!str_eqz(value, "address") && !str_eqz(value, "name") &&
	    !str_eqz(value, "unchecked_name"))
		return config_fault(r, n, "connect_by is address, name or "
		    "unchecked_name");
	return add(r, n, out, "by", value);
}

static int
read_credentials(const struct reader *r, struct fy_node *n, struct buf *out)
{
	return secret_path(r, n, "credentials", out);
}

static int
proxy_read(const struct reader *r, struct fy_node *n, struct buf *out)
{
	static const struct word words[] = { { "url", read_url },
		{ "credentials", read_credentials },
		{ "connect_by", read_by }, { "no_proxy", read_exceptions },
		{ NULL, NULL } };

	if (n == NULL || !fy_node_is_mapping(n) || fy_node_is_alias(n) ||
	    !has(n, "url"))
		return config_fault(r, n == NULL ? r->key : n,
		    "upstream_proxy is a mapping with url");
	return read_words(r, n, words, "unknown key; the keys are url, "
	    "credentials, connect_by and no_proxy", out);
}

/* ---- both ---- */

static int
read_into(const struct reader *r, struct fy_node *n, read_fn *read, char **out)
{
	struct buf text;

	buf_init(&text, WAYS_BYTES_MAX / 2 - 1);
	if (read(r, n, &text) == -1) {
		buf_fini(&text);
		return -1;
	}
	free(*out);
	*out = buf_take(&text, NULL);
	return 0;
}

int
config_read_proxy(const struct reader *r, struct fy_node *n,
    struct config *out)
{
	return read_into(r, n, proxy_read, &out->proxy);
}

int
config_read_tls(const struct reader *r, struct fy_node *n, struct config *out)
{
	return read_into(r, n, servers_read, &out->tls);
}

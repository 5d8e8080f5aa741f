#include "analysis/question.h"

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond_domain.h"
#include "http/target.h"

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static struct str
copy(struct arena *a, struct str s)
{
	return str_of(need(arena_strdup(a, s)), s.len);
}

/* ---- words */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One word of s from *at on, as a shell reads it, into out; -1: a quote that
 * does not end. */
static int
cut_word(struct str s, size_t *at, char *out, size_t *len)
{
	char quote = '\0';
	size_t i = *at;

	for (; i < s.len && (quote != '\0' || !is_blank(s.p[i])); i++) {
		char c = s.p[i];

		if (c == quote) {
			quote = '\0';
		} else if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == '\\' && quote != '\'' && i + 1 < s.len &&
		    (quote == '\0' || s.p[i + 1] == '"' ||
			s.p[i + 1] == '\\')) {
			out[(*len)++] = s.p[++i];
		} else {
			out[(*len)++] = c;
		}
	}
	*at = i;
	return quote == '\0' ? 0 : -1;
}

static int
split(struct arena *a, struct str s, struct question *q, struct err *e)
{
	char *room = need(arena_alloc(a, s.len + 1, 1));

	q->word = need(arena_alloc(a, s.len / 2 + 1, sizeof(*q->word)));
	for (size_t at = 0; at < s.len; at++) {
		size_t len = 0;

		if (is_blank(s.p[at]))
			continue;
		if (q->nwords == QUESTION_WORDS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d words",
			    QUESTION_WORDS_MAX);
		if (cut_word(s, &at, room, &len) == -1)
			return err_set(e, ERR_INPUT,
			    "a quote is not closed: %.*s", (int)s.len, s.p);
		q->word[q->nwords++] = str_of(room, len);
		room += len;
	}
	return 0;
}

/* ---- network */

/* What egress would answer before it asks any rule. */
static int
refuse(struct question *q, const struct http_fault *f)
{
	q->refused = f->why;
	return 0;
}

static int
take_path(struct arena *a, struct str raw, struct question *q)
{
	struct http_fault f = { 0 };
	struct path path;
	struct buf b;

	buf_init(&b, 4 * HTTP_TARGET_BYTES_MAX);
	if (path_canon(raw, &b, &path, &f) != PARSE_OK) {
		buf_fini(&b);
		return refuse(q, &f);
	}
	q->path = copy(a, path.text);
	q->encoded_slash = path.encoded_slash;
	buf_fini(&b);
	return 0;
}

/* "scheme://": letters alone in front of the first colon. */
static bool
is_url(struct str s)
{
	size_t colon = str_index(s, ':');

	for (size_t i = 0; i < colon; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(i > 0 && s.p[i] >= '0' && s.p[i] <= '9')))
			return false;
	return str_has_prefix(str_from(s, colon), STR("://"));
}

static int
take_url(struct arena *a, struct str url, struct question *q, struct err *e)
{
	struct http_fault f = { 0 };
	struct target t;

	if (!is_url(url))
		return err_set(e, ERR_INPUT, "\"%s\" is not a URL: write "
		    "%.*s https://HOST/PATH", url.p, (int)q->method.len,
		    q->method.p);
	if (str_index(url, '#') != url.len)
		return err_set(e, ERR_INPUT, "\"%s\": what follows # is never "
		    "sent: leave it out", url.p);
	q->path = STR("/");
	/* A WebSocket begins as a request of HTTP. */
	if (str_has_prefix(url, STR("ws://")) ||
	    str_has_prefix(url, STR("wss://"))) {
		q->websocket = true;
		url = str_c(need(arena_printf(a, "http%s", url.p + 2)));
	}
	/* As does what is spoken in HTTP/2 alone. */
	q->grpc = str_has_prefix(url, STR("grpc://"));
	q->h2c = str_has_prefix(url, STR("h2c://"));
	if (q->grpc)
		url = str_c(need(arena_printf(a, "https%s", url.p + 4)));
	if (q->h2c)
		url = str_c(need(arena_printf(a, "http%s", url.p + 3)));
	if (q->grpc && !str_eqz(q->method, "POST"))
		return err_set(e, ERR_INPUT, "a call of gRPC is a POST: write "
		    "POST grpc://HOST/SERVICE/METHOD");
	if (target_parse(url, &t, &f) != PARSE_OK)
		return refuse(q, &f);
	q->host = t.at.host;
	q->port = t.at.port;
	q->tls = t.https;
	q->query = t.query;
	return take_path(a, t.path, q);
}

static int
take_authority(struct str s, struct question *q, struct err *e)
{
	struct http_fault f = { 0 };
	struct authority at = { 0 };

	q->path = STR("");
	if (authority_parse(s, &at, &f) != PARSE_OK)
		return refuse(q, &f);
	q->host = at.host;
	q->port = at.port;
	if (at.port == 0)
		return err_set(e, ERR_INPUT, "a connection names its port: "
		    "write %s:443", s.p);
	return 0;
}

static int
take_name(struct str s, struct question *q)
{
	struct http_fault f = { 0 };

	if (host_parse(s, &q->host, &f) != PARSE_OK)
		return refuse(q, &f);
	return 0;
}

/* ---- files */

/* As the kernel reads it where nothing is a link: no empty components, no
 * dots, and the root's parent is the root. */
static int
take_file(struct arena *a, struct str s, struct question *q, struct err *e)
{
	char *out = need(arena_alloc(a, s.len + 2, 1));
	struct str rest = s, part;
	size_t len = 0;
	bool more = true;

	if (s.len == 0 || s.p[0] != '/')
		return err_set(e, ERR_INPUT, "\"%s\" is not a path inside the "
		    "sandbox: it begins with /", s.p);
	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (part.len == 0 || str_eqz(part, "."))
			continue;
		if (str_eqz(part, "..")) {
			while (len > 0 && out[--len] != '/')
				;
			continue;
		}
		out[len++] = '/';
		memcpy(out + len, part.p, part.len);
		len += part.len;
	}
	q->file = len == 0 ? STR("/") : str_of(out, len);
	return 0;
}

/* ---- the whole */

static const struct {
	const char *word;
	enum question_kind kind;
} kinds[] = {
	{ "CONNECT", ASK_CONNECT }, { "TLS", ASK_TLS }, { "TCP", ASK_TCP },
	{ "DNS", ASK_DNS }, { "READ", ASK_READ }, { "WRITE", ASK_WRITE },
	{ "EXEC", ASK_EXEC }, { "MODEL", ASK_MODEL },
};

static bool
is_method(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') ||
			(s.p[i] != '\0' &&
			    strchr("!#$%&'*+-.^_`|~", s.p[i]) != NULL)))
			return false;
	return s.len > 0;
}

static int
take_kind(struct str head, struct question *q, struct err *e)
{
	for (size_t i = 0; i < NELEM(kinds); i++)
		if (str_eqz(head, kinds[i].word)) {
			q->kind = kinds[i].kind;
			return 0;
		}
	q->kind = ASK_HTTP;
	q->method = head;
	if (is_method(head))
		return 0;
	return err_set(e, ERR_INPUT, "a request begins with a method, "
	    "CONNECT, DNS, READ, WRITE, EXEC or MODEL, not \"%s\"", head.p);
}

static int
take_words(struct arena *a, struct str rest, struct question *q,
    struct err *e)
{
	if (q->word == NULL && split(a, rest, q, e) == -1)
		return -1;
	return q->nwords > 0 ? 0 : err_set(e, ERR_INPUT,
	    "EXEC names a program");
}

int
question_know(struct arena *a, struct str word, struct question *q,
    struct err *e)
{
	static const unsigned where[] = { [ASK_HTTP] = FOR_NET,
		[ASK_CONNECT] = FOR_NET, [ASK_TLS] = FOR_NET,
		[ASK_TCP] = FOR_NET, [ASK_DNS] = FOR_NET, [ASK_READ] = 0,
		[ASK_WRITE] = 0, [ASK_EXEC] = FOR_EXEC,
		[ASK_MODEL] = FOR_MODEL };
	struct cond_fault f;

	if (q->facts == NULL)
		q->facts = need(arena_alloc(a, 1, sizeof(*q->facts)));
	if (fact_take(word, where[q->kind], a, q->facts, &f) == 0)
		return 0;
	return err_set(e, ERR_INPUT, "%.*s: %s", (int)word.len, word.p,
	    f.text);
}

/* Its name as it is compared: without case, with '-' for '_'. */
int
question_field(struct arena *a, struct str word, struct question *q,
    struct err *e)
{
	struct str name, value;
	char *p;

	if (!str_cut(word, '=', &name, &value) || name.len == 0)
		return err_set(e, ERR_INPUT, "\"%.*s\" is no field: write "
		    "NAME=VALUE", (int)word.len, word.p);
	if (q->field == NULL)
		q->field = need(arena_alloc(a, QUESTION_FIELDS_MAX,
		    sizeof(*q->field)));
	if (q->nfields == QUESTION_FIELDS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d fields",
		    QUESTION_FIELDS_MAX);
	p = need(arena_strdup(a, name));
	for (size_t i = 0; i < name.len; i++)
		p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 0x20) :
		    p[i] == '_' ? '-' : p[i];
	q->field[q->nfields++] = (struct detail_pair){ str_of(p, name.len),
		copy(a, value) };
	return 0;
}

static int
take_facts(struct arena *a, struct str rest, struct question *q,
    struct err *e)
{
	if (q->word == NULL && split(a, rest, q, e) == -1)
		return -1;
	for (uint32_t i = 0; i < q->nwords; i++)
		if (question_know(a, q->word[i], q, e) == -1)
			return -1;
	return 0;
}

/* The URL, and what the body asks for. */
static int
take_request(struct arena *a, struct str rest, struct question *q,
    struct err *e)
{
	size_t end = 0;
	int rc;

	while (end < rest.len && !is_blank(rest.p[end]))
		end++;
	if (take_url(a, copy(a, str_head(rest, end)), q, e) == -1)
		return -1;
	if (q->word == NULL && end < rest.len &&
	    split(a, str_from(rest, end), q, e) == -1)
		return -1;
	rc = q->nwords == 0 ? 0 : question_body(a, q->word, q->nwords, q, e);
	q->word = NULL;
	q->nwords = 0;
	return rc;
}

static int
take_rest(struct arena *a, struct str rest, struct question *q, struct err *e)
{
	if (rest.len == 0 && q->kind != ASK_MODEL)
		return err_set(e, ERR_INPUT, "\"%s\": of what?", q->shown.p);
	switch (q->kind) {
	case ASK_HTTP:
		return take_request(a, rest, q, e);
	case ASK_CONNECT:
	case ASK_TLS:
	case ASK_TCP:
		return take_authority(rest, q, e);
	case ASK_DNS:
		return take_name(rest, q);
	case ASK_READ:
	case ASK_WRITE:
		return take_file(a, rest, q, e);
	case ASK_EXEC:
		return take_words(a, rest, q, e);
	case ASK_MODEL:
		return take_facts(a, rest, q, e);
	}
	return -1;
}

static int
join(struct arena *a, const struct str *words, size_t n, struct str *out,
    struct err *e)
{
	size_t len = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		len += words[i].len + 1;
	if (len > QUESTION_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "a request has at most %d bytes",
		    QUESTION_BYTES_MAX);
	p = need(arena_alloc(a, len + 1, 1));
	*out = str_of(p, len - 1);
	for (size_t i = 0; i < n; i++) {
		memcpy(p, words[i].p, words[i].len);
		p += words[i].len;
		*p++ = i + 1 < n ? ' ' : '\0';
	}
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->p[i] < 0x20 && !is_blank(out->p[i]))
			return err_set(e, ERR_INPUT,
			    "a request holds no control characters");
	return 0;
}

int
question_parse(struct arena *a, const struct str *words, size_t n,
    struct question *out, struct err *e)
{
	struct str text, head, rest;
	size_t cut = 0;

	*out = (struct question){ .kind = ASK_HTTP };
	if (n == 0 || join(a, words, n, &out->shown, e) == -1)
		return n == 0 ? err_set(e, ERR_INPUT, "no request") : -1;
	text = copy(a, str_trim(out->shown));
	while (cut < text.len && !is_blank(text.p[cut]))
		cut++;
	head = copy(a, str_head(text, cut));
	rest = copy(a, str_trim(str_from(text, cut)));
	if (take_kind(head, out, e) == -1)
		return -1;
	if (n > 1 && (out->kind == ASK_EXEC || out->kind == ASK_MODEL)) {
		out->word = need(arena_alloc(a, n, sizeof(*out->word)));
		for (size_t i = 1; i < n; i++)
			out->word[out->nwords++] = copy(a, words[i]);
	}
	if (n > 2 && out->kind == ASK_HTTP) {
		out->word = need(arena_alloc(a, n, sizeof(*out->word)));
		for (size_t i = 2; i < n; i++)
			out->word[out->nwords++] = copy(a, words[i]);
	}
	return take_rest(a, rest, out, e);
}

/* ---- back to text */

static struct str
print_url(struct arena *a, const struct question *q)
{
	char at[AUTHORITY_BYTES_MAX];
	size_t len = authority_print(host_str(&q->host), q->port,
	    q->tls ? 443 : 80, at);
	const char *scheme = q->websocket ? (q->tls ? "wss" : "ws") :
	    q->grpc ? "grpc" : q->h2c ? "h2c" : q->tls ? "https" : "http";

	return str_c(need(arena_printf(a, "%.*s %s://%.*s%.*s%s%.*s",
	    (int)q->method.len, q->method.p, scheme, (int)len, at,
	    (int)q->path.len, q->path.p, q->query.len > 0 ? "?" : "",
	    (int)q->query.len, q->query.p)));
}

static bool
is_plain(struct str w)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.p[i] == '\0' ||
		    strchr(" \t'\"\\", w.p[i]) != NULL)
			return false;
	return w.len > 0;
}

/* As a shell would need it: 'it'\''s'. */
static struct str
quoted(struct arena *a, struct str w)
{
	char *out = need(arena_alloc(a, 4 * w.len + 3, 1));
	size_t n = 0;

	if (is_plain(w))
		return w;
	out[n++] = '\'';
	for (size_t i = 0; i < w.len; i++) {
		if (w.p[i] == '\'') {
			memcpy(out + n, "'\\'", 3);
			n += 3;
		}
		out[n++] = w.p[i];
	}
	out[n++] = '\'';
	return str_of(out, n);
}

static struct str
print_words(struct arena *a, const char *verb, const struct question *q)
{
	struct str out = str_c(verb);

	for (uint32_t i = 0; i < q->nwords; i++) {
		struct str w = quoted(a, q->word[i]);

		out = str_c(need(arena_printf(a, "%.*s %.*s", (int)out.len,
		    out.p, (int)w.len, w.p)));
	}
	return out;
}

struct str
question_print(struct arena *a, const struct question *q)
{
	char at[AUTHORITY_BYTES_MAX];
	int len = (int)authority_print(host_str(&q->host), q->port, 0, at);

	switch (q->kind) {
	case ASK_HTTP:
		return print_url(a, q);
	case ASK_CONNECT:
		return str_c(need(arena_printf(a, "CONNECT %.*s", len, at)));
	case ASK_TLS:
		return str_c(need(arena_printf(a, "TLS %.*s", len, at)));
	case ASK_TCP:
		return str_c(need(arena_printf(a, "TCP %.*s", len, at)));
	case ASK_DNS:
		return str_c(need(arena_printf(a, "DNS %s", q->host.text)));
	case ASK_READ:
		return str_c(need(arena_printf(a, "READ %.*s",
		    (int)q->file.len, q->file.p)));
	case ASK_WRITE:
		return str_c(need(arena_printf(a, "WRITE %.*s",
		    (int)q->file.len, q->file.p)));
	case ASK_EXEC:
		return print_words(a, "EXEC", q);
	case ASK_MODEL:
		if (q->model.len > 0)
			return str_c(need(arena_printf(a, "MODEL %.*s",
			    (int)q->model.len, q->model.p)));
		return print_words(a, "MODEL", q);
	}
	return STR("");
}

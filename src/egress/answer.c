#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "caller.h"
#include "egress.h"
#include "hold.h"
#include "http/chars.h"
#include "http/json.h"
#include "judge.h"

#define ANSWER_BYTES_MAX 65536

static const char *
fault_name(unsigned status)
{
	switch (status) {
	case 414:
		return "target_too_long";
	case 417:
		return "expectation_failed";
	case 431:
		return "header_too_large";
	case 501:
		return "not_implemented";
	case 502:
		return "upstream_protocol_error";
	case 505:
		return "version_not_supported";
	default:
		return "invalid_request";
	}
}

/* ---- sending ---- */

/* Fields take visible ASCII; everything else of the rule becomes '?'. */
static void
policy_field(const struct conn *c, const struct net_answer *a, char *out,
    size_t cap)
{
	const struct egress *eg = c->eg;
	const struct policy_rule *r = &a->rule;
	int n = snprintf(out, cap, "%s/%llu/%.12s", eg->name,
	    (unsigned long long)eg->generation, image_info(eg->image)->hash);

	if (r->file.len > 0 && n > 0 && (size_t)n < cap)
		(void)snprintf(out + n, cap - (size_t)n, " %.*s:%u",
		    (int)(r->file.len > 128 ? 128 : r->file.len), r->file.p,
		    r->line);
	for (; *out != '\0'; out++)
		if (*out < 0x20 || *out > 0x7E)
			*out = '?';
}

static void
add_field(struct http_head *h, const char *name, const char *value)
{
	h->fields[h->nfields++] = (struct http_field){ .name = str_c(name),
		.value = str_c(value) };
}

static bool
send_head(struct conn *c, unsigned status, size_t length,
    const struct net_answer *a)
{
	bool bodyless = strcmp(c->method, "HEAD") == 0;
	struct response_out o = { .length = length, .close = !c->keep,
		.framing = bodyless ? HTTP_NO_BODY : HTTP_LENGTH,
		.says_length = true };
	struct http_head *h = &c->eg->head;
	char policy[256] = "", retry[16];

	memset(h, 0, offsetof(struct http_head, fields));
	h->status = status;
	h->reason = http_reason(status);
	add_field(h, "Content-Type", "application/json");
	add_field(h, "Cache-Control", "no-store");
	if (a != NULL) {
		policy_field(c, a, policy, sizeof(policy));
		add_field(h, "X-OpenShell-Policy", policy);
	}
	if (c->retry_s != 0) {
		(void)snprintf(retry, sizeof(retry), "%u", c->retry_s);
		add_field(h, "Retry-After", retry);
	}
	c->retry_s = 0;
	return reply_head(c, h, &o);
}

/* eg->text is the body. */
static enum want
send_answer(struct conn *c, unsigned status, const struct net_answer *a)
{
	bool direct = c->way == WAY_DIRECT && !c->tunnel;
	struct buf *body = &c->eg->text;

	if (c->answering) /* too late to say anything */
		return WANT_CLOSE;
	up_close(&c->up);
	dns_cancel(&c->query);
	if (c->way == WAY_SOCKS && !c->tunnel)
		return socks_answer(c, status);
	c->refused = status;
	if (direct && status != 403 && status != 429 && status != 502 &&
	    status != 504)
		return direct_reset(c);
	if (!send_head(c, status, body->len, a))
		return WANT_CLOSE;
	if (strcmp(c->method, "HEAD") != 0 &&
	    !buf_adds(&c->cl.out, buf_str(body)))
		c->keep = false;
	if (direct)
		return direct_refuse(c);
	egress_queue(c->eg, &c->cl);
	return request_done(c);
}

static struct json
body_open(struct conn *c, const char *error, struct str detail)
{
	struct json j = { .out = &c->eg->text };

	buf_fini(j.out);
	buf_init(j.out, ANSWER_BYTES_MAX);
	json_open(&j, NULL, '{');
	json_str(&j, "error", str_c(error));
	json_str(&j, "detail", detail);
	return j;
}

static void
body_close(struct json *j)
{
	json_close(j, '}');
	if (!buf_addz(j->out, "\n"))
		j->over = true;
}

enum want
answer_error(struct conn *c, unsigned status, const char *error,
    const char *fmt, ...)
{
	char detail[1024];
	struct json j;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (status == 502 || status == 504) /* what was allowed went wrong */
		(void)judge_record(c, AUDIT_FINDING, AUDIT_OBSERVED, NULL,
		    status, str_c(detail)); /* nothing more is done */
	j = body_open(c, error, str_c(detail));
	body_close(&j);
	return send_answer(c, status, NULL);
}

enum want
answer_fault(struct conn *c, const struct http_fault *f)
{
	c->keep = false; /* where the next message begins is not known */
	return answer_error(c, f->status, fault_name(f->status), "%s",
	    f->why);
}

enum want
answer_unrecorded(struct conn *c)
{
	c->keep = false;
	return answer_error(c, 503, "audit_unavailable",
	    "nothing leaves this sandbox while its audit log takes no "
	    "records; try again");
}

enum want
answer_address(struct conn *c, const char *why)
{
	char detail[1024];
	struct json j;

	(void)snprintf(detail, sizeof(detail), "%s %s:%u blocked: %s",
	    c->method, c->at.host.text, (unsigned)c->at.port, why);
	j = body_open(c, "ssrf_denied", str_c(detail));
	json_str(&j, "host", host_str(&c->at.host));
	json_u64(&j, "port", c->at.port);
	body_close(&j);
	return send_answer(c, 403, NULL);
}

/* ---- denials ---- */

static void
put_place(struct json *j, const struct conn *c, bool connect)
{
	json_str(j, "method", str_c(c->method));
	if (!connect)
		json_str(j, "path", buf_str(&c->path));
	json_str(j, "host", host_str(&c->at.host));
	json_u64(j, "port", c->at.port);
	json_str(j, "binary", c->who != NULL && c->who->n > 0 ?
		c->who->chain[0] : STR("-"));
}

static void
put_missing(struct json *j, const struct conn *c, bool connect)
{
	json_open(j, "rule_missing", '{');
	json_str(j, "type", connect ? STR("endpoint_allow") :
		c->websocket ? STR("websocket_allow") :
		c->hold != NULL ? STR("body_allow") : STR("rest_allow"));
	json_str(j, "layer", connect ? STR("l4") : STR("l7"));
	put_place(j, c, connect);
	json_close(j, '}');
}

/* It is pasted into a shell: nothing in it may mean something there. */
static bool
is_safe(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			   "XYZ0123456789._~%+,@=/-", s.p[i]) == NULL ||
		    s.p[i] == '\0')
			return false;
	return true;
}

static void
how_to_change(const struct conn *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "The operator of this sandbox can change "
	    "that: openshell policy set %s --policy FILE --wait",
	    c->eg->name);
}

/* The very words with which an operator would permit this and no more. */
static void
how_to_allow(const struct conn *c, const struct net_answer *a, bool connect,
    char *out, size_t cap)
{
	struct str path = buf_str(&c->path);
	bool by_words = c->at.host.kind != HOST_IPV6 &&
	    (connect || (is_safe(path) && is_safe(str_c(c->method)) &&
		path.len < cap / 2));

	if (strncmp(a->reason, "inspect: ", 9) == 0)
		(void)snprintf(out, cap, "Send it without what it must not "
		    "hold. The operator of this sandbox can change what "
		    "inspect and canaries say in its policy.");
	else if (strstr(a->reason, "it is only for [") != NULL)
		(void)snprintf(out, cap, "The operator of this sandbox can "
		    "add this program to binaries of that rule.");
	else if (near_is_protocol(a->reason))
		(void)snprintf(out, cap, "The operator of this sandbox can "
		    "name this protocol in protocols of that rule.");
	else if (!by_words)
		how_to_change(c, out, cap);
	else if (connect)
		(void)snprintf(out, cap, "The operator of this sandbox can "
		    "allow it: openshell policy update %s --add-endpoint "
		    "%s:%u", c->eg->name, c->at.host.text,
		    (unsigned)c->at.port);
	else
		(void)snprintf(out, cap, "The operator of this sandbox can "
		    "allow it: openshell policy update %s --add-allow "
		    "'%s:%u:%s:%.*s'", c->eg->name, c->at.host.text,
		    (unsigned)c->at.port, c->method, (int)path.len, path.p);
}

static void
put_steps(struct json *j, const struct conn *c, const struct net_answer *a,
    bool connect)
{
	char step[512];

	json_open(j, "next_steps", '[');
	if (a->rule.file.len > 0)
		(void)snprintf(step, sizeof(step),
		    "This is denied by %.*s:%u; work without it.",
		    (int)a->rule.file.len, a->rule.file.p, a->rule.line);
	else if (a->nearest.file.len > 0)
		(void)snprintf(step, sizeof(step),
		    "The nearest rule allows %.*s (%.*s:%u).",
		    (int)a->nearest.text.len, a->nearest.text.p,
		    (int)a->nearest.file.len, a->nearest.file.p,
		    a->nearest.line);
	else
		(void)snprintf(step, sizeof(step),
		    "No rule names %s.", c->at.host.text);
	json_str(j, NULL, str_c(step));
	if (a->rule.file.len > 0)
		how_to_change(c, step, sizeof(step));
	else
		how_to_allow(c, a, connect, step, sizeof(step));
	json_str(j, NULL, str_c(step));
	json_close(j, ']');
}

static struct str
denial_detail(struct conn *c, bool connect, char *out, size_t cap)
{
	int n = connect ?
	    snprintf(out, cap, "CONNECT %s:%u not permitted by policy",
		c->at.host.text, (unsigned)c->at.port) :
	    snprintf(out, cap, "%s %.*s not permitted by policy", c->method,
		(int)c->path.len, buf_str(&c->path).p);

	return str_of(out, n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1);
}

static void
put_rule(struct json *j, const struct net_answer *a)
{
	char text[512] = "";

	if (a->rule.file.len > 0)
		(void)snprintf(text, sizeof(text), "%.*s:%u: %.*s",
		    (int)a->rule.file.len, a->rule.file.p, a->rule.line,
		    (int)a->rule.text.len, a->rule.text.p);
	json_str(j, "policy", a->rule.file.len > 0 ? a->rule.policy :
						     a->nearest.policy);
	json_str(j, "rule", str_c(text));
	json_str(j, "reason", str_c(a->reason));
}

enum want
answer_denied(struct conn *c, const struct net_answer *a, bool connect)
{
	char detail[HTTP_TARGET_BYTES_MAX + 128], asks[512];
	struct json j = body_open(c, "policy_denied",
	    denial_detail(c, connect, detail, sizeof(detail)));

	put_rule(&j, a);
	json_str(&j, "layer", connect ? STR("l4") : STR("l7"));
	json_str(&j, "protocol", connect ? STR("connect") :
		c->websocket ? STR("websocket") : STR("rest"));
	put_place(&j, c, connect);
	hold_print(c, asks, sizeof(asks));
	if (asks[0] != '\0')
		json_str(&j, "asks", str_c(asks));
	if (a->rule.file.len == 0)
		put_missing(&j, c, connect);
	put_steps(&j, c, a, connect);
	body_close(&j);
	return send_answer(c, 403, a);
}

enum want
answer_limited(struct conn *c, const struct net_answer *a, unsigned seconds)
{
	char text[512];
	struct json j = body_open(c, "rate_limited", str_c(a->reason));

	put_rule(&j, a);
	put_place(&j, c, strcmp(c->method, "CONNECT") == 0);
	json_u64(&j, "retry_after_seconds", seconds);
	json_open(&j, "next_steps", '[');
	(void)snprintf(text, sizeof(text), "Try again in %u s; or the "
	    "operator of this sandbox can raise the limit at %.*s:%u.",
	    seconds, (int)a->rule.file.len, a->rule.file.p, a->rule.line);
	json_str(&j, NULL, str_c(text));
	json_close(&j, ']');
	body_close(&j);
	c->retry_s = seconds;
	return send_answer(c, 429, a);
}

#include "proposal.h"

#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"

#define LINES_MAX 40	/* of a file's beginning */

/* ---- as JSON ---- */

static const char *const status_names[PROPOSAL_STATUS_COUNT] = {
	[PROPOSAL_PENDING] = "pending",
	[PROPOSAL_UNANSWERED] = "unanswered",
	[PROPOSAL_APPROVED] = "approved", [PROPOSAL_ONCE] = "once",
	[PROPOSAL_REJECTED] = "rejected",
};

const char *
proposal_status_name(const struct proposal_row *p)
{
	if (p->status == PROPOSAL_APPROVED && p->until.v != 0 &&
	    p->until.v <= clock_wall().v)
		return "lapsed";
	return status_names[p->status];
}

int
proposal_status_of(const char *word)
{
	for (int i = 0; i < PROPOSAL_STATUS_COUNT; i++)
		if (strcmp(status_names[i], word) == 0)
			return i;
	return -1;
}

static json_t *
time_json(struct wall t)
{
	char text[RFC3339_BYTES];

	return t.v == 0 ? json_null() : json_string(clock_rfc3339(t, text));
}

static json_t *
text_json(const char *z)
{
	return z[0] == '\0' ? json_null() : json_string(z);
}

json_t *
proposal_json(const struct proposal_row *p)
{
	static const char *const kinds[PROPOSAL_KIND_COUNT] = {
		[PROPOSAL_CODE] = "code",
	};
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}",
	    "proposal", (json_int_t)p->number, "status",
	    proposal_status_name(p), "sandbox", p->name, "sandbox_id",
	    p->sandbox, "kind", kinds[p->kind], "subject", p->subject,
	    "title", p->title, "rule", p->rule, "asks", (json_int_t)p->asks);

	must(o != NULL);
	(void)json_object_set_new(o, "created_at", time_json(p->created));
	(void)json_object_set_new(o, "asked_at", time_json(p->asked));
	(void)json_object_set_new(o, "decided_at", time_json(p->decided));
	(void)json_object_set_new(o, "actor", text_json(p->actor));
	(void)json_object_set_new(o, "reason", text_json(p->reason));
	(void)json_object_set_new(o, "until", time_json(p->until));
	(void)json_object_set_new(o, "everywhere",
	    json_boolean(p->everywhere));
	(void)json_object_set_new(o, "detail",
	    json_loads(p->detail, 0, NULL));
	return o;
}

/* ---- to the sandbox ---- */

static int
send_answer(struct box *b, const struct proposal_answer *v, struct err *e)
{
	unsigned char bytes[1024];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	proposal_answer_put(&w, v);
	must(!w.over);
	return box_send(b, MSG_PROPOSAL_ANSWER, 0,
	    str_of((const char *)bytes, w.len), NULL, 0, e);
}

int
proposal_send(struct box *b, const struct proposal_row *p, struct err *e)
{
	const struct proposal_answer v = {
		.kind = (enum proposal_kind)p->kind,
		.subject = str_c(p->subject),
		.allow = p->status != PROPOSAL_REJECTED,
		.once = p->status == PROPOSAL_ONCE, .until = p->until.v,
		.reason = str_upto(str_c(p->reason), ERR_BYTES_MAX - 1) };

	return send_answer(b, &v, e);
}

/* It cannot be asked: no. */
static void
refuse(struct box *b, const struct proposal *p, const char *why)
{
	const struct proposal_answer v = { .kind = p->kind,
		.subject = p->subject, .reason = str_c(why) };
	struct err e = { 0 };

	log_warn("sandbox %s: a proposal: %s", b->name, why);
	if (send_answer(b, &v, &e) == -1)
		log_warn("sandbox %s: %s", b->name, e.text);
}

/* ---- what the sandbox says ---- */

struct audit_record
proposal_record(const struct proposal_row *p, const char *action,
    const char *actor)
{
	return (struct audit_record){ .kind = AUDIT_PROPOSAL,
		.verdict = AUDIT_ALLOWED, .when = clock_wall(),
		.action = str_c(action), .path = str_c(p->title),
		.rule = str_c(p->rule), .actor = str_c(actor),
		.sandbox_id = str_c(p->sandbox), .sandbox = str_c(p->name) };
}

/* JSON has no other bytes than UTF-8's; a file has. Whoever shows it makes it
 * safe to show. */
static char *
utf8_of(struct str s, char out[3 * PATH_BYTES_MAX + 1])
{
	size_t at = 0;

	for (size_t i = 0, n; i < s.len && i < PATH_BYTES_MAX; i += n) {
		const struct str rest = str_from(s, i);
		bool good = s.p[i] != '\0' && str_utf8_len(rest) > 0;

		n = good ? str_utf8_len(rest) : 1;
		memcpy(out + at, good ? rest.p : "\xef\xbf\xbd",
		    good ? n : 3);
		at += good ? n : 3;
	}
	out[at] = '\0';
	return out;
}

static json_t *
text_of(struct str s)
{
	char room[3 * PATH_BYTES_MAX + 1];

	return json_string(utf8_of(s, room));
}

static json_t *
lines_json(struct str head)
{
	json_t *list = json_array();
	struct str line;

	while (head.len > 0 && json_array_size(list) < LINES_MAX) {
		if (!str_cut(head, '\n', &line, &head)) {
			line = head;
			head = STR("");
		}
		(void)json_array_append_new(list, text_of(line));
	}
	return list;
}

static char *
detail_text(const struct proposal *p)
{
	json_t *chain = json_array(), *o;
	char *text;

	for (uint32_t i = 0; i < p->n; i++)
		(void)json_array_append_new(chain, text_of(p->chain[i]));
	o = json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "path",
	    text_of(p->path), "size", (json_int_t)p->size, "pid",
	    (json_int_t)p->pid, "command", text_of(p->args), "processes",
	    chain, "reason", text_of(p->reason), "lines",
	    lines_json(p->head));
	must(o != NULL);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	must(text != NULL);
	return text;
}

struct standing { /* what is known of a proposal already */
	struct box *b;
	enum proposal_status status;
};

static int
on_standing(void *arg, const struct proposal_row *p, struct err *e)
{
	struct standing *s = arg;

	(void)e;
	s->status = p->status;
	if (proposal_send(s->b, p, e) == -1)
		log_warn("sandbox %s: %s", s->b->name, e->text);
	return 0;
}

static int
on_status(void *arg, const struct proposal_row *p, struct err *e)
{
	struct standing *s = arg;

	(void)e;
	s->status = p->status;
	return 0;
}

static void
keep(struct box *b, const struct proposal *p, const char *subject)
{
	char title[3 * PATH_BYTES_MAX + 1];
	CLEAN_FREE char *detail = detail_text(p);
	CLEAN_FREE char *rule = NULL;
	struct proposal_row row = { .sandbox = b->id, .name = b->name,
		.kind = (int)p->kind, .subject = subject, .detail = detail,
		.asked = clock_wall() };
	struct audit_record r;
	struct err e = { 0 };

	row.title = utf8_of(p->path, title);
	row.rule = rule = mem_printf("unreviewed_code: run %s", subject);
	if (store_propose(b->g->store, &row, PROPOSALS_MAX, &e) == -1) {
		refuse(b, p, e.text);
		return;
	}
	r = proposal_record(&row, "propose", "");
	r.verdict = AUDIT_OBSERVED;
	r.pid = p->pid;
	if (p->n > 0) /* its file; its arguments follow */
		r.exe = str_head(p->chain[0], str_index(p->chain[0], ' '));
	audit_link_note(&b->g->audit, &r);
}

/* Said again after this gateway came: it is on record already. */
void
proposal_asked(struct box *b, const struct proposal *p)
{
	char subject[PROPOSAL_SUBJECT_BYTES_MAX + 1];
	struct standing s = { b, PROPOSAL_STATUS_COUNT };
	struct err e = { 0 };

	if (!str_copy(p->subject, subject, sizeof(subject))) {
		refuse(b, p, "it is not well formed");
		return;
	}
	if (store_proposal_standing(b->g->store, b->id, (int)p->kind, subject,
		clock_wall(), on_standing, &s, &e) == 0)
		return;
	if (e.kind != ERR_MISSING) {
		refuse(b, p, e.text);
		return;
	}
	e = (struct err){ 0 };
	(void)store_proposal_find(b->g->store, b->id, (int)p->kind, subject,
	    on_status, &s, &e); /* not there: new */
	if (s.status != PROPOSAL_PENDING)
		keep(b, p, subject);
}

static int
on_expired(void *arg, const struct proposal_row *row, struct err *e)
{
	struct box *b = arg;
	struct audit_record r = proposal_record(row, "expire", "");

	(void)e;
	r.verdict = AUDIT_DENIED;
	r.reason = STR("nobody answered in time");
	audit_link_note(&b->g->audit, &r);
	return 0;
}

void
proposal_gone(struct box *b, const struct proposal_over *o)
{
	char subject[PROPOSAL_SUBJECT_BYTES_MAX + 1];
	struct err e = { 0 };

	if (!str_copy(o->subject, subject, sizeof(subject)) ||
	    store_proposal_over(b->g->store, b->id, (int)o->kind, subject, &e) ==
	    -1) {
		log_error("sandbox %s: %s", b->name, e.text);
		return;
	}
	if (o->late && store_proposal_find(b->g->store, b->id, (int)o->kind,
		subject, on_expired, b, &e) == -1)
		log_error("sandbox %s: %s", b->name, e.text);
}

void
proposals_over(struct box *b)
{
	struct err e = { 0 };

	if (store_proposal_over(b->g->store, b->id, 0, NULL, &e) == -1)
		log_error("sandbox %s: %s", b->name, e.text);
}

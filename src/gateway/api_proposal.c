/* api_proposal.c -- proposals: listed, looked at, approved, rejected.
 *
 * An answer is recorded, then stored, then sent; one that is for those who
 * wait and no more is of no use to anybody else, so it is sent first. */
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "msg/body.h"
#include "proposal.h"
#include "route.h"

#define LIST_MAX	 1000
#define FOR_S_MAX	 (366 * 86400)
#define WHY_BYTES_MAX 256

/* ---- look ---- */

static int
on_each(void *arg, const struct proposal_row *p, struct err *e)
{
	(void)e;
	(void)json_array_append_new(arg, proposal_json(p));
	return 0;
}

static int
on_one(void *arg, const struct proposal_row *p, struct err *e)
{
	json_t **out = arg;

	(void)e;
	*out = proposal_json(p);
	return 0;
}

/* Of a sandbox by name or id; of one that is gone, by its id. */
static const char *
sandbox_of(struct call *c, const char *word)
{
	struct box *b = word[0] == '\0' ? NULL : box_find(c->g, word);

	return b != NULL ? b->id : word;
}

void
api_proposals(struct call *c)
{
	char sandbox[64], status[16];
	const struct param params[] = {
		{ "sandbox", sandbox, sizeof(sandbox) },
		{ "status", status, sizeof(status) },
	};
	struct err e = { 0 };
	json_t *list;
	int which = -1;

	if (params_read(c->query, params, NELEM(params), &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (status[0] != '\0' && strcmp(status, "all") != 0 &&
	    (which = proposal_status_of(status)) == -1) {
		call_fail(c, 400, "bad_request", NULL, "status is pending, "
		    "unanswered, approved, once, rejected or all");
		return;
	}
	if (sandbox[0] != '\0' && box_find(c->g, sandbox) == NULL &&
	    strlen(sandbox) != ID_BYTES_MAX) {
		call_fail(c, 404, "not_found", "openshell sandbox list",
		    "no sandbox is named \"%s\"", sandbox);
		return;
	}
	list = json_array();
	if (store_proposals(c->g->store, sandbox_of(c, sandbox), which,
		LIST_MAX, on_each, list, &e) == 0) {
		call_answer(c, 200, json_pack("{s:o}", "proposals", list));
		return;
	}
	json_decref(list);
	call_fail_err(c, &e, NULL);
}

void
api_proposal(struct call *c)
{
	struct err e = { 0 };
	json_t *o = NULL;

	if (store_proposal(c->g->store, c->number, on_one, &o, &e) == 0)
		call_answer(c, 200, o);
	else
		call_fail(c, e.kind == ERR_MISSING ? 404 : 500, e.kind ==
		    ERR_MISSING ? "not_found" : "internal",
		    "openshell proposal list", "%s %llu", e.text,
		    (unsigned long long)c->number);
}

/* ---- answer ---- */

struct decision { /* a person's word on its way */
	struct audit_wait wait;
	struct gateway *g;
	struct call *call;		/* NULL: gone; the answer stands */
	uint64_t number;
	char sandbox[ID_BYTES_MAX + 1];
	char subject[PROPOSAL_SUBJECT_BYTES_MAX + 1];
	int kind;
	enum proposal_status was, status;
	bool everywhere, was_everywhere;
	struct wall until;
	char reason[WHY_BYTES_MAX + 1];
};

static void
decision_free(struct decision *d)
{
	audit_wait_cancel(&d->wait);
	if (d->call != NULL)
		d->call->on_gone = NULL;
	free(d);
}

static void
on_gone(struct call *c)
{
	struct decision *d = c->state;

	d->call = NULL;
	c->on_gone = NULL;
}

static void
decision_fail(struct decision *d, unsigned status, const char *code,
    const char *text)
{
	struct call *c = d->call;

	decision_free(d);
	if (c != NULL)
		call_fail(c, status, code, NULL, "%s", text);
}

static struct proposal_row
row_of(const struct decision *d)
{
	return (struct proposal_row){ .number = d->number,
		.sandbox = d->sandbox, .kind = d->kind,
		.subject = d->subject, .status = d->status,
		.decided = clock_wall(), .actor = d->g->actor,
		.reason = d->reason, .until = d->until,
		.everywhere = d->everywhere };
}

/* To the sandbox that asked; and what was allowed everywhere and is taken
 * back, to all. A sandbox that cannot be reached asks again. */
static void
tell(struct decision *d, const struct proposal_row *row)
{
	struct box *b;

	TAILQ_FOREACH(b, &d->g->boxes, link) {
		struct err e = { 0 };
		bool own = strcmp(b->id, d->sandbox) == 0;

		if ((own || (d->was_everywhere && !d->everywhere)) &&
		    b->chan.fd != -1)
			(void)proposal_send(b, row, &e);
	}
}

static int
tell_once(struct decision *d, const struct proposal_row *row, struct err *e)
{
	struct box *b = box_find_id(d->g, d->sandbox);

	if (b == NULL)
		return err_set(e, ERR_PEER, "the sandbox is gone");
	return proposal_send(b, row, e);
}

static void
on_recorded(struct audit_wait *w, bool written)
{
	struct decision *d = (struct decision *)((char *)w -
	    offsetof(struct decision, wait));
	struct proposal_row row = row_of(d);
	struct call *c = d->call;
	struct err e = { 0 };

	if (!written) {
		decision_fail(d, 503, "audit_unavailable", "the audit log has "
		    "not taken the record, so nothing was answered");
		return;
	}
	if (d->status == PROPOSAL_ONCE && tell_once(d, &row, &e) == -1) {
		decision_fail(d, 502, "sandbox_refused", e.text);
		return;
	}
	if (store_proposal_answer(d->g->store, &row, &e) == -1) {
		decision_fail(d, 500, "internal", e.text);
		return;
	}
	if (d->status != PROPOSAL_ONCE)
		tell(d, &row);
	decision_free(d);
	if (c == NULL)
		return;
	c->on_gone = NULL;
	api_proposal(c);
}

static int
on_decide(void *arg, const struct proposal_row *p, struct err *e)
{
	struct decision *d = arg;
	struct audit_record r;

	d->was = p->status;
	d->was_everywhere = p->everywhere;
	d->kind = p->kind;
	must(str_copy(str_c(p->sandbox), d->sandbox, sizeof(d->sandbox)));
	if (!str_copy(str_c(p->subject), d->subject, sizeof(d->subject)))
		return err_set(e, ERR_INPUT, "state.db: a proposal is damaged");
	if (d->status == PROPOSAL_ONCE && d->was != PROPOSAL_PENDING)
		return err_set(e, ERR_EXISTS, "nobody waits for proposal %llu "
		    "any more, so there is nothing to allow once",
		    (unsigned long long)d->number);
	r = proposal_record(p, d->status == PROPOSAL_REJECTED ? "reject" :
	    "approve", d->g->actor);
	r.verdict = d->status == PROPOSAL_REJECTED ? AUDIT_DENIED :
						     AUDIT_ALLOWED;
	r.reason = str_c(d->reason[0] != '\0' ? d->reason :
	    d->status == PROPOSAL_ONCE ? "once" : d->everywhere ?
	    "in every sandbox" : d->until.v != 0 ? "for a time" : "");
	return audit_link_put(&d->g->audit, &r, &d->wait, on_recorded, e);
}

static void
decide(struct call *c, struct decision *d)
{
	struct err e = { 0 };

	d->g = c->g;
	d->number = c->number;
	if (store_proposal(c->g->store, c->number, on_decide, d, &e) == 0) {
		d->call = c;
		c->state = d;
		c->on_gone = on_gone;
		return;
	}
	decision_free(d);
	if (e.kind == ERR_MISSING)
		call_fail(c, 404, "not_found", "openshell proposal list",
		    "%s %llu", e.text, (unsigned long long)c->number);
	else if (e.kind == ERR_EXISTS)
		call_fail(c, 409, "wrong_phase", "openshell proposal show",
		    "%s", e.text);
	else if (e.kind == ERR_STATE)
		call_fail(c, 503, "audit_unavailable", NULL, "%s", e.text);
	else
		call_fail_err(c, &e, NULL);
}

void
api_proposal_approve(struct call *c)
{
	bool once = false, everywhere = false;
	int64_t for_s = 0;
	const struct field fields[] = {
		{ "once", FIELD_BOOL, &once, false, 0 },
		{ "for_s", FIELD_NUMBER, &for_s, false, FOR_S_MAX },
		{ "everywhere", FIELD_BOOL, &everywhere, false, 0 },
	};
	struct decision *d;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (once && (for_s != 0 || everywhere)) {
		call_fail(c, 400, "bad_request", NULL,
		    "once goes with nothing else");
		return;
	}
	d = mem_alloc(1, sizeof(*d));
	d->status = once ? PROPOSAL_ONCE : PROPOSAL_APPROVED;
	d->everywhere = everywhere;
	if (for_s != 0)
		d->until.v = clock_wall().v + for_s * 1000000;
	decide(c, d);
}

void
api_proposal_reject(struct call *c)
{
	const char *reason = "";
	const struct field fields[] = {
		{ "reason", FIELD_STRING, &reason, false, 0 },
	};
	struct decision *d;
	struct err e = { 0 };

	if (fields_read(c->body, "the body", fields, NELEM(fields), &e) ==
	    -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	if (strlen(reason) > WHY_BYTES_MAX) {
		call_fail(c, 400, "bad_request", NULL,
		    "a reason has at most %d bytes", WHY_BYTES_MAX);
		return;
	}
	d = mem_alloc(1, sizeof(*d));
	d->status = PROPOSAL_REJECTED;
	(void)str_copy(str_c(reason), d->reason, sizeof(d->reason));
	decide(c, d);
}

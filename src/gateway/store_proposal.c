/* store_proposal.c -- what waits, or waited, for a person's word. */
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "msg/body.h"
#include "store_impl.h"

static void
bind_which(sqlite3_stmt *q, const char *sandbox, int kind,
    const char *subject)
{
	bind_text(q, 1, sandbox);
	bind_num(q, 2, kind);
	bind_text(q, 3, subject);
}

/* ---- reading ---- */

static int
read_row(sqlite3_stmt *q, struct proposal_row *p, struct err *e)
{
	int status = sqlite3_column_int(q, 8);

	*p = (struct proposal_row){
		.number = (uint64_t)sqlite3_column_int64(q, 0),
		.sandbox = text_at(q, 1), .name = text_at(q, 2),
		.kind = sqlite3_column_int(q, 3), .subject = text_at(q, 4),
		.title = text_at(q, 5), .rule = text_at(q, 6),
		.detail = text_at(q, 7),
		.status = (enum proposal_status)status,
		.asks = sqlite3_column_int64(q, 9), .created = wall_at(q, 10),
		.asked = wall_at(q, 11), .decided = wall_at(q, 12),
		.actor = text_at(q, 13), .reason = text_at(q, 14),
		.until = wall_at(q, 15),
		.everywhere = sqlite3_column_int(q, 16) != 0 };
	if (status < 0 || status >= PROPOSAL_STATUS_COUNT || p->kind < 0 ||
	    p->kind >= PROPOSAL_KIND_COUNT ||
	    strlen(p->sandbox) != ID_BYTES_MAX)
		return err_set(e, ERR_INPUT,
		    "state.db: a proposal's row is damaged");
	return 0;
}

static int
each(struct store *s, sqlite3_stmt *q, store_on_proposal *on_row, void *arg,
    unsigned *n, struct err *e)
{
	int rc = 0, step = SQLITE_DONE;

	*n = 0;
	while (rc == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct proposal_row p;

		rc = read_row(q, &p, e);
		if (rc == 0)
			rc = on_row(arg, &p, e);
		(*n)++;
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = db_err(s, "read the proposals", e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return rc;
}

int
store_proposals(struct store *s, const char *sandbox, int status,
    unsigned most, store_on_proposal *on_row, void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_ALL, e);
	unsigned n;

	if (q == NULL)
		return -1;
	bind_text(q, 1, sandbox);
	bind_num(q, 2, status);
	bind_num(q, 3, most);
	return each(s, q, on_row, arg, &n, e);
}

static int
the_one(struct store *s, sqlite3_stmt *q, store_on_proposal *on_row,
    void *arg, struct err *e)
{
	unsigned n;

	if (each(s, q, on_row, arg, &n, e) == -1)
		return -1;
	return n > 0 ? 0 : err_set(e, ERR_MISSING, "no such proposal");
}

int
store_proposal(struct store *s, uint64_t number, store_on_proposal *on_row,
    void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_ONE, e);

	if (q == NULL)
		return -1;
	bind_num(q, 1, (int64_t)number);
	return the_one(s, q, on_row, arg, e);
}

int
store_proposal_find(struct store *s, const char *sandbox, int kind,
    const char *subject, store_on_proposal *on_row, void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_FIND, e);

	if (q == NULL)
		return -1;
	bind_which(q, sandbox, kind, subject);
	return the_one(s, q, on_row, arg, e);
}

int
store_proposal_standing(struct store *s, const char *sandbox, int kind,
    const char *subject, struct wall now, store_on_proposal *on_row,
    void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_GRANT, e);

	if (q == NULL)
		return -1;
	bind_which(q, sandbox, kind, subject);
	bind_num(q, 4, now.v);
	return the_one(s, q, on_row, arg, e);
}

/* ---- writing ---- */

static int
on_known(void *arg, const struct proposal_row *p, struct err *e)
{
	(void)arg;
	(void)p;
	(void)e;
	return 0;
}

static int
count(struct store *s, const char *sandbox, unsigned *out, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_COUNT, e);
	int rc = 0;

	if (q == NULL)
		return -1;
	bind_text(q, 1, sandbox);
	if (sqlite3_step(q) == SQLITE_ROW)
		*out = (unsigned)sqlite3_column_int(q, 0);
	else
		rc = db_err(s, "count the proposals", e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return rc;
}

/* A new one may need an old one's place. */
static int
make_room(struct store *s, const struct proposal_row *p, unsigned max,
    struct err *e)
{
	struct err unknown = { 0 };
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_TRIM, e);
	unsigned n = 0;

	if (q == NULL)
		return -1;
	if (store_proposal_find(s, p->sandbox, p->kind, p->subject, on_known,
		NULL, &unknown) == 0)
		return 0;
	if (count(s, p->sandbox, &n, e) == -1)
		return -1;
	if (n < max)
		return 0;
	bind_text(q, 1, p->sandbox);
	if (stmt_run(s, q, "make room for a proposal", e) == -1 ||
	    count(s, p->sandbox, &n, e) == -1)
		return -1;
	return n < max ? 0 : err_set(e, ERR_LIMIT,
	    "the sandbox has %u answered proposals, and there is no room for "
	    "more", max);
}

int
store_propose(struct store *s, const struct proposal_row *p, unsigned max,
    struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_PUT, e);

	if (q == NULL || make_room(s, p, max, e) == -1)
		return -1;
	bind_text(q, 1, p->sandbox);
	bind_text(q, 2, p->name);
	bind_num(q, 3, p->kind);
	bind_text(q, 4, p->subject);
	bind_text(q, 5, p->title);
	bind_text(q, 6, p->rule);
	bind_text(q, 7, p->detail);
	bind_num(q, 8, p->asked.v);
	return stmt_run(s, q, "keep a proposal", e);
}

static int
synchronous(struct store *s, enum store_stmt n, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, n, e);

	return q == NULL ? -1 : stmt_run(s, q, "synchronous", e);
}

int
store_proposal_answer(struct store *s, const struct proposal_row *p,
    struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_PROPOSAL_ANSWER, e);
	int rc;

	if (q == NULL || synchronous(s, SQL_SYNC_FULL, e) == -1)
		return -1;
	bind_num(q, 1, (int64_t)p->number);
	bind_num(q, 2, p->status);
	bind_num(q, 3, p->decided.v);
	bind_text(q, 4, p->actor);
	bind_text(q, 5, p->reason);
	bind_num(q, 6, p->until.v);
	bind_num(q, 7, p->everywhere);
	rc = stmt_run(s, q, "answer a proposal", e);
	if (synchronous(s, SQL_SYNC_NORMAL, rc == 0 ? e : NULL) == -1)
		return -1;
	return rc;
}

int
store_proposal_over(struct store *s, const char *sandbox, int kind,
    const char *subject, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, subject == NULL ?
	    SQL_PROPOSAL_OVER_ALL : SQL_PROPOSAL_OVER, e);

	if (q == NULL)
		return -1;
	if (subject == NULL)
		bind_text(q, 1, sandbox);
	else
		bind_which(q, sandbox, kind, subject);
	return stmt_run(s, q, "end a proposal", e);
}

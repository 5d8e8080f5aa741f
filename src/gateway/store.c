#include "store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "store_impl.h"

int
db_err(struct store *s, const char *what, struct err *e)
{
	int code = sqlite3_extended_errcode(s->db);

	if (code == SQLITE_CONSTRAINT_UNIQUE ||
	    code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return err_set(e, ERR_EXISTS, "%s: exists already", what);
	return err_set(e, ERR_SYS, "state.db: %s: %s", what,
	    sqlite3_errmsg(s->db));
}

/* ---- statements ---- */

sqlite3_stmt *
stmt_of(struct store *s, enum store_stmt n, struct err *e)
{
	if (s->stmt[n] == NULL &&
	    sqlite3_prepare_v3(s->db, store_sql[n], -1,
		SQLITE_PREPARE_PERSISTENT, &s->stmt[n], NULL) != SQLITE_OK)
		(void)db_err(s, "prepare", e);
	return s->stmt[n];
}

void
bind_text(sqlite3_stmt *q, int at, const char *z)
{
	must(sqlite3_bind_text(q, at, z == NULL ? "" : z, -1,
		 SQLITE_STATIC) == SQLITE_OK);
}

void
bind_num(sqlite3_stmt *q, int at, int64_t v)
{
	must(sqlite3_bind_int64(q, at, v) == SQLITE_OK);
}

int
stmt_run(struct store *s, sqlite3_stmt *q, const char *what, struct err *e)
{
	int rc = sqlite3_step(q), bad = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		bad = db_err(s, what, e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return bad;
}

static int
run(struct store *s, enum store_stmt n, const char *what, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, n, e);

	return q == NULL ? -1 : stmt_run(s, q, what, e);
}

/* Ends a transaction: rc -1 takes all of it back. */
static int
finish(struct store *s, int rc, struct err *e)
{
	if (rc == 0 && run(s, SQL_COMMIT, "commit", e) == 0)
		return 0;
	(void)run(s, SQL_ROLLBACK, "rollback", NULL); /* e says the cause */
	return -1;
}

/* ---- life ---- */

static int
check_version(struct store *s, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) ==
	    SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		version = sqlite3_column_int(q, 0);
	(void)sqlite3_finalize(q); /* read only */
	if (version == -1)
		return db_err(s, "read the version", e);
	if (version > STORE_VERSION)
		return err_set(e, ERR_STATE, "state.db is of version %d and "
		    "this build knows %d: it was written by a newer "
		    "openshell; install that one", version, STORE_VERSION);
	if (version == 0 &&
	    sqlite3_exec(s->db, store_schema, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(s, "make the tables", e);
	if (version < 2 && sqlite3_exec(s->db, store_schema_2, NULL, NULL,
		NULL) != SQLITE_OK)
		return db_err(s, "make the table of proposals", e);
	return 0;
}

int
store_open(const char *path, struct store **out, struct err *e)
{
	struct store *s = mem_alloc(1, sizeof(*s));

	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
		SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK) {
		(void)err_set(e, ERR_SYS, "open %s: %s", path,
		    sqlite3_errmsg(s->db));
		store_close(s);
		return -1;
	}
	(void)sqlite3_busy_timeout(s->db, 2000);
	if (sqlite3_exec(s->db, store_pragmas, NULL, NULL, NULL) !=
	    SQLITE_OK) {
		(void)db_err(s, "set up", e);
		store_close(s);
		return -1;
	}
	if (check_version(s, e) == -1) {
		store_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(s->stmt[i]); /* repeats old errors */
	(void)sqlite3_close(s->db);
	free(s);
}

/* ---- sandboxes ---- */

static void
bind_sandbox(sqlite3_stmt *q, const struct sandbox_row *b)
{
	bind_text(q, 1, b->id);
	bind_text(q, 2, b->name);
	bind_text(q, 3, b->spec);
	bind_num(q, 4, b->keep);
	bind_num(q, 5, b->phase);
	bind_num(q, 6, b->code);
	bind_text(q, 7, b->reason);
	bind_num(q, 8, b->created.v);
	bind_num(q, 9, b->started.v);
	bind_num(q, 10, b->ended.v);
	bind_num(q, 11, b->used.v);
}

static void
bind_revision(sqlite3_stmt *q, const struct revision_row *r)
{
	bind_text(q, 1, r->sandbox);
	bind_num(q, 2, (int64_t)r->number);
	bind_text(q, 3, r->hash);
	bind_text(q, 4, r->texts);
	bind_text(q, 5, r->actor);
	bind_text(q, 6, r->reason);
	bind_num(q, 7, r->created.v);
	bind_num(q, 8, r->status);
}

static int
add_revision(struct store *s, const struct revision_row *r, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_REVISION_ADD, e);

	if (q == NULL)
		return -1;
	bind_revision(q, r);
	return stmt_run(s, q, "add a revision", e);
}

static int
write_sandbox(struct store *s, enum store_stmt n, const struct sandbox_row *b,
    struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, n, e);

	if (q == NULL)
		return -1;
	bind_sandbox(q, b);
	return stmt_run(s, q, b->name, e);
}

int
store_create(struct store *s, const struct sandbox_row *b,
    const struct revision_row *r, struct err *e)
{
	int rc;

	if (run(s, SQL_BEGIN, "begin", e) == -1)
		return -1;
	rc = write_sandbox(s, SQL_SANDBOX_ADD, b, e);
	if (rc == 0)
		rc = add_revision(s, r, e);
	return finish(s, rc, e);
}

int
store_update(struct store *s, const struct sandbox_row *b, struct err *e)
{
	return write_sandbox(s, SQL_SANDBOX_UPDATE, b, e);
}

static int
run_for(struct store *s, enum store_stmt n, const char *id, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, n, e);

	if (q == NULL)
		return -1;
	bind_text(q, 1, id);
	return stmt_run(s, q, id, e);
}

int
store_delete(struct store *s, const char *id, struct err *e)
{
	int rc;

	if (run(s, SQL_BEGIN, "begin", e) == -1)
		return -1;
	rc = run_for(s, SQL_SANDBOX_DELETE, id, e);
	if (rc == 0)
		rc = run_for(s, SQL_REVISION_DELETE, id, e);
	if (rc == 0)
		rc = run_for(s, SQL_PROPOSAL_DELETE, id, e);
	return finish(s, rc, e);
}

const char *
text_at(sqlite3_stmt *q, int at)
{
	return (const char *)sqlite3_column_text(q, at);
}

struct wall
wall_at(sqlite3_stmt *q, int at)
{
	return (struct wall){ sqlite3_column_int64(q, at) };
}

static int
read_sandbox(sqlite3_stmt *q, struct sandbox_row *b, struct err *e)
{
	int phase = sqlite3_column_int(q, 4);

	*b = (struct sandbox_row){ .id = text_at(q, 0), .name = text_at(q, 1),
		.spec = text_at(q, 2), .keep = sqlite3_column_int(q, 3) != 0,
		.phase = (enum phase)phase, .code = sqlite3_column_int(q, 5),
		.reason = text_at(q, 6), .created = wall_at(q, 7),
		.started = wall_at(q, 8), .ended = wall_at(q, 9),
		.used = wall_at(q, 10) };
	if (phase < 0 || phase >= PHASE_COUNT ||
	    strlen(b->id) != ID_BYTES_MAX || strlen(b->name) > NAME_BYTES_MAX)
		return err_set(e, ERR_INPUT,
		    "state.db: a sandbox's row is damaged");
	return 0;
}

int
store_sandboxes(struct store *s,
    int (*on_row)(void *arg, const struct sandbox_row *b, struct err *e),
    void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_SANDBOX_ALL, e);
	int rc = 0, step = SQLITE_DONE;

	if (q == NULL)
		return -1;
	while (rc == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct sandbox_row b;

		rc = read_sandbox(q, &b, e);
		if (rc == 0)
			rc = on_row(arg, &b, e);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = db_err(s, "read the sandboxes", e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return rc;
}

/* ---- revisions ---- */

int
store_revise(struct store *s, const struct revision_row *r, struct err *e)
{
	int rc;

	if (run(s, SQL_SYNC_FULL, "synchronous", e) == -1)
		return -1;
	rc = add_revision(s, r, e);
	if (run(s, SQL_SYNC_NORMAL, "synchronous", rc == 0 ? e : NULL) == -1)
		return -1;
	return rc;
}

int
store_revision_status(struct store *s, const char *id, uint64_t number,
    enum revision_status status, const char *reason, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_REVISION_STATUS, e);

	if (q == NULL)
		return -1;
	bind_text(q, 1, id);
	bind_num(q, 2, (int64_t)number);
	bind_num(q, 3, status);
	bind_text(q, 4, reason);
	return stmt_run(s, q, "set a revision's status", e);
}

static int
each_revision(struct store *s, sqlite3_stmt *q,
    int (*on_row)(void *arg, const struct revision_row *r, struct err *e),
    void *arg, unsigned *n, struct err *e)
{
	int rc = 0, step = SQLITE_DONE;

	*n = 0;
	while (rc == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct revision_row r = { .sandbox = text_at(q, 0),
			.number = (uint64_t)sqlite3_column_int64(q, 1),
			.hash = text_at(q, 2), .texts = text_at(q, 3),
			.actor = text_at(q, 4), .reason = text_at(q, 5),
			.created = wall_at(q, 6),
			.status = (enum revision_status)
			    (sqlite3_column_int(q, 7) & 3) };

		rc = on_row(arg, &r, e);
		(*n)++;
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = db_err(s, "read the revisions", e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return rc;
}

int
store_revisions(struct store *s, const char *id,
    int (*on_row)(void *arg, const struct revision_row *r, struct err *e),
    void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_REVISION_ALL, e);
	unsigned n;

	if (q == NULL)
		return -1;
	bind_text(q, 1, id);
	return each_revision(s, q, on_row, arg, &n, e);
}

int
store_revision(struct store *s, const char *id, uint64_t number,
    int (*on_row)(void *arg, const struct revision_row *r, struct err *e),
    void *arg, struct err *e)
{
	sqlite3_stmt *q = stmt_of(s,
	    number == 0 ? SQL_REVISION_NEWEST : SQL_REVISION_ONE, e);
	unsigned n;

	if (q == NULL)
		return -1;
	bind_text(q, 1, id);
	if (number != 0)
		bind_num(q, 2, (int64_t)number);
	if (each_revision(s, q, on_row, arg, &n, e) == -1)
		return -1;
	if (n == 0)
		return err_set(e, ERR_MISSING, "no policy revision %llu",
		    (unsigned long long)number);
	return 0;
}

int
store_revision_last(struct store *s, const char *id, uint64_t *out,
    struct err *e)
{
	sqlite3_stmt *q = stmt_of(s, SQL_REVISION_LAST, e);
	int rc = 0;

	if (q == NULL)
		return -1;
	bind_text(q, 1, id);
	if (sqlite3_step(q) == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(q, 0);
	else
		rc = db_err(s, "read the revisions", e);
	(void)sqlite3_reset(q); /* repeats the step's error */
	return rc;
}

#include "store_sql.h"

/* Prepared on first use and kept; parameters bound by position. */
const char *const store_sql[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SANDBOX_ADD] =
	    "INSERT INTO sandbox(id, name, spec, keep, phase, code, reason,"
	    " created, started, ended, used)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[SQL_SANDBOX_UPDATE] =
	    "UPDATE sandbox SET phase = ?5, code = ?6, reason = ?7,"
	    " started = ?9, ended = ?10, used = ?11 WHERE id = ?1",
	[SQL_SANDBOX_DELETE] = "DELETE FROM sandbox WHERE id = ?1",
	[SQL_SANDBOX_ALL] =
	    "SELECT id, name, spec, keep, phase, code, reason, created,"
	    " started, ended, used FROM sandbox ORDER BY id",
	[SQL_REVISION_ADD] =
	    "INSERT INTO revision(sandbox, number, hash, texts, actor,"
	    " reason, created, status) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SQL_REVISION_STATUS] =
	    "UPDATE revision SET status = ?3,"
	    " reason = CASE ?4 WHEN '' THEN reason ELSE ?4 END"
	    " WHERE sandbox = ?1 AND number = ?2",
	[SQL_REVISION_DELETE] = "DELETE FROM revision WHERE sandbox = ?1",
	[SQL_REVISION_ALL] =
	    "SELECT sandbox, number, hash, NULL, actor, reason, created,"
	    " status FROM revision WHERE sandbox = ?1 ORDER BY number DESC",
	[SQL_REVISION_ONE] =
	    "SELECT sandbox, number, hash, texts, actor, reason, created,"
	    " status FROM revision WHERE sandbox = ?1 AND number = ?2",
	[SQL_REVISION_NEWEST] = /* status 3: failed */
	    "SELECT sandbox, number, hash, texts, actor, reason, created,"
	    " status FROM revision WHERE sandbox = ?1 AND status <> 3"
	    " ORDER BY number DESC LIMIT 1",
	[SQL_REVISION_LAST] =
	    "SELECT COALESCE(MAX(number), 0) FROM revision"
	    " WHERE sandbox = ?1",
	[SQL_SYNC_FULL] = "PRAGMA synchronous = FULL",
	[SQL_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
};

const char store_schema[] =
    "CREATE TABLE sandbox("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL,"
    " keep INTEGER NOT NULL, phase INTEGER NOT NULL, code INTEGER NOT NULL,"
    " reason TEXT NOT NULL, created INTEGER NOT NULL,"
    " started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE revision("
    " sandbox TEXT NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL,"
    " texts TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,"
    " created INTEGER NOT NULL, status INTEGER NOT NULL,"
    " PRIMARY KEY(sandbox, number)) STRICT;"
    "PRAGMA user_version = 1;";

/* NORMAL in WAL mode: a crash of ours loses nothing, a power cut may lose
 * the last moments, and sandboxes do not live through one anyway. */
const char store_pragmas[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA cache_size = -512;"		/* KiB */
    "PRAGMA journal_size_limit = 4194304;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";

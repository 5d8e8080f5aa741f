#include "store_sql.h"

#define PROPOSAL_COLUMNS						\
	"number, sandbox, name, kind, subject, title, rule, detail, status,"	\
	" asks, created, asked, decided, actor, reason, until, everywhere"

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
	/* asked again: whatever was said of it once is over */
	[SQL_PROPOSAL_PUT] =
	    "INSERT INTO proposal(sandbox, name, kind, subject, title, rule,"
	    " detail, status, asks, created, asked, decided, actor, reason,"
	    " until, everywhere)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 1, ?8, ?8, 0, '', '', 0,"
	    " 0)"
	    " ON CONFLICT(sandbox, kind, subject) DO UPDATE SET title = ?5,"
	    " rule = ?6, detail = ?7, status = 0, asks = asks + 1,"
	    " asked = ?8, decided = 0, actor = '', reason = '', until = 0,"
	    " everywhere = 0",
	[SQL_PROPOSAL_ANSWER] =
	    "UPDATE proposal SET status = ?2, decided = ?3, actor = ?4,"
	    " reason = ?5, until = ?6, everywhere = ?7 WHERE number = ?1",
	[SQL_PROPOSAL_OVER] =
	    "UPDATE proposal SET status = 1"
	    " WHERE sandbox = ?1 AND kind = ?2 AND subject = ?3"
	    " AND status = 0",
	[SQL_PROPOSAL_OVER_ALL] =
	    "UPDATE proposal SET status = 1"
	    " WHERE sandbox = ?1 AND status = 0",
	[SQL_PROPOSAL_DELETE] = /* but what was allowed everywhere */
	    "DELETE FROM proposal WHERE sandbox = ?1"
	    " AND NOT (status = 2 AND everywhere = 1)",
	[SQL_PROPOSAL_TRIM] = /* the oldest that stands for nothing */
	    "DELETE FROM proposal WHERE number = (SELECT number FROM proposal"
	    " WHERE sandbox = ?1 AND status IN (1, 3)"
	    " ORDER BY asked LIMIT 1)",
	[SQL_PROPOSAL_COUNT] =
	    "SELECT COUNT(*) FROM proposal WHERE sandbox = ?1",
	[SQL_PROPOSAL_ALL] =
	    "SELECT " PROPOSAL_COLUMNS " FROM proposal"
	    " WHERE (?1 = '' OR sandbox = ?1) AND (?2 < 0 OR status = ?2)"
	    " ORDER BY asked DESC, number DESC LIMIT ?3",
	[SQL_PROPOSAL_ONE] =
	    "SELECT " PROPOSAL_COLUMNS " FROM proposal WHERE number = ?1",
	[SQL_PROPOSAL_FIND] =
	    "SELECT " PROPOSAL_COLUMNS " FROM proposal"
	    " WHERE sandbox = ?1 AND kind = ?2 AND subject = ?3",
	[SQL_PROPOSAL_GRANT] = /* a refusal of the sandbox's own comes first */
	    "SELECT " PROPOSAL_COLUMNS " FROM proposal"
	    " WHERE kind = ?2 AND subject = ?3"
	    " AND (sandbox = ?1 OR everywhere = 1)"
	    " AND (status = 4 OR (status = 2 AND (until = 0 OR until > ?4)))"
	    " ORDER BY sandbox = ?1 DESC, until = 0 DESC, until DESC LIMIT 1",
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

/* What waits, or waited, for a person's word: see store.h. */
const char store_schema_2[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE proposal("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, sandbox TEXT NOT NULL,"
    " name TEXT NOT NULL, kind INTEGER NOT NULL, subject TEXT NOT NULL,"
    " title TEXT NOT NULL, rule TEXT NOT NULL, detail TEXT NOT NULL,"
    " status INTEGER NOT NULL, asks INTEGER NOT NULL,"
    " created INTEGER NOT NULL, asked INTEGER NOT NULL,"
    " decided INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,"
    " until INTEGER NOT NULL, everywhere INTEGER NOT NULL,"
    " UNIQUE(sandbox, kind, subject)) STRICT;"
    "CREATE INDEX proposal_subject ON proposal(kind, subject);"
    "PRAGMA user_version = 2;"
    "COMMIT;";

/* NORMAL in WAL mode: a crash of ours loses nothing, a power cut may lose
 * the last moments, and sandboxes do not live through one anyway. */
const char store_pragmas[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA cache_size = -512;"		/* KiB */
    "PRAGMA journal_size_limit = 4194304;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";

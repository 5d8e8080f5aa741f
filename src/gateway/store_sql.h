/* store_sql.h -- every statement of the store. */
#ifndef GATEWAY_STORE_SQL_H
#define GATEWAY_STORE_SQL_H

enum store_stmt {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SANDBOX_ADD,
	SQL_SANDBOX_UPDATE,
	SQL_SANDBOX_DELETE,
	SQL_SANDBOX_ALL,
	SQL_REVISION_ADD,
	SQL_REVISION_STATUS,
	SQL_REVISION_DELETE,
	SQL_REVISION_ALL,
	SQL_REVISION_ONE,
	SQL_REVISION_NEWEST,
	SQL_REVISION_LAST,
	SQL_SYNC_FULL,
	SQL_SYNC_NORMAL,
	SQL_PROPOSAL_PUT,
	SQL_PROPOSAL_ANSWER,
	SQL_PROPOSAL_OVER,
	SQL_PROPOSAL_OVER_ALL,
	SQL_PROPOSAL_DELETE,
	SQL_PROPOSAL_TRIM,
	SQL_PROPOSAL_COUNT,
	SQL_PROPOSAL_ALL,
	SQL_PROPOSAL_ONE,
	SQL_PROPOSAL_FIND,
	SQL_PROPOSAL_GRANT,
	SQL_COUNT
};

extern const char *const store_sql[SQL_COUNT];
extern const char store_schema[];	/* makes an empty file version 1 */
extern const char store_schema_2[];	/* makes version 1 version 2 */
extern const char store_pragmas[];	/* for each connection */
#define STORE_VERSION 2			/* PRAGMA user_version */

#endif

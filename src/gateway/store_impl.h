/* store_impl.h -- what the store's own files share. */
#ifndef GATEWAY_STORE_IMPL_H
#define GATEWAY_STORE_IMPL_H

#include <sqlite3.h>

#include "store.h"
#include "store_sql.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmt[SQL_COUNT];
};

int db_err(struct store *s, const char *what, struct err *e);
/* Prepared and empty; NULL: *e says why. */
sqlite3_stmt *stmt_of(struct store *s, enum store_stmt n, struct err *e);
/* Runs a statement that gives no rows (or a pragma's, not looked at). */
int stmt_run(struct store *s, sqlite3_stmt *q, const char *what,
    struct err *e);
void bind_text(sqlite3_stmt *q, int at, const char *z);
void bind_num(sqlite3_stmt *q, int at, int64_t v);
const char *text_at(sqlite3_stmt *q, int at);
struct wall wall_at(sqlite3_stmt *q, int at);

#endif

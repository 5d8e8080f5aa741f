/* call.h -- one request, from its parsed head to its answer.
 *
 * A handler answers at once, or parks the call and answers later; a caller
 * that goes away meanwhile is told to on_gone. Exactly one answer. */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/compat.h"
#include "base/str.h"
#include "loop/loop.h"

struct box;
struct conn;
struct err;
struct gateway;

struct call {
	struct gateway *g;
	struct conn *conn;
	struct str method, query;	/* until answered */
	json_t *body;			/* an object; NULL: there was none */
	char sandbox[64];		/* path's {sandbox}, or "" */
	uint64_t number;		/* path's {revision} */
	struct box *box;		/* of it; not held once parked */

	void *state;			/* the handler's own */
	void (*on_gone)(struct call *c);
	void (*on_room)(struct call *c);	/* a stream has drained */

	/* Parked at a box: see box_park() in box.h. */
	TAILQ_ENTRY(call) link;
	struct box *at;
	bool (*ready)(struct call *c, struct box *b);
	void (*answer)(struct call *c, struct box *b); /* NULL: as usual */
	void (*run)(struct call *c);	/* the handler, if it had to wait */
	struct loop_timer late;
	unsigned status;		/* to answer with when ready */
	json_t *extra;			/* for answer() */
	int fd;				/* to go with the answer, or -1 */
};

/* body becomes the call's. */
void call_answer(struct call *c, unsigned status, json_t *body);
/* With a descriptor, which becomes the call's. */
void call_answer_fd(struct call *c, unsigned status, json_t *body, int fd);
/* hint may be NULL. */
void call_fail(struct call *c, unsigned status, const char *code,
    const char *hint, const char *fmt, ...) PRINTF(5, 6);
/* With one more member, which becomes the call's. */
void call_fail_with(struct call *c, unsigned status, const char *code,
    const char *hint, const char *name, json_t *member, const char *fmt, ...)
    PRINTF(7, 8);
/* Status and code by the kind of err. */
void call_fail_err(struct call *c, const struct err *e, const char *hint);

/* A chunked answer. put: false when the caller does not read; on_room is
 * called when it has. flush: false when the caller went away (on_gone was
 * called). */
void call_stream(struct call *c, const char *type);
bool call_stream_put(struct call *c, struct str s);
bool call_stream_flush(struct call *c);
void call_stream_end(struct call *c);

/* ---- strict reading of parameters ---- */

enum field_type { FIELD_STRING, FIELD_BOOL, FIELD_NUMBER, FIELD_ARRAY,
	FIELD_OBJECT };

struct field { /* out: const char *, bool, int64_t, json_t * (borrowed) */
	const char *name;
	enum field_type type;
	void *out;
	bool required;
	int64_t max;		/* of a number, from 0 */
};

/* Every member of o is a field, of its type; fields that are missing keep
 * what *out held. o NULL is the empty object. */
int fields_read(const json_t *o, const char *what, const struct field *f,
    size_t n, struct err *e);

struct param { /* query parameter, decoded; out is "" when left out */
	const char *name;
	char *out;
	size_t cap;
};

int params_read(struct str query, const struct param *p, size_t n,
    struct err *e);

#endif

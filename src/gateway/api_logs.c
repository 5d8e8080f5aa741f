/* api_logs.c -- the audit log over the API, a chunk of it at a turn. */
#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "log_reader.h"
#include "route.h"

#define LOOK_AGAIN_MS 100	/* while a caller follows */

struct tail {
	struct call *call;
	struct log_filter filter;
	struct log_reader reader;
	struct loop_timer timer;
	bool back;		/* still going to where the answer begins */
	bool room;		/* the caller reads */
};

static void
tail_free(struct tail *t)
{
	loop_timer_stop(t->call->g->loop, &t->timer);
	t->call->on_gone = NULL;
	t->call->on_room = NULL;
	log_reader_close(&t->reader);
	free(t);
}

static void
on_gone(struct call *c)
{
	tail_free(c->state);
}

static void
tail_end(struct tail *t)
{
	struct call *c = t->call;

	tail_free(t);
	call_stream_end(c);
}

static void
on_line(void *arg, struct str line)
{
	struct tail *t = arg;

	if (log_filter_takes(&t->filter, line))
		t->room = call_stream_put(t->call, line);
}

static void
tail_step(struct loop *l, void *arg)
{
	struct tail *t = arg;
	struct err e = { 0 };
	enum log_step step = t->back ?
	    log_reader_back(&t->reader, &t->filter, &e) :
	    log_reader_next(&t->reader, on_line, t, &e);
	bool idle = step == LOG_DONE && !t->back;

	if (step == LOG_DONE)
		t->back = false;
	if (step == LOG_FAILED)
		log_error("logs: %s", e.text);
	if (!call_stream_flush(t->call))
		return; /* t is gone with its call */
	if (step == LOG_FAILED || (idle && !t->filter.follow))
		tail_end(t);
	else if (t->room)
		loop_timer_set(l, &t->timer,
		    usec_of_ms(idle ? LOOK_AGAIN_MS : 0));
}

static void
on_room(struct call *c)
{
	struct tail *t = c->state;

	if (t->timer.slot != 0)
		return;
	t->room = true;
	loop_timer_set(c->g->loop, &t->timer, usec_of_ms(0));
}

/* A name means the sandbox that has it now, or those that had it. */
static int
read_filter(struct call *c, struct log_filter *f, struct err *e)
{
	char sandbox[NAME_BYTES_MAX + 1], n[16], since[40], level[8],
	    source[16], follow[4], number[24];
	const struct param params[] = {
		{ "sandbox", sandbox, sizeof(sandbox) },
		{ "n", n, sizeof(n) },
		{ "since", since, sizeof(since) },
		{ "level", level, sizeof(level) },
		{ "source", source, sizeof(source) },
		{ "follow", follow, sizeof(follow) },
		{ "number", number, sizeof(number) },
	};
	struct box *b;

	if (params_read(c->query, params, NELEM(params), e) == -1)
		return -1;
	if (number[0] != '\0' &&
	    !str_u64(str_c(number), INT64_MAX, &f->number))
		return err_set(e, ERR_INPUT, "number is that of a record");
	b = sandbox[0] == '\0' ? NULL : box_find(c->g, sandbox);
	if (b == NULL && strcmp(sandbox, "@last") == 0)
		return err_set(e, ERR_MISSING, "there is no sandbox");
	(void)snprintf(f->sandbox, sizeof(f->sandbox), "%s",
	    b == NULL ? sandbox : b->id);
	return log_filter_parse(f, n, since, level, source, follow,
	    clock_wall(), e);
}

void
api_logs(struct call *c)
{
	struct log_filter f = { 0 };
	struct log_reader r;
	struct err e = { 0 };
	struct tail *t;

	if (read_filter(c, &f, &e) == -1 ||
	    log_reader_open(&r, c->g->log_fd, &e) == -1) {
		call_fail_err(c, &e, NULL);
		return;
	}
	t = mem_alloc(1, sizeof(*t));
	*t = (struct tail){ .call = c, .filter = f, .reader = r,
		.room = true, .back = f.has_last || f.since_ms > 0,
		.timer = { .on_time = tail_step, .arg = t } };
	if (!t->back && log_reader_oldest(&t->reader, &e) == -1) {
		log_reader_close(&t->reader);
		free(t);
		call_fail_err(c, &e, NULL);
		return;
	}
	c->state = t;
	c->on_gone = on_gone;
	c->on_room = on_room;
	call_stream(c, "application/x-ndjson");
	loop_timer_set(c->g->loop, &t->timer, usec_of_ms(0));
}

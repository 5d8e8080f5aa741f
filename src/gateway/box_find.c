/* box_find.c -- which sandboxes there are, when a gateway starts, and which
 * of them still run: those whose supervisor answers at ID.sock. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "box.h"
#include "gateway.h"
#include "policy.h"

#define GREETING_MS 10000

static int
on_revision(void *arg, const struct revision_row *r, struct err *e)
{
	struct box *b = arg;

	b->revision = r->number;
	b->status = r->status;
	if (!str_copy(str_c(r->hash), b->hash, sizeof(b->hash)))
		return err_set(e, ERR_INPUT, "state.db: a hash is damaged");
	return 0;
}

void
box_load_revision(struct box *b)
{
	struct err e = { 0 };

	if (store_revision(b->g->store, b->id, 0, on_revision, b, &e) == -1)
		log_error("sandbox %s: %s", b->name, e.text);
}

static int
on_texts(void *arg, const struct revision_row *r, struct err *e)
{
	json_t **out = arg;

	*out = json_loads(r->texts, 0, NULL);
	return json_is_array(*out) ? 0 :
	    err_set(e, ERR_INPUT, "state.db: a policy's text is damaged");
}

int
box_compile(struct box *b, struct compiled *out, struct err *e)
{
	json_t *policies = NULL;
	int rc = -1;

	*out = (struct compiled){ 0 };
	/* Which maximum holds is not known then. */
	if (b->g->config_fault[0] != '\0')
		return err_set(e, ERR_STATE, "%s", b->g->config_fault);
	if (store_revision(b->g->store, b->id, 0, on_texts, &policies, e) ==
	    0 && policies_compile(policies, &b->g->base, POLICY_STAGE_ENFORCE,
		out) == 0)
		rc = 0;
	else if (e->kind == ERR_NONE)
		(void)err_set(e, ERR_INPUT, "the stored policy: %s",
		    out->diags.n > 0 ? out->diags.v[0].text : "not valid");
	json_decref(policies);
	return rc;
}

void
box_catch_up(struct box *b)
{
	struct compiled p;
	struct err e = { 0 };

	if (box_compile(b, &p, &e) == -1 || box_send_policy(b, b->revision,
		str_of(p.bytes, p.len), &e) == -1)
		log_error("sandbox %s: revision %llu: %s", b->name,
		    (unsigned long long)b->revision, e.text);
	else
		memcpy(b->hash, p.info.hash, sizeof(b->hash));
	compiled_fini(&p);
}

static int
on_row(void *arg, const struct sandbox_row *row, struct err *e)
{
	struct gateway *g = arg;

	return box_new(g, row, e) == NULL ? -1 : 0;
}

static void
on_no_greeting(struct loop *l, void *arg)
{
	struct box *b = arg;

	(void)l;
	(void)snprintf(b->fault, sizeof(b->fault), "its supervisor took the "
	    "connection and has not greeted: it hangs, or is of another "
	    "build");
	log_warn("sandbox %s: %s", b->name, b->fault);
}

static void
reconnect(struct box *b)
{
	char path[PATH_BYTES_MAX + ID_BYTES_MAX + 8];
	struct err e = { 0 };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.sock", b->g->paths.runtime,
	    b->id);
	fd = io_unix_connect(path, SOCK_SEQPACKET, &e);
	if (fd == -1 || io_set_nonblock(fd, true, &e) == -1 ||
	    box_listen(b, fd, &e) == -1) {
		log_debug("sandbox %s: %s", b->name, e.text);
		box_lost(b);
		return;
	}
	b->timer.on_time = on_no_greeting;
	loop_timer_set(b->g->loop, &b->timer, usec_of_ms(GREETING_MS));
	box_new_audit(b);
}

int
boxes_load(struct gateway *g, struct err *e)
{
	struct box *b, *next;

	TAILQ_INIT(&g->boxes);
	if (store_sandboxes(g->store, on_row, g, e) == -1)
		return -1;
	for (b = TAILQ_FIRST(&g->boxes); b != NULL; b = next) {
		next = TAILQ_NEXT(b, link);
		box_load_revision(b);
		if (box_runs(b))
			reconnect(b);
		else if (b->phase == PHASE_DELETING || !b->keep)
			box_delete(b, 0);
	}
	return 0;
}

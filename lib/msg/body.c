#include "msg/body.h"

#include "role/roles.h"

/* ---- string lists ---- */

static void
put_list(struct wbuf *w, char *const *list)
{
	uint32_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		put_strz(w, list[i]);
}

/* A copy in the arena; a NUL inside is bad. */
static char *
get_copy(struct rbuf *r, struct arena *a, size_t max)
{
	struct str s = get_str(r, max);
	char *z = str_index(s, '\0') == s.len ? arena_strdup(a, s) : NULL;

	if (z == NULL)
		r->bad = true;
	return z;
}

static char **
get_list(struct rbuf *r, struct arena *a)
{
	uint32_t n = get_below(r, ARG_COUNT_MAX + 1);
	char **list = arena_alloc(a, (size_t)n + 1, sizeof(*list));

	if (list == NULL) {
		r->bad = true;
		return NULL;
	}
	for (uint32_t i = 0; i < n && !r->bad; i++)
		list[i] = get_copy(r, a, ARGS_BYTES_MAX);
	return list;
}

/* ---- life of a sandbox ---- */

static void
mounts_put(struct wbuf *w, const struct box_mount *m, uint32_t n)
{
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++) {
		put_strz(w, m[i].host);
		put_strz(w, m[i].inside);
		put_u8(w, m[i].read_only);
	}
}

static void
mounts_get(struct rbuf *r, struct arena *a, struct box_spec *s)
{
	s->nmounts = get_below(r, MOUNT_COUNT_MAX + 1);
	s->mounts = arena_alloc(a, s->nmounts, sizeof(*s->mounts));
	if (s->mounts == NULL) {
		r->bad = true;
		return;
	}
	for (uint32_t i = 0; i < s->nmounts && !r->bad; i++) {
		s->mounts[i].host = get_copy(r, a, PATH_BYTES_MAX - 1);
		s->mounts[i].inside = get_copy(r, a, PATH_BYTES_MAX - 1);
		s->mounts[i].read_only = get_bool(r);
	}
}

void
box_spec_put(struct wbuf *w, const struct box_spec *s)
{
	put_strz(w, s->id);
	put_strz(w, s->name);
	put_strz(w, s->dir);
	put_list(w, s->argv);
	put_list(w, s->env);
	put_strz(w, s->workdir);
	mounts_put(w, s->mounts, s->nmounts);
	put_u8(w, s->tty);
	put_u16(w, s->rows);
	put_u16(w, s->cols);
	put_u64(w, s->generation);
	put_strz(w, s->resolve);
	put_strz(w, s->upstream_ca);
	put_strz(w, s->ways);
	put_i64(w, s->created);
	put_u32(w, s->approval_s);
}

int
box_spec_get(struct rbuf *r, struct arena *a, struct box_spec *s)
{
	*s = (struct box_spec){ 0 };
	get_strz(r, s->id, sizeof(s->id));
	get_strz(r, s->name, sizeof(s->name));
	s->dir = get_copy(r, a, PATH_BYTES_MAX - 1);
	s->argv = get_list(r, a);
	s->env = get_list(r, a);
	s->workdir = get_copy(r, a, PATH_BYTES_MAX - 1);
	mounts_get(r, a, s);
	s->tty = get_bool(r);
	s->rows = get_u16(r);
	s->cols = get_u16(r);
	s->generation = get_u64(r);
	s->resolve = get_copy(r, a, 65536);
	s->upstream_ca = get_copy(r, a, PATH_BYTES_MAX - 1);
	s->ways = get_copy(r, a, WAYS_BYTES_MAX - 1);
	s->created = get_i64(r);
	s->approval_s = get_u32(r);
	return get_end(r);
}

void
box_hello_put(struct wbuf *w, const struct box_hello *h)
{
	put_u32(w, h->version);
	put_strz(w, h->id);
	put_u32(w, h->pid);
	put_u32(w, h->phase);
	put_u64(w, h->generation);
}

int
box_hello_get(struct rbuf *r, struct box_hello *h)
{
	h->version = get_u32(r);
	get_strz(r, h->id, sizeof(h->id));
	h->pid = get_u32(r);
	h->phase = (enum box_phase)get_below(r, BOX_OVER + 1);
	h->generation = get_u64(r);
	return get_end(r);
}

void
outcome_put(struct wbuf *w, const struct outcome *o)
{
	put_u32(w, o->kind);
	put_u32(w, (uint32_t)o->code);
	put_strz(w, o->reason);
}

int
outcome_get(struct rbuf *r, struct outcome *o)
{
	o->kind = (enum outcome_kind)get_below(r, OUTCOME_DETACHED + 1);
	o->code = (int32_t)get_u32(r);
	get_strz(r, o->reason, sizeof(o->reason));
	return get_end(r);
}

void
box_stop_put(struct wbuf *w, const struct box_stop *s)
{
	put_u32(w, s->grace_ms);
}

int
box_stop_get(struct rbuf *r, struct box_stop *s)
{
	s->grace_ms = get_u32(r);
	return get_end(r);
}

/* ---- sessions ---- */

void
session_start_put(struct wbuf *w, const struct session_start *s)
{
	put_u32(w, s->session);
	put_list(w, s->argv);
	put_list(w, s->env);
	put_strz(w, s->workdir);
	put_u8(w, s->tty);
	put_u16(w, s->rows);
	put_u16(w, s->cols);
	put_u32(w, s->timeout_s);
}

int
session_start_get(struct rbuf *r, struct arena *a, struct session_start *s)
{
	s->session = get_u32(r);
	s->argv = get_list(r, a);
	s->env = get_list(r, a);
	s->workdir = get_copy(r, a, PATH_BYTES_MAX - 1);
	s->tty = get_bool(r);
	s->rows = get_u16(r);
	s->cols = get_u16(r);
	s->timeout_s = get_u32(r);
	return get_end(r);
}

void
session_attach_put(struct wbuf *w, const struct session_attach *s)
{
	put_u16(w, s->rows);
	put_u16(w, s->cols);
}

int
session_attach_get(struct rbuf *r, struct session_attach *s)
{
	s->rows = get_u16(r);
	s->cols = get_u16(r);
	return get_end(r);
}

void
reply_put(struct wbuf *w, const struct reply *p)
{
	put_u8(w, p->ok);
	put_u64(w, p->number);
	put_strz(w, p->reason);
}

int
reply_get(struct rbuf *r, struct reply *p)
{
	p->ok = get_bool(r);
	p->number = get_u64(r);
	get_strz(r, p->reason, sizeof(p->reason));
	return get_end(r);
}

void
window_put(struct wbuf *w, const struct window *v)
{
	put_u16(w, v->rows);
	put_u16(w, v->cols);
}

int
window_get(struct rbuf *r, struct window *v)
{
	v->rows = get_u16(r);
	v->cols = get_u16(r);
	return get_end(r);
}

void
signal_put(struct wbuf *w, const struct signal_msg *v)
{
	put_u32(w, v->session);
	put_u32(w, (uint32_t)v->signo);
}

int
signal_get(struct rbuf *r, struct signal_msg *v)
{
	v->session = get_u32(r);
	v->signo = (int32_t)get_u32(r);
	return get_end(r);
}

/* ---- policy and egress ---- */

void
policy_set_put(struct wbuf *w, const struct policy_set *p)
{
	put_u64(w, p->generation);
}

int
policy_set_get(struct rbuf *r, struct policy_set *p)
{
	p->generation = get_u64(r);
	return get_end(r);
}

void
egress_start_put(struct wbuf *w, const struct egress_start *s)
{
	put_strz(w, s->id);
	put_strz(w, s->name);
	put_u64(w, s->generation);
	put_str(w, s->resolve);
}

int
egress_start_get(struct rbuf *r, struct egress_start *s)
{
	get_strz(r, s->id, sizeof(s->id));
	get_strz(r, s->name, sizeof(s->name));
	s->generation = get_u64(r);
	s->resolve = get_str(r, 65536);
	return get_end(r);
}

void
broker_start_put(struct wbuf *w, const struct broker_start *s)
{
	put_list(w, s->env);
	put_u32(w, s->nmounts);
	for (uint32_t i = 0; i < s->nmounts; i++) {
		put_strz(w, s->mounts[i].inside);
		put_u32(w, s->mounts[i].access);
	}
	put_i64(w, s->created);
	put_u32(w, s->approval_s);
}

int
broker_start_get(struct rbuf *r, struct arena *a, struct broker_start *s)
{
	*s = (struct broker_start){ .env = get_list(r, a) };
	if (s->env == NULL)
		return -1;
	s->nmounts = get_below(r, MOUNT_COUNT_MAX + 1);
	s->mounts = arena_alloc(a, s->nmounts, sizeof(*s->mounts));
	if (s->mounts == NULL)
		return -1;
	for (uint32_t i = 0; i < s->nmounts && !r->bad; i++) {
		s->mounts[i].inside = get_copy(r, a, PATH_BYTES_MAX - 1);
		s->mounts[i].access = get_below(r, 8);
	}
	s->created = get_i64(r);
	s->approval_s = get_u32(r);
	return get_end(r);
}

void
broker_event_put(struct wbuf *w, const struct broker_event *v)
{
	put_u32(w, v->count);
	put_u8(w, v->allowed);
	put_u8(w, v->judged);
	put_u8(w, v->write);
	put_u32(w, v->pid);
	put_str(w, v->path);
	put_str(w, v->exe);
	put_str(w, v->rule);
	put_str(w, v->reason);
	put_str(w, v->profile);
}

int
broker_event_get(struct rbuf *r, struct broker_event *v)
{
	v->count = get_u32(r);
	v->allowed = get_bool(r);
	v->judged = get_bool(r);
	v->write = get_bool(r);
	v->pid = get_u32(r);
	v->path = get_str(r, PATH_BYTES_MAX);
	v->exe = get_str(r, PATH_BYTES_MAX);
	v->rule = get_str(r, 2048);
	v->reason = get_str(r, 1024);
	v->profile = get_str(r, 1024);
	return get_end(r);
}

/* ---- proposals ---- */

void
proposal_put(struct wbuf *w, const struct proposal *p)
{
	put_u32(w, p->kind);
	put_str(w, p->subject);
	put_str(w, p->path);
	put_u64(w, p->size);
	put_u32(w, p->pid);
	put_str(w, p->args);
	put_str(w, p->head);
	put_str(w, p->reason);
	put_u32(w, p->n);
	for (uint32_t i = 0; i < p->n; i++)
		put_str(w, p->chain[i]);
}

static enum proposal_kind
get_proposal_kind(struct rbuf *r)
{
	return (enum proposal_kind)get_below(r, PROPOSAL_KIND_COUNT);
}

int
proposal_get(struct rbuf *r, struct proposal *p)
{
	p->kind = get_proposal_kind(r);
	p->subject = get_str(r, PROPOSAL_SUBJECT_BYTES_MAX);
	p->path = get_str(r, PATH_BYTES_MAX);
	p->size = get_u64(r);
	p->pid = get_u32(r);
	p->args = get_str(r, PROPOSAL_ARGS_BYTES_MAX);
	p->head = get_str(r, PROPOSAL_HEAD_BYTES_MAX);
	p->reason = get_str(r, ERR_BYTES_MAX);
	p->n = get_below(r, PROPOSAL_CHAIN_MAX + 1);
	for (uint32_t i = 0; i < p->n; i++)
		p->chain[i] = get_str(r, PATH_BYTES_MAX);
	return get_end(r);
}

void
proposal_over_put(struct wbuf *w, const struct proposal_over *p)
{
	put_u32(w, p->kind);
	put_str(w, p->subject);
	put_u8(w, p->late);
}

int
proposal_over_get(struct rbuf *r, struct proposal_over *p)
{
	p->kind = get_proposal_kind(r);
	p->subject = get_str(r, PROPOSAL_SUBJECT_BYTES_MAX);
	p->late = get_bool(r);
	return get_end(r);
}

void
proposal_answer_put(struct wbuf *w, const struct proposal_answer *p)
{
	put_u32(w, p->kind);
	put_str(w, p->subject);
	put_u8(w, p->allow);
	put_u8(w, p->once);
	put_i64(w, p->until);
	put_str(w, p->reason);
}

int
proposal_answer_get(struct rbuf *r, struct proposal_answer *p)
{
	p->kind = get_proposal_kind(r);
	p->subject = get_str(r, PROPOSAL_SUBJECT_BYTES_MAX);
	p->allow = get_bool(r);
	p->once = get_bool(r);
	p->until = get_i64(r);
	p->reason = get_str(r, ERR_BYTES_MAX);
	return get_end(r);
}

void
broker_exec_put(struct wbuf *w, const struct broker_exec *v)
{
	put_u32(w, v->count);
	put_u32(w, v->pid);
	put_u8(w, v->allowed);
	put_u8(w, v->judged);
	put_str(w, v->path);
	put_str(w, v->command);
	put_str(w, v->callers);
	put_str(w, v->rule);
	put_str(w, v->reason);
	put_str(w, v->profile);
}

int
broker_exec_get(struct rbuf *r, struct broker_exec *v)
{
	v->count = get_u32(r);
	v->pid = get_u32(r);
	v->allowed = get_bool(r);
	v->judged = get_bool(r);
	v->path = get_str(r, PATH_BYTES_MAX);
	v->command = get_str(r, BROKER_COMMAND_BYTES_MAX);
	v->callers = get_str(r, BROKER_CALLERS_BYTES_MAX);
	v->rule = get_str(r, 2048);
	v->reason = get_str(r, 1024);
	v->profile = get_str(r, 1024);
	return get_end(r);
}

void
egress_ready_put(struct wbuf *w, const struct egress_ready *s)
{
	put_str(w, s->ca_pem);
	put_str(w, s->truststore);
}

int
egress_ready_get(struct rbuf *r, struct egress_ready *s)
{
	s->ca_pem = get_str(r, 8192);
	s->truststore = get_str(r, 8192);
	return get_end(r);
}

void
who_ask_put(struct wbuf *w, const struct who_ask *q)
{
	put_u16(w, q->port);
	put_u32(w, q->there);
	put_u16(w, q->there_port);
	put_u8(w, q->profiles);
	put_u8(w, q->proto);
}

int
who_ask_get(struct rbuf *r, struct who_ask *q)
{
	q->port = get_u16(r);
	q->there = get_u32(r);
	q->there_port = get_u16(r);
	q->profiles = get_bool(r);
	q->proto = get_u8(r);
	return get_end(r);
}

void
who_put(struct wbuf *w, const struct who *v)
{
	put_u8(w, v->known);
	put_u32(w, v->pid);
	put_u32(w, v->n);
	for (uint32_t i = 0; i < v->n; i++)
		put_str(w, v->chain[i]);
	put_u32(w, v->common);
	put_u8(w, v->others);
	put_strz(w, v->sha256);
	put_strz(w, v->reason);
	put_u8(w, v->tagged);
	put_u64(w, v->profiles);
}

int
who_get(struct rbuf *r, struct who *v)
{
	v->known = get_bool(r);
	v->pid = get_u32(r);
	v->n = get_below(r, WHO_CHAIN_MAX + 1);
	for (uint32_t i = 0; i < v->n; i++)
		v->chain[i] = get_str(r, PATH_BYTES_MAX);
	v->common = get_below(r, 1U << v->n);
	v->others = get_bool(r);
	get_strz(r, v->sha256, sizeof(v->sha256));
	get_strz(r, v->reason, sizeof(v->reason));
	v->tagged = get_bool(r);
	v->profiles = get_u64(r);
	return get_end(r);
}

void
rates_use_put(struct wbuf *w, const struct rates_use *u)
{
	put_u32(w, u->n);
	for (uint32_t i = 0; i < u->n; i++) {
		put_str(w, u->v[i].rule);
		put_u8(w, u->v[i].whole);
		put_u64(w, u->v[i].requests);
		put_u64(w, u->v[i].requests_most);
		put_u64(w, u->v[i].bytes);
		put_u64(w, u->v[i].bytes_most);
		put_u32(w, u->v[i].period_s);
	}
}

int
rates_use_get(struct rbuf *r, struct rates_use *u)
{
	u->n = get_below(r, RATES_USE_MAX + 1);
	for (uint32_t i = 0; i < u->n; i++) {
		u->v[i].rule = get_str(r, RATES_RULE_BYTES_MAX);
		u->v[i].whole = get_bool(r);
		u->v[i].requests = get_u64(r);
		u->v[i].requests_most = get_u64(r);
		u->v[i].bytes = get_u64(r);
		u->v[i].bytes_most = get_u64(r);
		u->v[i].period_s = get_u32(r);
	}
	return get_end(r);
}

/* ---- init ---- */

void
spawned_put(struct wbuf *w, const struct spawned *s)
{
	put_u32(w, s->session);
	put_u32(w, s->pid);
	put_u32(w, (uint32_t)s->error);
	put_strz(w, s->what);
}

int
spawned_get(struct rbuf *r, struct spawned *s)
{
	s->session = get_u32(r);
	s->pid = get_u32(r);
	s->error = (int32_t)get_u32(r);
	get_strz(r, s->what, sizeof(s->what));
	return get_end(r);
}

void
exited_put(struct wbuf *w, const struct exited *s)
{
	put_u32(w, s->session);
	put_u32(w, (uint32_t)s->status);
}

int
exited_get(struct rbuf *r, struct exited *s)
{
	s->session = get_u32(r);
	s->status = (int32_t)get_u32(r);
	return get_end(r);
}

/* ---- audit ---- */

void
audit_hello_put(struct wbuf *w, const struct audit_hello *h)
{
	put_u32(w, h->role);
	put_strz(w, h->id);
	put_strz(w, h->name);
}

int
audit_hello_get(struct rbuf *r, struct audit_hello *h)
{
	h->role = get_below(r, ROLE_COUNT);
	get_strz(r, h->id, sizeof(h->id));
	get_strz(r, h->name, sizeof(h->name));
	return get_end(r);
}

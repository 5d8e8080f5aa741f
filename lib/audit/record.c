#include "audit/record.h"

/* Put and get side by side: the order of the fields is the format. */

void
audit_record_put(struct wbuf *w, const struct audit_record *a)
{
	put_u32(w, a->kind);
	put_u32(w, a->verdict);
	put_i64(w, a->when.v);
	put_u32(w, a->pid);
	put_str(w, a->exe);
	put_str(w, a->action);
	put_str(w, a->host);
	put_u16(w, a->port);
	put_str(w, a->address);
	put_str(w, a->path);
	put_u32(w, a->status);
	put_u64(w, a->bytes_in);
	put_u64(w, a->bytes_out);
	put_str(w, a->rule);
	put_str(w, a->policy_hash);
	put_str(w, a->old_hash);
	put_u64(w, a->generation);
	put_str(w, a->actor);
	put_str(w, a->reason);
}

static enum audit_kind
get_kind(struct rbuf *r)
{
	enum audit_kind kind = (enum audit_kind)get_below(r, AUDIT_KIND_COUNT);

	if (kind == AUDIT_NONE)
		r->bad = true;
	return kind;
}

/* Year 1970 to 9999: what prints as a date. */
static struct wall
get_when(struct rbuf *r)
{
	struct wall t = { get_i64(r) };

	if (t.v < 0 || t.v >= 253402300800000000) {
		r->bad = true;
		t.v = 0;
	}
	return t;
}

int
audit_record_get(struct rbuf *r, struct audit_record *a)
{
	*a = (struct audit_record){ .kind = get_kind(r) };
	a->verdict = (enum audit_verdict)get_below(r, AUDIT_OBSERVED + 1);
	a->when = get_when(r);
	a->pid = get_u32(r);
	a->exe = get_str(r, PATH_BYTES_MAX);
	a->action = get_str(r, AUDIT_TEXT_BYTES_MAX);
	a->host = get_str(r, HOST_BYTES_MAX);
	a->port = get_u16(r);
	a->address = get_str(r, AUDIT_ADDRESS_BYTES_MAX);
	a->path = get_str(r, AUDIT_TEXT_BYTES_MAX);
	a->status = get_u32(r);
	a->bytes_in = get_u64(r);
	a->bytes_out = get_u64(r);
	a->rule = get_str(r, AUDIT_TEXT_BYTES_MAX);
	a->policy_hash = get_str(r, HASH_HEX_BYTES);
	a->old_hash = get_str(r, HASH_HEX_BYTES);
	a->generation = get_u64(r);
	a->actor = get_str(r, AUDIT_TEXT_BYTES_MAX);
	a->reason = get_str(r, AUDIT_TEXT_BYTES_MAX);
	return r->bad ? -1 : 0;
}

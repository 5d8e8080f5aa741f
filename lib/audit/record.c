#include "audit/record.h"

/* Put and get side by side: the order of the fields is the format. */

static void
put_cut(struct wbuf *w, struct str s, size_t max)
{
	put_str(w, str_head(s, s.len < max ? s.len : max));
}

void
audit_record_put(struct wbuf *w, const struct audit_record *a)
{
	put_u32(w, a->kind);
	put_u32(w, a->verdict);
	put_i64(w, a->when.v);
	put_u32(w, a->pid);
	put_cut(w, a->exe, PATH_BYTES_MAX);
	put_cut(w, a->action, AUDIT_ACTION_BYTES_MAX);
	put_cut(w, a->host, HOST_BYTES_MAX);
	put_u16(w, a->port);
	put_cut(w, a->address, AUDIT_ADDRESS_BYTES_MAX);
	put_cut(w, a->path, AUDIT_PATH_BYTES_MAX);
	put_u32(w, a->status);
	put_u64(w, a->bytes_in);
	put_u64(w, a->bytes_out);
	put_cut(w, a->rule, AUDIT_RULE_BYTES_MAX);
	put_cut(w, a->policy_hash, HASH_HEX_BYTES);
	put_cut(w, a->old_hash, HASH_HEX_BYTES);
	put_u64(w, a->generation);
	put_cut(w, a->actor, AUDIT_ACTOR_BYTES_MAX);
	put_cut(w, a->reason, AUDIT_REASON_BYTES_MAX);
	put_cut(w, a->sandbox_id, ID_BYTES_MAX);
	put_cut(w, a->sandbox, NAME_BYTES_MAX);
	put_cut(w, a->profile, AUDIT_PROFILE_BYTES_MAX);
	put_cut(w, a->sha256, HASH_HEX_BYTES);
	put_cut(w, a->chain, AUDIT_CHAIN_BYTES_MAX);
	put_cut(w, a->nearest, AUDIT_RULE_BYTES_MAX);
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

/* As far as a JSON reader's integers go. */
static uint64_t
get_count(struct rbuf *r)
{
	uint64_t v = get_u64(r);

	if (v > INT64_MAX) {
		r->bad = true;
		v = 0;
	}
	return v;
}

int
audit_record_get(struct rbuf *r, struct audit_record *a)
{
	*a = (struct audit_record){ .kind = get_kind(r) };
	a->verdict = (enum audit_verdict)get_below(r, AUDIT_OBSERVED + 1);
	a->when = get_when(r);
	a->pid = get_u32(r);
	a->exe = get_str(r, PATH_BYTES_MAX);
	a->action = get_str(r, AUDIT_ACTION_BYTES_MAX);
	a->host = get_str(r, HOST_BYTES_MAX);
	a->port = get_u16(r);
	a->address = get_str(r, AUDIT_ADDRESS_BYTES_MAX);
	a->path = get_str(r, AUDIT_PATH_BYTES_MAX);
	a->status = get_u32(r);
	a->bytes_in = get_count(r);
	a->bytes_out = get_count(r);
	a->rule = get_str(r, AUDIT_RULE_BYTES_MAX);
	a->policy_hash = get_str(r, HASH_HEX_BYTES);
	a->old_hash = get_str(r, HASH_HEX_BYTES);
	a->generation = get_count(r);
	a->actor = get_str(r, AUDIT_ACTOR_BYTES_MAX);
	a->reason = get_str(r, AUDIT_REASON_BYTES_MAX);
	a->sandbox_id = get_str(r, ID_BYTES_MAX);
	a->sandbox = get_str(r, NAME_BYTES_MAX);
	a->profile = get_str(r, AUDIT_PROFILE_BYTES_MAX);
	a->sha256 = get_str(r, HASH_HEX_BYTES);
	a->chain = get_str(r, AUDIT_CHAIN_BYTES_MAX);
	a->nearest = get_str(r, AUDIT_RULE_BYTES_MAX);
	return r->bad ? -1 : 0;
}

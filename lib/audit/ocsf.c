/* ocsf.c -- a record as one line of OCSF 1.8 JSON.
 *
 *	kind		class				activity
 *	net_open	4001 Network Activity		1 Open, 5 Refuse
 *	net_close	4001				2 Close
 *	http		4002 HTTP Activity		by method
 *	dns		4003 DNS Activity		1 Query
 *	life		6002 Application Lifecycle	by action
 *	exec		1007 Process Activity		1 Launch
 *	policy, config	3004 Entity Management		by action
 *	file		1001 File System Activity	2 Read, 3 Update
 *	proposal	3004 Entity Management		by action
 *	finding		2004 Detection Finding		1 Create
 *
 * The line begins with metadata.sequence, time, severity_id and unmapped in
 * this order and spelling: line.c reads them back without parsing JSON.
 */
#include <stdio.h>

#include "audit/jline.h"
#include "audit/record.h"

struct activity {
	const char *action;	/* NULL ends the list, with the default */
	uint32_t id;
};

static const struct activity by_method[] = {
	{ "CONNECT", 1 }, { "DELETE", 2 }, { "GET", 3 }, { "HEAD", 4 },
	{ "OPTIONS", 5 }, { "POST", 6 }, { "PUT", 7 }, { "TRACE", 8 },
	{ "PATCH", 9 }, { NULL, 99 },
};
static const struct activity by_life[] = {
	{ "create", 1 }, { "delete", 2 }, { "start", 3 }, { "stop", 4 },
	{ "exit", 4 }, { "fail", 4 }, { "reload", 8 }, { NULL, 99 },
};
static const struct activity by_change[] = {
	{ "create", 1 }, { "set", 3 }, { "delete", 4 }, { "load", 10 },
	{ NULL, 99 },
};
static const struct activity by_answer[] = {
	{ "propose", 1 }, { "approve", 10 }, { "reject", 11 }, { NULL, 99 },
};
static const struct activity by_access[] = {
	{ "read", 2 }, { "write", 3 }, { NULL, 99 },
};
static const struct activity refuse_or_open[] = { { NULL, 1 } };
static const struct activity close_only[] = { { NULL, 2 } };
static const struct activity first_only[] = { { NULL, 1 } };

static void print_net(struct jline *j, const struct audit_record *a);
static void print_http(struct jline *j, const struct audit_record *a);
static void print_dns(struct jline *j, const struct audit_record *a);
static void print_life(struct jline *j, const struct audit_record *a);
static void print_exec(struct jline *j, const struct audit_record *a);
static void print_entity(struct jline *j, const struct audit_record *a);
static void print_access(struct jline *j, const struct audit_record *a);
static void print_proposal(struct jline *j, const struct audit_record *a);
static void print_command(struct jline *j, const struct audit_record *a);

static const struct kind {
	const char *name;
	uint32_t class_uid;
	const char *class_name;
	const struct activity *activities;
	void (*print)(struct jline *j, const struct audit_record *a);
} kinds[AUDIT_KIND_COUNT] = {
	[AUDIT_NONE] = { "none", 0, "Base Event", first_only, NULL },
	[AUDIT_NET_OPEN] = { "net_open", 4001, "Network Activity",
	    refuse_or_open, print_net },
	[AUDIT_NET_CLOSE] = { "net_close", 4001, "Network Activity",
	    close_only, print_net },
	[AUDIT_HTTP] = { "http", 4002, "HTTP Activity", by_method,
	    print_http },
	[AUDIT_DNS] = { "dns", 4003, "DNS Activity", first_only, print_dns },
	[AUDIT_LIFE] = { "life", 6002, "Application Lifecycle", by_life,
	    print_life },
	[AUDIT_EXEC] = { "exec", 1007, "Process Activity", first_only,
	    print_exec },
	[AUDIT_POLICY] = { "policy", 3004, "Entity Management", by_change,
	    print_entity },
	[AUDIT_CONFIG] = { "config", 3004, "Entity Management", by_change,
	    print_entity },
	[AUDIT_FINDING] = { "finding", 2004, "Detection Finding", first_only,
	    NULL },
	[AUDIT_COMMAND] = { "command", 1007, "Process Activity", first_only,
	    print_command },
	[AUDIT_FILE] = { "file", 1001, "File System Activity", by_access,
	    print_access },
	[AUDIT_PROPOSAL] = { "proposal", 3004, "Entity Management", by_answer,
	    print_proposal },
};

const char *
audit_kind_name(enum audit_kind k)
{
	return kinds[(unsigned)k < AUDIT_KIND_COUNT ? k : AUDIT_NONE].name;
}

static uint32_t
activity_of(const struct audit_record *a)
{
	const struct activity *v = kinds[a->kind].activities;

	if (a->kind == AUDIT_NET_OPEN && a->verdict == AUDIT_DENIED)
		return 5;
	while (v->action != NULL && !str_eqz(a->action, v->action))
		v++;
	return v->id;
}

/* 1 informational, 3 medium, 4 high. */
static uint32_t
severity_of(const struct audit_record *a)
{
	if (a->kind == AUDIT_FINDING)
		return 4;
	return a->verdict == AUDIT_DENIED ? 3 : 1;
}

/* ---- the parts that every class has ---- */

static void
print_metadata(struct jline *j, const struct audit_record *a, uint64_t seq)
{
	bool decision = a->kind != AUDIT_LIFE && a->kind != AUDIT_EXEC;

	jline_open(j, "metadata");
	jline_unum(j, "sequence", seq);
	jline_str(j, "version", STR("1.8.0"));
	jline_raw(j, "profiles", decision ?
	    STR("[\"security_control\",\"datetime\"]") : STR("[\"datetime\"]"));
	jline_raw(j, "product", STR("{\"name\":\"OpenShell\","
	    "\"vendor_name\":\"OpenShell\",\"version\":\""
	    OPENSHELL_VERSION "\"}"));
	jline_close(j);
}

/* "chain":["/usr/bin/sh",...]: who started whom, upwards. */
static void
print_chain(struct jline *j, struct str chain)
{
	bool first = true;

	if (chain.len == 0)
		return;
	jline_raw(j, "chain", STR("["));
	while (chain.len > 0) {
		size_t n = str_index(chain, '\0');

		if (!first)
			jline_add(j, STR(","));
		jline_quote(j, str_head(chain, n));
		chain = str_from(chain, n + (n < chain.len));
		first = false;
	}
	jline_add(j, STR("]"));
}

static void
print_unmapped(struct jline *j, const struct audit_record *a,
    const struct audit_stamp *s)
{
	jline_open(j, "unmapped");
	jline_str(j, "kind", str_c(audit_kind_name(a->kind)));
	jline_str(j, "role", str_c(s->role));
	jline_str(j, "sandbox_id", s->sandbox_id);
	jline_str(j, "sandbox", s->sandbox);
	jline_str(j, "verdict", a->verdict == AUDIT_ALLOWED ? STR("allowed") :
	    a->verdict == AUDIT_DENIED ? STR("denied") : STR("observed"));
	jline_str_if(j, "action", a->action);
	jline_str_if(j, "host", a->host);
	if (a->port != 0)
		jline_unum(j, "port", a->port);
	jline_str_if(j, "path", a->path);
	jline_str_if(j, "rule", a->rule);
	jline_str_if(j, "nearest", a->nearest);
	jline_str_if(j, "policy_hash", a->policy_hash);
	jline_str_if(j, "old_policy_hash", a->old_hash);
	if (a->generation != 0)
		jline_unum(j, "generation", a->generation);
	jline_str_if(j, "exe", a->exe);
	jline_str_if(j, "exe_sha256", a->sha256);
	print_chain(j, a->chain);
	if (a->pid != 0)
		jline_unum(j, "pid", a->pid);
	jline_str_if(j, "profile", a->profile);
	jline_str_if(j, "actor", a->actor);
	jline_str_if(j, "reason", a->reason);
	jline_close(j);
}

static void
print_file(struct jline *j, const char *name, struct str path,
    struct str sha256)
{
	struct str base = path;

	while (base.len > 0 && str_index(base, '/') < base.len)
		base = str_from(base, str_index(base, '/') + 1);
	jline_open(j, name);
	jline_str(j, "name", base.len > 0 ? base : path);
	jline_str(j, "path", path);
	jline_num(j, "type_id", 1);
	if (sha256.len > 0) {
		jline_raw(j, "hashes", STR("[{\"algorithm_id\":3,"
		    "\"algorithm\":\"SHA-256\",\"value\":"));
		jline_quote(j, sha256);
		jline_add(j, STR("}]"));
	}
	jline_close(j);
}

static void
print_process(struct jline *j, const struct audit_record *a)
{
	jline_open(j, "process");
	if (a->pid != 0)
		jline_unum(j, "pid", a->pid);
	if (a->exe.len > 0)
		print_file(j, "file", a->exe, a->sha256);
	if (a->kind == AUDIT_EXEC)
		jline_str_if(j, "cmd_line", a->action);
	jline_close(j);
}

static void
print_actor(struct jline *j, const struct audit_record *a,
    const struct audit_stamp *s)
{
	bool process = (a->pid != 0 || a->exe.len > 0) &&
	    a->kind != AUDIT_EXEC;

	jline_open(j, "actor");
	jline_str(j, "app_name", str_c(s->role));
	if (process)
		print_process(j, a);
	if (a->actor.len > 0) {
		jline_open(j, "user");
		jline_str(j, "name", a->actor);
		jline_close(j);
	}
	jline_close(j);
}

/* Profile security_control: what was decided, and by which rule. */
static void
print_control(struct jline *j, const struct audit_record *a)
{
	static const struct {
		uint32_t action, disposition;
	} ids[] = { [AUDIT_DENIED] = { 2, 2 }, [AUDIT_ALLOWED] = { 1, 1 },
		[AUDIT_OBSERVED] = { 3, 17 } };

	jline_unum(j, "action_id", ids[a->verdict].action);
	jline_unum(j, "disposition_id", ids[a->verdict].disposition);
	jline_bool(j, "is_alert", a->kind == AUDIT_FINDING);
	if (a->rule.len > 0) {
		jline_open(j, "firewall_rule");
		jline_str(j, "name", a->rule);
		jline_close(j);
	}
	if (a->policy_hash.len == 0)
		return;
	jline_open(j, "policy");
	jline_str(j, "uid", a->policy_hash);
	if (a->generation != 0) {
		char text[24];
		int n = snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)a->generation);

		jline_str(j, "version", str_of(text, (size_t)n));
	}
	jline_close(j);
}

/* ---- the parts that one class has ---- */

static void
print_endpoint(struct jline *j, const struct audit_record *a)
{
	jline_open(j, "dst_endpoint");
	jline_str_if(j, "hostname", a->host);
	jline_str_if(j, "ip", a->address);
	if (a->port != 0)
		jline_unum(j, "port", a->port);
	jline_close(j);
}

/* No action: a connection, so it is TCP. */
static void
print_protocol(struct jline *j, struct str action)
{
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = { { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 },
		{ "tcp", 6 }, { "", 6 } };
	uint64_t number;

	for (size_t i = 0; i < NELEM(known); i++)
		if (str_eqz(action, known[i].name)) {
			jline_unum(j, "protocol_num", known[i].number);
			return;
		}
	if (str_has_prefix(action, STR("ip-")) &&
	    str_u64(str_from(action, 3), 255, &number))
		jline_unum(j, "protocol_num", number);
}

static void
print_net(struct jline *j, const struct audit_record *a)
{
	print_endpoint(j, a);
	jline_open(j, "connection_info");
	jline_num(j, "direction_id", 2);
	jline_num(j, "boundary_id", 3);
	print_protocol(j, a->action);
	jline_close(j);
	if (a->kind != AUDIT_NET_CLOSE)
		return;
	jline_open(j, "traffic");
	jline_unum(j, "bytes_in", a->bytes_in);
	jline_unum(j, "bytes_out", a->bytes_out);
	jline_close(j);
}

static void
print_http(struct jline *j, const struct audit_record *a)
{
	print_endpoint(j, a);
	jline_open(j, "http_request");
	jline_str(j, "http_method", a->action);
	jline_open(j, "url");
	jline_str(j, "hostname", a->host);
	if (a->port != 0)
		jline_unum(j, "port", a->port);
	jline_str_if(j, "path", a->path);
	jline_close(j);
	jline_close(j);
	jline_open(j, "http_response");
	jline_unum(j, "code", a->status);
	jline_close(j);
	jline_open(j, "traffic");
	jline_unum(j, "bytes_in", a->bytes_in);
	jline_unum(j, "bytes_out", a->bytes_out);
	jline_close(j);
}

static void
print_dns(struct jline *j, const struct audit_record *a)
{
	print_endpoint(j, a);
	jline_open(j, "query");
	jline_str(j, "hostname", a->host);
	jline_close(j);
}

static void
print_life(struct jline *j, const struct audit_record *a)
{
	jline_raw(j, "app", STR("{\"name\":\"OpenShell\","
	    "\"vendor_name\":\"OpenShell\",\"version\":\""
	    OPENSHELL_VERSION "\"}"));
	if (str_eqz(a->action, "exit"))
		jline_unum(j, "exit_code", a->status);
}

static void
print_access(struct jline *j, const struct audit_record *a)
{
	jline_raw(j, "device", STR("{\"type_id\":0,\"name\":\"sandbox\"}"));
	print_file(j, "file", a->path, STR(""));
}

static void
print_exec(struct jline *j, const struct audit_record *a)
{
	jline_raw(j, "device", STR("{\"type_id\":0,\"name\":\"sandbox\"}"));
	print_process(j, a);
}

static void
print_command(struct jline *j, const struct audit_record *a)
{
	jline_raw(j, "device", STR("{\"type_id\":0,\"name\":\"sandbox\"}"));
	jline_open(j, "process");
	print_file(j, "file", a->path, STR(""));
	jline_str_if(j, "cmd_line", a->action);
	jline_close(j);
}

static void
print_entity(struct jline *j, const struct audit_record *a)
{
	bool policy = a->kind == AUDIT_POLICY;

	jline_open(j, "entity");
	jline_num(j, "type_id", policy ? 5 : 99);
	jline_str(j, "type", policy ? STR("Policy") : STR("Configuration"));
	jline_str(j, "name", policy ? STR("sandbox policy") :
				     STR("gateway configuration"));
	jline_str_if(j, "uid", a->old_hash.len > 0 ? a->old_hash :
						    a->policy_hash);
	jline_close(j);
	if (policy && a->policy_hash.len > 0) {
		jline_open(j, "entity_result");
		jline_num(j, "type_id", 5);
		jline_str(j, "uid", a->policy_hash);
		jline_close(j);
	}
}

static void
print_proposal(struct jline *j, const struct audit_record *a)
{
	jline_open(j, "entity");
	jline_num(j, "type_id", 99);
	jline_str(j, "type", STR("Proposal"));
	jline_str(j, "name", a->path);
	jline_str_if(j, "uid", a->rule);
	jline_close(j);
}

static void
print_finding(struct jline *j, const struct audit_record *a, uint64_t seq)
{
	char uid[32];
	int n = snprintf(uid, sizeof(uid), "finding-%llu",
	    (unsigned long long)seq);

	jline_open(j, "finding_info");
	jline_str(j, "uid", str_of(uid, (size_t)n));
	jline_str(j, "title", a->reason);
	jline_close(j);
}

/* ---- the whole ---- */

static void
print_class(struct jline *j, const struct audit_record *a)
{
	const struct kind *k = &kinds[a->kind];
	uint32_t activity = activity_of(a);

	jline_unum(j, "category_uid", k->class_uid / 1000);
	jline_unum(j, "class_uid", k->class_uid);
	jline_str(j, "class_name", str_c(k->class_name));
	jline_unum(j, "activity_id", activity);
	if (activity == 99)
		jline_str(j, "activity_name", a->action.len > 0 ? a->action :
								 STR("Other"));
	jline_unum(j, "type_uid", k->class_uid * 100 + activity);
	jline_num(j, "status_id", a->verdict == AUDIT_DENIED ? 2 : 1);
	jline_str_if(j, "status_detail", a->reason);
}

bool
audit_ocsf_print(struct buf *b, const struct audit_record *a,
    const struct audit_stamp *s)
{
	struct jline j = { .b = b };
	char when[RFC3339_BYTES];

	jline_open(&j, NULL);
	print_metadata(&j, a, s->seq);
	jline_num(&j, "time", a->when.v / 1000);
	jline_unum(&j, "severity_id", severity_of(a));
	print_unmapped(&j, a, s);
	jline_str(&j, "time_dt", str_c(clock_rfc3339(a->when, when)));
	print_class(&j, a);
	print_actor(&j, a, s);
	if (a->kind != AUDIT_LIFE && a->kind != AUDIT_EXEC)
		print_control(&j, a);
	if (a->kind == AUDIT_FINDING)
		print_finding(&j, a, s->seq);
	else if (kinds[a->kind].print != NULL)
		kinds[a->kind].print(&j, a);
	jline_close(&j);
	return !j.full && buf_add(b, "\n", 1);
}

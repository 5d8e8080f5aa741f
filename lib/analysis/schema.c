#include "analysis/schema.h"

#define END { NULL, NULL, NULL }
#define YESNO "allow|deny"

static const struct schema_key policy_keys[] = {
	{ "version", "1.0", "may be left out" },
	{ "agent_name", "word", "for people" },
	{ "policy_mode", "enforce|audit|permissive", "whether denials on the "
	    "network are enforced or recorded" },
	{ "extends", "[word]", "libraries and files that are part of this "
	    "policy" },
	{ "file_access", "@file_access", "what files a sandbox sees" },
	{ "network", "@network", "where it connects" },
	{ "commands", "@commands", "what it executes" },
	{ "inference", "@inference", "which models it calls, and by which "
	    "backend" },
	{ "resources", "@resources", "limits of amounts" },
	{ "labels", "[@label]", "how sensitive files are" },
	{ "process", "@process", "who it runs as" },
	{ "profiles", "{@profile}", "narrower policies, for some commands" },
	END
};

static const struct schema_key profile_keys[] = {
	{ "file_access", "@file_access", "" },
	{ "network", "@network", "" },
	{ "commands", "@commands", "" },
	{ "inference", "@inference", "" },
	{ "resources", "@resources", "" },
	END
};

/* ---- files */

static const struct schema_key file_keys[] = {
	{ "default_policy", YESNO, "what no rule names; default deny" },
	{ "system", "read-only|none|layered", "what of the host's system is "
	    "there" },
	{ "hide", "bool", "denied names are not listed" },
	{ "allow", "[@file_allow]", "" },
	{ "deny", "[@file_deny]", "" },
	END
};

static const struct schema_key file_allow_keys[] = {
	{ "path", "word", "/x/** is /x and all below" },
	{ "permissions", "[read|write]", "default read" },
	END
};

static const struct schema_key file_deny_keys[] = {
	{ "path", "word", "a folder's deny covers what is in it" },
	{ "permissions", "[read|write]", "default both" },
	{ "hide", "bool", "it is not listed" },
	END
};

/* ---- network */

static const struct schema_key network_keys[] = {
	{ "default_policy", YESNO, "default deny" },
	{ "allow", "[@entry]", "" },
	{ "egress", "[@entry]", "the same as allow" },
	{ "deny", "[@entry]", "beats every allow" },
	{ "rate_limits", "@rate_limits", "" },
	{ "inspect", "@inspect", "of every entry whose requests are seen" },
	{ "canaries", "[@canary]", "values that no request may hold" },
	END
};

static const struct schema_key entry_keys[] = {
	{ "endpoint", "word", "a name, *.name, or an address or range" },
	{ "destination", "word", "the same as endpoint" },
	{ "ports", "[port]", "default 443; of a deny, all" },
	{ "protocols", "[https|http|wss|ws|grpc|h2c|tls|smtps|imaps|pop3s|ldaps|"
	    "amqps|tcp|ssh|smtp|imap|pop3|ldap|git|postgres|mysql|mssql|"
	    "redis|mongodb|amqp]", "default what the port stands for" },
	{ "methods", "[word]", "default all; GET includes HEAD" },
	{ "paths", "[word]", "default all" },
	{ "binaries", "[word]", "programs that may; default all" },
	{ "allowed_ips", "[word]", "addresses that the name may lead to" },
	{ "rate_limits", "@rate_limits", "" },
	{ "inspect", "@inspect", "secrets and personal data in requests" },
	{ "encoded_slash", "deny|keep|decode", "what %2F in a path is" },
	{ "when", "word", "a condition" },
	{ "query", "{word/[word]/@pattern}", "by name, what it must be" },
	{ "headers", "{word/[word]/@pattern}", "" },
	{ "graphql", "@graphql", "" },
	{ "json_rpc", "@json_rpc", "" },
	{ "mcp", "@mcp", "" },
	{ "git", "@git", "" },
	{ "sql", "@sql", "" },
	END
};

static const struct schema_key inspect_keys[] = {
	{ "secrets", "log|redact|block", "credentials by their shape" },
	{ "personal", "log|redact|block", "cards, accounts, persons' numbers" },
	{ "addresses", "log|redact|block", "e-mail" },
	{ "generic", "log|redact|block", "what is assigned to such a name" },
	{ "canaries", "log|redact|block", "default block where there are any" },
	{ "responses", "log|redact|block", "canaries that come back" },
	END
};

static const struct schema_key canary_keys[] = {
	{ "name", "word", "for records" },
	{ "value", "word", "8 to 512 bytes" },
	END
};

static const struct schema_key rate_keys[] = {
	{ "max_requests_per_minute", "count", "" },
	{ "max_data_egress_mb", "count", "per period" },
	{ "period", "amount", "default 1h" },
	END
};

static const struct schema_key pattern_keys[] = {
	{ "any", "[word]", "one of these patterns" },
	{ "glob", "word", "this pattern" },
	{ "optional", "bool", "need not be there" },
	{ "forbidden", "bool", "must not be there" },
	END
};

static const struct schema_key graphql_keys[] = {
	{ "operations", "[query|mutation|subscription]", "" },
	{ "names", "[word]", "" },
	{ "fields", "[word]", "of the root, or viewer.login below it" },
	END
};

static const struct schema_key json_rpc_keys[] = {
	{ "methods", "[word]", "" },
	{ "params", "{word/[word]/@pattern}", "" },
	END
};

static const struct schema_key mcp_keys[] = {
	{ "methods", "[word]", "" },
	{ "tools", "[word]", "" },
	{ "arguments", "{word/[word]/@pattern}", "" },
	END
};

static const struct schema_key git_keys[] = {
	{ "operations", "[fetch|push|delete]", "" },
	{ "repositories", "[word]", "" },
	{ "refs", "[word]", "" },
	END
};

static const struct schema_key sql_keys[] = {
	{ "statements", "[word]", "" },
	{ "tables", "[word]", "" },
	END
};

/* ---- commands */

static const struct schema_key commands_keys[] = {
	{ "default_policy", YESNO, "default deny" },
	{ "unreviewed_code", "deny|ask|audit|allow", "what was made inside" },
	{ "allow", "[word/@command]", "" },
	{ "deny", "[word/@command]", "beats every allow" },
	{ "audit", "[word/@command]", "allowed, and always recorded" },
	END
};

static const struct schema_key command_keys[] = {
	{ "command", "word", "a name or a path" },
	{ "args_pattern", "word", "tokens, parted by blanks" },
	{ "args", "[word]", "the same, with blanks in them" },
	{ "env", "@env", "what of its environment" },
	{ "profile", "word", "the narrower policy that it runs under" },
	{ "when", "word", "a condition" },
	END
};

static const struct schema_key env_keys[] = {
	{ "forbid", "[word]", "" },
	{ "pin", "{word}", "" },
	END
};

/* ---- inference */

static const struct schema_key inference_keys[] = {
	{ "router", "@router", "" },
	{ "backends", "{@backend}", "" },
	{ "budgets", "[@budget]", "" },
	END
};

static const struct schema_key router_keys[] = {
	{ "default", "word/@default", "a backend's name" },
	{ "rules", "[@route]", "" },
	{ "backends", "{@backend}", "" },
	{ "budgets", "[@budget]", "" },
	END
};

static const struct schema_key default_keys[] = {
	{ "route", "word", "" },
	END
};

static const struct schema_key route_keys[] = {
	{ "id", "word", "" },
	{ "name", "word", "" },
	{ "condition", "word", "" },
	{ "route", "word", "a backend's name" },
	{ "action", "route|deny|redact", "" },
	{ "then", "continue", "" },
	{ "fallback", "word", "" },
	{ "limits", "@limits", "" },
	END
};

static const struct schema_key limits_keys[] = {
	{ "max_output_tokens", "amount", "" },
	{ "max_input_tokens", "amount", "" },
	{ "cost", "amount", "" },
	{ "timeout", "amount", "" },
	END
};

static const struct schema_key backend_keys[] = {
	{ "kind", "word", "" },
	{ "url", "word", "" },
	{ "locality", "local|site|frontier", "" },
	{ "region", "word", "" },
	{ "retention", "zdr|kept", "" },
	{ "key", "any", "vault:NAME or provider:NAME" },
	{ "models", "{word}", "what the agent calls it, and what it is" },
	{ "require_no_cloud", "bool", "" },
	END
};

static const struct schema_key budget_keys[] = {
	{ "scope", "request|session|agent|sandbox|user|global", "" },
	{ "window", "amount", "" },
	{ "tokens", "amount", "" },
	{ "cost", "amount", "" },
	{ "on_exceed", "any", "deny, or {route: NAME}" },
	END
};

/* ---- the rest */

static const struct schema_key resources_keys[] = {
	{ "max_cpu_percent", "count", "of one core" },
	{ "max_memory_mb", "count", "" },
	{ "max_processes", "count", "" },
	{ "max_file_size_mb", "count", "" },
	{ "max_open_files", "count", "" },
	{ "max_disk_mb", "count", "" },
	{ "max_execution_time_seconds", "count", "" },
	{ "scope", "sandbox|command", "of max_execution_time_seconds" },
	{ "max_concurrent_tools", "count", "" },
	{ "max_output_tokens", "count", "" },
	{ "watchdog", "@watchdog", "" },
	END
};

static const struct schema_key watchdog_keys[] = {
	{ "enabled", "bool", "" },
	{ "check_interval_seconds", "count", "" },
	{ "kill_on_violation", "bool", "" },
	END
};

static const struct schema_key label_keys[] = {
	{ "path", "word", "" },
	{ "label", "word/[word]", "" },
	{ "sensitivity", "public|internal|high|secret|low|medium|"
	    "confidential|restricted", "" },
	END
};

static const struct schema_key process_keys[] = {
	{ "run_as_user", "any", "" },
	{ "run_as_group", "any", "" },
	{ "isolation", "@isolation", "" },
	END
};

static const struct schema_key isolation_keys[] = {
	{ "minimum", "word", "" },
	END
};

#define IN_ENTRY(key) "network: {allow: [{" key ": {%s}}]}\n"

const struct schema_shape schema_shapes[] = {
	{ "policy", "%s\n", policy_keys, NULL, "a policy" },
	{ "profile", "profiles: {p: {%s}}\n", profile_keys, NULL, "" },
	{ "file_access", "file_access: {%s}\n", file_keys, NULL, "" },
	{ "file_allow", "file_access: {allow: [{%s}]}\n", file_allow_keys,
	    "path", "" },
	{ "file_deny", "file_access: {deny: [{%s}]}\n", file_deny_keys,
	    "path", "" },
	{ "network", "network: {%s}\n", network_keys, NULL, "" },
	{ "entry", "network: {allow: [{%s}]}\n", entry_keys, NULL, "all keys "
	    "must agree with a request; endpoint is needed" },
	{ "rate_limits", "network: {rate_limits: {%s}}\n", rate_keys, NULL,
	    "" },
	{ "inspect", "network: {inspect: {%s}}\n", inspect_keys, NULL, "" },
	{ "canary", "network: {canaries: [{%s}]}\n", canary_keys, NULL, "" },
	{ "pattern", "network: {allow: [{query: {x: {%s}}}]}\n",
	    pattern_keys, NULL, "" },
	{ "graphql", IN_ENTRY("graphql"), graphql_keys, NULL, "" },
	{ "json_rpc", IN_ENTRY("json_rpc"), json_rpc_keys, NULL, "" },
	{ "mcp", IN_ENTRY("mcp"), mcp_keys, NULL, "" },
	{ "git", IN_ENTRY("git"), git_keys, NULL, "" },
	{ "sql", IN_ENTRY("sql"), sql_keys, NULL, "" },
	{ "commands", "commands: {%s}\n", commands_keys, NULL, "" },
	{ "command", "commands: {allow: [{%s}]}\n", command_keys, "command",
	    "" },
	{ "env", "commands: {allow: [{command: x, env: {%s}}]}\n", env_keys,
	    NULL, "" },
	{ "inference", "inference: {%s}\n", inference_keys, NULL, "" },
	{ "router", "inference: {router: {%s}}\n", router_keys, NULL, "" },
	{ "default", "inference: {router: {default: {%s}}}\n", default_keys,
	    NULL, "" },
	{ "route", "inference: {router: {rules: [{%s}]}}\n", route_keys, NULL,
	    "" },
	{ "limits", "inference: {router: {rules: [{limits: {%s}}]}}\n",
	    limits_keys, NULL, "" },
	{ "backend", "inference: {backends: {x: {%s}}}\n", backend_keys, NULL,
	    "" },
	{ "budget", "inference: {budgets: [{%s}]}\n", budget_keys, NULL, "" },
	{ "resources", "resources: {%s}\n", resources_keys, NULL, "" },
	{ "watchdog", "resources: {watchdog: {%s}}\n", watchdog_keys, NULL,
	    "" },
	{ "label", "labels: [{%s}]\n", label_keys, "path", "" },
	{ "process", "process: {%s}\n", process_keys, NULL, "" },
	{ "isolation", "process: {isolation: {%s}}\n", isolation_keys, NULL,
	    "" },
	{ NULL, NULL, NULL, NULL, NULL },
};

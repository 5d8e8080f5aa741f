/* t_policy_text.c -- what is refused in a policy, where, and in which words. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/compile.h"

#define CHECK POLICY_STAGE_CHECK
#define ENFORCE POLICY_STAGE_ENFORCE

static const struct {
	const char *what, *yaml;
	enum policy_stage stage;
	const char *want; /* begins the first diagnostic; NULL: none */
} cases[] = {
	/* ---- YAML */
	{ "nothing is a policy, and worth a word", "", CHECK,
	    "p.yaml: warning: this policy is empty" },
	{ "a comment alone too", "# nothing\n", CHECK,
	    "p.yaml: warning: this policy is empty" },
	{ "a list is no policy", "- a\n", CHECK,
	    "p.yaml:1:1: error: a policy must be a map" },
	{ "a tab indents nothing", "network:\n\tallow: []\n", CHECK,
	    "p.yaml:2:1: error: a tab as indentation" },
	{ "nor does one after a blank", "network:\n \tallow: []\n", CHECK,
	    "p.yaml:2:2: error: a tab as indentation" },
	{ "a key stands once", "network: {}\nnetwork: {}\n", CHECK,
	    "p.yaml:2:1: error: key \"network\" stands here twice: first in "
	    "line 1" },
	{ "however deep", "network:\n  allow:\n    - endpoint: a.test\n"
	    "      endpoint: b.test\n", CHECK,
	    "p.yaml:4:7: error: key \"endpoint\" stands here twice" },
	{ "however it is quoted", "{\"network\": {}, 'network': {}}", CHECK,
	    "p.yaml:1:18: error: key \"network\"" },
	{ "a second document is refused", "network: {}\n---\nnetwork: {}\n",
	    CHECK, "p.yaml:2:1: error: a second document" },
	{ "a tag is refused", "network: !!map {}\n", CHECK,
	    "p.yaml:1:16: error: tags are not used" },
	{ "a NUL is refused", "network: \"\x01\"\n", CHECK,
	    "p.yaml:1:11: error: a control character" },
	{ "bytes that are not UTF-8 are refused", "network: \xff\n", CHECK,
	    "p.yaml:1:10: error: a control character" },
	{ "a direction mark is refused", "network: {} # \xe2\x80\xae\n",
	    CHECK, "p.yaml:1:15: error: a control character" },
	{ "an open bracket is refused", "network: {allow: [\n", CHECK,
	    "p.yaml:" },
	{ "an open quote is refused", "policy_mode: \"enforce\n", CHECK,
	    "p.yaml:" },
	{ "an alias of nothing is refused", "network: *x\n", CHECK,
	    "p.yaml:1:11: error: an alias of an anchor that is not there" },
	{ "an alias of itself is refused", "network: &x\n  allow: *x\n",
	    CHECK, "p.yaml:2:11: error: an alias of what it stands in" },
	{ "an alias may be used",
	    "network:\n  allow:\n    - &a {endpoint: a.test}\n    - *a\n",
	    ENFORCE, NULL },
	{ "merge keys are keys, and not ours",
	    "network:\n  <<: {allow: []}\n", CHECK,
	    "p.yaml:2:3: error: unknown key \"<<\"" },
	{ "a map is no key", "? {a: b}\n: c\n", CHECK, "p.yaml:1:3: error: " },

	/* ---- keys and types */
	{ "an unknown key is an error, with the nearest",
	    "netwrok: {}\n", CHECK, "p.yaml:1:1: error: unknown key "
	    "\"netwrok\" in a policy: did you mean \"network\"?" },
	{ "the same letters in another order are near",
	    "policy_mode: aduti\n", CHECK, "p.yaml:1:14: error: "
	    "policy_mode cannot be \"aduti\": did you mean \"audit\"?" },
	{ "what it is called elsewhere is known",
	    "network: {allow: [{host: a.test}]}\n", CHECK,
	    "p.yaml:1:20: error: unknown key \"host\" in an allow: did you "
	    "mean \"endpoint\"?" },
	{ "in each section by that section's word",
	    "file_access: {allow: [{path: /x, access: read}]}\n", CHECK,
	    "p.yaml:1:34: error: unknown key \"access\" in an allow: did you "
	    "mean \"permissions\"?" },
	{ "or the list when none is near", "x: {}\n", CHECK,
	    "p.yaml:1:1: error: unknown key \"x\" in a policy: known are "
	    "version, agent_name" },
	{ "in every section", "resources:\n  max_memory: 5\n", CHECK,
	    "p.yaml:2:3: error: unknown key \"max_memory\" in resources: did "
	    "you mean \"max_memory_mb\"?" },
	{ "in every entry", "network:\n  allow:\n    - endpoint: a.test\n"
	    "      port: 443\n", CHECK,
	    "p.yaml:4:7: error: unknown key \"port\" in an allow: did you "
	    "mean \"ports\"?" },
	{ "case is a mistake too", "Network: {}\n", CHECK,
	    "p.yaml:1:1: error: unknown key \"Network\" in a policy: did you "
	    "mean \"network\"?" },
	{ "a section of the wrong type", "network: 5\n", CHECK,
	    "p.yaml:1:10: error: network must be a map of keys, and this is "
	    "a number" },
	{ "an empty section", "network:\n", CHECK,
	    "p.yaml:1:1: error: network must be a map of keys, and this is "
	    "nothing" },
	{ "a word where a list belongs, with the fix",
	    "network: {allow: [{endpoint: a.test, methods: GET}]}", CHECK,
	    "p.yaml:1:47: error: methods must be a list: write [GET]" },
	{ "a boolean where a word belongs", "agent_name: true\n", CHECK,
	    "p.yaml:1:13: error: agent_name must be a word, and this is true "
	    "or false: write \"true\"" },
	{ "a word where a number belongs",
	    "resources: {max_memory_mb: lots}", CHECK,
	    "p.yaml:1:28: error: max_memory_mb must be a number" },
	{ "a number that is quoted is a word",
	    "resources: {max_memory_mb: \"5\"}", CHECK, "p.yaml:1:" },
	{ "a negative limit", "resources: {max_memory_mb: -5}", CHECK,
	    "p.yaml:1:28: error: max_memory_mb must be a whole number" },
	{ "the other version as a number", "version: 2\n", CHECK,
	    "p.yaml:1:10: error: version must be \"1.0\", or 1" },
	{ "1.0 without quotes", "version: 1.0\n", CHECK,
	    "p.yaml:1:10: error: version must be a word: write \"1.0\"" },
	{ "1 as a word", "version: \"1\"\n", CHECK,
	    "p.yaml:1:11: error: version must be" },
	{ "1.0 as a word is right", "version: \"1.0\"\n", ENFORCE, NULL },
	{ "an unknown mode", "policy_mode: enforced\n", CHECK,
	    "p.yaml:1:14: error: policy_mode cannot be \"enforced\": did you "
	    "mean \"enforce\"?" },
	{ "the older schema without its version",
	    "network_policies: {}\n", CHECK,
	    "p.yaml:1:1: error: \"network_policies\" belongs to the older "
	    "schema: add \"version: 1\"" },

	/* ---- network */
	{ "an entry without host", "network: {allow: [{ports: [443]}]}",
	    CHECK, "p.yaml:1:19: error: an entry needs endpoint" },
	{ "a host said twice", "network: {allow: [{endpoint: a.test, "
	    "destination: a.test}]}", CHECK,
	    "p.yaml:1:51: error: endpoint and destination are the same" },
	{ "a star alone in an allow", "network: {allow: [{endpoint: "
	    "\"*\"}]}", CHECK,
	    "p.yaml:1:31: error: an allow names its hosts" },
	{ "a whole top-level domain", "network: {allow: [{endpoint: "
	    "\"*.com\"}]}", CHECK, "p.yaml:1:31: error: \"*.com\" would "
	    "allow a whole top-level domain" },
	{ "a star inside a name", "network: {allow: [{endpoint: "
	    "\"a.*.test\"}]}", CHECK,
	    "p.yaml:1:31: error: a star stands for whole labels" },
	{ "a star inside a label", "network: {allow: [{endpoint: "
	    "\"x*.a.test\"}]}", CHECK, "p.yaml:1:31: error: a star" },
	{ "a URL", "network: {allow: [{endpoint: "
	    "\"https://a.test/x\"}]}", CHECK,
	    "p.yaml:1:31: error: a host, not a URL" },
	{ "a path", "network: {allow: [{endpoint: a.test/x}]}", CHECK,
	    "p.yaml:1:30: error: \"a.test/x\" is neither a host nor" },
	{ "a port", "network: {allow: [{endpoint: \"a.test:80\"}]}", CHECK,
	    "p.yaml:1:31: error: \"a.test:80\" is not a host: write the port "
	    "under ports: [80]" },
	{ "brackets", "network: {allow: [{endpoint: \"[::1]\"}]}", CHECK,
	    "p.yaml:1:31: error: an IPv6 address is written without" },
	{ "other scripts are written in their xn-- form",
	    "network: {allow: [{endpoint: b\xc3\xbc""cher.test}]}", CHECK,
	    "p.yaml:1:30: error: " },
	{ "an empty label", "network: {allow: [{endpoint: a..test}]}", CHECK,
	    "p.yaml:1:30: error: \"a..test\" is not a host" },
	{ "an address in octal is no host", "network: {allow: [{endpoint: "
	    "010.0.0.1}]}", CHECK, "p.yaml:1:30: error: " },
	{ "a hex number is no host", "network: {allow: [{endpoint: "
	    "\"0x7f000001\"}]}", CHECK, "p.yaml:1:31: error: " },
	{ "all addresses at once", "network: {allow: [{endpoint: "
	    "0.0.0.0/0}]}", CHECK, "p.yaml:1:30: error: 0.0.0.0/0 holds more "
	    "than one kind of address" },
	{ "a port beyond the last", "network: {allow: [{endpoint: a.test, "
	    "ports: [65536]}]}", CHECK, "p.yaml:1:46: error: a port must be "
	    "a whole number from 1 to 65535" },
	{ "port 0", "network: {allow: [{endpoint: a.test, ports: [0]}]}",
	    CHECK, "p.yaml:1:46: error: a port must be" },
	{ "an empty list", "network: {allow: [{endpoint: a.test, ports: "
	    "[]}]}", CHECK, "p.yaml:1:45: error: ports is an empty list" },
	{ "an unknown protocol", "network: {allow: [{endpoint: a.test, "
	    "protocols: [htps]}]}", CHECK, "p.yaml:1:50: error: a protocol "
	    "cannot be \"htps\": did you mean \"https\"?" },
	{ "a method in lower case", "network: {allow: [{endpoint: a.test, "
	    "methods: [get]}]}", CHECK, "p.yaml:1:48: error: methods are "
	    "case-sensitive: write GET" },
	{ "a method that is none", "network: {allow: [{endpoint: a.test, "
	    "methods: [\"G T\"]}]}", CHECK,
	    "p.yaml:1:49: error: \"G T\" is not a method" },
	{ "a path that does not begin", "network: {allow: [{endpoint: "
	    "a.test, paths: [x]}]}", CHECK, "p.yaml:1:46: error: path "
	    "\"x\": a path begins with /" },
	{ "a path with dots", "network: {allow: [{endpoint: a.test, paths: "
	    "[/a/../b]}]}", CHECK, "p.yaml:1:46: error: path \"/a/../b\": "
	    "dot segments" },
	{ "a path with an empty segment", "network: {allow: [{endpoint: "
	    "a.test, paths: [/a//b]}]}", CHECK, "p.yaml:1:46: error: " },
	{ "a path with a query", "network: {allow: [{endpoint: a.test, "
	    "paths: [\"/a?b\"]}]}", CHECK, "p.yaml:1:47: error: path "
	    "\"/a?b\": a path ends before '?'" },
	{ "a path with an escape that is none needed", "network: {allow: "
	    "[{endpoint: a.test, paths: [/%61]}]}", CHECK,
	    "p.yaml:1:46: error: path \"/%61\": it escapes a character that "
	    "stands for itself" },
	{ "also of what may stand in a path", "network: {allow: "
	    "[{endpoint: a.test, paths: [/a%3Ab]}]}", CHECK,
	    "p.yaml:1:46: error: path \"/a%3Ab\": it escapes a character "
	    "that stands for itself" },
	{ "a path with an encoded slash", "network: {allow: "
	    "[{endpoint: a.test, paths: [/a%2Fb]}]}", CHECK,
	    "p.yaml:1:46: error: path \"/a%2Fb\": an encoded slash needs "
	    "encoded_slash: allow beside the paths" },
	{ "an escape in lower case", "network: {allow: "
	    "[{endpoint: a.test, paths: [/%c3%9f]}]}", CHECK,
	    "p.yaml:1:46: error: path \"/%c3%9f\": % must be followed by" },
	{ "an escape that is needed", "network: {allow: "
	    "[{endpoint: a.test, paths: [/%C3%9F%3B%20]}]}", ENFORCE, NULL },
	{ "methods where nobody looks", "network: {allow: [{endpoint: "
	    "a.test, protocols: [tcp], methods: [GET]}]}", CHECK,
	    "p.yaml:1:19: error: methods, paths and what else is asked of a "
	    "request need a protocol that is inspected" },
	{ "canaries", "network: {canaries: [{name: a, value: 12345678}, "
	    "{name: b, value: \"twelve bytes\"}]}", CHECK,
	    "p.yaml:1:39: error: value must be a word" },
	{ "a canary", "network: {canaries: [{name: a, value: \"12345678\"}]}",
	    ENFORCE, NULL },
	{ "a canary that is too short", "network: {canaries: [{name: a, "
	    "value: seven77}]}", CHECK, "p.yaml:1:39: error: the value of a "
	    "canary has 8 to 512 bytes" },
	{ "a canary without a name", "network: {canaries: [{value: "
	    "eight888}]}", CHECK, "p.yaml:1:22: error: a canary needs a name "
	    "and a value" },
	{ "two canaries of one name", "network: {canaries: [{name: a, value: "
	    "eight888}, {name: a, value: eight889}]}", CHECK,
	    "p.yaml:1:50: error: two canaries have the same name" },
	{ "a canary that is said twice alike", "network: {canaries: [{name: a, "
	    "value: eight888}, {name: a, value: eight888}]}", ENFORCE, NULL },
	{ "canaries where what no entry is for passes", "network: {canaries: "
	    "[{name: a, value: eight888}], default_policy: allow}", CHECK,
	    "p.yaml:1:21: error: what default_policy: allow in p.yaml:1 lets "
	    "pass is of no entry, and would not be inspected" },
	{ "canaries of a profile", "profiles: {p: {network: {canaries: [{name: "
	    "a, value: eight888}]}}}\ncommands: {allow: [{command: git, "
	    "profile: p}]}", ENFORCE, "p.yaml:1:36: error: not "
	    "enforced by this version: canaries in a profile" },
	{ "allowed_ips in a deny", "network: {deny: [{endpoint: a.test, "
	    "allowed_ips: [10.0.0.1]}]}", CHECK, "p.yaml:1:50: error: "
	    "allowed_ips permits" },
	{ "two defaults", "network: {default_policy: allow, deny: "
	    "[{endpoint: \"*\"}]}", CHECK, "p.yaml:1:41: error: this denies "
	    "what no rule allows, and default_policy" },

	/* ---- what this version does not enforce */
	{ "commands are checked", "commands: {allow: [5]}", CHECK,
	    "p.yaml:1:20: error: a command must be a word" },
	{ "commands are enforced", "commands: {allow: [ls], deny: [{command: "
	    "rm, when: 'tty && callers.size() > 1 && time_of_day < 5h'}]}\n",
	    ENFORCE, NULL },
	{ "a person's word on code is, too", "commands: {unreviewed_code: "
	    "ask}", ENFORCE, NULL },
	{ "but no fact that the broker cannot say", "commands: {allow: "
	    "[{command: ls, when: 'context_sensitivity < high'}]}", ENFORCE,
	    "p.yaml:1:41: error: not enforced by this version: fact "
	    "context_sensitivity" },
	{ "a fact that egress cannot say",
	    "network: {allow: [{endpoint: a.test, when: 'port == 443 && "
	    "labels.size() > 1'}]}", ENFORCE, "p.yaml:1:60: error: not "
	    "enforced by this version: fact labels" },
	{ "those that it can are enforced",
	    "network: {allow: [{endpoint: a.test, when: 'method == \"GET\" "
	    "&& port != 80 && exe.endsWith(\"x\")'}]}", ENFORCE, NULL },
	{ "a condition about requests where none are seen",
	    "network: {allow: [{endpoint: a.test, protocols: [tcp], when: "
	    "'method == \"GET\"'}]}", CHECK, "p.yaml:1:63: error: what this "
	    "asks of a request is seen only" },
	{ "a condition that is none, in an entry",
	    "network: {allow: [{endpoint: a.test, when: 'metod == 5'}]}",
	    CHECK, "p.yaml:1:45: error: no such fact: did you mean "
	    "\"method\"?" },
	{ "a condition of an allow without a fact",
	    "network: {allow: [{endpoint: a.test, when: '!has(exe)'}]}",
	    CHECK, "p.yaml:1:46: error: without this fact the rule would "
	    "grant" },
	{ "nor is inference", "inference: {}\n", ENFORCE,
	    "p.yaml:1:1: error: not enforced by this version: inference" },
	{ "nor are resources", "resources: {}\n", ENFORCE,
	    "p.yaml:1:1: error: not enforced by this version: resources" },
	{ "nor labels", "labels: []\n", ENFORCE,
	    "p.yaml:1:1: error: not enforced by this version: labels" },
	{ "a period of nothing", "network: {rate_limits: {period: 2h}}",
	    ENFORCE, "p.yaml:1:33: error: period is that of "
	    "max_data_egress_mb" },
	{ "a rate of a deny", "network: {deny: [{endpoint: a.test, "
	    "rate_limits: {max_requests_per_minute: 5}}]}", ENFORCE,
	    "p.yaml:1:50: error: rate_limits permits so much" },
	{ "inspection of a deny", "network: {deny: [{endpoint: a.test, "
	    "inspect: {secrets: block}}]}", ENFORCE,
	    "p.yaml:1:46: error: inspect looks at what is allowed" },
	{ "another act", "network: {inspect: {secrets: hide}}", ENFORCE,
	    "p.yaml:1:30: error: " },
	{ "inspection of bytes that pass", "network: {allow: [{endpoint: "
	    "a.test, protocols: [tcp], inspect: {secrets: block}}]}", ENFORCE,
	    "p.yaml:1:19: error: inspect needs a protocol whose" },
	{ "inspection of what no entry names", "network: {default_policy: "
	    "allow, inspect: {secrets: block}}", ENFORCE,
	    "p.yaml:1:43: error: what default_policy: allow" },
	{ "a ref by its short name", "network: {allow: [{endpoint: a.test, "
	    "git: {refs: [main]}}]}", ENFORCE,
	    "p.yaml:1:51: error: a ref is named in full: write "
	    "refs/heads/main" },
	{ "a query that asks nothing", "network: {allow: [{endpoint: a.test, "
	    "query: {}}]}", CHECK, "p.yaml:1:45: error: query is empty" },
	{ "a value that is nothing", "network: {allow: [{endpoint: a.test, "
	    "query: {a: {}}}]}", CHECK, "p.yaml:1:49: error: a value is one of any" },
	{ "a value forbidden and not", "network: {allow: [{endpoint: a.test, "
	    "query: {a: {any: [b], forbidden: true}}}]}", CHECK,
	    "p.yaml:1:49: error: what is forbidden has no values" },
	{ "forbidden in a deny", "network: {deny: [{endpoint: a.test, "
	    "query: {a: {forbidden: true}}}]}", CHECK,
	    "p.yaml:1:60: error: a deny is about what is there" },
	{ "a field of the proxy's own", "network: {allow: [{endpoint: a.test, "
	    "headers: {Host: a}}]}", CHECK,
	    "p.yaml:1:48: error: host is written by the proxy itself" },
	{ "no field's name", "network: {allow: [{endpoint: a.test, "
	    "headers: {\"a b\": a}}]}", CHECK,
	    "p.yaml:1:49: error: \"a b\" is not the name of a field" },
	{ "an operation of git that is none", "network: {allow: [{endpoint: "
	    "a.test, git: {operations: [clone]}}]}", CHECK,
	    "p.yaml:1:57: error: operations cannot be \"clone\"" },
	{ "sql over HTTP", "network: {allow: [{endpoint: a.test, protocols: "
	    "[https], sql: {statements: [select]}}]}", CHECK,
	    "p.yaml:1:19: error: sql needs the protocol of a database" },
	{ "encoded_slash in a deny", "network: {deny: [{endpoint: a.test, "
	    "encoded_slash: allow}]}", CHECK,
	    "p.yaml:1:52: error: encoded_slash permits" },

	/* ---- files */
	{ "a relative path", "file_access: {allow: [{path: a/b}]}", CHECK,
	    "p.yaml:1:30: error: path \"a/b\": it must be absolute" },
	{ "a home", "file_access: {allow: [{path: ~/x}]}", CHECK,
	    "p.yaml:1:30: error: path \"~/x\": the home inside is" },
	{ "dots", "file_access: {allow: [{path: /a/../b}]}", CHECK,
	    "p.yaml:1:30: error: path \"/a/../b\": it has a dot" },
	{ "a final slash", "file_access: {allow: [{path: /a/}]}", CHECK,
	    "p.yaml:1:30: error: path \"/a/\": it ends in /" },
	{ "a permission that is none", "file_access: {allow: [{path: /a, "
	    "permissions: [execute]}]}", CHECK, "p.yaml:1:48: error: a "
	    "permission cannot be \"execute\": it is one of read, write" },
	{ "a tree", "file_access: {allow: [{path: /srv/**}]}", ENFORCE,
	    NULL },
	{ "a glob is of the language", "file_access: {allow: [{path: "
	    "/srv/*.x}]}", CHECK, NULL },
	{ "and held by the gate", "file_access: {allow: [{path: "
	    "/srv/*.x}]}", ENFORCE, NULL },
	{ "a deny of what is not shown", "file_access: {deny: [{path: "
	    "/root/**}, {path: /etc/shadow}]}", ENFORCE, NULL },
	{ "a deny of a pattern", "file_access: {deny: [{path: "
	    "\"**/.ssh/**\"}]}", ENFORCE, NULL },
	{ "a deny inside an allowed tree", "file_access: {allow: [{path: "
	    "/srv/**}], deny: [{path: /srv/x/**}]}", ENFORCE, NULL },
	{ "a deny around an allow leaves nothing of it", "file_access: "
	    "{allow: [{path: /srv/x/**}], deny: [{path: /srv/**}]}", ENFORCE,
	    "p.yaml:1:30: warning: denied in p.yaml:1, so it grants "
	    "nothing" },
	{ "a deny in the sandbox's own /tmp", "file_access: {deny: [{path: "
	    "/tmp/x}]}", ENFORCE, NULL },
	{ "a deny that holds the home", "file_access: {deny: [{path: "
	    "/home/**}]}", ENFORCE, NULL },
	{ "somebody's home is not the sandbox's", "file_access: {deny: "
	    "[{path: /home/alice/**}]}", ENFORCE, NULL },
	{ "the whole root", "file_access: {allow: [{path: /**}]}", ENFORCE,
	    "p.yaml:1:30: error: not enforced by this version: a grant of "
	    "the whole root" },
	{ "the kernel's own trees", "file_access: {allow: [{path: "
	    "/sys/**}]}", ENFORCE, "p.yaml:1:30: error: not enforced by this "
	    "version: a grant in /sys" },
	{ "password hashes are never shown", "file_access: {allow: [{path: "
	    "/etc/shadow}]}", ENFORCE, "p.yaml:1:30: error: not enforced by "
	    "this version: a grant of /etc/shadow" },
	{ "nor as part of a tree to write", "file_access: {allow: [{path: "
	    "/etc/**, permissions: [read, write]}]}", ENFORCE,
	    "p.yaml:1:30: error: not enforced by this version: a grant of "
	    "/etc/shadow" },
	{ "reading /etc is the baseline's, which leaves them out",
	    "file_access: {allow: [{path: /etc/**}]}", ENFORCE, NULL },

	{ "no pattern at all", "file_access: {allow: [{path: \"**\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"**\": it must be absolute, or "
	    "begin with **/" },
	{ "** within a name", "file_access: {allow: [{path: \"/a/b**\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"/a/b**\": ** stands for whole "
	    "components" },
	{ "three stars", "file_access: {allow: [{path: \"/a/***/b\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"/a/***/b\": ** stands for "
	    "whole components" },
	{ "an empty component", "file_access: {allow: [{path: /a//b}]}",
	    CHECK, "p.yaml:1:30: error: path \"/a//b\": it has an empty" },
	{ "an open class", "file_access: {allow: [{path: \"/a/[b\"}]}", CHECK,
	    "p.yaml:1:31: error: path \"/a/[b\": its [ is not closed: write "
	    "[[] for the character" },
	{ "a class that closes nothing", "file_access: {allow: [{path: "
	    "\"/a/b]\"}]}", CHECK, "p.yaml:1:31: error: path \"/a/b]\": its ] "
	    "closes nothing" },
	{ "a range backwards", "file_access: {allow: [{path: "
	    "\"/a/[z-a]\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/[z-a]\": a range in its [] goes backwards" },
	{ "a slash in a class", "file_access: {allow: [{path: "
	    "\"/a/[.-0]\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/[.-0]\": its [] holds /" },
	{ "the other negation", "file_access: {allow: [{path: "
	    "\"/a/[^b]\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/[^b]\": [^...] differs between shells: write [!...]" },
	{ "a class by no name", "file_access: {allow: [{path: "
	    "\"/a/[[:word:]]\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/[[:word:]]\": its [:class:] is none of alnum" },
	{ "a letter beyond ASCII in a class", "file_access: {allow: [{path: "
	    "\"/a/[\xc3\xa9]\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/[\xc3\xa9]\": a class holds ASCII alone" },
	{ "dots in disguise", "file_access: {allow: [{path: "
	    "\"/a/[.].\"}]}", CHECK, "p.yaml:1:31: error: path \"/a/[.].\": "
	    "it has a dot component" },
	{ "an open brace", "file_access: {allow: [{path: \"/a/{b,c\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"/a/{b,c\": its { is not "
	    "closed" },
	{ "a brace that closes nothing", "file_access: {allow: [{path: "
	    "\"/a/b}\"}]}", CHECK, "p.yaml:1:31: error: path \"/a/b}\": its } "
	    "closes nothing" },
	{ "one alternative", "file_access: {allow: [{path: \"/a/{b}\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"/a/{b}\": its braces hold one "
	    "alternative" },
	{ "an alternative that is no path", "file_access: {allow: [{path: "
	    "\"/a/{b,..}/c\"}]}", CHECK, "p.yaml:1:31: error: path "
	    "\"/a/{b,..}/c\": it has a dot component" },
	{ "too many alternatives", "file_access: {allow: [{path: "
	    "\"/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}\"}]}", CHECK,
	    "p.yaml:1:31: error: path \"/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"
	    "{a,b}{a,b}\": its braces stand for too many paths" },
	{ "a backslash", "file_access: {allow: [{path: '/a/\\*'}]}", CHECK,
	    "p.yaml:1:31: error: path \"/a/\\x5c*\": it holds a backslash" },
	{ "an explosion names the path", "file_access: {deny: [{path: "
	    "/x}, {path: \"**/a*b??????????????????\"}]}", CHECK,
	    "p.yaml:1:42: error: the path **/a*b?????????????????? takes more "
	    "than 262144 states" },
	{ "an entry without path", "file_access: {deny: [{permissions: "
	    "[read]}]}", CHECK, "p.yaml:1:22: error: an entry needs path" },
	{ "no permission", "file_access: {allow: [{path: /a, permissions: "
	    "[]}]}", CHECK, "p.yaml:1:47: error: permissions must hold" },
	{ "a permission twice", "file_access: {allow: [{path: /a, "
	    "permissions: [read, read]}]}", CHECK, "p.yaml:1:54: error: "
	    "\"read\" stands here twice" },
	{ "a system that is none", "file_access: {system: readonly}", CHECK,
	    "p.yaml:1:23: error: system cannot be \"readonly\": did you mean "
	    "\"read-only\"?" },
	{ "hide is for denies", "file_access: {allow: [{path: /a, hide: "
	    "true}]}", CHECK, "p.yaml:1:34: error: unknown key \"hide\" in an "
	    "allow" },
	{ "of reading", "file_access: {deny: [{path: /a, permissions: "
	    "[write], hide: true}]}", CHECK, "p.yaml:1:29: error: hide needs "
	    "a deny of read" },
	{ "the default twice", "file_access: {default_policy: allow, deny: "
	    "[{path: \"*\"}]}", CHECK, "p.yaml:1:53: error: this denies what "
	    "no rule allows" },
	{ "the default with more", "file_access: {deny: [{path: \"*\", "
	    "permissions: [write]}]}", CHECK, "p.yaml:1:30: error: \"*\" alone "
	    "states the default: write /**" },
	{ "the default in an allow", "file_access: {allow: [{path: \"*\"}]}",
	    CHECK, "p.yaml:1:31: error: path \"*\": it must be absolute" },
	{ "alternatives of plain trees need no gate", "file_access: {allow: "
	    "[{path: \"/srv/{a,b}/**\"}]}", ENFORCE, NULL },
	{ "a deny of some is held by one", "file_access: {deny: [{path: "
	    "/srv/x, permissions: [write]}]}", ENFORCE, NULL },
	{ "hide is held", "file_access: {hide: true}", ENFORCE, NULL },
	{ "a default of allow is held", "file_access: {default_policy: allow, "
	    "deny: [{path: \"**/x\"}]}", ENFORCE, NULL },

	/* ---- the older schema */
	{ "its files", "version: 1\nfilesystem_policy: {read_only: [/usr/, "
	    "/srv//x], read_write: [/tmp]}", ENFORCE, NULL },
	{ "the whole root to write", "version: 1\nfilesystem_policy: "
	    "{read_write: [//]}", CHECK, "p.yaml:2:34: error: the whole root "
	    "cannot be written" },
	{ "dots in a path", "version: 1\nfilesystem_policy: {read_only: "
	    "[/a/../b]}", CHECK, "p.yaml:2:33: error: path \"/a/../b/**\": it "
	    "has a dot component" },
	{ "a path that is none", "version: 1\nfilesystem_policy: "
	    "{read_only: [a]}", CHECK, "p.yaml:2:33: error: path \"a\": it must "
	    "be absolute" },
	{ "a pattern", "version: 1\nfilesystem_policy: {read_only: "
	    "[\"/a/*\"]}", CHECK, "p.yaml:2:34: error: paths here are "
	    "directories or files" },
#define V1(x) "version: 1\nnetwork_policies: {r: {binaries: [{path: /x}], " \
	"endpoints: [{" x "}]}}"
	{ "an unknown key", "version: 1\nnetwork: {}\n", CHECK,
	    "p.yaml:2:1: error: unknown key \"network\" in a policy with "
	    "version: 1: " },
	{ "an unknown enforcement, which that product takes for audit",
	    V1("host: a.test, port: 443, enforcement: enforced"), CHECK,
	    "p.yaml:2:99: error: enforcement cannot be \"enforced\": did you "
	    "mean \"enforce\"?" },
	{ "an unknown tls", V1("host: a.test, port: 443, tls: skp"), CHECK,
	    "p.yaml:2:91: error: tls cannot be \"skp\"" },
	{ "an unknown access", V1("host: a.test, port: 443, protocol: rest, "
	    "access: all"), CHECK, "p.yaml:2:" },
	{ "a protocol in another case", V1("host: a.test, port: 443, "
	    "protocol: REST, access: full"), CHECK, "p.yaml:2:96: error: "
	    "protocol cannot be \"REST\": did you mean \"rest\"?" },
	{ "rest without rules", V1("host: a.test, port: 443, protocol: "
	    "rest"), CHECK, "p.yaml:2:96: error: protocol rest needs" },
	{ "access and rules", V1("host: a.test, port: 443, protocol: rest, "
	    "access: full, rules: [{allow: {method: GET, path: /}}]"), CHECK,
	    "p.yaml:2:" },
	{ "no port", V1("host: a.test"), CHECK,
	    "p.yaml:2:60: error: an endpoint needs port" },
	{ "allowed_ips of loopback", V1("host: a.test, port: 443, "
	    "allowed_ips: [127.0.0.0/8]"), CHECK, "p.yaml:2:100: error: " },
	{ "graphql by its access", V1("host: a.test, port: 443, protocol: "
	    "graphql, access: read-only, path: /graphql"), ENFORCE, NULL },
	{ "graphql by operations", V1("host: a.test, port: 443, protocol: "
	    "graphql, persisted_queries: deny, rules: [{allow: "
	    "{operation_type: query, fields: [a]}}], deny_rules: "
	    "[{operation_type: mutation}]"), ENFORCE, NULL },
	{ "an operation without its type", V1("host: a.test, port: 443, "
	    "protocol: graphql, rules: [{allow: {fields: [a]}}]"), CHECK,
	    "p.yaml:2:121: error: a rule of operations needs "
	    "operation_type" },
	{ "a method beside it", V1("host: a.test, port: 443, protocol: "
	    "graphql, rules: [{allow: {method: GET, operation_type: "
	    "query}}]"), CHECK, "p.yaml:2:122: error: unknown key "
	    "\"method\"" },
	{ "queries that only the server knows", V1("host: a.test, port: 443, "
	    "protocol: graphql, access: full, persisted_queries: "
	    "allow_registered"), ENFORCE, "p.yaml:2:138: error: not enforced "
	    "by this version: persisted_queries: allow_registered" },
	{ "another limit of bodies", V1("host: a.test, port: 443, protocol: "
	    "graphql, access: full, graphql_max_body_bytes: 65536"), ENFORCE,
	    "p.yaml:2:143: warning: a body is read up to 1048576 bytes" },
	{ "no limit of bodies", V1("host: a.test, port: 443, protocol: "
	    "graphql, access: full, graphql_max_body_bytes: 0"), CHECK,
	    "p.yaml:2:143: error: " },
	{ "json-rpc", V1("host: a.test, port: 443, protocol: json-rpc, "
	    "rules: [{allow: {method: get}}], deny_rules: [{method: x}]"),
	    ENFORCE, NULL },
	{ "a pattern of its methods", V1("host: a.test, port: 443, protocol: "
	    "json-rpc, rules: [{allow: {method: \"get*\"}}]"), CHECK,
	    "p.yaml:2:132: error: a method of json-rpc is named in full" },
	{ "a path in its rules", V1("host: a.test, port: 443, protocol: "
	    "json-rpc, rules: [{allow: {method: a, path: /}}]"), CHECK,
	    "p.yaml:2:134: error: unknown key \"path\"" },
	{ "json-rpc by access", V1("host: a.test, port: 443, protocol: "
	    "json-rpc, access: full"), CHECK, "p.yaml:2:114: error: this "
	    "protocol takes no access" },
	{ "mcp", V1("host: a.test, port: 443, protocol: mcp, mcp: "
	    "{strict_tool_names: true}, rules: [{allow: {method: "
	    "initialize}}, {allow: {method: tools/call, tool: {any: [a, "
	    "\"b*\"]}}}, {allow: {method: tools/call, params: {name: c}}}]"),
	    ENFORCE, NULL },
	{ "a tool of another method", V1("host: a.test, port: 443, protocol: "
	    "mcp, rules: [{allow: {method: tools/list, tool: a}}]"), CHECK,
	    "p.yaml:2:144: error: a tool is of method tools/call" },
	{ "a tool beside all of them", V1("host: a.test, port: 443, protocol: "
	    "mcp, rules: [{allow: {method: tools/call, tool: a}}, {allow: "
	    "{method: \"tools/*\"}}]"), CHECK, "p.yaml:2:157: error: this "
	    "allows tools/call of every tool" },
	{ "all methods that are known", V1("host: a.test, port: 443, "
	    "protocol: mcp, rules: [{allow: {method: ping}}], mcp: "
	    "{allow_all_known_mcp_methods: true}"), ENFORCE, "p.yaml:2:" },
	{ "websocket", V1("host: a.test, port: 443, protocol: websocket, "
	    "rules: [{allow: {method: GET, path: /a}}, {allow: {method: "
	    "WEBSOCKET_TEXT, path: /a}}]"), ENFORCE, NULL },
	{ "websocket of operations", V1("host: a.test, port: 443, protocol: "
	    "websocket, rules: [{allow: {method: GET, path: /a}}, {allow: "
	    "{operation_type: subscription}}]"), ENFORCE, NULL },
	{ "websocket by access", V1("host: a.test, port: 443, protocol: "
	    "websocket, access: read-write"), ENFORCE, NULL },
	{ "one on which nothing may be said", V1("host: a.test, port: 443, "
	    "protocol: websocket, rules: [{allow: {method: GET, path: /a}}, "
	    "{allow: {method: WEBSOCKET_TEXT, path: /b}}]"), ENFORCE,
	    "p.yaml:2:123: error: not enforced by this version: a WebSocket "
	    "on which no text may be sent" },
	{ "read-only", V1("host: a.test, port: 443, protocol: websocket, "
	    "access: read-only"), ENFORCE, "p.yaml:2:115: error: not enforced "
	    "by this version: a WebSocket on which" },
	{ "operations and texts", V1("host: a.test, port: 443, protocol: "
	    "websocket, rules: [{allow: {method: \"*\"}}, {allow: "
	    "{operation_type: query}}]"), CHECK, "p.yaml:2:123: error: an "
	    "endpoint with operations takes no WEBSOCKET_TEXT" },
	{ "sql is not enforced", V1("host: a.test, port: 5432, protocol: sql, "
	    "access: full"), ENFORCE, "p.yaml:2:97: error: not enforced by "
	    "this version: protocol sql" },
	{ "what is of bodies at another protocol", V1("host: a.test, port: "
	    "443, protocol: rest, access: full, graphql_max_body_bytes: 1"),
	    CHECK, "p.yaml:2:" },
	{ "a protocol that looks past another one", "version: 1\n"
	    "network_policies: {r: {binaries: [{path: /x}], endpoints: "
	    "[{host: a.test, port: 443, protocol: graphql, access: "
	    "read-only}, {host: a.test, port: 443, protocol: rest, access: "
	    "full}]}}", CHECK, "p.yaml:2:96: error: p.yaml:2 is for the same "
	    "host and port and judges otherwise" },
	{ "one that passes bytes", "version: 1\n"
	    "network_policies: {r: {binaries: [{path: /x}], endpoints: "
	    "[{host: a.b.test, port: 443, protocol: graphql, access: "
	    "read-only}, {host: \"*.b.test\", port: 443, tls: skip}]}}",
	    CHECK, "p.yaml:2:98: error: p.yaml:2 is for the same" },
	{ "beside each other, at paths of their own", "version: 1\n"
	    "network_policies: {r: {binaries: [{path: /x}], endpoints: "
	    "[{host: a.test, port: 443, path: /graphql, protocol: graphql, "
	    "access: read-only}, {host: a.test, port: 443, path: \"/rest/**\","
	    " protocol: rest, access: full}]}}", ENFORCE, NULL },
	{ "rules without binaries", "version: 1\nnetwork_policies: {r: "
	    "{endpoints: [{host: a.test, port: 443}]}}", ENFORCE,
	    "p.yaml:2:20: warning: rule \"r\" names no binaries" },
	{ "another user", "version: 1\nprocess: {run_as_user: \"2000\"}",
	    ENFORCE, "p.yaml:2:25: error: not enforced by this version" },
	{ "root", "version: 1\nprocess: {run_as_user: root}", CHECK,
	    "p.yaml:2:24: error: must be sandbox" },
	{ "audit beside enforce", "version: 1\nnetwork_policies: {r: "
	    "{binaries: [{path: /x}], endpoints: [{host: a.test, port: 443, "
	    "protocol: rest, access: full}, {host: a.test, port: 443, "
	    "protocol: rest, access: read-only, enforcement: audit}]}}",
	    CHECK, "p.yaml:2:" },
};

static bool
is_as_wanted(const struct diags *d, const char *text, const char *want)
{
	if (want == NULL)
		return d->n == 0;
	return d->n > 0 && strncmp(text, want, strlen(want)) == 0;
}

static void
text_cases(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct policy_file f = { "p.yaml", str_c(cases[i].yaml) };
		struct diags d = { 0 };
		CLEAN_FREE char *image = NULL;
		CLEAN_FREE char *text = NULL;
		size_t len;
		int rc = policy_compile(&f, 1, cases[i].stage, &image, &len,
		    &d);

		text = diags_print(&d, false);
		if (!is_as_wanted(&d, text, cases[i].want) ||
		    (rc == -1) != (d.errors > 0)) {
			print_error("%s:\n%s\ngot %s", cases[i].what,
			    cases[i].yaml, text);
			wrong++;
		}
		diags_fini(&d);
	}
	assert_int_equal(wrong, 0);
}

static void
a_caret_shows_the_place(void **state)
{
	struct policy_file f = { "p.yaml", STR("network:\n  alow: []\n") };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	CLEAN_FREE char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(&f, 1, CHECK, &image, &len, &d), -1);
	text = diags_print(&d, false);
	assert_string_equal(text, "p.yaml:2:3: error: unknown key \"alow\" in "
	    "network: did you mean \"allow\"?\n    alow: []\n    ^~~~\n");
	diags_fini(&d);
}

/* Text repeated n times between two others. */
static char *
repeated(const char *head, const char *part, size_t n, const char *tail)
{
	size_t len = strlen(head) + n * strlen(part) + strlen(tail);
	char *z = mem_alloc(len + 1, 1), *p = z;

	p = stpcpy(p, head);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, part);
	(void)stpcpy(p, tail);
	return z;
}

static const struct {
	const char *what, *head, *part;
	size_t n;
	const char *tail, *want;
} large[] = {
	{ "more than 1 MiB", "# ", "x", 1048576, "\n",
	    "p.yaml: error: longer than 1 MiB" },
	{ "lists within lists", "network: ", "[", 1000, "", "p.yaml:1:" },
	{ "maps within maps", "", "a: {", 1000, "", "p.yaml:1:" },
	{ "blocks within blocks", "", "- ", 1000, "a\n", "p.yaml:1:" },
	{ "very many values", "network: [", "a,", 200000, "a]\n",
	    "p.yaml:1:" },
	{ "very many unknown keys", "", "a: 1\n", 50000, "",
	    "p.yaml:2:1: error: key \"a\"" },
	{ "very long words", "agent_name: ", "x", 100000, "\n",
	    "p.yaml:1:13: error: agent_name must have 1 to 1024 bytes" },
};

static void
large_ones_end_in_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(large); i++) {
		CLEAN_FREE char *yaml = repeated(large[i].head,
		    large[i].part, large[i].n, large[i].tail);
		struct policy_file f = { "p.yaml", str_c(yaml) };
		struct diags d = { 0 };
		CLEAN_FREE char *image = NULL;
		CLEAN_FREE char *text = NULL;
		size_t len;

		assert_int_equal(policy_compile(&f, 1, CHECK, &image, &len,
		    &d), -1);
		text = diags_print(&d, false);
		if (strncmp(text, large[i].want, strlen(large[i].want)) != 0)
			fail_msg("%s: %.200s", large[i].what, text);
		diags_fini(&d);
	}
}

/* Nine levels of nine aliases: 400 million values in half a kilobyte. */
static void
laughs_are_counted(void **state)
{
	char yaml[2048] = "a: &a [x,x,x,x,x,x,x,x,x]\n";
	struct policy_file f = { "p.yaml", { yaml, 0 } };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	CLEAN_FREE char *text = NULL;
	size_t len;

	(void)state;
	for (char c = 'b'; c < 'j'; c++) {
		char *at = yaml + strlen(yaml);

		(void)snprintf(at, sizeof(yaml) - (size_t)(at - yaml),
		    "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c,
		    c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1,
		    c - 1);
	}
	f.text.len = strlen(yaml);
	assert_int_equal(policy_compile(&f, 1, CHECK, &image, &len, &d), -1);
	text = diags_print(&d, false);
	assert_non_null(strstr(text, "too much"));
	diags_fini(&d);
}

static void
two_files_that_disagree(void **state)
{
	const struct policy_file f[] = {
		{ "a.yaml", STR("policy_mode: audit\nagent_name: x\n") },
		{ "b.yaml", STR("agent_name: x\npolicy_mode: enforce\n") },
	};
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	CLEAN_FREE char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(f, 2, CHECK, &image, &len, &d), -1);
	text = diags_print(&d, false);
	assert_int_equal(d.n, 1);
	assert_non_null(strstr(text, "b.yaml:2:14: error: policy_mode is said "
	    "differently in a.yaml:1:14"));
	diags_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_cases),
		cmocka_unit_test(a_caret_shows_the_place),
		cmocka_unit_test(large_ones_end_in_a_sentence),
		cmocka_unit_test(laughs_are_counted),
		cmocka_unit_test(two_files_that_disagree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

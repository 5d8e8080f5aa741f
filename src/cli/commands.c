/* commands.c -- the table of commands. */
#include "command.h"

#include "run.h"

#define FLAGS_END { .name = NULL }
#define OUTPUT { "output", 'o', FLAG_CHOICE, "table|json|yaml", \
	"how to print it" }
#define POLICY { "policy", 'p', FLAG_LIST, "FILE", \
	"a policy document; several are merged" }
#define MAXIMUM { "maximum", 0, FLAG_LIST, "FILE", \
	"a policy that bounds the others: only what it allows too" }
#define ENV { "env", 'e', FLAG_LIST, "NAME[=VALUE]", \
	"an environment variable; NAME alone copies it from here" }
#define TTY { "tty", 't', FLAG_BOOL, NULL, \
	"give the command a terminal, whatever is here" }
#define NO_TTY { "no-tty", 'T', FLAG_BOOL, NULL, \
	"plain pipes, even at a terminal" }
#define GRACE { "grace", 0, FLAG_SPAN, "TIME", \
	"between SIGTERM and SIGKILL; default 5s" }
#define LATER(name, help) { name, 0, FLAG_LATER, "VALUE", help }

static const struct flag none_flags[] = { FLAGS_END };
static const struct flag output_flags[] = { OUTPUT, FLAGS_END };
static const struct flag diff_flags[] = { MAXIMUM, OUTPUT, FLAGS_END };

static const struct flag create_flags[] = {
	{ "name", 'n', FLAG_WORD, "NAME", "a-z, 0-9 and -; made up if left "
	    "out" },
	POLICY,
	{ "from", 0, FLAG_WORD, "host", "where its system comes from; this "
	    "version knows host" },
	{ "mount", 'm', FLAG_LIST, "HOST[:SANDBOX[:ro]]", "show a file or "
	    "folder of the host inside" },
	{ "workdir", 'w', FLAG_WORD, "DIR", "where the command starts; its "
	    "home if left out" },
	ENV,
	{ "label", 'l', FLAG_LIST, "KEY=VALUE", "a note to find it by" },
	{ "no-keep", 0, FLAG_BOOL, NULL, "delete it when its command ends" },
	{ "detach", 'd', FLAG_BOOL, NULL, "leave it running and print its "
	    "name" },
	TTY, NO_TTY, OUTPUT,
	LATER("provider", "credentials stay outside for now: see --env"),
	LATER("gpu", "no device of the host is inside"),
	LATER("cpu", "no limits but the user's own"),
	LATER("memory", "no limits but the user's own"),
	LATER("ttl", "delete it by: openshell sandbox delete"),
	LATER("remote", "sandboxes run on this machine"),
	LATER("approval", "a denial is final until the policy is changed"),
	FLAGS_END,
};

static const struct flag exec_flags[] = {
	{ "workdir", 'w', FLAG_WORD, "DIR", "where the command starts" },
	{ "timeout", 0, FLAG_SPAN, "TIME", "then it is killed, and the exit "
	    "code is 124" },
	ENV, TTY, NO_TTY, FLAGS_END,
};

static const struct flag stop_flags[] = { GRACE, FLAGS_END };

static const struct flag start_flags[] = {
	{ "detach", 'd', FLAG_BOOL, NULL, "leave it running" },
	TTY, NO_TTY, FLAGS_END,
};

static const struct flag delete_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "every sandbox, running or not" },
	GRACE, FLAGS_END,
};

static const struct flag output_json_flags[] = {
	{ "output", 'o', FLAG_CHOICE, "table|json", "json is OCSF, and "
	    "`next'" },
	FLAGS_END,
};

static const struct flag logs_flags[] = {
	{ "lines", 'n', FLAG_COUNT, "N", "the last N only" },
	{ "tail", 'f', FLAG_BOOL, NULL, "go on as more is logged" },
	{ "since", 0, FLAG_WORD, "TIME", "5m, 2h, 1d back from now, or "
	    "2026-01-02T03:04:05Z" },
	{ "level", 0, FLAG_CHOICE, "info|warn|error", "at least: warn is "
	    "denials and worse" },
	{ "source", 0, FLAG_CHOICE, "gateway|sandbox|all", "who wrote it" },
	{ "all", 0, FLAG_BOOL, NULL, "of every sandbox" },
	{ "output", 'o', FLAG_CHOICE, "table|json", "json is OCSF, a record "
	    "a line" },
	FLAGS_END,
};

static const struct flag policy_set_flags[] = {
	POLICY,
	{ "wait", 'w', FLAG_BOOL, NULL, "until it is enforced everywhere" },
	{ "timeout", 0, FLAG_SPAN, "TIME", "of --wait; default 30s, and then "
	    "the exit code is 124" },
	OUTPUT, FLAGS_END,
};

#define WAIT { "wait", 'w', FLAG_BOOL, NULL, \
	"until it is enforced everywhere" }
#define TIMEOUT { "timeout", 0, FLAG_SPAN, "TIME", \
	"of --wait; default 30s, and then the exit code is 124" }
static const struct flag update_flags[] = {
	{ "policy", 'p', FLAG_LIST, "FILE", "edit this document, in place" },
	{ "add-endpoint", 0, FLAG_LIST, "HOST:PORT[:ACCESS[:PROTOCOL"
	    "[:ENFORCEMENT[:OPTIONS]]]]", "allow a host and port" },
	{ "remove-endpoint", 0, FLAG_LIST, "HOST:PORT",
	    "allow it no more" },
	{ "add-allow", 0, FLAG_LIST, "HOST:PORT:METHOD:PATH",
	    "allow requests" },
	{ "add-deny", 0, FLAG_LIST, "HOST:PORT:METHOD:PATH",
	    "deny requests" },
	{ "remove-rule", 0, FLAG_LIST, "NAME|FILE:LINE", "take a rule out" },
	{ "remove-binary", 0, FLAG_LIST, "RULE:PROGRAM",
	    "take a rule from a program" },
	{ "binary", 0, FLAG_LIST, "PROGRAM", "of what is added: for this "
	    "program alone" },
	{ "rule-name", 0, FLAG_WORD, "NAME", "of the older schema: the rule "
	    "that it goes to" },
	{ "dry-run", 0, FLAG_BOOL, NULL, "print what would change, and "
	    "change nothing" },
	WAIT, TIMEOUT, OUTPUT, FLAGS_END,
};

static const struct flag rollback_flags[] = { WAIT, TIMEOUT, OUTPUT,
	FLAGS_END };

static const struct flag policy_list_flags[] = {
	{ "library", 0, FLAG_BOOL, NULL, "what there is to extend, instead" },
	OUTPUT, FLAGS_END,
};

static const struct flag policy_get_flags[] = {
	{ "rev", 0, FLAG_COUNT, "N", "an older revision" },
	{ "effective", 0, FLAG_BOOL, NULL, "as one, with where each rule is "
	    "from" },
	{ "policy", 'p', FLAG_LIST, "FILE", "with --effective: of these "
	    "documents, and no sandbox" },
	OUTPUT, FLAGS_END,
};

static const struct flag check_flags[] = {
	MAXIMUM,
	{ "strict", 0, FLAG_BOOL, NULL, "warnings fail" },
	OUTPUT, FLAGS_END,
};

static const struct flag explain_flags[] = {
	POLICY, MAXIMUM,
	{ "from", 0, FLAG_LIST, "PROGRAM", "the executable that asks, then "
	    "those that started it; a rule for some programs needs it" },
	{ "address", 0, FLAG_WORD, "IP", "where the name leads; left out, it "
	    "is not judged" },
	{ "header", 0, FLAG_LIST, "NAME=VALUE", "a field of the request" },
	{ "content", 0, FLAG_LIST, "WHAT=VALUE", "what its body is, as "
	    "mcp.tools=read, mcp.arguments.path=/x, graphql.fields=viewer" },
	{ "fact", 0, FLAG_LIST, "NAME=VALUE", "a fact that is known, for "
	    "conditions" },
	{ "cwd", 0, FLAG_WORD, "DIR", "where a command is executed" },
	{ "profile", 0, FLAG_LIST, "NAME", "the profile that who asks runs "
	    "under; given again, all of them" },
	{ "mounted", 0, FLAG_BOOL, NULL, "the file is in a --mount that may "
	    "be written, and no allow is in or around that" },
	OUTPUT, FLAGS_END,
};

static const struct flag test_flags[] = { POLICY, MAXIMUM, OUTPUT,
	FLAGS_END };

static const struct flag prove_flags[] = {
	POLICY, MAXIMUM,
	{ "statements", 0, FLAG_LIST, "FILE", "statements, one a line; # "
	    "begins a comment" },
	OUTPUT, FLAGS_END,
};

static const struct flag proposal_list_flags[] = {
	{ "status", 0, FLAG_CHOICE, "pending|unanswered|approved|once|"
	    "rejected|all", "left out: what nobody has answered" },
	OUTPUT, FLAGS_END,
};

static const struct flag approve_flags[] = {
	{ "once", 0, FLAG_BOOL, NULL, "one exec of those that wait, and no "
	    "more" },
	{ "for", 0, FLAG_SPAN, "TIME", "as long; left out: for good" },
	{ "everywhere", 0, FLAG_BOOL, NULL, "in every sandbox, not in this "
	    "one alone" },
	OUTPUT, FLAGS_END,
};

static const struct flag reject_flags[] = {
	{ "reason", 0, FLAG_WORD, "TEXT", "for the log, and for whoever asked" },
	OUTPUT, FLAGS_END,
};

const struct command commands[] = {
	{ "sandbox create", "[-- COMMAND...]",
	    "make a sandbox and run a command in it",
	    "Without a command it starts a login shell. At a terminal it "
	    "attaches, and\nCtrl-P Ctrl-Q leaves it running; without one it "
	    "streams output. The exit\ncode is the command's own. Without "
	    "--policy the sandbox has no network.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell sandbox create --name dev --policy agent.yaml "
	    "--mount ~/src:/home/sandbox/src -- claude\n"
	    "  openshell sandbox create --no-keep -- python3 untrusted.py\n",
	    create_flags, WORDS_NONE, 0, 0, true, run_create },
	{ "sandbox list", "", "show all sandboxes",
	    "Example:\n"
	    "  openshell sandbox list -o json\n",
	    output_flags, WORDS_NONE, 0, 0, false, run_list },
	{ "sandbox get", "[NAME]", "show one sandbox",
	    "Example:\n"
	    "  openshell sandbox get dev\n",
	    output_flags, WORDS_SANDBOX, 0, 1, false, run_get },
	{ "sandbox connect", "[NAME]",
	    "attach to the command of a running sandbox",
	    "The last output is shown again first. Ctrl-P Ctrl-Q leaves it "
	    "running.\n"
	    "\n"
	    "Example:\n"
	    "  openshell sandbox connect dev\n",
	    none_flags, WORDS_SANDBOX, 0, 1, false, run_connect },
	{ "sandbox exec", "[NAME] -- COMMAND...",
	    "run one more command in a running sandbox",
	    "Standard input, output and error are the command's own; so is "
	    "the exit code.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell sandbox exec dev -- git status\n"
	    "  tar c src | openshell sandbox exec dev --timeout 1m -- tar x\n",
	    exec_flags, WORDS_SANDBOX, 0, 1, true, run_exec },
	{ "sandbox stop", "[NAME...]", "end what runs; files are kept",
	    "Example:\n"
	    "  openshell sandbox stop dev --grace 30s\n",
	    stop_flags, WORDS_SANDBOXES, 0, 64, false, run_stop },
	{ "sandbox start", "[NAME]", "start an ended sandbox again",
	    "Its command runs again, with the files it left and its newest "
	    "policy. It\nattaches as a creation does.\n"
	    "\n"
	    "Example:\n"
	    "  openshell sandbox start dev --detach\n",
	    start_flags, WORDS_SANDBOX, 0, 1, false, run_start },
	{ "sandbox delete", "NAME... | --all",
	    "end sandboxes and remove their files",
	    "Examples:\n"
	    "  openshell sandbox delete dev\n"
	    "  openshell sandbox delete --all\n",
	    delete_flags, WORDS_SANDBOXES, 0, 64, false, run_delete },
	{ "logs", "[NAME]", "show what was allowed and denied, and why",
	    "Examples:\n"
	    "  openshell logs dev --since 5m --level warn\n"
	    "  openshell logs --all --tail -o json | jq .unmapped.host\n",
	    logs_flags, WORDS_SANDBOX, 0, 1, false, run_logs },
	{ "audit explain", "NUMBER",
	    "say all that is known of one record of the log",
	    "NUMBER is what `openshell logs' shows after #.\n"
	    "\n"
	    "Example:\n"
	    "  openshell audit explain 1234\n",
	    output_json_flags, WORDS_NONE, 1, 1, false, run_audit_explain },
	{ "policy set", "[NAME] --policy FILE...",
	    "change the policy of a sandbox, running or not",
	    "A refused policy changes nothing. What a sandbox may do with "
	    "files is fixed\nwhen it is created; the network part changes "
	    "live.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy set dev --policy agent.yaml --wait\n",
	    policy_set_flags, WORDS_POLICY, 0, 64, false, run_policy_set },
	{ "policy convert", "FILE",
	    "print a version: 1 document in the native language",
	    "It decides the same. What has no native words is an error that "
	    "names it.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy convert old.yaml > agent.yaml\n",
	    none_flags, WORDS_FILES, 1, 1, false, run_policy_convert },
	{ "policy get", "[NAME]", "print the policy of a sandbox",
	    "With --effective, what all of its documents come to: one native "
	    "document, with\nwhere each rule is from.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy get dev > agent.yaml\n"
	    "  openshell policy get dev --rev 1 -o json\n",
	    policy_get_flags, WORDS_SANDBOX, 0, 1, false, run_policy_get },
	{ "policy list", "[NAME]", "show the revisions of a policy",
	    "With --library, the policies that others extend: those that are "
	    "shipped, and\nyour own.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy list dev\n"
	    "  openshell policy list --library\n",
	    policy_list_flags, WORDS_SANDBOX, 0, 1, false, run_policy_list },
	{ "policy update", "[NAME | --policy FILE...] EDIT...",
	    "change a few rules of a policy, and nothing else",
	    "All edits are made, or none. Comments, order and layout of the "
	    "text stay; what\nwould give anything beyond the words of an edit "
	    "is refused. A rule is named as\nFILE:LINE, or by its own name in "
	    "the older schema. With --policy, the files are\nedited, and no "
	    "sandbox.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy update dev --add-allow "
	    "'api.github.com:443:GET:/repos/*' --wait\n"
	    "  openshell policy update --policy agent.yaml --add-endpoint "
	    "pypi.org:443:read-only --dry-run\n",
	    update_flags, WORDS_SANDBOX, 0, 1, false, run_policy_update },
	{ "policy rollback", "[NAME] REVISION",
	    "set the policy of an older revision again",
	    "It becomes a new revision. What is fixed when a sandbox is "
	    "created cannot go\nback: then nothing changes, and the answer "
	    "says what it is.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy rollback dev 2 --wait\n",
	    rollback_flags, WORDS_SANDBOX, 1, 2, false, run_policy_rollback },
	{ "policy check", "FILE...", "say what is wrong with a policy",
	    "The files are merged, as several --policy are. The exit code is "
	    "1 if they\nwould be refused.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy check base.yaml agent.yaml\n",
	    check_flags, WORDS_FILES, 1, 64, false, run_policy_check },
	{ "policy explain", "[NAME | --policy FILE...] REQUEST",
	    "say what a policy answers to one request, and why",
	    "REQUEST is one of\n"
	    "  METHOD URL            as in 'GET https://host/path'\n"
	    "  CONNECT HOST:PORT     a connection\n"
	    "  TLS HOST:PORT         TLS that nobody looks into\n"
	    "  TCP HOST:PORT         bytes that nobody looks at\n"
	    "  DNS HOST              a name\n"
	    "  READ PATH             a file inside the sandbox\n"
	    "  WRITE PATH\n"
	    "  EXEC PROGRAM ARG...   a command\n"
	    "  MODEL FACT=VALUE...   a call to a model\n"
	    "With --policy no gateway is asked. The exit code is 0 if it is "
	    "allowed or\naudited, 1 if it is denied, 2 if that cannot be "
	    "said.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy explain dev 'POST "
	    "https://api.github.com/zen'\n"
	    "  openshell policy explain --policy agent.yaml "
	    "'WRITE /srv/project/.git/config'\n"
	    "  openshell policy explain --policy agent.yaml "
	    "EXEC rm -r -f '/srv/a b'\n",
	    explain_flags, WORDS_SANDBOX, 0, 64, true, run_policy_explain,
	    "EXEC" },
	{ "policy test", "--policy FILE... CASES...",
	    "ask a policy many requests with known answers",
	    "A case file is YAML:\n"
	    "  cases:\n"
	    "    - request: GET https://api.github.com/zen\n"
	    "      expect: allow           # or deny, or audit\n"
	    "      from: /usr/bin/curl     # who asks; may be left out\n"
	    "Each failure is printed with what decided. No gateway is asked. "
	    "The exit code\nis 1 if any case fails, else 2 if some could not "
	    "be asked.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy test --policy agent.yaml "
	    "agent.cases.yaml\n",
	    test_flags, WORDS_FILES, 1, 64, false, run_policy_test },
	{ "policy diff", "A B",
	    "say what one policy allows and another does not",
	    "A and B are files, or sandboxes as NAME or NAME@REVISION. The "
	    "comparison is\nof what they mean, not of how they are written: "
	    "exact, with an example of\neach difference that policy explain "
	    "confirms. --maximum bounds both. The exit\ncode is 0 if they "
	    "mean the same, 1 if they differ.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy diff agent.yaml agent-new.yaml\n"
	    "  openshell policy diff dev@1 dev\n",
	    diff_flags, WORDS_FILES, 2, 2, false, run_policy_diff },
	{ "policy prove", "--policy FILE... [STATEMENT...]",
	    "show that a policy allows nothing but what is stated",
	    "A statement is one of\n"
	    "  no request [FILTER...]\n"
	    "  no connection [FILTER...]\n"
	    "  every request [FILTER...] has FILTER...\n"
	    "  nothing under PATH is readable|writable\n"
	    "  only PATH is readable|writable\n"
	    "  no command NAME [PATTERN...]\n"
	    "  no command runs with PATTERN...\n"
	    "  only NAME runs [with PATTERN...]\n"
	    "  CONDITION => CONDITION\n"
	    "and a filter: to HOST, port N, method M, path P, from PROGRAM, "
	    "with \"or\" for\nmore than one. It holds for everything that "
	    "could ever be asked, or an example\nshows that it does not. The "
	    "exit code is 0 if all hold, 1 if one does not.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell policy prove --policy agent.yaml "
	    "'no request to *.internal method POST'\n"
	    "  openshell policy prove --policy agent.yaml --statements "
	    "ours.txt\n",
	    prove_flags, WORDS_FILES, 0, 64, false, run_policy_prove },
	{ "policy schema", "", "print the language as a JSON Schema, for editors",
	    "Of the native language, by the draft of 2020-12.\n"
	    "\n"
	    "Example:\n"
	    "  openshell policy schema > policy.schema.json\n",
	    none_flags, WORDS_NONE, 0, 0, false, run_policy_schema },
	{ "proposal list", "[NAME]", "show what waits for your word",
	    "Of all sandboxes, or of one. Also as: openshell rule list.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell proposal list\n"
	    "  openshell proposal list dev --status all -o json\n",
	    proposal_list_flags, WORDS_SANDBOX, 0, 1, false,
	    run_proposal_list },
	{ "proposal show", "NUMBER",
	    "show who asks, for what, and how to answer",
	    "Example:\n"
	    "  openshell proposal show 3\n",
	    output_flags, WORDS_PROPOSAL, 1, 1, false, run_proposal_show },
	{ "proposal approve", "NUMBER", "say yes",
	    "To exactly what is shown: of code, the bytes with that SHA-256. "
	    "It holds in\nthe sandbox that asked, for good, and goes on "
	    "where it was held.\n"
	    "\n"
	    "Examples:\n"
	    "  openshell proposal approve 3\n"
	    "  openshell proposal approve 3 --once\n"
	    "  openshell proposal approve 3 --for 8h\n",
	    approve_flags, WORDS_PROPOSAL, 1, 1, false,
	    run_proposal_approve },
	{ "proposal reject", "NUMBER", "say no, or take a yes back",
	    "Who waits is refused, and so is who asks for the same in that "
	    "sandbox later.\n"
	    "\n"
	    "Example:\n"
	    "  openshell proposal reject 3 --reason 'it sends files'\n",
	    reject_flags, WORDS_PROPOSAL, 1, 1, false, run_proposal_reject },
	{ "gateway run", "", "run the gateway in the foreground",
	    "Example:\n"
	    "  openshell gateway run\n",
	    none_flags, WORDS_NONE, 0, 0, false, run_gateway_run },
	{ "gateway start", "", "start the gateway in the background",
	    "It starts by itself when a command needs it.\n"
	    "\n"
	    "Example:\n"
	    "  openshell gateway start\n",
	    none_flags, WORDS_NONE, 0, 0, false, run_gateway_start },
	{ "gateway stop", "", "end the gateway; sandboxes go on",
	    "The next gateway finds the running sandboxes again.\n"
	    "\n"
	    "Example:\n"
	    "  openshell gateway stop\n",
	    none_flags, WORDS_NONE, 0, 0, false, run_gateway_stop },
	{ "gateway status", "", "is the gateway running",
	    "The exit code is 1 if it is not.\n"
	    "\n"
	    "Example:\n"
	    "  openshell gateway status && echo yes\n",
	    output_flags, WORDS_NONE, 0, 0, false, run_gateway_status },
	{ "status", "", "show the gateway and the configuration in force",
	    "Example:\n"
	    "  openshell status -o yaml\n",
	    output_flags, WORDS_NONE, 0, 0, false, run_status },
	{ "doctor", "", "say what this machine can enforce",
	    "The exit code is 1 if something is missing that every sandbox "
	    "needs.\n"
	    "\n"
	    "Example:\n"
	    "  openshell doctor\n",
	    output_flags, WORDS_NONE, 0, 0, false, run_doctor },
	{ "completions", "bash|zsh|fish", "print a completion script",
	    "Examples:\n"
	    "  source <(openshell completions bash)\n"
	    "  openshell completions zsh > ~/.zfunc/_openshell\n"
	    "  openshell completions fish > "
	    "~/.config/fish/completions/openshell.fish\n",
	    none_flags, WORDS_SHELL, 1, 1, false, run_completions },
	{ "version", "", "print the version",
	    "Example:\n"
	    "  openshell version\n",
	    none_flags, WORDS_NONE, 0, 0, false, run_version },
	{ .name = NULL },
};

const char *const commands_later[] = {
	"sandbox upload", "sandbox download", "sandbox diff", "sandbox apply",
	"sandbox discard",
	"policy suggest", "gateway add", "gateway remove", "gateway select",
	"gateway list", "gateway login", "gateway logout", "forward",
	"service", "provider", "audit query", "audit tail", "audit verify",
	"audit prove", "audit export", "audit alerts", "audit report",
	"compliance",
	"inference", "image", "term", "whoami", NULL,
};

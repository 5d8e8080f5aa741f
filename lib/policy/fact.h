/* fact.h -- what a condition may ask about: each fact's name, type, and where
 * and when it is known.  One table for the compiler, the enforcers and the
 * manual page. */
#ifndef POLICY_FACT_H
#define POLICY_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum fact_type {
	FACT_BOOL,
	FACT_ENUM,	/* one of a few words, ordered or not */
	FACT_INT,
	FACT_SIZE,	/* bytes: 10MiB */
	FACT_TIME,	/* milliseconds: 5m */
	FACT_TEXT,
	FACT_ADDR,	/* an IP address, v4 as ::ffff:a.b.c.d */
	FACT_LIST,	/* of texts */
	FACT_TYPE_COUNT
};

enum { /* the decisions in which a fact can be known; a set of these */
	FOR_NET = 1,
	FOR_EXEC = 2,
	FOR_MODEL = 4,
	FOR_ALL = 7,
	FOR_PROOF = 8,	/* results: only in what is to be proved */
};

enum fact_phase { /* when it is known first */
	PHASE_START,	/* of a connection, program or call */
	PHASE_HEAD,	/* the request's line and fields are there */
	PHASE_BODY,	/* all of the request is there */
	PHASE_RESPONSE,	/* after the decision: in no rule */
	PHASE_RESULT,	/* the decision itself */
};

/* Of file labels and of a session; each is above the one before. */
enum sensitivity {
	SENSITIVITY_PUBLIC,
	SENSITIVITY_INTERNAL,
	SENSITIVITY_HIGH,
	SENSITIVITY_SECRET,
};

/* The words of an enum; several for one value are given with '='. */
#define WORDS_SENSITIVITY "public=low internal=medium high=confidential " \
	"secret=restricted"
#define WORDS_TASK "chat title summarize compact classify extract embed "  \
	"code_generate=code_synthesis code_edit code_review debug plan "    \
	"research translate vision tool_loop long_context"
#define WORDS_DIALECT "chat_completions=chat responses messages"
#define WORDS_WEEKDAY "mon tue wed thu fri sat sun"
#define WORDS_PROTOCOL "https http tls tcp"
#define WORDS_LOCALITY "local site frontier"
#define WORDS_VERDICT "deny allow"

/* FACT(id, name, type, words, ordered, where, phase, meaning) */
#define FACTS(FACT)							\
	FACT(SENSITIVITY, "context_sensitivity", ENUM, WORDS_SENSITIVITY, \
	    true, FOR_ALL, START, "highest label of what the session read") \
	FACT(LABELS, "labels", LIST, "", false, FOR_ALL, START,		\
	    "names of the labels of what the session read")		\
	FACT(SANDBOX, "sandbox.name", TEXT, "", false, FOR_ALL, START,	\
	    "the sandbox's name")					\
	FACT(SANDBOX_LABELS, "sandbox.labels", LIST, "", false, FOR_ALL, \
	    START, "the sandbox's labels, as key=value")		\
	FACT(AGENT, "agent", TEXT, "", false, FOR_ALL, START,		\
	    "agent_name of the policy")					\
	FACT(TIME_OF_DAY, "time_of_day", TIME, "", true, FOR_ALL, START, \
	    "time since midnight, UTC")					\
	FACT(WEEKDAY, "weekday", ENUM, WORDS_WEEKDAY, true, FOR_ALL,	\
	    START, "the day of the week, UTC")				\
	FACT(EXE, "exe", TEXT, "", false, FOR_NET | FOR_EXEC, START,	\
	    "path of the program that asks, or that is executed")	\
	FACT(CALLERS, "callers", LIST, "", false, FOR_NET | FOR_EXEC,	\
	    START, "paths of the programs that started it, nearest first") \
	FACT(HOST, "host", TEXT, "", false, FOR_NET, START,		\
	    "the host's canonical name, or an address")			\
	FACT(PORT, "port", INT, "", true, FOR_NET, START, "the port")	\
	FACT(PROTOCOL, "protocol", ENUM, WORDS_PROTOCOL, false, FOR_NET, \
	    START, "how the connection is understood")			\
	FACT(ADDRESS, "address", ADDR, "", false, FOR_NET, START,	\
	    "the address that would be dialled")			\
	FACT(METHOD, "method", TEXT, "", false, FOR_NET, HEAD,		\
	    "the request's method")					\
	FACT(PATH, "path", TEXT, "", false, FOR_NET, HEAD,		\
	    "the request's canonical path")				\
	FACT(QUERY, "query", TEXT, "", false, FOR_NET, HEAD,		\
	    "what follows the ? of the request's target")		\
	FACT(CONTENT_TYPE, "content_type", TEXT, "", false, FOR_NET, HEAD, \
	    "the request's Content-Type, without parameters")		\
	FACT(BODY_SIZE, "body_size", SIZE, "", true, FOR_NET, HEAD,	\
	    "the request's Content-Length")				\
	FACT(COMMAND, "command", TEXT, "", false, FOR_EXEC, START,	\
	    "the name as asked for, without its directory")		\
	FACT(ARGS, "args", LIST, "", false, FOR_EXEC, START,		\
	    "the arguments, from argv[1] on")				\
	FACT(CWD, "cwd", TEXT, "", false, FOR_EXEC, START,		\
	    "the working directory")					\
	FACT(TTY, "tty", BOOL, "", false, FOR_EXEC, START,		\
	    "has it a terminal?")					\
	FACT(TASK, "task", ENUM, WORDS_TASK, false, FOR_MODEL, BODY,	\
	    "what the call is for")					\
	FACT(DIALECT, "dialect", ENUM, WORDS_DIALECT, false, FOR_MODEL, \
	    START, "the API that the agent speaks")			\
	FACT(CLIENT, "client", TEXT, "", false, FOR_MODEL, HEAD,	\
	    "the agent's own name of itself")				\
	FACT(SUBAGENT, "subagent", BOOL, "", false, FOR_MODEL, BODY,	\
	    "is it a call of a sub-agent?")				\
	FACT(MODEL, "model", TEXT, "", false, FOR_MODEL, BODY,		\
	    "the model asked for")					\
	FACT(INPUT_TOKENS, "input_tokens", INT, "", true, FOR_MODEL,	\
	    BODY, "estimated length of the input")			\
	FACT(MAX_OUTPUT_TOKENS, "max_output_tokens", INT, "", true,	\
	    FOR_MODEL, BODY, "longest answer asked for")		\
	FACT(TURN, "turn", INT, "", true, FOR_MODEL, BODY,		\
	    "messages of the user so far")				\
	FACT(TOOLS, "tools", LIST, "", false, FOR_MODEL, BODY,		\
	    "names of the tools offered")				\
	FACT(SERVER_TOOLS, "server_tools", LIST, "", false, FOR_MODEL,	\
	    BODY, "tools that the provider would run itself")		\
	FACT(HAS_IMAGE, "has_image", BOOL, "", false, FOR_MODEL, BODY,	\
	    "is there an image in the input?")				\
	FACT(HAS_DOCUMENT, "has_document", BOOL, "", false, FOR_MODEL,	\
	    BODY, "is there a document in the input?")			\
	FACT(HAS_TOOL_RESULT, "has_tool_result", BOOL, "", false,	\
	    FOR_MODEL, BODY, "is there a tool's result in the input?")	\
	FACT(HAS_SCHEMA, "has_schema", BOOL, "", false, FOR_MODEL, BODY, \
	    "must the answer follow a JSON schema?")			\
	FACT(THINKING, "thinking", BOOL, "", false, FOR_MODEL, BODY,	\
	    "is reasoning asked for?")					\
	FACT(STREAM, "stream", BOOL, "", false, FOR_MODEL, BODY,	\
	    "is a stream asked for?")					\
	FACT(SECRETS, "findings.secret", INT, "", true, FOR_MODEL, BODY, \
	    "secrets found in the input")				\
	FACT(PII, "findings.pii", INT, "", true, FOR_MODEL, BODY,	\
	    "personal data found in the input")				\
	FACT(MARKERS, "findings.marker", INT, "", true, FOR_MODEL, BODY, \
	    "markings such as CONFIDENTIAL found in the input")		\
	FACT(STATUS, "response.status", INT, "", true, FOR_ALL, RESPONSE, \
	    "the answer's status")					\
	FACT(OUTPUT_TOKENS, "response.tokens", INT, "", true, FOR_MODEL, \
	    RESPONSE, "length of the answer")				\
	FACT(ROUTE, "route", TEXT, "", false, FOR_PROOF, RESULT,	\
	    "name of the backend chosen, or empty")			\
	FACT(LOCALITY, "locality", ENUM, WORDS_LOCALITY, true, FOR_PROOF, \
	    RESULT, "where the backend chosen stands")			\
	FACT(VERDICT, "verdict", ENUM, WORDS_VERDICT, false, FOR_PROOF, \
	    RESULT, "what was decided")

enum fact {
#define FACT(id, ...) FACT_##id,
	FACTS(FACT)
#undef FACT
	FACT_COUNT
};
_Static_assert(FACT_COUNT < 64, "one bit each");

#define FACT_BIT(f)	(UINT64_C(1) << (f))
#define FACT_ITEMS_MAX	256	/* of a list; a longer one is not known */
#define FACT_BYTES_MAX	65536	/* of a text; the same */
#define FACT_WORDS_MAX	64	/* of an enum: one bit each */

struct fact_info {
	const char *name, *words, *meaning;
	enum fact_type type;
	bool ordered;
	unsigned where;
	enum fact_phase phase;
};

extern const struct fact_info fact_table[FACT_COUNT];

#define FACT_OTHERS 2
extern const char *const fact_other_names[FACT_OTHERS];
/* Also by its other names. -1: there is none. */
int fact_find(struct str name);
/* How many words an enum has, and the i-th by its first name. */
unsigned fact_words(enum fact f);
struct str fact_word(enum fact f, unsigned i);
/* Its place by any of its names, or -1. */
int fact_word_find(enum fact f, struct str word);

#endif

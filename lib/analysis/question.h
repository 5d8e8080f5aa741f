/* question.h -- one request as a person writes it, made canonical by the code
 * that enforcers use:
 *
 *	GET https://host/path	any method and URL
 *	POST URL tool=search	with a body that asks for that (question_body)
 *	GET wss://host/path	the request that begins a WebSocket
 *	POST grpc://host/s/m	a call of gRPC (and h2c://: HTTP/2 in clear)
 *	CONNECT host:port	a connection, whatever is spoken on it
 *	TLS host:port		TLS that nobody looks into
 *	TCP host:port		bytes that nobody looks at
 *	DNS name		may the name be used at all?
 *	READ path, WRITE path	a file inside the sandbox
 *	EXEC program arg...	arguments quoted as for a shell
 *	MODEL fact=value ...	a call to a model about which that is known
 */
#ifndef ANALYSIS_QUESTION_H
#define ANALYSIS_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/host.h"
#include "policy/detail.h"

#define QUESTION_BYTES_MAX 65536
#define QUESTION_WORDS_MAX 4096

struct err;
struct facts;

enum question_kind { ASK_HTTP, ASK_CONNECT, ASK_TLS, ASK_TCP, ASK_DNS,
	ASK_READ, ASK_WRITE, ASK_EXEC, ASK_MODEL };

struct detail_value {
	enum detail detail;
	struct str name, value;
};

struct question {
	enum question_kind kind;
	struct str shown;	/* as it was written, words parted by blanks */
	const struct str *from;	/* executables: the one that asks, then those
				 * that started it */
	uint32_t nfrom;		/* 0: not known */
	const struct str *profile; /* that it is under */
	uint32_t nprofiles;
	struct host host;
	uint16_t port;
	bool tls, websocket, grpc, h2c;
	bool has_address;	/* what the name leads to */
	unsigned char address[16];
	struct str method, path, query; /* path canonical */
	bool encoded_slash;
	bool has_body;
	struct str body;	/* as it is sent */
	struct detail_pair *field;	/* of the request; others it has not */
	uint32_t nfields;
	struct detail_value *content; /* of its body */
	uint32_t ncontent;
	uint32_t read;		/* which details of the body are known: bits */
	struct str file;	/* canonical */
	bool mounted;		/* it is in a mount of the operator's */
	struct str *word;	/* of EXEC, from the program on; of MODEL */
	struct str cwd;		/* of EXEC: canonical; empty: not known */
	struct facts *facts;	/* NULL: none is known */
	struct str model;	/* of MODEL that was put together: its words */
	uint32_t nwords;
	const char *refused;	/* not NULL: no rule is asked, and why */
};

#define QUESTION_FROM_MAX 16
#define QUESTION_PROFILES_MAX 16

/* One word is the whole text; several are taken as they are, as a shell gave
 * them. Everything is made in the arena. -1: *e says what is not a request. */
int question_parse(struct arena *a, const struct str *words, size_t n,
    struct question *out, struct err *e);
/* "sensitivity=high": one more fact that is known. */
int question_know(struct arena *a, struct str word, struct question *q,
    struct err *e);
#define QUESTION_FIELDS_MAX 64
/* "mcp.tools=read", "mcp.arguments.path=/x", "graphql": what its body is. */
int question_content(struct arena *a, struct str word, struct question *q,
    struct err *e);
/* As such a word. */
struct str question_content_print(struct arena *a,
    const struct detail_value *v);
/* Those that are known when this one is: of one key. */
uint32_t question_read(enum detail detail);
/* Is it found in bodies, and can a question say so? */
bool question_knows(enum detail detail);
/* "X-Team=red": one more field of the request. */
int question_field(struct arena *a, struct str word, struct question *q,
    struct err *e);
/* What a body asks for, a word each:
 *	body=TEXT		the body itself
 *	graphql=DOCUMENT
 *	rpc=METHOD, mcp=METHOD	and params=JSON
 *	tool=NAME		of MCP, and arguments=JSON
 *	push=REF, delete=REF	any number of git */
int question_body(struct arena *a, const struct str *words, size_t n,
    struct question *q, struct err *e);
/* As the text of a request; for one that was put together. */
struct str question_print(struct arena *a, const struct question *q);

#endif

/* inspect.h -- what the body of a request asks for, in the words of rules:
 * GraphQL operations, JSON-RPC calls, MCP tools, refs of a git push.
 *
 * The body is held until it is understood, and what is sent on is what was
 * held.  It falls into units (an operation, a call, a ref), each of which must
 * be allowed.  What cannot be understood, or by two readers in two ways, is not
 * known: no rule that grants by it agrees with it, each that denies does. */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "policy/detail.h"

#define INSPECT_BODY_MAX  1048576	/* held of one request */
#define INSPECT_WHOLE_MAX 8388608	/* with INSPECT_WHOLE */
#define INSPECT_PIECE_MAX 131072	/* fed at once */
#define INSPECT_UNITS_MAX 256
#define INSPECT_PAIRS_MAX 8192		/* names and values of one request */

enum { /* a set of these */
	INSPECT_GRAPHQL = 1,
	INSPECT_RPC = 2,
	INSPECT_MCP = 4,
	INSPECT_GIT = 8,
	INSPECT_WHOLE = 16,	/* all of it is held, whatever it says */
};

/* What must be read so that these details are known (bits of enum detail). */
uint32_t inspect_kinds(uint32_t details);

struct inspect_head { /* of the request; all of it outlives the inspection */
	uint32_t kinds;
	struct str method, path, query;
	bool websocket, body;
	uint64_t length;		/* of the body, if it says so */
	struct str type, encoding;	/* fields, or empty */
	bool twice;			/* one of them is there twice */
};

struct inspect_unit {
	struct detail_list of[DETAIL_COUNT];
	struct str says;	/* for people: "tools/call search" */
};

struct inspect { /* zero is fine to end */
	struct inspect_head head;
	bool over;		/* all is known that will be */
	struct buf held;
	size_t scan;		/* of held */
	struct arena arena;
	uint32_t npairs;
	struct inspect_unit *v;	/* one at least when over */
	uint32_t n;
	const char *why;	/* it is not known, in a few words; or NULL */
	bool asks_nothing;	/* a message that only keeps a talk going: it
				 * has no units */
};

/* Over at once when no body has to be read. */
void inspect_begin(struct inspect *in, const struct inspect_head *h);
/* Some more of the body, without its framing. It may be over then, before the
 * body ends. */
void inspect_feed(struct inspect *in, struct str bytes);
void inspect_close(struct inspect *in);	/* the body has ended */
void inspect_fini(struct inspect *in);
/* message.c: one message of a WebSocket, read as these kinds of it; over at
 * once. */
void inspect_message(struct inspect *in, uint32_t kinds, bool binary,
    struct str bytes);
/* Does the target of the request with which a WebSocket begins ask for
 * something itself? A server that opens none may answer that. */
bool inspect_target_asks(uint32_t kinds, struct str query);
#define INSPECT_TARGET_ASKS "the request for a WebSocket asks for something " \
	"in its own target, which messages are for"
/* Of the i-th unit, into what else is known of the request. */
void inspect_details(const struct inspect *in, uint32_t i,
    struct net_details *to);
/* All units in words, as far as they fit. */
void inspect_print(const struct inspect *in, char *out, size_t cap);

#endif

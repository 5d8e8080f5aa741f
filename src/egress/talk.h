/* talk.h -- a WebSocket whose messages are read before they are sent on: where
 * rules ask for what they say (graphql, json_rpc, mcp), or they are to be
 * inspected.  Those of the client; what the server says passes. */
#ifndef EGRESS_TALK_H
#define EGRESS_TALK_H

#include "conn.h"
#include "http/ws_message.h"

struct sifted;

struct talk {
	uint32_t kinds;		/* what they have to be read as (inspect.h); 0:
				 * nothing of them has to be known */
	struct ws_message m;
	struct usec until;	/* all of it has to be here */
	size_t counted;		/* of it, in eg->held */
	struct sifted *sifted;	/* what is found in it; or NULL */
	bool judged;		/* it may be sent on */
	unsigned char mask[4];
};

/* A WebSocket is asked for, and *a is what the rules say of the request alone:
 * becomes what they say if its messages are judged, too, where they may
 * change it. */
void talk_begin(struct conn *c, struct net_answer *a);
/* The same under another policy. false: *a denies it. */
bool talk_rejudge(struct conn *c, struct net_answer *a);
void talk_free(struct conn *c);
/* Has a message begun that has to come to its end soon? */
bool talk_waits(const struct conn *c);

enum talk_got {
	TALK_ON,	/* as far as there was something, and room */
	TALK_MORE,	/* there is more to do at once */
	TALK_WAIT,	/* the audit log has no room */
	TALK_OVER,	/* *f says why, and the code to close with; a denial is
			 * recorded */
};
/* From now on c->ws_out takes messages, and looks at control frames. */
void talk_take(struct conn *c);
/* In place of ws_move() of what the client says. */
enum talk_got talk_move(struct conn *c, struct http_fault *f);

#endif

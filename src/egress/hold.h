/* hold.h -- a request whose body is judged before it is sent on. */
#ifndef EGRESS_HOLD_H
#define EGRESS_HOLD_H

#include "conn.h"
#include "inspect/inspect.h"

#define HOLD_TIME_S    60	/* for all of what is held of one request */
#define HOLD_BYTES_MAX 67108864 /* of all requests at once */

struct hold {
	struct inspect in;
	struct buf head;	/* its head, taken off cl.in */
	bool taken;		/* it was */
	bool encoded_slash;
	bool continued;		/* the client was told to go on */
	bool ended;		/* so was the server, behind the last chunk */
	size_t sent;		/* of in.held */
	size_t counted;		/* of it, in eg->held */
	struct usec until;
};

/* The rules deny the request as far as it is known, by *a. true: its body may
 * tell, and is waited for. false: *a is the answer. */
bool hold_begin(struct conn *c, bool encoded_slash, struct net_answer *a);
/* The rules allow the request, and its body is to be inspected: as above. */
bool hold_whole(struct conn *c, bool encoded_slash,
    const struct net_answer *a);
/* The body as it will be sent, if all of it is here. */
bool hold_body(struct conn *c, char **p, size_t *len);
/* The head's text, wherever it is. */
struct str hold_head(const struct conn *c);
/* What was held goes on. false: not all of it yet. */
bool hold_send(struct conn *c, bool *moved);
bool hold_is_sent(const struct conn *c);
/* What the body asks for, in words; "" where none was held. */
void hold_print(const struct conn *c, char *out, size_t cap);
void hold_free(struct conn *c);

#endif

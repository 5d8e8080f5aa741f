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
	struct sifted *sifted;	/* what it holds; NULL: nobody asked */
	struct buf head_was;	/* the inspection was told of it */
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
/* Is more held than may be? Under profiles, who is under the same ones may hold
 * at most what is still free: there is always room for others. */
bool hold_is_too_much(const struct conn *c);
/* So much more is held for it. */
void hold_count(struct conn *c, size_t n);
/* What was unpacked of it is sent in its place, and *h, which is the head,
 * says so. */
void hold_unpacked(struct conn *c, struct http_head *h);
/* The head's text, wherever it is. */
struct str hold_head(const struct conn *c);
/* What was held goes on. false: not all of it yet. */
bool hold_send(struct conn *c, bool *moved);
bool hold_is_sent(const struct conn *c);
/* What the body asks for, in words; "" where none was held. */
void hold_print(const struct conn *c, char *out, size_t cap);
void hold_free(struct conn *c);

#endif

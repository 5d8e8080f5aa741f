/* egress.h -- the one process through which a sandbox reaches the world. */
#ifndef EGRESS_EGRESS_H
#define EGRESS_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/sender.h"
#include "base/limits.h"
#include "answerer.h"
#include "conn.h"
#include "dns/dns.h"
#include "dropped.h"
#include "http/head.h"
#include "loop/loop.h"
#include "msg/chan.h"
#include "policy/image.h"
#include "rates.h"
#include "resolve.h"
#include "stream.h"
#include "tls/ctx.h"
#include "tls/hello.h"
#include "up.h"
#include "ways.h"

struct egress {
	struct loop *loop;
	struct chan control;		/* to the supervisor */
	struct loop_io control_io;
	/* From the sandbox's namespace: the proxy's, and what is dialled
	 * without it. */
	struct loop_io listener, direct;
	struct answerer answerer;
	struct dropped dropped;
	struct dns *dns;
	struct tls *tls;
	struct resolve resolve;
	struct via via;
	struct image *image;
	struct rates *rates;		/* of the image */
	struct scan *scan;		/* and what is looked for */
	uint64_t generation;
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	struct audit_sender audit;
	struct up_pool pool;
	struct conn *conns[CONN_COUNT_MAX];
	uint32_t nconns, next_slot, serial, nparked, nagain, nasks;
	uint32_t nkids;			/* requests of HTTP/2 */
	struct stream_queue queue;	/* to be written this pass */
	struct stream_queue outgoing;	/* the same, when records are sent */
	size_t held;			/* of bodies, by all */
	struct conn_list again;		/* had more to do than a turn */
	struct conn_list askers;	/* wait to ask who they are */
	bool handed_on;			/* what runs is judged again, since
					 * others hold its connection */
	struct loop_timer again_timer, sweep_timer, who_timer, usage_timer;
	bool usage_soon;
	/* Scratch, valid within one step. */
	struct http_head head;
	struct buf text;
	unsigned char hello[HELLO_BYTES_MAX];
	unsigned char msg[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
};

/* control.c: what the supervisor says. control_start waits for its first
 * message and answers it; roots_fd becomes eg's. */
int control_start(struct egress *eg, int roots_fd, struct err *e);
void control_on_io(struct loop *l, unsigned events, void *arg);
void control_say(struct egress *eg, enum msg_type t, uint32_t id,
    const struct wbuf *w);

/* usage.c: something was counted. */
void usage_changed(struct egress *eg);
void usage_on_time(struct loop *l, void *arg);

/* pass.c: the end of a loop pass, where everything is written. */
void egress_queue(struct egress *eg, struct stream *s);
void egress_unqueue(struct egress *eg, struct stream *s);
/* Soon what idles is closed, or holds less. */
void egress_sweep_later(struct egress *eg);
void egress_on_sweep(struct loop *l, void *arg);
void egress_on_idle(struct loop *l, void *arg);
void egress_on_again(struct loop *l, void *arg);
void egress_on_audit(struct audit_sender *s, void *arg);

#endif

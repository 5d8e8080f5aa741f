/* meter.h -- counts what one stream writes to the world, and stops it where
 * a limit is reached.  Bytes are those on the wire: under TLS its records,
 * its handshake and its goodbye, too. */
#ifndef EGRESS_METER_H
#define EGRESS_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "rates.h"

struct loop;
struct rates;
struct stream;

struct meter {
	const struct loop *loop;
	struct rates **rates;	/* those of now */
	struct rates_set which;
	bool over;		/* a write did not happen */
	/* Of the write that is under way: how much of it, and what was
	 * counted for it beforehand. */
	size_t chunk;		/* 0: none is */
	uint64_t charged;
	uint64_t seen;		/* written under TLS, as counted so far */
};

/* The owner does something else now, or the rates changed. */
void meter_change(struct meter *m, struct rates_set which);
/* One more uses what is counted: all limits of all that do. */
void meter_add(struct meter *m, struct rates_set which);
/* Is there room for a handshake to begin, or to go on? */
bool meter_may_greet(struct meter *m);
/* Before a write: cuts *bytes to what may leave now. false: nothing may. */
bool meter_open(struct stream *s, struct str *bytes);
/* After it: n as write_some() gave it. */
void meter_close(struct stream *s, ssize_t n);
/* What TLS wrote by itself. */
void meter_settle(struct stream *s);
/* No more is written. */
void meter_end(struct stream *s);

#endif

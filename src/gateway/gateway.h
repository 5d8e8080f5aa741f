/* gateway.h -- the whole of one gateway, for all its files. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <sys/queue.h>

#include "audit_link.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/paths.h"
#include "cache.h"
#include "config.h"
#include "jail/spawner.h"
#include "loop/loop.h"
#include "policy.h"

struct box;
struct call;
struct conn;
struct store;

TAILQ_HEAD(box_list, box);
TAILQ_HEAD(call_list, call);
TAILQ_HEAD(conn_list, conn);

#define ACTOR_BYTES_MAX 64
#define GONE_MAX 64		/* deleted sandboxes still answered for */

struct gone { /* a deleted sandbox, as its JSON was last */
	char id[ID_BYTES_MAX + 1];
	char *json;
};

struct gateway {
	struct loop *loop;
	struct paths paths;
	int state_fd;			/* the state directory */
	int boxes_fd;			/* sandboxes/ in it */
	int log_fd;			/* log/ in it */
	struct store *store;
	struct spawner spawner;
	struct audit_link audit;

	struct policy_base base;
	struct cache cache;		/* of base */
	struct config config;
	char config_fault[ERR_BYTES_MAX]; /* why nothing may start, or "" */
	bool config_told;		/* what is in force is in the log */
	char actor[ACTOR_BYTES_MAX];	/* the user whose uid may speak to us */
	struct wall started;
	char kernel[64];
	int landlock_abi;

	struct box_list boxes;
	unsigned nboxes;
	struct gone gone[GONE_MAX];	/* a ring */
	unsigned ngone;

	struct loop_io listen, signals;
	struct conn_list conns;
	struct call_list sweeps;	/* calls about all sandboxes */
	unsigned nconns;
	bool stopping;
};

/* config.yaml again; tells the log if it changed. -1: refused, and nothing
 * may start until it is put right. */
int gateway_configure(struct gateway *g, struct err *e);
void gateway_stop(struct gateway *g);

/* maximum.c: the policy that the configuration names, read and checked; file
 * is "" when it names none. The list is new, or NULL; -1: *e says why. */
int maximum_read(const struct gateway *g, const char *file,
    struct policy_base *out, struct err *e);

#endif

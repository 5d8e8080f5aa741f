/* answerer.h -- DNS inside the sandbox: names that some rule could allow get
 * addresses that stand for them, all others do not exist. Nothing that is
 * asked here is ever asked outside. */
#ifndef EGRESS_ANSWERER_H
#define EGRESS_ANSWERER_H

#include <stdint.h>

#include "loop/loop.h"
#include "names.h"

#define ANSWERER_LINKS_MAX 16	/* connections for TCP */
#define ANSWERER_LINK_S	   10	/* and how long one may be silent */
#define ANSWERER_TTL_S	   60	/* addresses stay true for longer */

struct answerer {
	struct loop_io udp, tcp;
	struct names names;
	uint32_t nlinks;
};

void answerer_on_packet(struct loop *l, unsigned events, void *arg);
void answerer_on_accept(struct loop *l, unsigned events, void *arg);

#endif

/* conn.h -- connections to gateway.sock. */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

struct err;
struct gateway;

#define CONN_COUNT_MAX 512
#define BODY_BYTES_MAX 8388608
#define OUT_BYTES_MAX  33554432	/* an answer: a revision with its texts */

/* fd becomes the gateway's; it listens already. */
int conns_open(struct gateway *g, int fd, struct err *e);
/* Ends them all; answers that are under way are sent if that takes no
 * waiting. */
void conns_close(struct gateway *g);

#endif

/* own.h -- a server that the operator gave an authority of its own, or a
 * certificate of ours to show it. */
#ifndef TLS_OWN_H
#define TLS_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "tls/ctx.h"

struct trust;

struct tls_own {
	char host[HOST_BYTES_MAX + 1];
	uint16_t port;		/* 0: any */
	int fds[TLS_OWN_FILES];	/* not read yet, or -1 */
	struct trust *trust;	/* its authority alone; NULL: everybody's */
	SSL_CTX *ctx;		/* when it was needed */
	bool failed;		/* for good: */
	struct err fault;
};

struct tls_own *own_new(struct str host, uint16_t port);
void own_free(struct tls_own *o);
bool own_is_for(const struct tls_own *o, struct str host, uint16_t port);
/* false: it has one, fd is still the caller's. */
bool own_take(struct tls_own *o, enum tls_own_file which, int fd);
/* What it must be signed by; NULL and no error: it has none of its own. */
struct trust *own_trust(struct tls_own *o, struct err *e);
/* Certificate and key to o->ctx, if there are any. */
int own_load(struct tls_own *o, struct err *e);

#endif

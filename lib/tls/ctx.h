/* ctx.h -- TLS as egress speaks it: a server towards the sandbox, a verifying
 * client towards the world.  Both contexts are made when first needed. */
#ifndef TLS_CTX_H
#define TLS_CTX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tls/ca.h"

struct err;
struct tls;

/* roots_fd, extra_fd: PEM files of trusted authorities, or -1; they become
 * tls's and are read at the first outward connection. ca becomes its own
 * too. Nothing of OpenSSL is started here. */
struct tls *tls_new(struct ca *ca, int roots_fd, int extra_fd);
void tls_free(struct tls *t);		/* NULL is fine */

enum tls_alpn { TLS_HTTP1, TLS_HTTP2, TLS_EITHER };

/* A session on a connected, non-blocking socket, before its handshake. */
int tls_server(struct tls *t, int fd, struct str host, SSL **out,
    struct err *e);
int tls_client(struct tls *t, int fd, struct str host, uint16_t port,
    enum tls_alpn alpn, SSL **out, struct err *e);

/* Servers with an authority, or with a certificate of ours, of their own: the
 * last one that was added gets the files, which become tls's and are read at
 * the first connection to it. port 0: any. */
#define TLS_OWN_MAX	 64
#define TLS_OWN_BYTES_MAX 262144 /* of a certificate with its chain, or key */
enum tls_own_file { TLS_OWN_CA, TLS_OWN_CERT, TLS_OWN_KEY, TLS_OWN_FILES };
int tls_own_add(struct tls *t, struct str host, uint16_t port, struct err *e);
int tls_own_file(struct tls *t, enum tls_own_file which, int fd,
    struct err *e);

/* After it: was HTTP/2 chosen? */
bool tls_speaks_h2(SSL *ssl);

/* Goes on with a handshake. 1: done. 0: would block, *want_write says on
 * what. -1: failed, and why. */
int tls_handshake(SSL *ssl, bool *want_write, struct err *e);

/* Opens the host's bundle of trusted roots: SSL_CERT_FILE or the usual
 * places. -1: there is none. */
int tls_open_roots(void);

#endif

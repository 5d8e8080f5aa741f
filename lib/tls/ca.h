/* ca.h -- the certificate authority of one sandbox: one key, made here and
 * never written anywhere; leaves for the hosts that are visited. */
#ifndef TLS_CA_H
#define TLS_CA_H

#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"
#include "tls/openssl.h"

struct err;
struct ca;

#define LEAF_COUNT_MAX 128 /* certificates kept; the oldest goes first */

/* name is the sandbox's, for people who look at the certificate. */
int ca_new(struct str name, struct ca **out, struct err *e);
void ca_free(struct ca *ca);	/* NULL is fine */
/* The authority's certificate, PEM. */
struct str ca_pem(const struct ca *ca);
/* The same for Java: a truststore in room (JKS_BYTES_MAX bytes). */
struct str ca_truststore(const struct ca *ca, unsigned char *room);
/* A certificate for this host (canonical name or address), borrowed until
 * the next call; *key is its private key, borrowed as well. */
int ca_leaf(struct ca *ca, struct str host, X509 **cert, EVP_PKEY **key,
    struct err *e);

#endif

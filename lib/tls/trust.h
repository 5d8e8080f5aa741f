/* trust.h -- the trusted roots, found by name when a chain needs one.
 *
 * A bundle of 140 certificates takes 25 ms and 1.5 MB to parse whole, and a
 * sandbox meets two or three of them. So a bundle is only indexed: each
 * certificate's place and the hash of its subject; those that are asked for
 * are parsed. */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include "tls/openssl.h"

struct err;
struct trust;

#define TRUST_BYTES_MAX 4194304 /* of one PEM file */
#define TRUST_FILES_MAX 2	/* the host's bundle, the operator's */

struct trust *trust_new(void);
void trust_free(struct trust *t);	/* NULL is fine; after its stores */
/* Indexes a PEM file; fd becomes t's. A block that is no certificate is an
 * error: a bundle that was cut short must not pass for a small one. */
int trust_add(struct trust *t, int fd, struct err *e);
unsigned trust_count(const struct trust *t);
/* Lets the store ask t, which must outlive it. */
int trust_attach(struct trust *t, X509_STORE *store, struct err *e);

#endif

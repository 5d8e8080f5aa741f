/* trust.h -- a store of trusted roots out of PEM text. */
#ifndef TLS_TRUST_H
#define TLS_TRUST_H


#include "tls/openssl.h"

struct err;

#define TRUST_BYTES_MAX 4194304 /* of one PEM file */

/* Adds every certificate of the file to the store; *n counts them. Blocks
 * that are no certificate are an error: a bundle cut short must not pass for
 * a small one. */
int trust_add(X509_STORE *store, int fd, unsigned *n, struct err *e);

#endif

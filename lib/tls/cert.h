/* cert.h -- one X.509 certificate over a P-256 key, signed by another. */
#ifndef TLS_CERT_H
#define TLS_CERT_H

#include <stdbool.h>
#include <time.h>

#include "base/str.h"
#include "tls/key.h"

#define CERT_BYTES_MAX 2048

struct cert_spec {
	bool authority;		/* may sign others; else a TLS server's */
	struct str name;	/* common name, at most 64 bytes */
	struct str issuer;	/* common name of the signer */
	struct str host;	/* of a server: DNS name or address */
	time_t from, until;
	const struct key *subject, *signer;
};

/* DER, at the end of der[CERT_BYTES_MAX]; *out is where. */
int cert_make(const struct cert_spec *s, unsigned char *der, struct str *out,
    struct err *e);

#endif

/* jks.h -- a Java truststore of one certificate.  Java reads no PEM bundle:
 * this is the oldest of its formats, which every version reads. */
#ifndef TLS_JKS_H
#define TLS_JKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define JKS_PASSWORD  "changeit" /* Java's own default; nothing is secret */
#define JKS_BYTES_MAX 2048

/* Writes to out (JKS_BYTES_MAX); *store is what was written. False: the
 * certificate is too long. */
bool jks_print(struct str der, int64_t made_ms, unsigned char *out,
    struct str *store);

#endif

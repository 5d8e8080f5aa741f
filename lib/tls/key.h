/* key.h -- EC P-256 keys and signatures, without starting all of OpenSSL.
 *
 * A program that begins with one key pair and one signature should not pay
 * for loading providers (1.4 ms here): the curve's own functions are used,
 * with the kernel as the only source of random bytes. TLS starts the rest
 * when the first connection comes. */
#ifndef TLS_KEY_H
#define TLS_KEY_H


#include "base/str.h"
#include "tls/openssl.h"

struct err;

#define KEY_POINT_BYTES 65	/* uncompressed public point */
#define KEY_SIGN_BYTES	72	/* longest DER signature */
#define KEY_HASH_BYTES	32

struct key {
	EVP_PKEY *pkey;
	unsigned char point[KEY_POINT_BYTES];
};

int key_new(struct key *k, struct err *e);
void key_free(struct key *k);		/* zero state is fine */
void key_hash(struct str s, unsigned char out[KEY_HASH_BYTES]);
/* ECDSA over the hash of s; sig gets *len bytes of DER. */
int key_sign(const struct key *k, struct str s, unsigned char *sig,
    size_t *len, struct err *e);
void key_random(void *p, size_t len);	/* from the kernel; cannot fail */

#endif

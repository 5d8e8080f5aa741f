/* The functions of single algorithms are what OpenSSL 3 calls deprecated;
 * they are here because they need no provider. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/key.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/must.h"

void
key_random(void *p, size_t len)
{
	unsigned char *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		must(n > 0 || errno == EINTR);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

static int
rand_bytes(unsigned char *p, int n)
{
	key_random(p, (size_t)n);
	return 1;
}

static int
rand_status(void)
{
	return 1;
}

static void
crypto_start(void)
{
	static const RAND_METHOD kernel = { .bytes = rand_bytes,
		.pseudorand = rand_bytes, .status = rand_status };

	must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
		OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
	must(RAND_set_rand_method(&kernel) == 1);
}

int
key_new(struct key *k, struct err *e)
{
	EC_KEY *ec;
	size_t n;

	crypto_start();
	ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	if (ec == NULL || EC_KEY_generate_key(ec) != 1) {
		EC_KEY_free(ec);
		return err_set(e, ERR_STATE, "make a P-256 key");
	}
	n = EC_POINT_point2oct(EC_KEY_get0_group(ec),
	    EC_KEY_get0_public_key(ec), POINT_CONVERSION_UNCOMPRESSED,
	    k->point, sizeof(k->point), NULL);
	must(n == sizeof(k->point));
	k->pkey = EVP_PKEY_new();
	must(k->pkey != NULL && EVP_PKEY_assign_EC_KEY(k->pkey, ec) == 1);
	return 0;
}

void
key_free(struct key *k)
{
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
}

void
key_hash(struct str s, unsigned char out[KEY_HASH_BYTES])
{
	SHA256_CTX c;

	must(SHA256_Init(&c) == 1);
	must(SHA256_Update(&c, s.p, s.len) == 1);
	must(SHA256_Final(out, &c) == 1);
}

/* The nonce is drawn before the hash is known: the other way, which mixes
 * both, needs a digest from a provider. */
static bool
sign_hash(EC_KEY *ec, const unsigned char hash[KEY_HASH_BYTES],
    unsigned char *sig, unsigned *n)
{
	BIGNUM *kinv = NULL, *r = NULL;
	bool ok = ECDSA_sign_setup(ec, NULL, &kinv, &r) == 1 &&
	    ECDSA_sign_ex(0, hash, KEY_HASH_BYTES, sig, n, kinv, r, ec) == 1;

	BN_clear_free(kinv);
	BN_clear_free(r);
	return ok;
}

int
key_sign(const struct key *k, struct str s, unsigned char *sig, size_t *len,
    struct err *e)
{
	/* Only read, but the function's type does not say so. */
	EC_KEY *ec = (EC_KEY *)(uintptr_t)EVP_PKEY_get0_EC_KEY(k->pkey);
	unsigned char hash[KEY_HASH_BYTES];
	unsigned n = 0;

	key_hash(s, hash);
	if (!sign_hash(ec, hash, sig, &n))
		return err_set(e, ERR_STATE, "sign with a P-256 key");
	*len = n;
	return 0;
}

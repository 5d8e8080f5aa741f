/* jks.c -- the layout is that of sun.security.provider.JavaKeyStore: magic,
 * version 2, a list of entries, and a SHA-1 over a fixed prefix made of the
 * password and all of it. Integers are big-endian. */
#include "tls/jks.h"

#include <openssl/sha.h>
#include <string.h>

#define JKS_MAGIC 0xFEEDFEEDU
#define TAG_TRUSTED 2
#define ALIAS "openshell"

static unsigned char *
put_be(unsigned char *at, uint64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--)
		*at++ = (unsigned char)(v >> (8 * i));
	return at;
}

static unsigned char *
put_utf(unsigned char *at, struct str s)
{
	at = put_be(at, s.len, 2);
	memcpy(at, s.p, s.len);
	return at + s.len;
}

/* SHA-1 of the password in UTF-16BE, a phrase, and the store. */
static void
digest(const unsigned char *store, size_t len, unsigned char *out)
{
	static const char phrase[] = "Mighty Aphrodite";
	unsigned char text[128 + JKS_BYTES_MAX], *at = text;

	for (const char *p = JKS_PASSWORD; *p != '\0'; p++)
		at = put_be(at, (unsigned char)*p, 2);
	memcpy(at, phrase, sizeof(phrase) - 1);
	at += sizeof(phrase) - 1;
	memcpy(at, store, len);
	at += len;
	(void)SHA1(text, (size_t)(at - text), out);
}

bool
jks_print(struct str der, int64_t made_ms, unsigned char *out,
    struct str *store)
{
	unsigned char *at = out;

	if (der.len > JKS_BYTES_MAX - 128)
		return false;
	at = put_be(at, JKS_MAGIC, 4);
	at = put_be(at, 2, 4);
	at = put_be(at, 1, 4);
	at = put_be(at, TAG_TRUSTED, 4);
	at = put_utf(at, STR(ALIAS));
	at = put_be(at, (uint64_t)made_ms, 8);
	at = put_utf(at, STR("X.509"));
	at = put_be(at, der.len, 4);
	memcpy(at, der.p, der.len);
	at += der.len;
	digest(out, (size_t)(at - out), at);
	*store = str_of((const char *)out, (size_t)(at - out) +
	    SHA_DIGEST_LENGTH);
	return true;
}

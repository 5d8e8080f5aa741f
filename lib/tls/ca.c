#include "tls/ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/must.h"
#include "tls/cert.h"
#include "tls/jks.h"

#define CA_NAME_BYTES_MAX  64	/* RFC 5280: ub-common-name */
#define CA_LIFE_S	   (10LL * 365 * 86400)
#define LEAF_LIFE_S	   (30LL * 86400)
#define LEAF_RENEW_S	   (10LL * 86400) /* made anew when it is this old */
#define CLOCK_SLACK_S	   86400	/* valid from this long ago */
#define PEM_BYTES_MAX	   (CERT_BYTES_MAX * 3 / 2 + 128)

struct leaf {
	char host[HOST_BYTES_MAX + 1];
	size_t len;
	X509 *cert;
	time_t made;
	uint64_t used;
};

struct ca {
	struct key key, leaf_key;	/* one key for all leaves: they all
					 * live and die in this process */
	char name[CA_NAME_BYTES_MAX + 1];
	char pem[PEM_BYTES_MAX];
	size_t pem_len;
	unsigned char der[CERT_BYTES_MAX];
	size_t der_len;
	time_t made;
	uint64_t uses;
	struct leaf leaves[LEAF_COUNT_MAX];
};

static void
pem_write(struct ca *ca, struct str der)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n";
	static const char tail[] = "-----END CERTIFICATE-----\n";
	char *at = ca->pem;

	at = mempcpy(at, head, sizeof(head) - 1);
	for (size_t i = 0; i < der.len; i += 48) {
		size_t n = der.len - i < 48 ? der.len - i : 48;

		at += EVP_EncodeBlock((unsigned char *)at,
		    (const unsigned char *)der.p + i, (int)n);
		*at++ = '\n';
	}
	at = mempcpy(at, tail, sizeof(tail) - 1);
	ca->pem_len = (size_t)(at - ca->pem);
	must(ca->pem_len <= sizeof(ca->pem));
}

int
ca_new(struct str name, struct ca **out, struct err *e)
{
	struct ca *ca = mem_alloc(1, sizeof(*ca));
	time_t now = time(NULL);
	struct str cert;
	struct cert_spec s = { .authority = true, .subject = &ca->key,
		.signer = &ca->key, .from = now - CLOCK_SLACK_S,
		.until = now + CA_LIFE_S };
	int n = snprintf(ca->name, sizeof(ca->name), "OpenShell sandbox %.*s",
	    (int)(name.len > 40 ? 40 : name.len), name.p);

	must(n > 0 && (size_t)n < sizeof(ca->name));
	s.name = s.issuer = str_c(ca->name);
	if (key_new(&ca->key, e) == -1 ||
	    cert_make(&s, ca->der, &cert, e) == -1) {
		ca_free(ca);
		return -1;
	}
	memmove(ca->der, cert.p, cert.len);
	ca->der_len = cert.len;
	ca->made = now;
	pem_write(ca, str_of((const char *)ca->der, ca->der_len));
	*out = ca;
	return 0;
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	for (size_t i = 0; i < LEAF_COUNT_MAX; i++)
		X509_free(ca->leaves[i].cert);
	key_free(&ca->key);
	key_free(&ca->leaf_key);
	free(ca);
}

struct str
ca_pem(const struct ca *ca)
{
	return str_of(ca->pem, ca->pem_len);
}

struct str
ca_truststore(const struct ca *ca, unsigned char *room)
{
	struct str der = str_of((const char *)ca->der, ca->der_len);
	struct str store;

	must(jks_print(der, (int64_t)ca->made * 1000, room, &store));
	return store;
}

/* The entry of this host, or the one to be replaced. */
static struct leaf *
leaf_find(struct ca *ca, struct str host)
{
	struct leaf *oldest = &ca->leaves[0];

	for (size_t i = 0; i < LEAF_COUNT_MAX; i++) {
		struct leaf *l = &ca->leaves[i];

		if (l->cert != NULL &&
		    str_eq(str_of(l->host, l->len), host))
			return l;
		if (l->used < oldest->used)
			oldest = l;
	}
	return oldest;
}

static int
leaf_make(struct ca *ca, struct leaf *l, struct str host, time_t now,
    struct err *e)
{
	unsigned char der[CERT_BYTES_MAX];
	const unsigned char *at;
	struct str cert;
	struct cert_spec s = { .host = host, .issuer = str_c(ca->name),
		.name = host.len <= CA_NAME_BYTES_MAX ? host :
							STR("OpenShell"),
		.subject = &ca->leaf_key, .signer = &ca->key,
		.from = now - CLOCK_SLACK_S, .until = now + LEAF_LIFE_S };

	if (ca->leaf_key.pkey == NULL && key_new(&ca->leaf_key, e) == -1)
		return -1;
	X509_free(l->cert);
	*l = (struct leaf){ .made = now };
	if (!str_copy(host, l->host, sizeof(l->host)))
		return err_set(e, ERR_INPUT, "the host's name is too long");
	l->len = host.len;
	if (cert_make(&s, der, &cert, e) == -1)
		return -1;
	at = (const unsigned char *)cert.p;
	l->cert = d2i_X509(NULL, &at, (long)cert.len);
	must(l->cert != NULL);
	return 0;
}

int
ca_leaf(struct ca *ca, struct str host, X509 **cert, EVP_PKEY **key,
    struct err *e)
{
	struct leaf *l = leaf_find(ca, host);
	time_t now = time(NULL);
	bool have = l->cert != NULL && str_eq(str_of(l->host, l->len), host);

	if ((!have || now - l->made > LEAF_RENEW_S || now < l->made) &&
	    leaf_make(ca, l, host, now, e) == -1)
		return -1;
	l->used = ++ca->uses;
	*cert = l->cert;
	*key = ca->leaf_key.pkey;
	return 0;
}

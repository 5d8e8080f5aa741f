#include "tls/cert.h"

#include <arpa/inet.h>

#include "base/err.h"
#include "base/must.h"
#include "tls/der.h"

/* Object identifiers and fixed pieces, as DER. */
static const struct str ecdsa_sha256 = STR(
    "\x30\x0A\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02");
static const struct str p256_key = STR(
    "\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01"
    "\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07");
static const struct str oid_common_name = STR("\x06\x03\x55\x04\x03");
static const struct str version_3 = STR("\xA0\x03\x02\x01\x02");
static const struct str oid_subject_key = STR("\x06\x03\x55\x1D\x0E");
static const struct str oid_issuer_key = STR("\x06\x03\x55\x1D\x23");
static const struct str oid_names = STR("\x06\x03\x55\x1D\x11");
/* Whole extensions: critical, CA with no CA below it; critical, may sign
 * certificates and lists; critical, no CA; critical, digital signature; TLS
 * server. */
static const struct str ext_authority = STR(
    "\x30\x12\x06\x03\x55\x1D\x13\x01\x01\xFF\x04\x08\x30\x06\x01\x01\xFF"
    "\x02\x01\x00"
    "\x30\x0E\x06\x03\x55\x1D\x0F\x01\x01\xFF\x04\x04\x03\x02\x01\x06");
static const struct str ext_server = STR(
    "\x30\x0C\x06\x03\x55\x1D\x13\x01\x01\xFF\x04\x02\x30\x00"
    "\x30\x0E\x06\x03\x55\x1D\x0F\x01\x01\xFF\x04\x04\x03\x02\x07\x80"
    "\x30\x13\x06\x03\x55\x1D\x25\x04\x0C\x30\x0A\x06\x08\x2B\x06\x01\x05"
    "\x05\x07\x03\x01");

#define KEY_ID_BYTES 20

/* An extension that is not critical: everything since mark is its value. */
static void
wrap_ext(struct der *d, struct str oid, size_t mark)
{
	der_wrap(d, DER_BYTES, mark);
	der_put_str(d, oid);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void
put_key_id(struct der *d, unsigned tag, const struct key *k)
{
	unsigned char hash[KEY_HASH_BYTES];

	key_hash(str_of((const char *)k->point, sizeof(k->point)), hash);
	der_value(d, tag, str_of((const char *)hash, KEY_ID_BYTES));
}

static void
put_names(struct der *d, struct str host)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char a[16];
	size_t mark = d->at, bytes = 0;

	if (str_copy(host, text, sizeof(text))) {
		if (inet_pton(AF_INET, text, a) == 1)
			bytes = 4;
		else if (inet_pton(AF_INET6, text, a) == 1)
			bytes = 16;
	}
	if (bytes > 0) /* [7] iPAddress, [2] dNSName */
		der_value(d, 0x87, str_of((const char *)a, bytes));
	else
		der_value(d, 0x82, host);
	der_wrap(d, DER_SEQUENCE, mark);
	wrap_ext(d, oid_names, mark);
}

static void
put_extensions(struct der *d, const struct cert_spec *s)
{
	size_t mark = d->at, one = d->at;

	put_key_id(d, 0x80, s->signer); /* [0] keyIdentifier */
	der_wrap(d, DER_SEQUENCE, one);
	wrap_ext(d, oid_issuer_key, one);
	one = d->at;
	put_key_id(d, DER_BYTES, s->subject);
	wrap_ext(d, oid_subject_key, one);
	if (!s->authority)
		put_names(d, s->host);
	der_put_str(d, s->authority ? ext_authority : ext_server);
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, 0xA3, mark); /* [3] extensions */
}

static void
put_public_key(struct der *d, const struct key *k)
{
	size_t mark = d->at;

	der_put(d, k->point, sizeof(k->point));
	der_put(d, "", 1); /* no unused bits */
	der_wrap(d, DER_BITS, mark);
	der_put_str(d, p256_key);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void
put_name(struct der *d, struct str common_name)
{
	size_t mark = d->at;

	der_value(d, DER_UTF8, common_name);
	der_put_str(d, oid_common_name);
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, DER_SET, mark);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void
put_time(struct der *d, time_t t)
{
	char text[24];
	struct tm tm;

	must(gmtime_r(&t, &tm) != NULL);
	must(strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) == 15);
	der_value(d, DER_UTC_TIME, str_of(text + 2, 13)); /* to 2049 */
}

static void
put_serial(struct der *d)
{
	unsigned char n[16];

	key_random(n, sizeof(n));
	n[0] = (unsigned char)((n[0] & 0x7F) | 0x40); /* positive, full size */
	der_value(d, DER_INTEGER, str_of((const char *)n, sizeof(n)));
}

static void
put_body(struct der *d, const struct cert_spec *s)
{
	size_t mark = d->at, times;

	put_extensions(d, s);
	put_public_key(d, s->subject);
	put_name(d, s->name);
	times = d->at;
	put_time(d, s->until);
	put_time(d, s->from);
	der_wrap(d, DER_SEQUENCE, times);
	put_name(d, s->issuer);
	der_put_str(d, ecdsa_sha256);
	put_serial(d);
	der_put_str(d, version_3);
	der_wrap(d, DER_SEQUENCE, mark);
}

int
cert_make(const struct cert_spec *s, unsigned char *der, struct str *out,
    struct err *e)
{
	unsigned char body[CERT_BYTES_MAX], sig[KEY_SIGN_BYTES];
	struct der b = der_of(body, sizeof(body));
	struct der d = der_of(der, CERT_BYTES_MAX);
	size_t siglen = 0;

	put_body(&b, s);
	if (key_sign(s->signer, der_str(&b), sig, &siglen, e) == -1)
		return -1;
	der_put(&d, sig, siglen);
	der_put(&d, "", 1);
	der_wrap(&d, DER_BITS, d.cap);
	der_put_str(&d, ecdsa_sha256);
	der_put_str(&d, der_str(&b));
	der_wrap(&d, DER_SEQUENCE, d.cap);
	*out = der_str(&d);
	return 0;
}

#include "tls/own.h"

#include <stdlib.h>

#include "base/clean.h"
#include "base/io.h"
#include "base/must.h"
#include "tls/reason.h"
#include "tls/trust.h"

struct tls_own *
own_new(struct str host, uint16_t port)
{
	struct tls_own *o = mem_alloc(1, sizeof(*o));

	must(str_copy(host, o->host, sizeof(o->host)));
	o->port = port;
	for (int i = 0; i < TLS_OWN_FILES; i++)
		o->fds[i] = -1;
	return o;
}

void
own_free(struct tls_own *o)
{
	SSL_CTX_free(o->ctx);
	trust_free(o->trust);
	for (int i = 0; i < TLS_OWN_FILES; i++)
		fd_close(&o->fds[i]);
	free(o);
}

bool
own_is_for(const struct tls_own *o, struct str host, uint16_t port)
{
	return o->port == port && str_eqz(host, o->host);
}

bool
own_take(struct tls_own *o, enum tls_own_file which, int fd)
{
	if (o->fds[which] != -1)
		return false;
	o->fds[which] = fd;
	return true;
}

struct trust *
own_trust(struct tls_own *o, struct err *e)
{
	struct trust *t;

	if (o->fds[TLS_OWN_CA] == -1)
		return NULL;
	t = trust_new();
	if (trust_add(t, fd_take(&o->fds[TLS_OWN_CA]), e) == -1)
		(void)err_wrap(e, "upstream_tls: the ca of %s", o->host);
	else if (trust_count(t) == 0)
		(void)err_set(e, ERR_INPUT, "upstream_tls: the ca of %s holds "
		    "no certificate", o->host);
	else
		return o->trust = t;
	trust_free(t);
	return NULL;
}

/* ---- our certificate ---- */

/* A key under a password is none: nobody could be asked. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

static int
refused(const struct tls_own *o, const char *what, struct err *e)
{
	return err_set(e, ERR_INPUT, "upstream_tls: the %s for %s: %s", what,
	    o->host, tls_reason());
}

/* The first certificate is ours, the others lead to its root. */
static bool
certificates_load(SSL_CTX *ctx, BIO *b)
{
	X509 *x = PEM_read_bio_X509(b, NULL, no_password, NULL);
	bool good = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (good &&
	    (x = PEM_read_bio_X509(b, NULL, no_password, NULL)) != NULL) {
		good = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	return good;
}

static bool
key_load(SSL_CTX *ctx, BIO *b)
{
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	bool good = k != NULL && SSL_CTX_use_PrivateKey(ctx, k) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(k);
	return good;
}

static int
file_load(struct tls_own *o, enum tls_own_file which, struct err *e)
{
	const char *what = which == TLS_OWN_KEY ? "key" : "certificate";
	CLEAN_FD int fd = fd_take(&o->fds[which]);
	CLEAN_FREE char *text = NULL;
	size_t len = 0;
	bool good;
	BIO *b;

	if (fd == -1)
		return err_set(e, ERR_INPUT, "upstream_tls: there is no %s "
		    "for %s", what, o->host);
	if (io_read_all(fd, TLS_OWN_BYTES_MAX, &text, &len, e) == -1)
		return err_wrap(e, "upstream_tls: the %s for %s", what,
		    o->host);
	ERR_clear_error();
	b = BIO_new_mem_buf(text == NULL ? "" : text, (int)len);
	must(b != NULL);
	good = which == TLS_OWN_KEY ? key_load(o->ctx, b) :
				      certificates_load(o->ctx, b);
	BIO_free(b);
	if (text != NULL)
		OPENSSL_cleanse(text, len);
	if (!good)
		return refused(o, what, e);
	ERR_clear_error(); /* the end of the file is one */
	return 0;
}

int
own_load(struct tls_own *o, struct err *e)
{
	if (o->fds[TLS_OWN_CERT] == -1 && o->fds[TLS_OWN_KEY] == -1)
		return 0;
	return file_load(o, TLS_OWN_CERT, e) == -1 ||
	    file_load(o, TLS_OWN_KEY, e) == -1 ? -1 : 0;
}

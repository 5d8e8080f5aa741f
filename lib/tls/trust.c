#include "tls/trust.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "tls/der.h"

struct root { /* one certificate's place */
	int fd;
	size_t at, len;
	unsigned long subject;	/* X509_NAME_hash */
};

struct trust {
	int fds[TRUST_FILES_MAX];
	unsigned nfds, nroots;
	struct root *roots;
};

struct trust *
trust_new(void)
{
	return mem_alloc(1, sizeof(struct trust));
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->nfds; i++)
		fd_close(&t->fds[i]);
	free(t->roots);
	free(t);
}

unsigned
trust_count(const struct trust *t)
{
	return t->nroots;
}

/* ---- the index ---- */

/* The subject of a certificate: version, serial, algorithm, issuer and
 * validity stand before it. */
static bool
subject_of(struct str der, struct str *subject)
{
	static const unsigned before[] = { DER_INTEGER, DER_SEQUENCE,
		DER_SEQUENCE, DER_SEQUENCE };
	struct str cert, body, whole;

	if (!der_take(&der, DER_SEQUENCE, &cert, &whole) ||
	    !der_take(&cert, DER_SEQUENCE, &body, &whole))
		return false;
	if (body.len > 0 && (unsigned char)body.p[0] == 0xA0 &&
	    !der_take(&body, 0xA0, &cert, &whole))
		return false;
	for (size_t i = 0; i < NELEM(before); i++)
		if (!der_take(&body, before[i], &cert, &whole))
			return false;
	return der_take(&body, DER_SEQUENCE, &cert, subject);
}

static bool
subject_hash(struct str der, unsigned long *out)
{
	struct str subject;
	const unsigned char *at;
	X509_NAME *name;
	int ok = 0;

	if (!subject_of(der, &subject))
		return false;
	at = (const unsigned char *)subject.p;
	name = d2i_X509_NAME(NULL, &at, (long)subject.len);
	if (name != NULL)
		*out = X509_NAME_hash_ex(name, NULL, NULL, &ok);
	X509_NAME_free(name);
	return ok == 1;
}

static int
root_add(struct trust *t, struct root *r, struct str der, struct err *e)
{
	if (!subject_hash(der, &r->subject))
		return err_set(e, ERR_INPUT, "certificate %u is malformed",
		    t->nroots + 1);
	if ((t->nroots & (t->nroots + 1)) == 0) /* room to the next 2^n - 1 */
		t->roots = mem_grow(t->roots, 2 * ((size_t)t->nroots + 1),
		    sizeof(*t->roots));
	t->roots[t->nroots++] = *r;
	return 0;
}

/* One block of the file; 0: there is none left. */
static int
block_add(struct trust *t, BIO *bio, size_t len, int fd, struct err *e)
{
	struct root r = { .fd = fd, .at = len - BIO_ctrl_pending(bio) };
	unsigned char *der = NULL;
	char *name = NULL, *head = NULL;
	long n = 0;
	int rc = 1;

	if (PEM_read_bio(bio, &name, &head, &der, &n) != 1) {
		unsigned long why = ERR_peek_last_error();

		ERR_clear_error();
		return ERR_GET_REASON(why) == PEM_R_NO_START_LINE ? 0 :
		    err_set(e, ERR_INPUT, "certificate %u is malformed",
			t->nroots + 1);
	}
	r.len = len - r.at - BIO_ctrl_pending(bio);
	if (strcmp(name, PEM_STRING_X509) == 0 &&
	    root_add(t, &r, str_of((const char *)der, (size_t)n), e) == -1)
		rc = -1;
	OPENSSL_free(name);
	OPENSSL_free(head);
	OPENSSL_free(der);
	return rc;
}

int
trust_add(struct trust *t, int fd, struct err *e)
{
	CLEAN_FREE char *text = NULL;
	size_t len;
	BIO *bio;
	int rc;

	must(t->nfds < TRUST_FILES_MAX);
	t->fds[t->nfds++] = fd;
	if (lseek(fd, 0, SEEK_SET) == -1)
		return err_sys(e, "rewind");
	if (io_read_all(fd, TRUST_BYTES_MAX, &text, &len, e) == -1)
		return -1;
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return err_set(e, ERR_STATE, "out of memory");
	do
		rc = block_add(t, bio, len, fd, e);
	while (rc == 1); /* each turn takes a block off the text */
	BIO_free(bio);
	return rc;
}

/* ---- finding ---- */

static X509 *
root_load(const struct root *r)
{
	CLEAN_FREE char *text = mem_alloc(1, r->len);
	BIO *bio;
	X509 *x = NULL;

	if (pread(r->fd, text, r->len, (off_t)r->at) != (ssize_t)r->len)
		return NULL;
	bio = BIO_new_mem_buf(text, (int)r->len);
	if (bio != NULL)
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return x;
}

/* The store has none of this name. All there are go into it, and the first
 * is the answer, which is borrowed from it. */
static int
on_subject(X509_LOOKUP *l, X509_LOOKUP_TYPE type, const X509_NAME *name,
    X509_OBJECT *ret)
{
	const struct trust *t = X509_LOOKUP_get_method_data(l);
	int ok = 0, found = 0;
	unsigned long hash = X509_NAME_hash_ex(name, NULL, NULL, &ok);

	for (unsigned i = 0; type == X509_LU_X509 && i < t->nroots; i++) {
		X509 *x;

		if (ok != 1 || t->roots[i].subject != hash)
			continue;
		x = root_load(&t->roots[i]);
		if (x != NULL &&
		    X509_NAME_cmp(X509_get_subject_name(x), name) == 0 &&
		    X509_STORE_add_cert(X509_LOOKUP_get_store(l), x) == 1 &&
		    found == 0) {
			found = X509_OBJECT_set1_X509(ret, x);
			X509_free(x); /* ret's: it is not ret that frees */
		}
		X509_free(x);
	}
	return found;
}

static X509_LOOKUP_METHOD *
lookup_method(void)
{
	static X509_LOOKUP_METHOD *method;

	if (method == NULL) {
		method = X509_LOOKUP_meth_new("roots by subject");
		must(method != NULL &&
		    X509_LOOKUP_meth_set_get_by_subject(method,
			on_subject) == 1);
	}
	return method;
}

int
trust_attach(struct trust *t, X509_STORE *store, struct err *e)
{
	X509_LOOKUP *l = X509_STORE_add_lookup(store, lookup_method());

	if (l == NULL || X509_LOOKUP_set_method_data(l, t) != 1)
		return err_set(e, ERR_STATE, "out of memory");
	return 0;
}

#include "tls/trust.h"

#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"

static int
add_all(X509_STORE *store, BIO *bio, unsigned *n, struct err *e)
{
	unsigned long why;
	X509 *x;

	while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		int ok = X509_STORE_add_cert(store, x);

		X509_free(x);
		if (ok != 1)
			return err_set(e, ERR_STATE,
			    "certificate %u cannot be stored", *n + 1);
		(*n)++;
	}
	why = ERR_peek_last_error();
	ERR_clear_error();
	if (ERR_GET_LIB(why) == ERR_LIB_PEM &&
	    ERR_GET_REASON(why) == PEM_R_NO_START_LINE)
		return 0; /* the end */
	return err_set(e, ERR_INPUT, "certificate %u is malformed", *n + 1);
}

int
trust_add(X509_STORE *store, int fd, unsigned *n, struct err *e)
{
	CLEAN_FREE char *text = NULL;
	size_t len;
	BIO *bio;
	int rc;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return err_sys(e, "rewind");
	if (io_read_all(fd, TRUST_BYTES_MAX, &text, &len, e) == -1)
		return -1;
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return err_set(e, ERR_STATE, "out of memory");
	rc = add_all(store, bio, n, e);
	BIO_free(bio);
	return rc;
}

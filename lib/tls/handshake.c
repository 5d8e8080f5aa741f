/* handshake.c -- how a handshake goes on, and why one failed. */
#include <errno.h>

#include "base/err.h"
#include "tls/ctx.h"
#include "tls/reason.h"

bool
tls_speaks_h2(SSL *ssl)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

/* The program's own words for that it takes no certificate of the sandbox's;
 * others, and its silence, may be about something else. */
static bool
is_distrust(int reason)
{
	return reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
	    reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
	    reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN ||
	    reason == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE;
}

/* A handshake towards the sandbox failed. */
static int
inward_failed(int why, struct err *e)
{
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	bool alert = why == SSL_ERROR_SSL && is_distrust(reason);

	if (alert)
		return err_set(e, ERR_PEER, "the program does not trust the "
		    "sandbox's authority (%s): it may pin certificates, or "
		    "have roots of its own; protocols: [tls] passes its TLS "
		    "unread", tls_reason());
	if (why == SSL_ERROR_SYSCALL ||
	    reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return err_set(e, ERR_PEER, "the program ended the TLS "
		    "handshake without a word: it may not trust the sandbox's "
		    "authority");
	}
	return err_set(e, ERR_PEER, "the program's TLS handshake: %s",
	    tls_reason());
}

int
tls_handshake(SSL *ssl, bool *want_write, struct err *e)
{
	long verify;
	int rc, why, sys;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(ssl);
	sys = errno;
	if (rc == 1)
		return 1;
	why = SSL_get_error(ssl, rc);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		*want_write = why == SSL_ERROR_WANT_WRITE;
		return 0;
	}
	if (SSL_is_server(ssl))
		return inward_failed(why, e);
	verify = SSL_get_verify_result(ssl);
	if (verify != X509_V_OK) {
		ERR_clear_error();
		return err_set(e, ERR_PEER,
		    "its certificate is not trusted: %s",
		    X509_verify_cert_error_string(verify));
	}
	if (why == SSL_ERROR_SYSCALL) {
		ERR_clear_error();
		return sys == 0 ?
		    err_set(e, ERR_PEER,
			"the connection ended during the TLS handshake") :
		    err_num(e, sys, "TLS handshake");
	}
	return err_set(e, ERR_PEER, "TLS handshake: %s", tls_reason());
}

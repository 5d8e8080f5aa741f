/* reason.h -- OpenSSL's last word about what failed, and an empty queue. */
#ifndef TLS_REASON_H
#define TLS_REASON_H

#include "tls/openssl.h"

static inline const char *
tls_reason(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why == NULL ? "unknown error" : why;
}

#endif

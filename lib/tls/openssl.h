/* openssl.h -- the one place that includes OpenSSL: its ERR_STATE (a type)
 * would meet ours (a kind of error). */
#ifndef TLS_OPENSSL_H
#define TLS_OPENSSL_H

#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif

#include "tls/ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "http/host.h"
#include "tls/key.h"
#include "tls/trust.h"

#define SESSION_COUNT_MAX_TLS 64 /* outward sessions kept for resumption */

struct session { /* of one host and port */
	char key[HOST_BYTES_MAX + 8];
	SSL_SESSION *s;
	uint64_t used;
};

struct tls {
	struct ca *ca;
	int roots_fd, extra_fd;
	SSL_CTX *server, *client;
	struct trust *trust;		/* of client */
	bool distrusts;			/* there is none: distrust says why */
	struct err distrust;
	uint64_t uses;
	struct session sessions[SESSION_COUNT_MAX_TLS];
};

struct tls *
tls_new(struct ca *ca, int roots_fd, int extra_fd)
{
	struct tls *t = mem_alloc(1, sizeof(*t));

	t->ca = ca;
	t->roots_fd = roots_fd;
	t->extra_fd = extra_fd;
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < SESSION_COUNT_MAX_TLS; i++)
		SSL_SESSION_free(t->sessions[i].s);
	SSL_CTX_free(t->server);
	SSL_CTX_free(t->client);
	trust_free(t->trust);
	ca_free(t->ca);
	fd_close(&t->roots_fd);
	fd_close(&t->extra_fd);
	free(t);
}

int
tls_open_roots(void)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};
	const char *named = getenv("SSL_CERT_FILE");
	int fd = -1;

	if (named != NULL)
		return open(named, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < NELEM(places) && fd == -1; i++)
		fd = open(places[i], O_RDONLY | O_CLOEXEC);
	return fd;
}

/* OpenSSL's last word about what failed, and an empty queue. */
static const char *
last_reason(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why == NULL ? "unknown error" : why;
}

/* ---- both contexts ---- */

static SSL_CTX *
ctx_new(const SSL_METHOD *method, struct err *e)
{
	SSL_CTX *c;

	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	c = SSL_CTX_new(method);
	if (c == NULL) {
		(void)err_set(e, ERR_STATE, "start TLS: %s", last_reason());
		return NULL;
	}
	must(SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1);
	must(SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:"
	    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1);
	must(SSL_CTX_set_cipher_list(c,
	    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL") == 1);
	(void)SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1);
	return c;
}

/* ---- towards the sandbox ---- */

/* HTTP/2 where it is offered, else HTTP/1.1, or nothing. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	unsigned char *pick;

	(void)ssl, (void)arg;
	if (SSL_select_next_proto(&pick, outlen, ours, sizeof(ours) - 1, in,
		inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = pick;
	return SSL_TLSEXT_ERR_OK;
}

static int
server_ctx(struct tls *t, struct err *e)
{
	if (t->server != NULL)
		return 0;
	t->server = ctx_new(TLS_server_method(), e);
	if (t->server == NULL)
		return -1;
	SSL_CTX_set_alpn_select_cb(t->server, on_alpn, NULL);
	(void)SSL_CTX_set_session_cache_mode(t->server, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(t->server, 1);
	return 0;
}

/* Sessions resume for the host they were made for and no other. */
static void
bind_session(SSL *ssl, struct str host)
{
	unsigned char id[KEY_HASH_BYTES];

	key_hash(host, id);
	must(SSL_set_session_id_context(ssl, id, sizeof(id)) == 1);
}

int
tls_server(struct tls *t, int fd, struct str host, SSL **out, struct err *e)
{
	EVP_PKEY *key;
	X509 *cert;
	SSL *ssl;

	if (server_ctx(t, e) == -1 ||
	    ca_leaf(t->ca, host, &cert, &key, e) == -1)
		return -1;
	ssl = SSL_new(t->server);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_use_certificate(ssl, cert) != 1 ||
	    SSL_use_PrivateKey(ssl, key) != 1) {
		SSL_free(ssl);
		return err_set(e, ERR_STATE, "start TLS: %s", last_reason());
	}
	bind_session(ssl, host);
	SSL_set_accept_state(ssl);
	*out = ssl;
	return 0;
}

/* ---- towards the world ---- */

static struct session *
session_find(struct tls *t, const char *key)
{
	struct session *oldest = &t->sessions[0];

	for (size_t i = 0; i < SESSION_COUNT_MAX_TLS; i++) {
		struct session *s = &t->sessions[i];

		if (s->s != NULL && strcmp(s->key, key) == 0)
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	return oldest;
}

/* A key of the whole of HOST:PORT, kept with the SSL by its app data. */
struct outward {
	struct tls *t;
	char key[HOST_BYTES_MAX + 8];
};

static void
outward_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(ptr);
}

static int
outward_index(void)
{
	static int index = -1;

	if (index == -1)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL,
		    outward_free);
	must(index >= 0);
	return index;
}

static int
on_session(SSL *ssl, SSL_SESSION *s)
{
	struct outward *o = SSL_get_ex_data(ssl, outward_index());
	struct session *slot = session_find(o->t, o->key);

	SSL_SESSION_free(slot->s);
	*slot = (struct session){ .s = s, .used = ++o->t->uses };
	memcpy(slot->key, o->key, sizeof(slot->key));
	return 1; /* the session is ours now */
}

/* fd_take: the descriptors are trust's from here, read or not. */
static int
trust_open(struct tls *t, struct trust **out, struct err *e)
{
	struct trust *tr = trust_new();

	*out = tr;
	if (t->roots_fd >= 0 && trust_add(tr, fd_take(&t->roots_fd), e) == -1)
		return err_wrap(e, "the host's trusted roots");
	if (t->extra_fd >= 0 && trust_add(tr, fd_take(&t->extra_fd), e) == -1)
		return err_wrap(e, "upstream_ca");
	if (trust_count(tr) == 0)
		return err_set(e, ERR_MISSING,
		    "there are no trusted roots on this host: install "
		    "ca-certificates, or name a file in upstream_ca");
	return 0;
}

/* Once: what failed then fails for good, with the same words. */
static int
client_trust(struct tls *t, struct err *e)
{
	if (t->trust == NULL && trust_open(t, &t->trust, &t->distrust) == -1)
		t->distrusts = true;
	if (t->distrusts) {
		*e = t->distrust;
		return -1;
	}
	return 0;
}

static int
client_ctx(struct tls *t, struct err *e)
{
	SSL_CTX *c;

	if (t->client != NULL)
		return 0;
	if (client_trust(t, e) == -1)
		return -1;
	c = ctx_new(TLS_client_method(), e);
	if (c == NULL)
		return -1;
	if (trust_attach(t->trust, SSL_CTX_get_cert_store(c), e) == -1) {
		SSL_CTX_free(c);
		return -1;
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_session_cache_mode(c,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, on_session);
	t->client = c;
	return 0;
}

/* The name the certificate must have, and the name that is asked for. */
static bool
expect_name(SSL *ssl, struct str host)
{
	char name[HOST_BYTES_MAX + 1];
	struct http_fault f;
	struct host h;

	if (host_parse(host, &h, &f) != PARSE_OK ||
	    !str_copy(host, name, sizeof(name)))
		return false;
	if (h.kind != HOST_NAME)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			   name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 &&
	    SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool
remember(struct tls *t, SSL *ssl, struct str host, uint16_t port)
{
	struct outward *o = mem_alloc(1, sizeof(*o));
	struct session *s;

	o->t = t;
	(void)snprintf(o->key, sizeof(o->key), "%.*s:%u", (int)host.len,
	    host.p, (unsigned)port);
	if (SSL_set_ex_data(ssl, outward_index(), o) != 1) {
		free(o);
		return false;
	}
	s = session_find(t, o->key);
	if (s->s != NULL && strcmp(s->key, o->key) == 0)
		(void)SSL_set_session(ssl, s->s); /* a full one will do */
	return true;
}

static bool
offer(SSL *ssl, enum tls_alpn alpn)
{
	static const struct str names[] = {
		[TLS_HTTP1] = { "\x08http/1.1", 9 },
		[TLS_HTTP2] = { "\x02h2", 3 },
		[TLS_EITHER] = { "\x02h2\x08http/1.1", 12 },
	};

	return SSL_set_alpn_protos(ssl,
		   (const unsigned char *)names[alpn].p,
		   (unsigned)names[alpn].len) == 0;
}

int
tls_client(struct tls *t, int fd, struct str host, uint16_t port,
    enum tls_alpn alpn, SSL **out, struct err *e)
{
	SSL *ssl;

	if (client_ctx(t, e) == -1)
		return -1;
	ssl = SSL_new(t->client);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    !offer(ssl, alpn) || !expect_name(ssl, host) || !remember(t, ssl, host, port)) {
		SSL_free(ssl);
		return err_set(e, ERR_STATE, "start TLS: %s", last_reason());
	}
	SSL_set_connect_state(ssl);
	*out = ssl;
	return 0;
}

/* ---- handshake ---- */

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
		    "unread", last_reason());
	if (why == SSL_ERROR_SYSCALL ||
	    reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return err_set(e, ERR_PEER, "the program ended the TLS "
		    "handshake without a word: it may not trust the sandbox's "
		    "authority");
	}
	return err_set(e, ERR_PEER, "the program's TLS handshake: %s",
	    last_reason());
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
	return err_set(e, ERR_PEER, "TLS handshake: %s", last_reason());
}

#include "tls/ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "http/host.h"
#include "tls/key.h"
#include "tls/own.h"
#include "tls/reason.h"
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
	struct tls_own *own[TLS_OWN_MAX];
	uint32_t own_count;
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
	for (uint32_t i = 0; i < t->own_count; i++)
		own_free(t->own[i]);
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

/* ---- both contexts ---- */

static SSL_CTX *
ctx_new(const SSL_METHOD *method, struct err *e)
{
	SSL_CTX *c;

	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	c = SSL_CTX_new(method);
	if (c == NULL) {
		(void)err_set(e, ERR_STATE, "start TLS: %s", tls_reason());
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
		return err_set(e, ERR_STATE, "start TLS: %s", tls_reason());
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

/* A verifying client that trusts trust. */
static SSL_CTX *
verifying(struct trust *trust, struct err *e)
{
	SSL_CTX *c = ctx_new(TLS_client_method(), e);

	if (c == NULL)
		return NULL;
	if (trust_attach(trust, SSL_CTX_get_cert_store(c), e) == -1) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_session_cache_mode(c,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, on_session);
	return c;
}

static SSL_CTX *
client_ctx(struct tls *t, struct err *e)
{
	if (t->client == NULL && client_trust(t, e) == 0)
		t->client = verifying(t->trust, e);
	return t->client;
}

/* ---- servers with something of their own ---- */

int
tls_own_add(struct tls *t, struct str host, uint16_t port, struct err *e)
{
	if (t->own_count == TLS_OWN_MAX)
		return err_set(e, ERR_LIMIT, "more than %d servers have TLS "
		    "of their own", TLS_OWN_MAX);
	t->own[t->own_count++] = own_new(host, port);
	return 0;
}

int
tls_own_file(struct tls *t, enum tls_own_file which, int fd, struct err *e)
{
	if (t->own_count > 0 && own_take(t->own[t->own_count - 1], which, fd))
		return 0;
	(void)close(fd);
	return err_set(e, ERR_PEER, "a file for TLS belongs to no server");
}

/* The one for this port before the one for all. */
static struct tls_own *
own_find(const struct tls *t, struct str host, uint16_t port)
{
	struct tls_own *loose = NULL;

	for (uint32_t i = 0; i < t->own_count; i++)
		if (own_is_for(t->own[i], host, port))
			return t->own[i];
		else if (own_is_for(t->own[i], host, 0))
			loose = t->own[i];
	return loose;
}

/* Once, as for all others. */
static SSL_CTX *
own_open(struct tls *t, struct tls_own *o, struct err *e)
{
	struct trust *trust;

	if (o->ctx != NULL)
		return o->ctx;
	if (!o->failed) {
		trust = own_trust(o, &o->fault);
		if (trust == NULL && o->fault.kind == ERR_NONE &&
		    client_trust(t, &o->fault) == 0)
			trust = t->trust;
		if (trust != NULL)
			o->ctx = verifying(trust, &o->fault);
		o->failed = o->ctx == NULL || own_load(o, &o->fault) == -1;
	}
	if (!o->failed)
		return o->ctx;
	SSL_CTX_free(o->ctx);
	o->ctx = NULL;
	*e = o->fault;
	return NULL;
}

static SSL_CTX *
ctx_for(struct tls *t, struct str host, uint16_t port, struct err *e)
{
	struct tls_own *o = own_find(t, host, port);

	return o == NULL ? client_ctx(t, e) : own_open(t, o, e);
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
	SSL_CTX *ctx = ctx_for(t, host, port, e);
	SSL *ssl;

	if (ctx == NULL)
		return -1;
	ssl = SSL_new(ctx);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    !offer(ssl, alpn) || !expect_name(ssl, host) || !remember(t, ssl, host, port)) {
		SSL_free(ssl);
		return err_set(e, ERR_STATE, "start TLS: %s", tls_reason());
	}
	SSL_set_connect_state(ssl);
	*out = ssl;
	return 0;
}

/* starttls.h -- what is said in clear before TLS begins in the middle of a
 * connection.  Pure.
 *
 * One question at a time goes to the server, in words of our own, and one
 * answer, whole and with nothing behind it, comes back; so nothing that was
 * sent ahead in clear is there when TLS begins, on either side
 * (CVE-2011-0411, CVE-2021-23214, CVE-2021-23222). What is for TLS alone is
 * answered here, in the protocol's own words, and goes nowhere. */
#ifndef TLS_STARTTLS_H
#define TLS_STARTTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum starttls_kind {
	STARTTLS_NONE,
	STARTTLS_SMTP,		/* RFC 3207 */
	STARTTLS_IMAP,		/* RFC 9051, 6.2.1 */
	STARTTLS_POP3,		/* RFC 2595, 4 */
	STARTTLS_LDAP,		/* RFC 4511, 4.14 */
	STARTTLS_POSTGRES,	/* SSLRequest */
	STARTTLS_MYSQL,		/* SSLRequest */
};

#define STARTTLS_BYTES_MAX  16384 /* of one message of either side */
#define STARTTLS_ASKS_MAX   16	  /* questions before TLS */
#define STARTTLS_REFUSE_MAX 4	  /* and of them such as are for TLS alone */
#define STARTTLS_TAG_MAX    32
#define STARTTLS_OUT_MAX    (STARTTLS_BYTES_MAX + 256)

enum starttls_state {
	STARTTLS_GREETING,	/* the server is to speak */
	STARTTLS_CLIENT,	/* the client is to ask */
	STARTTLS_REPLY,		/* the server is to answer */
	STARTTLS_CONSENT,	/* and then TLS begins, if it says yes */
};

struct starttls {
	enum starttls_kind kind;
	enum starttls_state state;
	unsigned asks, refused;
	bool lines;		/* POP3: the answer may have many */
	bool hello;		/* SMTP: it was asked what it can do */
	bool offered;		/* and said STARTTLS */
	uint32_t id;		/* LDAP: of the question */
	char tag[STARTTLS_TAG_MAX + 1];	/* IMAP: the same */
	char why[160];		/* of what was refused */
};

enum starttls_said {
	STARTTLS_MORE,	/* nothing that is whole, or whose turn it is */
	STARTTLS_PASS,	/* out is for the other side */
	STARTTLS_ANSWER, /* out is for the client; nothing wrong with it */
	STARTTLS_REFUSE, /* out is for the client: it may not say that */
	STARTTLS_TLS,	/* out is for the other side; then TLS begins */
	STARTTLS_BAD,	/* out is for the client; then all ends */
};

/* STARTTLS_NONE: on this port TLS begins at once. */
enum starttls_kind starttls_of_port(uint16_t port);
const char *starttls_name(enum starttls_kind kind);
void starttls_begin(struct starttls *t, enum starttls_kind kind);
/* Could the client, which said nothing yet, begin TLS at once? */
bool starttls_is_fresh(const struct starttls *t);
/* One message at the front of in, of *eaten bytes. out was empty. With
 * STARTTLS_REFUSE and STARTTLS_BAD, t->why says why. */
enum starttls_said starttls_client(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_server(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);

/* starttls_bin.c: the same for those that do not speak in lines. */
enum starttls_said starttls_ldap_client(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_ldap_server(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_pg_client(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_pg_server(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_mysql_client(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
enum starttls_said starttls_mysql_server(struct starttls *t, struct str in,
    size_t *eaten, struct buf *out);
/* Its end, with why. */
enum starttls_said starttls_bad(struct starttls *t, const char *why);
enum starttls_said starttls_refuse(struct starttls *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

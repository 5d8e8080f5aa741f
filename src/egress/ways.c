#include "ways.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "egress.h"
#include "resolve.h"

/* ---- what the operator said ---- */

static int
malformed(struct str line, const char *why, struct err *e)
{
	return err_set(e, ERR_PEER, "EGRESS_WAYS: %.*s: %s",
	    (int)(line.len < 200 ? line.len : 200), line.p, why);
}

static int
take_except(struct via *v, struct str word, struct str line, struct err *e)
{
	struct http_fault f;

	if (v->nexcept == WAYS_EXCEPT_MAX)
		return malformed(line, "too many", e);
	if (bypass_parse(word, &v->except[v->nexcept], &f) != PARSE_OK)
		return malformed(line, f.why, e);
	v->nexcept++;
	return 0;
}

static int
take_by(struct via *v, struct str word, struct str line, struct err *e)
{
	static const char *const words[] = { [VIA_ADDRESS] = "address",
		[VIA_NAME] = "name", [VIA_UNCHECKED] = "unchecked_name" };

	for (unsigned i = 0; i < NELEM(words); i++)
		if (str_eqz(word, words[i])) {
			v->by = (enum via_by)i;
			return 0;
		}
	return malformed(line, "not a way to ask", e);
}

/* USER:PASSWORD and at most a line's end. */
static int
take_credentials(struct via *v, int fd, struct str line, struct err *e)
{
	CLEAN_FREE char *text = NULL;
	struct str s;
	size_t len = 0;
	int rc = 0;

	if (io_read_all(fd, WAYS_SECRET_MAX, &text, &len, e) == -1)
		return err_wrap(e, "credentials of the upstream proxy");
	s = str_of(text == NULL ? "" : text, len);
	if (str_has_suffix(s, STR("\n")))
		s.len--;
	if (str_index(s, ':') == s.len || str_index(s, '\n') != s.len ||
	    str_index(s, '\0') != s.len)
		rc = malformed(line, "the file does not hold USER:PASSWORD "
				     "in one line", e);
	else
		(void)EVP_EncodeBlock((unsigned char *)v->credentials,
		    (const unsigned char *)s.p, (int)s.len);
	OPENSSL_cleanse(text, len);
	return rc;
}

static int
take_server(struct egress *eg, struct str word, struct str line,
    struct err *e)
{
	struct authority at;
	struct http_fault f;

	if (authority_parse(word, &at, &f) != PARSE_OK)
		return malformed(line, f.why, e);
	return tls_own_add(eg->tls, host_str(&at.host), at.port, e);
}

int
ways_line(struct egress *eg, struct str line, int fd, struct err *e)
{
	struct via *v = &eg->via;
	CLEAN_FD int file = fd;
	struct str key, word;
	struct http_fault f;

	if (!str_cut(line, ' ', &key, &word))
		return malformed(line, "no word", e);
	if (str_eqz(key, "server"))
		return take_server(eg, word, line, e);
	if (str_eqz(key, "proxy")) {
		v->on = authority_parse(word, &v->at, &f) == PARSE_OK &&
		    v->at.port != 0;
		return v->on ? 0 : malformed(line, "not HOST:PORT", e);
	}
	if (str_eqz(key, "by"))
		return take_by(v, word, line, e);
	if (str_eqz(key, "except"))
		return take_except(v, word, line, e);
	if (file == -1)
		return malformed(line, "no file came along", e);
	if (str_eqz(key, "credentials"))
		return take_credentials(v, file, line, e);
	if (str_eqz(key, "ca"))
		return tls_own_file(eg->tls, TLS_OWN_CA, fd_take(&file), e);
	if (str_eqz(key, "certificate"))
		return tls_own_file(eg->tls, TLS_OWN_CERT, fd_take(&file), e);
	if (str_eqz(key, "key"))
		return tls_own_file(eg->tls, TLS_OWN_KEY, fd_take(&file), e);
	return malformed(line, "unknown", e);
}

/* ---- the proxy ---- */

bool
via_is_asked(const struct via *v, const struct host *host, uint16_t port,
    const struct in6_addr *addrs, uint32_t n)
{
	for (uint32_t i = 0; v->on && i < v->nexcept; i++)
		if (bypass_has(&v->except[i], host, port, addrs, n))
			return false;
	return v->on;
}

/* What the operator gave an address is asked for by it. */
static size_t
target_print(const struct via *v, const struct up_target *to, uint32_t at,
    char *out)
{
	char text[INET6_ADDRSTRLEN];

	if (to->n == 0 || (v->by != VIA_ADDRESS && !to->trusted &&
			      to->host.kind == HOST_NAME))
		return authority_print(host_str(&to->host), to->dial_port, 0,
		    out);
	return authority_print(str_c(address_print(&to->addrs[at % to->n],
		text)), to->dial_port, 0, out);
}

size_t
via_print(const struct via *v, const struct up_target *to, uint32_t at,
    char *out)
{
	char name[AUTHORITY_BYTES_MAX + 1];
	int len = (int)target_print(v, to, at, name);
	bool known = v->credentials[0] != '\0';
	int n = snprintf(out, VIA_ASK_MAX, "CONNECT %.*s HTTP/1.1\r\n"
	    "Host: %.*s\r\n%s%s%s\r\n", len, name, len, name,
	    known ? "Proxy-Authorization: Basic " : "", v->credentials,
	    known ? "\r\n" : "");

	return n > 0 && (size_t)n < VIA_ASK_MAX ? (size_t)n : 0;
}

bool
via_refused(const struct via *v, unsigned status, struct str reason,
    struct err *e)
{
	char safe[128];

	(void)log_safe(str_upto(reason, 60), safe, sizeof(safe));
	if (status == 504)
		(void)err_num(e, ETIMEDOUT, "the upstream proxy %s:%u says "
		    "%u %s", v->at.host.text, (unsigned)v->at.port, status,
		    safe);
	else
		(void)err_set(e, ERR_PEER, "the upstream proxy %s:%u %s: %u "
		    "%s", v->at.host.text, (unsigned)v->at.port,
		    status != 407 ? "refuses" :
		    v->credentials[0] == '\0' ? "asks for credentials" :
		    "does not take its credentials", status, safe);
	return status >= 500;
}

#include "http/socks.h"

#include <arpa/inet.h>

enum { NO_AUTHENTICATION = 0, NONE_OFFERED = 0xff };
enum { COMMAND_CONNECT = 1 };
enum { KIND_IPV4 = 1, KIND_NAME = 3, KIND_IPV6 = 4 };

static unsigned
byte_of(struct str in, size_t i)
{
	return (unsigned char)in.p[i];
}

enum parse
socks_greeting_parse(struct str in, size_t *end, bool *open,
    struct http_fault *f)
{
	if (in.len < 2)
		return PARSE_MORE;
	if (byte_of(in, 0) != SOCKS_VERSION || byte_of(in, 1) == 0)
		return http_bad(f, SOCKS_FAILED,
		    "this is not the greeting of SOCKS5");
	*end = 2 + (size_t)byte_of(in, 1);
	if (in.len < *end)
		return PARSE_MORE;
	*open = memchr(in.p + 2, NO_AUTHENTICATION, *end - 2) != NULL;
	return PARSE_OK;
}

/* Bytes of the address whose kind stands in byte 3; 0: not known. A name's
 * length stands in front of it. */
static size_t
address_bytes(struct str in)
{
	switch (byte_of(in, 3)) {
	case KIND_IPV4:
		return 4;
	case KIND_IPV6:
		return 16;
	case KIND_NAME:
		return 1 + (size_t)byte_of(in, 4);
	default:
		return 0;
	}
}

static enum parse
address_parse(struct str bytes, unsigned kind, struct host *out,
    struct http_fault *f)
{
	char text[INET6_ADDRSTRLEN];
	int family = kind == KIND_IPV4 ? AF_INET : AF_INET6;
	enum parse got;

	if (kind == KIND_NAME)
		got = host_parse(str_from(bytes, 1), out, f);
	else
		got = host_parse(str_c(inet_ntop(family, bytes.p, text,
		    sizeof(text))), out, f);
	if (got != PARSE_OK)
		f->status = SOCKS_FAILED;
	return got;
}

enum parse
socks_request_parse(struct str in, size_t *end, struct authority *out,
    struct http_fault *f)
{
	size_t n;

	if (in.len < 5)
		return PARSE_MORE;
	n = address_bytes(in);
	if (byte_of(in, 0) != SOCKS_VERSION || byte_of(in, 2) != 0)
		return http_bad(f, SOCKS_FAILED,
		    "this is not a request of SOCKS5");
	if (byte_of(in, 1) != COMMAND_CONNECT)
		return http_bad(f, SOCKS_NO_COMMAND,
		    "the only command of SOCKS5 understood is CONNECT");
	if (n == 0)
		return http_bad(f, SOCKS_NO_ADDRESS,
		    "the address of the SOCKS5 request is of no known kind");
	*end = 4 + n + 2;
	if (in.len < *end)
		return PARSE_MORE;
	if (address_parse(str_of(in.p + 4, n), byte_of(in, 3), &out->host,
		f) != PARSE_OK)
		return PARSE_BAD;
	out->port = (uint16_t)(byte_of(in, 4 + n) << 8 |
	    byte_of(in, 5 + n));
	if (out->port == 0)
		return http_bad(f, SOCKS_FAILED,
		    "the port is not 1 to 65535");
	return PARSE_OK;
}

void
socks_choice_put(bool open, unsigned char out[SOCKS_CHOICE_BYTES])
{
	out[0] = SOCKS_VERSION;
	out[1] = open ? NO_AUTHENTICATION : NONE_OFFERED;
}

/* The address that egress dials from is nobody's business inside. */
void
socks_reply_put(enum socks_reply code, unsigned char out[SOCKS_REPLY_BYTES])
{
	memset(out, 0, SOCKS_REPLY_BYTES);
	out[0] = SOCKS_VERSION;
	out[1] = (unsigned char)code;
	out[3] = KIND_IPV4;
}

/* host.h -- host names and authorities in one canonical spelling.  Pure. */
#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"
#include "http/fault.h"

enum host_kind { HOST_NONE, HOST_NAME, HOST_IPV4, HOST_IPV6 };

struct host { /* lower-case A-labels without a final dot, or an address as
	       * inet_ntop prints it, IPv6 without brackets */
	enum host_kind kind;
	uint8_t len;
	char text[HOST_BYTES_MAX + 1];
};

struct authority {
	struct host host;
	uint16_t port;	/* 0: none was given */
};

static inline struct str
host_str(const struct host *h)
{
	return str_of(h->text, h->len);
}

/* A name, or an address (IPv6 bare). PARSE_OK or PARSE_BAD. Refused: names
 * that are not ASCII, other spellings of IPv4 (127.1, 0x7f.1, 2130706433),
 * zones, user information, empty labels. */
enum parse host_parse(struct str in, struct host *out, struct http_fault *f);
/* HOST or HOST:PORT, IPv6 in brackets. */
enum parse authority_parse(struct str in, struct authority *out,
    struct http_fault *f);
/* As it stands in a Host field: IPv6 in brackets, the port unless it is
 * usual. Returns the length; cap must be AUTHORITY_BYTES_MAX. */
#define AUTHORITY_BYTES_MAX (HOST_BYTES_MAX + 10)
size_t authority_print(struct str host, uint16_t port, uint16_t usual,
    char *out);

#endif

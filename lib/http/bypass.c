#include "http/bypass.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_BITS 96 /* of ::ffff:0:0/96 */

static bool
address_take(const struct host *h, struct in6_addr *out)
{
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xFF, [11] = 0xFF } };
	if (h->kind == HOST_IPV4)
		return inet_pton(AF_INET, h->text, &out->s6_addr[12]) == 1;
	return h->kind == HOST_IPV6 &&
	    inet_pton(AF_INET6, h->text, out) == 1;
}

static bool
has_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	size_t whole = bits / 8;
	unsigned rest = bits % 8;

	return memcmp(a->s6_addr, b->s6_addr, whole) == 0 &&
	    (rest == 0 || ((a->s6_addr[whole] ^ b->s6_addr[whole]) >>
		(8 - rest)) == 0);
}

/* What follows the slash of a range, and of what it leaves nothing may be
 * set. */
static enum parse
range_parse(struct str in, struct str bits, struct bypass *out,
    struct http_fault *f)
{
	struct in6_addr first = { .s6_addr = { 0 } };
	uint64_t n;
	bool v4;

	if (host_parse(in, &out->host, f) != PARSE_OK)
		return PARSE_BAD;
	v4 = out->host.kind == HOST_IPV4;
	if (!address_take(&out->host, &out->addr) ||
	    !str_u64(bits, v4 ? 32 : 128, &n))
		return http_bad(f, 400, "not a range of addresses");
	out->bits = (unsigned)n + (v4 ? V4_BITS : 0);
	for (unsigned i = 0; i < out->bits; i++)
		first.s6_addr[i / 8] |= (uint8_t)(out->addr.s6_addr[i / 8] &
		    (0x80U >> i % 8));
	if (memcmp(&first, &out->addr, sizeof(first)) != 0)
		return http_bad(f, 400, "the range has bits behind its length");
	return PARSE_OK;
}

/* Off goes a port behind a range, or in the usual way. */
static enum parse
place_parse(struct str in, struct bypass *out, struct http_fault *f)
{
	struct authority at;

	if (host_parse(in, &out->host, f) == PARSE_OK)
		return PARSE_OK; /* IPv6 bare */
	if (authority_parse(in, &at, f) != PARSE_OK)
		return PARSE_BAD;
	out->host = at.host;
	out->port = at.port;
	return PARSE_OK;
}

enum parse
bypass_parse(struct str in, struct bypass *out, struct http_fault *f)
{
	struct str left, right;

	*out = (struct bypass){ .bits = 128 };
	if (str_cut(in, '/', &left, &right))
		return range_parse(left, right, out, f);
	if (in.len > 1 && in.p[0] == '.') {
		out->below = true;
		in = str_from(in, 1);
	}
	if (place_parse(in, out, f) != PARSE_OK)
		return PARSE_BAD;
	if (out->host.kind == HOST_NAME)
		return PARSE_OK;
	if (out->below || !address_take(&out->host, &out->addr))
		return http_bad(f, 400, "not a name or an address");
	return PARSE_OK;
}

static bool
name_has(const struct bypass *b, const struct host *host)
{
	struct str name = host_str(host), mine = host_str(&b->host);

	if (host->kind != HOST_NAME)
		return false;
	if (!b->below)
		return str_eq(name, mine);
	return name.len > mine.len + 1 && str_has_suffix(name, mine) &&
	    name.p[name.len - mine.len - 1] == '.';
}

bool
bypass_has(const struct bypass *b, const struct host *host, uint16_t port,
    const struct in6_addr *addrs, uint32_t n)
{
	if (b->port != 0 && b->port != port)
		return false;
	if (b->host.kind == HOST_NAME)
		return name_has(b, host);
	for (uint32_t i = 0; i < n; i++)
		if (!has_bits(&addrs[i], &b->addr, b->bits))
			return false;
	return n > 0;
}

/* addr.c -- the IANA special-purpose registries of both families, and the
 * clouds' metadata addresses that stand in public space. */
#include "policy/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/compat.h"

#define V4(a, b, c, d, n, text)						\
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d },	\
	      96 + (n) }, text }
#define V6(a, b, c, d, n, text)						\
	{ { { (a) >> 8, (a) & 255, (b) >> 8, (b) & 255, (c) >> 8,	\
	      (c) & 255, (d) >> 8, (d) & 255 }, n }, text }

/* More specific before less, so that the word for a person is the best one. */
static const struct special specials[] = {
	V4(169, 254, 169, 254, 32, "a cloud metadata address"),
	V4(169, 254, 170, 2, 32, "a cloud metadata address"),
	V4(169, 254, 170, 23, 32, "a cloud metadata address"),
	V4(169, 254, 42, 42, 32, "a cloud metadata address"),
	V4(169, 254, 0, 23, 32, "a cloud metadata address"),
	V4(168, 63, 129, 16, 32, "a cloud metadata address"),
	V4(100, 100, 100, 200, 32, "a cloud metadata address"),
	V4(192, 0, 0, 192, 32, "a cloud metadata address"),
	V4(0, 0, 0, 0, 8, "an address of this host"),
	V4(10, 0, 0, 0, 8, "a private address"),
	V4(100, 64, 0, 0, 10, "a shared carrier address"),
	V4(127, 0, 0, 0, 8, "a loopback address"),
	V4(169, 254, 0, 0, 16, "a link-local address"),
	V4(172, 16, 0, 0, 12, "a private address"),
	V4(192, 0, 0, 0, 24, "a protocol assignment"),
	V4(192, 0, 2, 0, 24, "a documentation address"),
	V4(192, 31, 196, 0, 24, "a protocol assignment"),
	V4(192, 52, 193, 0, 24, "a protocol assignment"),
	V4(192, 88, 99, 0, 24, "a translated address"),
	V4(192, 168, 0, 0, 16, "a private address"),
	V4(192, 175, 48, 0, 24, "a protocol assignment"),
	V4(198, 18, 0, 0, 15, "a benchmarking address"),
	V4(198, 51, 100, 0, 24, "a documentation address"),
	V4(203, 0, 113, 0, 24, "a documentation address"),
	V4(224, 0, 0, 0, 4, "a multicast address"),
	V4(240, 0, 0, 0, 4, "a reserved address"),
	V6(0xfd00, 0x0ec2, 0, 0, 64, "a cloud metadata address"),
	V6(0xfd20, 0x00ce, 0, 0, 64, "a cloud metadata address"),
	V6(0xfd00, 0x00c1, 0, 0, 64, "a cloud metadata address"),
	V6(0xfd00, 0x0042, 0, 0, 64, "a cloud metadata address"),
	V6(0xfd00, 0xa9fe, 0xa9fe, 0, 64, "a cloud metadata address"),
	V6(0xfc00, 0, 0, 0, 7, "a private address"),
	V6(0xfe80, 0, 0, 0, 10, "a link-local address"),
	V6(0xfec0, 0, 0, 0, 10, "a private address"),
	V6(0xff00, 0, 0, 0, 8, "a multicast address"),
	V6(0x0064, 0xff9b, 1, 0, 48, "a translated address"),
	V6(0x0064, 0xff9b, 0, 0, 96, "a translated address"),
	V6(0x0100, 0, 0, 0, 63, "a discard address"),
	V6(0x2001, 0, 0, 0, 32, "a tunnelled address"),
	V6(0x2001, 0x0db8, 0, 0, 32, "a documentation address"),
	V6(0x2001, 0, 0, 0, 23, "a protocol assignment"),
	V6(0x2002, 0, 0, 0, 16, "a tunnelled address"),
	V6(0x2620, 0x004f, 0x8000, 0, 48, "a protocol assignment"),
	V6(0x3fff, 0, 0, 0, 20, "a documentation address"),
	V6(0x5f00, 0, 0, 0, 16, "a segment-routing address"),
};

/* Everything in ::/8 but mapped IPv4 (the rows above): unspecified,
 * loopback, IPv4-compatible, translated, and what is not assigned. */
static const struct special low = V6(0, 0, 0, 0, 8, "a reserved address");
static const struct prefix mapped = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 };
/* All that is handed out today; the rest of IPv6 is reserved. */
static const struct prefix global = { { 0x20 }, 3 };
static const struct special unassigned = {
	{ { 0 }, 0 }, "a reserved address" };

bool
prefix_holds(const struct prefix *p, const unsigned char addr[16])
{
	size_t whole = p->bits / 8;
	unsigned rest = p->bits % 8;

	if (memcmp(p->addr, addr, whole) != 0)
		return false;
	return rest == 0 ||
	    ((p->addr[whole] ^ addr[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

bool
prefix_within(const struct prefix *in, const struct prefix *out)
{
	return in->bits >= out->bits && prefix_holds(out, in->addr);
}

bool
addr_parse(struct str s, unsigned char addr[16])
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (!str_copy(s, text, sizeof(text)))
		return false;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memcpy(addr, mapped.addr, 12);
	memcpy(addr + 12, &v4, 4);
	return true;
}

static bool
is_clean(const struct prefix *p)
{
	for (uint32_t i = p->bits; i < 128; i++)
		if ((p->addr[i / 8] >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

bool
prefix_parse(struct str s, struct prefix *out)
{
	struct str host = s, bits;
	bool has_bits = str_cut(s, '/', &host, &bits);
	uint64_t n, base;

	if (!addr_parse(host, out->addr))
		return false;
	base = str_index(host, ':') == host.len ? 96 : 0;
	out->bits = 128;
	if (!has_bits)
		return true;
	if (!str_u64(bits, 128 - base, &n))
		return false;
	out->bits = (uint32_t)(base + n);
	return is_clean(out);
}

char *
prefix_print(const struct prefix *p, char out[PREFIX_TEXT_BYTES])
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = p->bits >= 96 && prefix_holds(&mapped, p->addr);
	uint32_t base = v4 ? 96 : 0;

	if (inet_ntop(v4 ? AF_INET : AF_INET6, p->addr + (v4 ? 12 : 0), text,
	    sizeof(text)) == NULL)
		text[0] = '\0';	/* cannot be: the families and sizes fit */
	if (p->bits == 128)
		(void)snprintf(out, PREFIX_TEXT_BYTES, "%s", text);
	else
		(void)snprintf(out, PREFIX_TEXT_BYTES, "%s/%u", text,
		    p->bits - base);
	return out;
}

static bool
is_one(const unsigned char addr[16], unsigned char last)
{
	static const unsigned char zero[15];

	return memcmp(addr, zero, sizeof(zero)) == 0 && addr[15] == last;
}

const char *
addr_special(const unsigned char addr[16])
{
	if (is_one(addr, 0))
		return "the unspecified address";
	if (is_one(addr, 1))
		return "a loopback address";
	for (size_t i = 0; i < NELEM(specials); i++)
		if (prefix_holds(&specials[i].prefix, addr))
			return specials[i].what;
	if (prefix_holds(&mapped, addr) || prefix_holds(&global, addr))
		return NULL;
	return unassigned.what;
}

const struct prefix *
addr_special_prefix(size_t i)
{
	if (i < NELEM(specials))
		return &specials[i].prefix;
	return i == NELEM(specials) ? &low.prefix : i == NELEM(specials) + 1 ?
	    &mapped : i == NELEM(specials) + 2 ? &global : NULL;
}

static const struct special *
touch(const struct special *s, const struct prefix *p, bool *within)
{
	if (prefix_within(p, &s->prefix)) {
		*within = true;
		return s;
	}
	return prefix_within(&s->prefix, p) ? s : NULL;
}

const struct special *
prefix_special(const struct prefix *p, bool *within)
{
	const struct special *hit = NULL, *s;

	*within = false;
	for (size_t i = 0; i < NELEM(specials) && !*within; i++) {
		s = touch(&specials[i], p, within);
		if (s != NULL && (hit == NULL || *within))
			hit = s;
	}
	if (hit != NULL || prefix_within(p, &mapped) ||
	    prefix_within(p, &global))
		return hit;
	s = touch(&low, p, within);
	if (s != NULL)
		return s;
	*within = !prefix_within(&global, p);
	return &unassigned;
}

bool
prefix_is_own(const struct prefix *p)
{
	static const struct special own[] = {
		V4(0, 0, 0, 0, 8, ""),
		V4(127, 0, 0, 0, 8, ""),
		V4(169, 254, 0, 0, 16, ""),
		V6(0xfe80, 0, 0, 0, 10, ""),
		{ { { 0 }, 128 }, "" },
		{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 },
		    "" },
	};

	for (size_t i = 0; i < NELEM(own); i++)
		if (prefix_within(p, &own[i].prefix) ||
		    prefix_within(&own[i].prefix, p))
			return true;
	return false;
}

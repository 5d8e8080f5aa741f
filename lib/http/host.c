#include "http/host.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "http/chars.h"

static enum parse
ipv6_parse(struct str in, struct host *out, struct http_fault *f)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	/* A zone (%eth0) never fits inet_pton's grammar. */
	if (!str_copy(in, text, sizeof(text)) ||
	    inet_pton(AF_INET6, text, &a) != 1)
		return http_bad(f, 400, "the host is not an IPv6 address");
	if (inet_ntop(AF_INET6, &a, out->text, sizeof(out->text)) == NULL)
		return http_bad(f, 400, "the host is not an IPv6 address");
	out->len = (uint8_t)strlen(out->text);
	out->kind = HOST_IPV6;
	return PARSE_OK;
}

/* Would some resolver read this last label as a number, and so the name as
 * an IPv4 address? */
static bool
looks_numeric(struct str label)
{
	bool digits = true;

	if (label.len >= 2 && label.p[0] == '0' && label.p[1] == 'x') {
		for (size_t i = 2; i < label.len; i++)
			if (hex_value(label.p[i]) < 0)
				return false;
		return true;
	}
	for (size_t i = 0; i < label.len; i++)
		digits = digits && label.p[i] >= '0' && label.p[i] <= '9';
	return digits;
}

static enum parse
label_check(struct str label, struct http_fault *f)
{
	if (label.len == 0)
		return http_bad(f, 400, "the host has an empty label");
	if (label.len > LABEL_BYTES_MAX)
		return http_bad(f, 400,
		    "a label of the host is over 63 bytes");
	if (label.p[0] == '-' || label.p[label.len - 1] == '-')
		return http_bad(f, 400,
		    "a label of the host begins or ends in a hyphen");
	return PARSE_OK;
}

static enum parse
labels_check(struct host *h, struct http_fault *f)
{
	struct str rest = host_str(h), label = { 0 };
	struct in_addr a;
	bool more = true;

	while (more) {
		struct str tail = { 0 };

		more = str_cut(rest, '.', &label, &tail);
		if (!more)
			label = rest;
		rest = tail;
		if (label_check(label, f) != PARSE_OK)
			return PARSE_BAD;
	}
	h->kind = HOST_NAME;
	if (!looks_numeric(label))
		return PARSE_OK;
	if (inet_pton(AF_INET, h->text, &a) != 1)
		return http_bad(f, 400,
		    "the host is a number but not an IPv4 address in dotted "
		    "decimal");
	h->kind = HOST_IPV4;
	return PARSE_OK;
}

enum parse
host_parse(struct str in, struct host *out, struct http_fault *f)
{
	*out = (struct host){ .kind = HOST_NONE };
	if (str_index(in, ':') != in.len)
		return ipv6_parse(in, out, f);
	if (in.len > 1 && in.p[in.len - 1] == '.')
		in.len--; /* the root: the same name */
	if (in.len == 0 || in.len > HOST_BYTES_MAX)
		return http_bad(f, 400, "the host is empty or too long");
	for (size_t i = 0; i < in.len; i++) {
		if ((unsigned char)in.p[i] >= 0x80)
			return http_bad(f, 400,
			    "the host is not ASCII: write it in its A-label "
			    "form (xn--...)");
		if (in.p[i] != '.' && !http_is(in.p[i], CHAR_HOST))
			return http_bad(f, 400,
			    "the host holds a character that names do not "
			    "have");
		out->text[i] = http_lower(in.p[i]);
	}
	out->text[in.len] = '\0';
	out->len = (uint8_t)in.len;
	return labels_check(out, f);
}

static enum parse
port_parse(struct str in, uint16_t *port, struct http_fault *f)
{
	uint64_t v;

	if (!str_u64(in, UINT16_MAX, &v) || v == 0)
		return http_bad(f, 400, "the port is not 1 to 65535");
	*port = (uint16_t)v;
	return PARSE_OK;
}

enum parse
authority_parse(struct str in, struct authority *out, struct http_fault *f)
{
	struct str host, rest;
	size_t colon = str_index(in, ':');

	*out = (struct authority){ .port = 0 };
	if (in.len > 0 && in.p[0] == '[') {
		if (!str_cut(str_from(in, 1), ']', &host, &rest))
			return http_bad(f, 400,
			    "the address has no closing bracket");
		if (ipv6_parse(host, &out->host, f) != PARSE_OK)
			return PARSE_BAD;
		if (rest.len == 0)
			return PARSE_OK;
		if (rest.p[0] != ':')
			return http_bad(f, 400,
			    "something other than a port follows the "
			    "address");
		return port_parse(str_from(rest, 1), &out->port, f);
	}
	if (colon != in.len &&
	    port_parse(str_from(in, colon + 1), &out->port, f) != PARSE_OK)
		return PARSE_BAD;
	return host_parse(str_head(in, colon), &out->host, f);
}

size_t
authority_print(struct str host, uint16_t port, uint16_t usual, char *out)
{
	bool v6 = str_index(host, ':') != host.len;
	const char *fmt = v6 ? "[%.*s]" : "%.*s";
	int n = snprintf(out, AUTHORITY_BYTES_MAX, fmt, (int)host.len,
	    host.p);

	if (port != usual)
		n += snprintf(out + n, AUTHORITY_BYTES_MAX - (size_t)n,
		    ":%u", (unsigned)port);
	return (size_t)n;
}

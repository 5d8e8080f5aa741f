#include "resolve.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"

bool
address_of(const struct host *h, struct in6_addr *out)
{
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xFF, [11] = 0xFF } };
	if (h->kind == HOST_IPV4)
		return inet_pton(AF_INET, h->text, &out->s6_addr[12]) == 1;
	return h->kind == HOST_IPV6 &&
	    inet_pton(AF_INET6, h->text, out) == 1;
}

char *
address_print(const struct in6_addr *a, char *out)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(a);

	must(inet_ntop(v4 ? AF_INET : AF_INET6,
		 v4 ? &a->s6_addr[12] : &a->s6_addr[0], out,
		 INET6_ADDRSTRLEN) != NULL);
	return out;
}

static int
line_parse(struct str line, struct resolve_entry *out, struct err *e)
{
	struct authority from, to;
	struct str left, right;
	struct http_fault f = { 0, "there is no '='" };

	if (!str_cut(line, '=', &left, &right) ||
	    authority_parse(left, &from, &f) != PARSE_OK ||
	    authority_parse(right, &to, &f) != PARSE_OK)
		return err_set(e, ERR_INPUT, "resolve: %.*s: %s",
		    (int)line.len, line.p, f.why);
	if (!address_of(&to.host, &out->addr))
		return err_set(e, ERR_INPUT,
		    "resolve: %.*s: what a name resolves to must be an "
		    "address", (int)line.len, line.p);
	out->host = from.host;
	out->port = from.port;
	out->to_port = to.port;
	return 0;
}

int
resolve_parse(struct str text, struct resolve *out, struct err *e)
{
	struct str line, rest;

	*out = (struct resolve){ .n = 0 };
	while (text.len > 0) {
		if (!str_cut(text, '\n', &line, &rest)) {
			line = text;
			rest = str_of("", 0);
		}
		text = rest;
		if (line.len == 0)
			continue;
		if (out->n == RESOLVE_COUNT_MAX)
			return err_set(e, ERR_LIMIT,
			    "resolve has more than %d entries",
			    RESOLVE_COUNT_MAX);
		out->v = mem_grow(out->v, out->n + 1, sizeof(*out->v));
		if (line_parse(line, &out->v[out->n], e) == -1)
			return -1;
		out->n++;
	}
	return 0;
}

void
resolve_fini(struct resolve *r)
{
	free(r->v);
	*r = (struct resolve){ .n = 0 };
}

const struct resolve_entry *
resolve_find(const struct resolve *r, struct str host, uint16_t port)
{
	const struct resolve_entry *loose = NULL;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct resolve_entry *x = &r->v[i];

		if (!str_eq(host_str(&x->host), host))
			continue;
		if (x->port == port)
			return x;
		if (x->port == 0)
			loose = x;
	}
	return loose;
}

bool
address_is_own(const struct in6_addr *a)
{
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(a);
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_port = htons(9), .sin6_addr = *a }, from = to;
	struct sockaddr_in to4 = { .sin_family = AF_INET,
		.sin_port = htons(9) }, from4 = to4;
	socklen_t len = is_v4 ? sizeof(from4) : sizeof(from);
	CLEAN_FD int fd = socket(is_v4 ? AF_INET : AF_INET6,
	    SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&to4.sin_addr, &a->s6_addr[12], sizeof(to4.sin_addr));
	if (fd == -1)
		return true; /* not known: as if it were */
	if (is_v4)
		return connect(fd, (const struct sockaddr *)&to4,
		    sizeof(to4)) == 0 &&
		    getsockname(fd, (struct sockaddr *)&from4, &len) == 0 &&
		    from4.sin_addr.s_addr == to4.sin_addr.s_addr;
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&from, &len) == 0 &&
	    IN6_ARE_ADDR_EQUAL(&from.sin6_addr, a);
}

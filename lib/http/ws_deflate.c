#include "http/ws_deflate.h"

#include <stdio.h>

#include "base/compat.h"

/* What stands before the next mark; false at the end. */
static bool
next(struct str *list, char mark, struct str *one)
{
	struct str rest = { "", 0 };

	if (list->len == 0)
		return false;
	if (!str_cut(*list, mark, one, &rest))
		*one = *list;
	*one = str_trim(*one);
	*list = rest;
	return true;
}

/* 8 to 15, in plain decimal; 0: it is not. */
static unsigned
bits_of(struct str s)
{
	if (s.len == 1 && (s.p[0] == '8' || s.p[0] == '9'))
		return (unsigned)(s.p[0] - '0');
	if (s.len == 2 && s.p[0] == '1' && s.p[1] >= '0' && s.p[1] <= '5')
		return 10U + (unsigned)(s.p[1] - '0');
	return 0;
}

/* Each once, none that is not known. */
static bool
take_parameter(struct str text, struct ws_deflate *d)
{
	struct str name = text, value = { "", 0 };
	bool valued = str_cut(text, '=', &name, &value);
	unsigned *bits = NULL;
	bool *flag = NULL;

	if (str_case_eq(name, STR("client_no_context_takeover")))
		flag = &d->client_fresh;
	else if (str_case_eq(name, STR("server_no_context_takeover")))
		flag = &d->server_fresh;
	else if (str_case_eq(name, STR("client_max_window_bits")))
		bits = &d->client_bits;
	else if (str_case_eq(name, STR("server_max_window_bits")))
		bits = &d->server_bits;
	if (flag != NULL) {
		if (*flag || valued)
			return false;
		*flag = true;
		return true;
	}
	if (bits == NULL || *bits != 0)
		return false;
	*bits = valued ? bits_of(value) :
	    bits == &d->client_bits ? WS_BITS_ANY : 0;
	return *bits != 0;
}

/* One extension with its parameters. */
static bool
take_one(struct str text, struct ws_deflate *d)
{
	struct str one;

	*d = (struct ws_deflate){ .on = false };
	if (!next(&text, ';', &one) ||
	    !str_case_eq(one, STR("permessage-deflate")))
		return false;
	while (next(&text, ';', &one))
		if (!take_parameter(one, d))
			return false;
	d->on = true;
	return true;
}

void
ws_deflate_offered(struct str list, struct ws_deflate *out)
{
	struct str one;

	while (next(&list, ',', &one))
		if (take_one(one, out))
			return;
	*out = (struct ws_deflate){ .on = false };
}

/* RFC 7692, 7.1: what was asked of the server holds, what was not allowed of
 * the client is not asked. */
static bool
is_answer(const struct ws_deflate *d, const struct ws_deflate *offer)
{
	unsigned most = offer->client_bits == WS_BITS_ANY ? 15 :
	    offer->client_bits;

	if (!offer->on || (offer->server_fresh && !d->server_fresh))
		return false;
	if (d->client_bits == WS_BITS_ANY || d->client_bits > most)
		return false;
	return offer->server_bits == 0 ||
	    (d->server_bits != 0 && d->server_bits <= offer->server_bits);
}

bool
ws_deflate_agreed(struct str list, const struct ws_deflate *offer,
    struct ws_deflate *out)
{
	*out = (struct ws_deflate){ .on = false };
	if (list.p == NULL)
		return true;
	return take_one(list, out) && is_answer(out, offer);
}

struct str
ws_deflate_print(const struct ws_deflate *d, char out[WS_DEFLATE_BYTES_MAX])
{
	char client[40] = "", server[40] = "";
	int n;

	if (!d->on)
		return str_of("", 0);
	if (d->client_bits > WS_BITS_ANY)
		(void)snprintf(client, sizeof(client),
		    "; client_max_window_bits=%u", d->client_bits);
	else if (d->client_bits == WS_BITS_ANY)
		(void)snprintf(client, sizeof(client),
		    "; client_max_window_bits");
	if (d->server_bits != 0)
		(void)snprintf(server, sizeof(server),
		    "; server_max_window_bits=%u", d->server_bits);
	n = snprintf(out, WS_DEFLATE_BYTES_MAX, "permessage-deflate%s%s%s%s",
	    d->client_fresh ? "; client_no_context_takeover" : "",
	    d->server_fresh ? "; server_no_context_takeover" : "", client,
	    server);
	return str_of(out, (size_t)n);
}

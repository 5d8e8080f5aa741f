/* f_socks.c -- a SOCKS5 request is understood the same however it arrives,
 * and names a host that is in its one spelling. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
greeting(struct str in)
{
	struct http_fault f;
	size_t end = 0, same;
	bool open, as;
	enum parse got = socks_greeting_parse(in, &end, &open, &f);

	if (got != PARSE_OK)
		return;
	must(end <= in.len);
	must(socks_greeting_parse(str_head(in, end), &same, &as, &f) ==
	    PARSE_OK && same == end && as == open);
	must(socks_greeting_parse(str_head(in, end - 1), &same, &as, &f) ==
	    PARSE_MORE);
}

static void
request(struct str in)
{
	struct authority at;
	struct http_fault f;
	struct host again;
	size_t end = 0;

	if (socks_request_parse(in, &end, &at, &f) != PARSE_OK)
		return;
	must(end <= in.len && at.port != 0);
	must(host_parse(host_str(&at.host), &again, &f) == PARSE_OK);
	must(again.kind == at.host.kind &&
	    str_eq(host_str(&again), host_str(&at.host)));
	for (size_t n = 0; n < end; n++)
		must(socks_request_parse(str_head(in, n), &end, &at, &f) ==
		    PARSE_MORE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len);

	greeting(in);
	request(in);
	return 0;
}

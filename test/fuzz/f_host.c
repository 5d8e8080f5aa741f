/* f_host.c -- an authority; what is printed of it parses to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char text[AUTHORITY_BYTES_MAX];
	struct authority a, b;
	struct http_fault f;
	size_t n;

	if (authority_parse(str_of((const char *)p, len), &a, &f) != PARSE_OK)
		return 0;
	must(a.host.kind != HOST_NONE && a.host.len > 0);
	n = authority_print(host_str(&a.host), a.port, 0, text);
	must(authority_parse(str_of(text, n), &b, &f) == PARSE_OK);
	must(a.port == b.port && a.host.kind == b.host.kind);
	must(str_eq(host_str(&a.host), host_str(&b.host)));
	return 0;
}

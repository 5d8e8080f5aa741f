/* f_clienthello.c -- a ClientHello, whole and as each of its beginnings. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static unsigned char scratch[HELLO_BYTES_MAX];

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len);
	struct http_fault f;
	struct hello h;

	if (hello_parse(in, scratch, &h, &f) != PARSE_OK || len > 1024)
		return 0;
	for (size_t n = 0; n < len; n++) {
		enum parse got = hello_parse(str_head(in, n), scratch, &h,
		    &f);

		must(got != PARSE_BAD);
	}
	return 0;
}

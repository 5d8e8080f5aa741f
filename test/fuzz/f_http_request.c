/* f_http_request.c -- a request's head; what is accepted is written anew,
 * and what was written parses to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/target.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static struct http_head one, two;

static enum parse
parse(struct str in, struct http_head *h)
{
	struct http_fault f;
	size_t scan = 0, end = 0;
	enum parse got = http_head_find(in, &scan, &end, &f);

	return got != PARSE_OK ? got :
				 http_request_parse(str_head(in, end), h, &f);
}

static void
check_written(void)
{
	struct request_out o = { .path = STR("/p"), .authority = STR("h.test"),
		.framing = http_request_framing(&one), .length = one.length };
	struct buf out;

	buf_init(&out, 1 << 20);
	must(request_put(&out, &one, &o));
	must(parse(buf_str(&out), &two) == PARSE_OK);
	must(str_eq(one.method, two.method));
	must(str_eqz(two.target, "/p") && str_eqz(two.host, "h.test"));
	must(http_request_framing(&two) == o.framing);
	must(two.length == one.length && !two.says_close);
	for (unsigned i = 0; i < two.nfields; i++)
		must(two.fields[i].id != HTTP_HOP &&
		    two.fields[i].id != HTTP_CONNECTION);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	/* With fields of our own it may be over the limits. */
	if (parse(str_of((const char *)p, len), &one) == PARSE_OK &&
	    one.nfields <= HTTP_FIELDS_MAX - 3 && len <= 32000)
		check_written();
	return 0;
}

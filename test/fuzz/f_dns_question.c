/* f_dns_question.c -- whatever is asked, the answer fits, repeats no more
 * than the question, and is none to a question itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "dns/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const char why[] = "no rule names a host with a name so long "
	    "that the sentence about it is cut, and cut again, and again, so "
	    "that it still has to fit into what a packet of DNS may hold";
	unsigned char out[ANSWER_BYTES_MAX];
	struct dns_reply r = { .has_address = true, .address = 1, .ttl = 60,
		.why = why };
	struct dns_question q, again;
	struct http_fault f;
	struct host host;
	int code = dns_question_parse(str_of((const char *)p, len), &q);
	size_t n;

	if (code == -1)
		return 0;
	must(q.section.len <= len);
	if (q.host.kind != HOST_NONE)
		must(host_parse(host_str(&q.host), &host, &f) == PARSE_OK &&
		    str_eq(host_str(&host), host_str(&q.host)));
	r.code = (enum dns_code)code;
	n = dns_reply_put(&q, &r, out);
	must(n >= 12 && n <= sizeof(out));
	must(out[0] == p[0] && out[1] == p[1]);
	must(dns_question_parse(str_of((char *)out, n), &again) == -1);
	return 0;
}

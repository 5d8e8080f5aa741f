/* f_scan.c -- any bytes are scanned within bounds, and findings lie in what
 * was fed, rise, and are told no later than they are settled. */
#include <stdint.h>

#include "base/err.h"
#include "base/must.h"
#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

struct seen {
	uint64_t fed, last;
};

static void
on_finding(const struct scan_finding *f, void *arg)
{
	struct seen *s = arg;

	must(f->len > 0 && f->at + f->len <= s->fed && f->at >= s->last);
	s->last = f->at + 1;
}

/* What comes back is settled up to something, and its findings lie in that;
 * whatever is kept back is no longer than a value in its longest form. */
static void
back(const struct scan *scan, const uint8_t *p, size_t len, bool last)
{
	struct seen s = { len, 0 };
	const size_t n = scan_back(scan, str_of((const char *)p, len), last,
	    on_finding, &s);

	must(n <= len && s.last <= n + 1);
	must(!last || n == len || s.last > 0);
	must(s.last > 0 || len - n < 64);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct scan *scan;
	const struct scan_value v = { STR("k"), STR("a-value-to-find"),
		SCAN_EXACT };
	struct err e = { 0 };
	struct seen s = { 0, 0 };
	struct scan_stream t;
	const size_t step = len == 0 ? 1 : 1 + (size_t)p[0] * 17;

	if (scan == NULL)
		must(scan_new(&v, 1, &scan, &e) == 0);
	scan_begin(&t, scan, on_finding, &s);
	for (size_t i = 0; i < len; i += step) {
		struct str some = str_of((const char *)p + i,
		    len - i < step ? len - i : step);

		s.fed += some.len;
		must(scan_feed(&t, some) <= s.fed);
	}
	scan_end(&t);
	scan_fini(&t);
	back(scan, p, len, false);
	back(scan, p, len, true);
	return 0;
}

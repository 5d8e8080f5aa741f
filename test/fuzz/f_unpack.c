/* f_unpack.c -- any bytes under any coding are unpacked within bounds, to an
 * end, and in pieces to the same as in one. */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "http/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

enum { MAX = 262144, WANT = 4096 };

static enum unpack_got
unpacked(enum unpack_coding coding, struct str in, size_t step,
    struct buf *out)
{
	struct unpack *u = unpack_new(coding);
	enum unpack_got got = UNPACK_MORE;
	const char *why = NULL;

	while (got == UNPACK_MORE) {
		struct str some = step == 0 ? in : str_upto(in, step);
		const size_t had = out->len, gave = some.len;

		got = unpack_some(u, &some, out, WANT, &why);
		must(out->len - had <= WANT && out->len <= MAX);
		must((got == UNPACK_BAD) == (why != NULL));
		in = str_from(in, gave - some.len);
		if (got == UNPACK_MORE && out->len == had &&
		    some.len == gave)
			break;
	}
	unpack_free(u);
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf whole, parts;
	enum unpack_coding coding;
	enum unpack_got got;

	if (len == 0)
		return 0;
	coding = (enum unpack_coding)(p[0] % (UNPACK_ZSTD + 1));
	buf_init(&whole, MAX);
	buf_init(&parts, MAX);
	got = unpacked(coding, str_of((const char *)p + 1, len - 1), 0,
	    &whole);
	if (got == UNPACK_DONE) {
		(void)unpacked(coding, str_of((const char *)p + 1, len - 1),
		    1 + p[0], &parts);
		must(parts.len == whole.len);
		must(whole.len == 0 || memcmp(parts.p + parts.off,
		    whole.p + whole.off, whole.len) == 0);
	}
	buf_fini(&whole);
	buf_fini(&parts);
	return 0;
}

/* f_target.c -- a target; the canonical path is its own canonical form and
 * holds nothing that a server could read otherwise. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
check(struct str path)
{
	must(path.len > 0 && path.p[0] == '/');
	for (size_t i = 0; i < path.len; i++) {
		char c = path.p[i];

		must(c > ' ' && c < 0x7F && c != ';' && c != '\\' &&
		    c != '?' && c != '#');
		must(i == 0 || c != '/' || path.p[i - 1] != '/');
	}
	must(memmem(path.p, path.len, "/../", 4) == NULL);
	must(memmem(path.p, path.len, "/./", 3) == NULL);
	must(!str_has_suffix(path, STR("/..")));
	must(!str_has_suffix(path, STR("/.")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf once, twice;
	struct http_fault f;
	struct target t;
	struct path a, b;

	if (target_parse(str_of((const char *)p, len), &t, &f) != PARSE_OK)
		return 0;
	buf_init(&once, 3 * HTTP_TARGET_BYTES_MAX);
	buf_init(&twice, 3 * HTTP_TARGET_BYTES_MAX);
	if (path_canon(t.path, &once, &a, &f) == PARSE_OK) {
		check(a.text);
		must(path_canon(a.text, &twice, &b, &f) == PARSE_OK);
		must(str_eq(a.text, b.text));
		/* It may have stood in a segment that '..' took away. */
		must(a.encoded_slash || !b.encoded_slash);
	}
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}

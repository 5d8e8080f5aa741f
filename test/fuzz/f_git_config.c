/* f_git_config.c -- two configurations of a repository, a NUL between them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "policy/git_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static bool
harmless(struct str was, struct str is)
{
	char why[64];
	const bool ok = git_config_harmless(was, is, why, sizeof(why));

	must(ok || memchr(why, '\0', sizeof(why)) != NULL);
	return ok;
}

/* Nothing changes where nothing is another; and what may come may go. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	const uint8_t *end = len == 0 ? NULL : memchr(p, '\0', len);
	const size_t n = end == NULL ? len : (size_t)(end - p);
	const struct str was = str_of((const char *)p, n);
	const struct str is = end == NULL ? str_of("", 0) :
		str_of((const char *)end + 1, len - n - 1);

	must(harmless(was, was) && harmless(is, is));
	must(harmless(was, is) == harmless(is, was));
	if (harmless(str_of("", 0), was) && harmless(str_of("", 0), is))
		must(harmless(was, is));
	return 0;
}

/* f_print.c -- any document printed as the native policy that it comes to:
 * what is printed of one that compiles compiles. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "compile/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
compiles(const char *name, const char *text)
{
	const struct policy_file f = { name, str_c(text), POLICY_GIVEN,
		false };
	struct diags d = { 0 };
	char *image = NULL;
	size_t len;
	int rc = policy_compile(&f, 1, POLICY_STAGE_CHECK, &image, &len, &d);

	free(image);
	diags_fini(&d);
	return rc == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *z = mem_alloc(len + 1, 1), *text;
	struct policy_file f = { "p.yaml", { z, 0 }, POLICY_GIVEN, false };
	struct diags d = { 0 };

	if (len > 0)
		memcpy(z, data, len);
	f.text.len = strlen(z);
	text = policy_convert(&f, &d);
	if (text != NULL)
		must(compiles("native", text));
	free(text);
	text = policy_effective(&f, 1, &d);
	/* Two texts in one file are for people alone. */
	if (text != NULL && strstr(text, "\n---\n") == NULL &&
	    strstr(z, "extends") == NULL && compiles("p.yaml", z))
		must(compiles("printed", text));
	free(text);
	diags_fini(&d);
	free(z);
	return 0;
}

/* f_edit.c -- small changes to any document: what comes out is YAML, has
 * what was asked for, and the change taken back is a change, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "compile/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is added is found, or was refused. */
static void
edit(struct str text, enum edit_kind kind, const char *words)
{
	const struct policy_file f = { "p.yaml", text, POLICY_GIVEN, false };
	struct edited out = { 0 }, again = { 0 };
	struct err e = { 0 };
	struct edit ed;
	struct policy_file g;

	must(edit_parse(kind, words, &ed, &e) == 0);
	ed.binaries[ed.nbinaries++] = STR("/bin/x");
	if (policy_edit(&f, 1, &ed, 1, &out, &e) == -1)
		return;
	g = f;
	if (out.texts[0] != NULL)
		g.text = str_c(out.texts[0]);
	/* A second time it may be refused, or is there; never a mishap. */
	if (policy_edit(&g, 1, &ed, 1, &again, &e) == 0 &&
	    kind != EDIT_REMOVE_ENDPOINT)
		must(again.texts[0] == NULL ||
		    strlen(again.texts[0]) > g.text.len);
	edited_fini(&again);
	edited_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *z = mem_alloc(len + 1, 1);
	struct str s;

	if (len > 0)
		memcpy(z, data, len);
	s = str_of(z, strlen(z));
	edit(s, EDIT_ADD_ENDPOINT, "a.test:443");
	edit(s, EDIT_ADD_ENDPOINT, "c.test:443:read-only");
	edit(s, EDIT_ADD_ALLOW, "a.test:443:GET:/x");
	edit(s, EDIT_ADD_DENY, "a.test:443:GET:/x");
	edit(s, EDIT_REMOVE_ENDPOINT, "a.test:443");
	free(z);
	return 0;
}

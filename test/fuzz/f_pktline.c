/* f_pktline.c -- a git push: however it is cut into pieces, the same is found,
 * and each ref is one that git takes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
read_in_pieces(struct str text, size_t piece, struct inspect *in)
{
	const struct inspect_head h = { .kinds = INSPECT_GIT,
		.method = STR("POST"), .path = STR("/x/git-receive-pack"),
		.body = true };

	inspect_begin(in, &h);
	for (size_t at = 0; at < text.len && !in->over; at += piece)
		inspect_feed(in, str_upto(str_from(text, at), piece));
	inspect_close(in);
	must(in->over && in->n > 0 && in->n <= INSPECT_UNITS_MAX);
}

static void
check_unit(const struct inspect_unit *u, bool known)
{
	const struct detail_list *ops = &u->of[DETAIL_GIT_OPERATION];
	const struct detail_list *refs = &u->of[DETAIL_GIT_REF];

	must(ops->known == known && refs->known == known);
	if (!known)
		return;
	must(ops->n == 1 && refs->n <= 1);
	for (uint32_t i = 0; i < refs->n; i++) {
		struct str s = refs->v[i].value;

		must(s.len > 0);
		for (size_t k = 0; k < s.len; k++)
			must((unsigned char)s.p[k] > ' ' && s.p[k] != ':');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_of((const char *)p, len);
	struct inspect a, b;

	if (len > INSPECT_PIECE_MAX)
		return 0;
	read_in_pieces(text, len + 1, &a);
	read_in_pieces(text, 1, &b);
	must(a.n == b.n && a.why == b.why && a.scan == b.scan);
	for (uint32_t i = 0; i < a.n; i++) {
		check_unit(&a.v[i], a.why == NULL);
		must(str_eq(a.v[i].says, b.v[i].says));
	}
	inspect_fini(&a);
	inspect_fini(&b);
	return 0;
}

#include "analysis/book.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"

/* ---- ports: any two that no rule tells apart are answered alike */

static int
by_port(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Those that stand for a protocol of their own. */
static const uint16_t known_ports[] = { 1, 21, 22, 25, 53, 80, 110, 143, 389,
	443, 465, 587, 636, 993, 995, 1433, 3306, 5432, 5671, 5672, 6379, 8080,
	8443, 9418, 27017 };

static uint32_t
count_ports(const struct policy *p)
{
	uint32_t n = 2 * NELEM(known_ports);

	for (const struct pol_rule *r = p->rules; r != NULL; r = r->next)
		n += 2 * r->nports;
	return n;
}

static void
add_port(struct book *b, uint32_t port)
{
	if (port >= 1 && port <= UINT16_MAX)
		b->ports[b->nports++] = (uint16_t)port;
}

static void
take_port_kinds(struct book *b)
{
	const struct policy *p = &b->checked->c.pol;
	uint32_t n = 0;

	b->ports = mem_alloc(count_ports(p), sizeof(*b->ports));
	for (size_t i = 0; i < NELEM(known_ports); i++) {
		add_port(b, known_ports[i]);
		add_port(b, known_ports[i] + 1U);
	}
	for (const struct pol_rule *r = p->rules; r != NULL; r = r->next)
		for (uint32_t i = 0; i < r->nports; i++) {
			add_port(b, r->ports[i].lo);
			add_port(b, r->ports[i].hi + 1);
		}
	qsort(b->ports, b->nports, sizeof(*b->ports), by_port);
	for (uint32_t i = 0; i < b->nports; i++)
		if (i == 0 || b->ports[i] != b->ports[n - 1])
			b->ports[n++] = b->ports[i];
	b->nports = n;
}

/* ---- opening */

int
book_open_checked(struct book *out)
{
	struct err e = { 0 };

	if (checked_emit(out->checked, &out->bytes, &out->nbytes) == -1)
		return -1;
	must(image_of(str_of(out->bytes, out->nbytes), &out->image, &e) == 0);
	take_port_kinds(out);
	return 0;
}

int
book_open(const struct policy_file *files, size_t n, struct book *out)
{
	*out = (struct book){ .nfiles = n };
	out->files = mem_alloc(n + 1, sizeof(*files));
	if (n > 0)
		memcpy(out->files, files, n * sizeof(*files));
	out->checked = checked_new(files, n, POLICY_STAGE_CHECK, &out->diags);
	return book_open_checked(out);
}

void
book_lend(struct checked *k, struct image *im, const struct image *whole,
    struct book *out)
{
	*out = (struct book){ .checked = k, .image = im, .whole = whole };
	take_port_kinds(out);
}

const struct image *
book_numbers(const struct book *b)
{
	return b->whole != NULL ? b->whole : b->image;
}

void
book_unlend(struct book *b)
{
	free(b->ports);
	*b = (struct book){ 0 };
}

void
book_close(struct book *b)
{
	image_free(b->image);
	free(b->bytes);
	free(b->ports);
	free(b->files);
	checked_free(b->checked);
	diags_fini(&b->diags);
	*b = (struct book){ 0 };
}

/* ---- asking */

static const char *const words[] = { [REPLY_DENY] = "deny",
	[REPLY_ALLOW] = "allow", [REPLY_AUDIT] = "audit" };

const char *
reply_word(enum reply_verdict v)
{
	return words[v];
}

bool
reply_verdict_of(struct str word, enum reply_verdict *out)
{
	for (size_t i = 0; i < NELEM(words); i++)
		if (str_eqz(word, words[i])) {
			*out = (enum reply_verdict)i;
			return true;
		}
	return false;
}

bool
book_profiles(const struct book *b, const struct question *q,
    uint64_t *profiles, struct str *missing)
{
	*profiles = 0;
	for (uint32_t i = 0; i < q->nprofiles; i++) {
		int n = image_profile_find(b->image, q->profile[i]);

		if (n < 0) {
			*missing = q->profile[i];
			return false;
		}
		*profiles |= UINT64_C(1) << n;
	}
	return true;
}

/* Nobody is under a profile that is not there; and of models none says
 * anything yet. */
static bool
ask_nothing(const struct book *b, const struct question *q, struct reply *out)
{
	struct str missing;
	uint64_t profiles;

	if (!book_profiles(b, q, &profiles, &missing)) {
		(void)snprintf(out->reason, sizeof(out->reason), "there is "
		    "no profile \"%.*s\"", (int)missing.len, missing.p);
		return true;
	}
	if (profiles == 0 || q->kind != ASK_MODEL)
		return false;
	(void)snprintf(out->reason, sizeof(out->reason), "this version does "
	    "not judge calls to models by profiles");
	return true;
}

void
book_ask(const struct book *b, const struct question *q, struct reply *out)
{
	*out = (struct reply){ .verdict = REPLY_DENY, .domain = "profiles" };
	if (ask_nothing(b, q, out))
		return;
	switch (q->kind) {
	case ASK_HTTP:
	case ASK_CONNECT:
	case ASK_TLS:
	case ASK_TCP:
	case ASK_DNS:
		ask_network(b, q, out);
		return;
	case ASK_READ:
	case ASK_WRITE:
		ask_files(b, q, out);
		return;
	case ASK_EXEC:
		ask_commands(b, q, out);
		return;
	case ASK_MODEL:
		ask_models(b, q, out);
		return;
	}
}

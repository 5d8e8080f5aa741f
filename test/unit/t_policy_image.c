/* t_policy_image.c -- an image is believed whole or not at all. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <openssl/sha.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "compile/compile.h"
#include "policy/files.h"
#include "policy/form.h"
#include "policy/image.h"
#include "policy/sha256.h"

static const char *const yaml =
    "file_access:\n"
    "  allow:\n"
    "    - {path: /srv/**, permissions: [read, write]}\n"
    "    - {path: /opt/tool, permissions: [read]}\n"
    "  deny:\n"
    "    - {path: /root/**}\n"
    "network:\n"
    "  allow:\n"
    "    - {endpoint: a.test, methods: [GET, BREW], paths: [/x/*]}\n"
    "    - {endpoint: \"*.b.test\", binaries: [curl]}\n"
    "    - {endpoint: 10.0.0.0/8, ports: [22]}\n"
    "  deny:\n"
    "    - {endpoint: c.test}\n";

static char *
compiled(const char *text, enum policy_stage stage, size_t *len)
{
	struct policy_file f = { "p.yaml", str_c(text) };
	struct diags d = { 0 };
	char *bytes = NULL;

	if (policy_compile(&f, 1, stage, &bytes, len, &d) == -1)
		fail_msg("%s", diags_print(&d, false));
	diags_fini(&d);
	return bytes;
}

static void
hash_is_sha256(void **state)
{
	unsigned char ours[SHA256_BYTES], theirs[SHA256_DIGEST_LENGTH];
	struct sha256_sum sum;
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	for (size_t n = 0; n <= sizeof(text); n++) {
		sha256(str_of(text, n), ours);
		(void)SHA256((const unsigned char *)text, n, theirs);
		assert_memory_equal(ours, theirs, sizeof(ours));
		sha256_init(&sum);
		for (size_t at = 0; at < n; at += at % 70 + 1)
			sha256_add(&sum, str_upto(str_from(str_of(text, n),
			    at), at % 70 + 1));
		sha256_end(&sum, ours);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

static void
same_documents_same_bytes(void **state)
{
	size_t n, m;
	CLEAN_FREE char *a = compiled(yaml, POLICY_STAGE_ENFORCE, &n);
	CLEAN_FREE char *b = compiled(yaml, POLICY_STAGE_ENFORCE, &m);

	(void)state;
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
}

static void
every_flipped_bit_is_refused(void **state)
{
	size_t len;
	CLEAN_FREE char *bytes = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	struct image *im;
	struct err e = { 0 };

	(void)state;
	/* All of the head's; of the rest, one in 26 bytes. */
	for (size_t i = 0; i < len * 8; i += i < sizeof(struct f_head) * 8 ?
		1 : 211) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		if (image_of(str_of(bytes, len), &im, &e) != -1)
			fail_msg("bit %zu may flip", i);
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
	assert_int_equal(image_of(str_of(bytes, len), &im, &e), 0);
	image_free(im);
}

static void
every_cut_is_refused(void **state)
{
	size_t len;
	CLEAN_FREE char *bytes = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	struct image *im;
	struct err e = { 0 };

	(void)state;
	for (size_t n = 0; n < len; n++)
		if (image_of(str_of(bytes, n), &im, &e) != -1)
			fail_msg("%zu of %zu bytes are enough", n, len);
}

static void
ask_files(const struct image *im)
{
	static const char *const paths[] = { "/srv/x/.git/config", "/", "/usr",
		"/etc/shadow", "/root/a/b", "/opt/tool", "/a/b/.env" };

	for (size_t i = 0; i < NELEM(paths); i++) {
		struct file_query q = { .path = str_c(paths[i]),
			.access = FILE_READ | FILE_WRITE };
		struct file_below below;
		struct file_answer a;

		policy_file(im, &q, &a);
		assert_true(a.reason[0] != '\0');
		(void)policy_file_judge(im, &q);
		(void)policy_file_state(im, q.path);
		policy_file_below(im, q.path, 0, &below);
	}
}

/* With the hash made right again: refused, or the worse for nobody. */
static void
damaged_paths_lead_nowhere(void **state)
{
	static const enum form_section sections[] = { FORM_frules, FORM_fsays,
		FORM_fnodes, FORM_fsteps, FORM_fpaths };
	static const char *const values[] = { "\0\0\0\0", "\1\0\0\0",
		"\377\377\377\377", "\377\377\0\0", "\0\0\0\200" };
	size_t len, refused = 0;
	CLEAN_FREE char *good = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	CLEAN_FREE char *bad = malloc(len);
	struct f_head *h = (struct f_head *)(void *)bad;
	uint32_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		enum form_section s = sections[i % NELEM(sections)];
		struct image *im;
		struct err e = { 0 };

		memcpy(bad, good, len);
		at = at * 1664525 + 1013904223;
		memcpy(bad + h->sections[s].first + (at >> 8) %
		    (h->sections[s + 1].first - h->sections[s].first) / 4 * 4,
		    values[at % NELEM(values)], 4);
		sha256(str_from(str_of(bad, len), FORM_HASHED), h->hash);
		if (image_of(str_of(bad, len), &im, &e) == -1) {
			refused++;
			continue;
		}
		ask_files(im);
		image_free(im);
	}
	assert_true(refused > 300);
}

static void
unaligned_bytes_are_fine(void **state)
{
	size_t len;
	CLEAN_FREE char *bytes = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	CLEAN_FREE char *odd = malloc(len + 1);
	struct image *im;
	struct err e = { 0 };

	(void)state;
	memcpy(odd + 1, bytes, len);
	assert_int_equal(image_of(str_of(odd + 1, len), &im, &e), 0);
	assert_int_equal(image_info(im)->files, 3);
	image_free(im);
}

static void
info_and_files(void **state)
{
	size_t len;
	CLEAN_FREE char *bytes = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	struct image *im;
	struct err e = { 0 };
	struct file_grant g;

	(void)state;
	assert_int_equal(image_of(str_of(bytes, len), &im, &e), 0);
	assert_true(image_info(im)->has_network);
	assert_true(image_info(im)->needs_who);
	assert_int_equal(image_info(im)->system, POLICY_SYSTEM_READ_ONLY);
	assert_int_equal(strlen(image_info(im)->hash), 64);
	image_file(im, 0, &g);
	assert_true(str_eqz(g.path, "/opt/tool"));
	assert_false(g.tree);
	image_file(im, 1, &g);
	assert_true(str_eqz(g.path, "/root"));
	assert_true(g.deny && g.tree);
	image_file(im, 2, &g);
	assert_true(str_eqz(g.path, "/srv"));
	assert_int_equal(g.access, FILE_READ | FILE_WRITE);
	image_free(im);
}

static void
only_a_sealed_memfd_is_opened(void **state)
{
	size_t len;
	CLEAN_FREE char *bytes = compiled(yaml, POLICY_STAGE_ENFORCE, &len);
	CLEAN_FREE char *loose = NULL;
	CLEAN_FD int sealed = -1, open_fd = -1, check = -1;
	struct image *im = NULL;
	struct err e = { 0 };
	size_t n;

	(void)state;
	sealed = io_memfd_sealed("policy", str_of(bytes, len), &e);
	assert_true(sealed >= 0);
	assert_int_equal(image_open(sealed, &im, &e), 0);
	image_free(im);
	open_fd = memfd_create("policy", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	assert_int_equal(io_write_all(open_fd, str_of(bytes, len), &e), 0);
	assert_int_equal(image_open(open_fd, &im, &e), -1);
	loose = compiled("commands: {allow: [curl]}", POLICY_STAGE_CHECK, &n);
	check = io_memfd_sealed("policy", str_of(loose, n), &e);
	assert_int_equal(image_open(check, &im, &e), -1);
	assert_non_null(strstr(e.text, "to be checked"));
}

static const struct {
	const char *what, *old, *new_, *want;
} locks[] = {
	{ "network is hot", "network: {}",
	    "network: {allow: [{endpoint: a.test}]}", NULL },
	{ "a grant more is a change",
	    "file_access: {}",
	    "file_access: {allow: [{path: /srv/**}]}",
	    "file_access /srv/**: nothing -> read\n" },
	{ "another permission is a change",
	    "file_access: {allow: [{path: /srv/**, permissions: [read]}]}",
	    "file_access: {allow: [{path: /srv/**, permissions: [read, "
	    "write]}]}",
	    "file_access /srv/**: read -> read, write\n" },
	{ "a deny less is a change",
	    "file_access: {deny: [{path: /root/**}]}", "file_access: {}",
	    "file_access /root/**: deny -> nothing\n" },
	{ "the section itself changes the system", "", "file_access: {}",
	    "file_access.system: layered -> read-only\n" },
	{ "the same in another order is none",
	    "file_access: {allow: [{path: /a/**}, {path: /b}]}",
	    "file_access: {allow: [{path: /b}, {path: /a/**}]}", NULL },
	{ "braces are what they open to",
	    "file_access: {allow: [{path: \"/{a,b}/**\"}]}",
	    "file_access: {allow: [{path: /b/**}, {path: /a/**}]}", NULL },
	{ "a path twice is a path",
	    "file_access: {allow: [{path: /a}, {path: /a}]}",
	    "file_access: {allow: [{path: /a}]}", NULL },
	{ "a grant of what is there anyway is one too", "file_access: {}",
	    "file_access: {allow: [{path: /tmp/**}]}",
	    "file_access /tmp/**: nothing -> read\n" },
	{ "all are said, allows first",
	    "file_access: {system: none, allow: [{path: /a}], deny: [{path: "
	    "/b}]}",
	    "file_access: {allow: [{path: /b}], deny: [{path: /a}]}",
	    "file_access.system: none -> read-only\n"
	    "file_access /a: read -> nothing\n"
	    "file_access /b: nothing -> read\n"
	    "file_access /a: nothing -> deny\n"
	    "file_access /b: deny -> nothing\n" },
};

static void
locked_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(locks); i++) {
		size_t n, m;
		CLEAN_FREE char *a = compiled(locks[i].old,
		    POLICY_STAGE_ENFORCE, &n);
		CLEAN_FREE char *b = compiled(locks[i].new_,
		    POLICY_STAGE_ENFORCE, &m);
		CLEAN_FREE char *got = NULL;
		struct image *x, *y;
		struct err e = { 0 };

		assert_int_equal(image_of(str_of(a, n), &x, &e), 0);
		assert_int_equal(image_of(str_of(b, m), &y, &e), 0);
		got = policy_locked_changes(x, y);
		if ((got == NULL) != (locks[i].want == NULL) ||
		    (got != NULL && strcmp(got, locks[i].want) != 0))
			fail_msg("%s: %s", locks[i].what,
			    got == NULL ? "nothing" : got);
		image_free(x);
		image_free(y);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_is_sha256),
		cmocka_unit_test(same_documents_same_bytes),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(damaged_paths_lead_nowhere),
		cmocka_unit_test(unaligned_bytes_are_fine),
		cmocka_unit_test(info_and_files),
		cmocka_unit_test(only_a_sealed_memfd_is_opened),
		cmocka_unit_test(locked_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

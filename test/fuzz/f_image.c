/* f_image.c -- hostile bytes as an image.  The size and the hash are made
 * right first: what is tried is every check behind them.
 *
 * What does not begin as an image changes one that is well: its first byte
 * chooses the image, then each eight bytes are a place and what to put there,
 * so that the seeds outlive the image's form. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/exec.h"
#include "policy/files.h"
#include "policy/form.h"
#include "policy/labels.h"
#include "policy/resources.h"
#include "policy/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static const char own[] = "policy_mode: enforce\n"
    "file_access:\n"
    "  allow: [{path: /app/**, permissions: [read, write]},"
    " {path: \"/opt/*/x\"}]\n"
    "  deny: [{path: \"**/.env\"}, {path: /app/hr/**}]\n"
    "network:\n"
    "  allow: [{endpoint: api.github.com, methods: [GET],"
    " paths: [/repos/*, /zen], binaries: [curl]},"
    " {endpoint: \"**.example.com\", ports: [80, 443],"
    " when: \"path.contains('x') && callers.exists(c, c == '/bin/sh')\"},"
    " {endpoint: 10.0.0.0/8, ports: [22], protocols: [tcp]}]\n"
    "  deny: [{endpoint: \"*.pastebin.com\"}]\n"
    "commands:\n"
    "  allow: [git, {command: curl, args_pattern: \"--max-time 30 *\"}]\n"
    "  deny: [\"rm -rf *\"]\n"
    "inference:\n"
    "  backends: {c: {kind: anthropic, models: {a: b}}}\n"
    "  budgets: [{scope: user, window: 1d, tokens: 5, on_exceed: route c}]\n"
    "  router: {default: local, rules: [{condition: \"task_type =="
    " \\\"chat\\\"\", route: frontier, fallback: local},"
    " {condition: \"model.matches('{a,b}*') && turn > 5\", route: c},"
    " {condition: \"'x' in labels || size(tools) > 2\", route: local},"
    " {condition: sensitivity > high, action: deny}]}\n"
    "labels: [{path: /app/hr/**, label: [high, hr]}]\n"
    "resources: {max_memory_mb: 100}\n";
static const char bound[] = "network:\n"
    "  allow: [{endpoint: \"*.github.com\"}]\n"
    "commands: {default_policy: allow, deny: [sudo]}\n";

static const char narrow[] = "commands:\n"
    "  allow: [{command: ls, profile: p}, {command: rm, profile: q}]\n"
    "profiles:\n"
    "  p: {network: {allow: [{endpoint: api.github.com}]},"
    " commands: {allow: [git, {command: ls, profile: q}]},"
    " file_access: {allow: [{path: \"/srv/*/y\"}]}}\n"
    "  q: {file_access: {default_policy: allow}}\n";

enum { SEEDS = 3 };

/* Compiled once: alone, with a maximum, and with profiles, too. */
static struct str
seed_image(unsigned which)
{
	static char *image[SEEDS];
	static size_t len[SEEDS];
	const struct policy_file f[SEEDS] = {
		{ "own.yaml", str_c(own), POLICY_GIVEN, false },
		{ "bound.yaml", str_c(bound), POLICY_GIVEN, true },
		{ "narrow.yaml", str_c(narrow), POLICY_GIVEN, false },
	};
	struct diags d = { 0 };

	if (image[which] == NULL)
		must(policy_compile(f, which + 1, POLICY_STAGE_CHECK,
		    &image[which], &len[which], &d) == 0);
	diags_fini(&d);
	return str_of(image[which], len[which]);
}

/* The seed with what the input puts into it; heap. */
static char *
changed(const uint8_t *p, size_t len, size_t *out)
{
	struct str seed = seed_image(p[0] % SEEDS);
	char *bytes = mem_alloc(1, seed.len);

	memcpy(bytes, seed.p, seed.len);
	for (size_t i = 1; i + 8 <= len; i += 8) {
		uint32_t at, what;

		memcpy(&at, p + i, 4);
		memcpy(&what, p + i + 4, 4);
		at = at % (uint32_t)(seed.len / 4) * 4;
		memcpy(bytes + at, &what, 4);
	}
	*out = seed.len;
	return bytes;
}

static void make_right(char *bytes, size_t len);

/* Those within come first: their bytes are hashed, too. */
static void
inner_right(char *bytes, size_t len, size_t first, size_t n)
{
	struct f_head *h = (struct f_head *)(void *)(bytes + first);

	if (n >= sizeof(*h) && n <= len && first <= len - n &&
	    first % FORM_ALIGN == 0 && first >= sizeof(*h) &&
	    h->sections[FORM_maximum].n < sizeof(*h) &&
	    h->sections[FORM_profiles].n == 0)
		make_right(bytes + first, n);
}

static void
make_right(char *bytes, size_t len)
{
	struct f_head *h = (struct f_head *)(void *)bytes;
	const struct f_span *s = h->sections;
	const struct f_profile *p = (const void *)(bytes +
	    s[FORM_profiles].first);

	inner_right(bytes, len, s[FORM_maximum].first, s[FORM_maximum].n);
	for (uint32_t i = 0; i < s[FORM_profiles].n && i < PROFILES_MAX &&
	    s[FORM_profiles].first % FORM_ALIGN == 0 &&
	    s[FORM_profiles].first + (i + 1) * sizeof(*p) <= len; i++)
		inner_right(bytes, len, (size_t)s[FORM_inner].first +
		    p[i].image.first, p[i].image.n);
	memcpy(h->magic, FORM_MAGIC, sizeof(h->magic));
	h->version = FORM_VERSION;
	h->size = (uint32_t)len;
	sha256(str_from(str_of(bytes, len), FORM_HASHED), h->hash);
}

static void
ask(const struct image *im, const char *host, uint16_t port, bool tls,
    const char *method)
{
	struct str exe[] = { STR("/usr/bin/curl"), STR("/bin/sh") };
	struct detail_pair field = { STR("x-team"), STR("red") };
	struct net_details d = { { { .known = false } } };
	struct net_query q = { .host = str_c(host), .port = port,
		.tls = tls, .who = { exe, 2 }, .method = str_c(method),
		.path = STR("/repos/x/y"), .query = STR("a=b&c=%64"),
		.details = &d };
	struct in6_addr addr = { { { 0 } } };
	struct net_answer a;
	char why[128];

	d.of[DETAIL_HEADER] = (struct detail_list){ true, &field, 1 };
	policy_network(im, &q, &a);
	must(a.reason[0] != '\0');
	q.profiles = image_profiles_all(im);
	policy_network(im, &q, &a);
	must(a.reason[0] != '\0');
	(void)policy_address(im, &q, &addr, why, sizeof(why));
}

static void
ask_path(const struct image *im, const char *path)
{
	struct file_query q = { .path = str_c(path), .access = FILE_WRITE };
	struct file_below below;
	struct file_answer a;

	policy_file(im, &q, &a);
	must(a.reason[0] != '\0');
	q.profiles = image_profiles_all(im);
	policy_file(im, &q, &a);
	must(a.reason[0] != '\0');
	(void)policy_file_judge(im, &q);
	(void)policy_file_state(im, q.path);
	policy_file_below(im, q.path, FILE_READ, &below);
}

static void
ask_exec(const struct image *im, bool paper)
{
	static const struct str argv[] = { STR("git"), STR("push"),
		STR("-rf"), STR("--out=/w/x"), STR("/w/y"), STR("") };
	static const struct str env[] = { STR("LD_PRELOAD=x") };
	static const uint32_t same[] = { 0, 1, 2, 3, UINT32_MAX };
	struct exec_form form = { .name = argv[0], .argv = argv, .argc = 6,
		.file = STR("/usr/bin/rm.x"), .same = same, .nsame = 5 };
	struct exec_query q = { .forms = &form, .nforms = 1, .env = env,
		.nenv = 1, .cwd = STR("/w"), .paper = paper };
	struct exec_command c;
	struct exec_answer a;

	policy_exec(im, &q, &a);
	must(a.reason[0] != '\0');
	q.profiles = image_profiles_all(im);
	policy_exec(im, &q, &a);
	must(a.reason[0] != '\0');
	form.name = form.file = STR("busybox");
	policy_exec(im, &q, &a);
	for (uint32_t i = 0; i < image_commands(im); i++)
		image_command(im, i, &c);
	for (uint32_t i = 0; i < image_envs(im); i++)
		(void)image_env(im, i);
}

static void
ask_model(const struct image *im)
{
	static const struct facts none;
	static const struct str items[] = { { "x", 1 }, { "y", 1 } };
	struct facts f = { 0 };
	struct route_answer a;
	struct file_labels l;
	struct str alias, model;
	struct backend back;
	struct budget b;

	fact_put(&f, FACT_SENSITIVITY, SENSITIVITY_HIGH);
	fact_put(&f, FACT_TURN, 6);
	fact_put_text(&f, FACT_MODEL, STR("abc"));
	fact_put_list(&f, FACT_LABELS, items, 2);
	fact_put_list(&f, FACT_TOOLS, items, 2);
	policy_route(im, &none, &a);
	must(a.reason[0] != '\0');
	policy_route(im, &f, &a);
	must(a.reason[0] != '\0');
	for (uint32_t i = 0; i < image_backends(im); i++) {
		image_backend(im, i, &back);
		for (uint32_t k = 0; k < back.models; k++)
			image_model(im, i, k, &alias, &model);
	}
	policy_labels(im, STR("/app/hr/x"), &l);
	for (uint32_t i = 0; i < image_label_names(im); i++)
		(void)image_label_name(im, i);
	for (int i = 0; i < LIMIT_COUNT; i++)
		(void)image_limit(im, (enum limit)i);
	for (uint32_t i = 0; i < image_budgets(im); i++)
		image_budget(im, i, &b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct file_grant g;
	struct image *im;
	char *bytes;

	if (len == 0 || len > 131072)
		return 0;
	if (len < sizeof(struct f_head) ||
	    memcmp(p, FORM_MAGIC, strlen(FORM_MAGIC)) != 0) {
		bytes = changed(p, len, &len);
	} else {
		bytes = mem_alloc(1, len);
		memcpy(bytes, p, len);
	}
	make_right(bytes, len);
	if (image_of(str_of(bytes, len), &im, NULL) == 0) {
		ask(im, "api.github.com", 443, true, "GET");
		ask(im, "a.b.c.example.com", 80, false, "POST");
		ask(im, "10.0.0.1", 22, false, "");
		ask(im, "::1", 443, true, "BREW");
		ask(im, "", 0, true, "");
		ask_path(im, "/srv/p/.git/config");
		ask_path(im, "/");
		ask_path(im, "/etc/shadow");
		ask_exec(im, true);
		ask_exec(im, false);
		for (uint32_t i = 0; i < image_info(im)->files; i++)
			image_file(im, i, &g);
		ask_model(im);
		free(policy_locked_changes(im, im));
		image_free(im);
	}
	free(bytes);
	return 0;
}

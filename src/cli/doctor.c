/* doctor.c -- openshell doctor: what this machine can enforce, and the fix
 * for what it cannot. */
#include <jansson.h>
#include <stdio.h>

#include "api.h"
#include "args.h"
#include "base/err.h"
#include "base/must.h"
#include "jail/probe.h"
#include "run.h"
#include "say.h"
#include "show.h"
#include "table.h"

static const struct {
	const char *word;
	enum colour colour;
} shown[] = {
	[PROBE_MISSING] = { "MISSING", COLOUR_RED },
	[PROBE_WEAK] = { "weak", COLOUR_YELLOW },
	[PROBE_OK] = { "ok", COLOUR_GREEN },
};

/* The programs that the command line starts are part of the machine too. */
static void
probe_programs(struct probe_result *p)
{
	static const char *const names[] = { "openshell-gateway",
		"openshell-auditor", "openshell-supervisor",
		"openshell-egress", "openshell-init" };
	char path[PATH_BYTES_MAX];
	struct err e = { 0 };

	*p = (struct probe_result){ .name = "installation",
		.means = "the programs that openshell starts",
		.status = PROBE_OK, .detail = "complete" };
	for (size_t i = 0; i < NELEM(names); i++)
		if (paths_program(names[i], path, &e) == -1) {
			p->status = PROBE_MISSING;
			(void)snprintf(p->detail, sizeof(p->detail), "%.255s",
			    e.text);
			(void)snprintf(p->fix, sizeof(p->fix),
			    "install it again: make install");
			return;
		}
}

static json_t *
as_json(const struct probe_result *p, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, "
		    "s:s, s:s}", "name", p[i].name, "status",
		    p[i].status == PROBE_OK ? "ok" :
		    p[i].status == PROBE_WEAK ? "weak" : "missing", "detail",
		    p[i].detail, "means", p[i].means, "fix", p[i].fix));
	return list;
}

static void
show_results(const struct probe_result *p, size_t n)
{
	static const char *const head[] = { "FEATURE", "STATE", "SEEN",
		"WHAT FOR", NULL };
	struct table t = { 0 };

	table_head(&t, head);
	for (size_t i = 0; i < n; i++) {
		table_add(&t, COLOUR_NONE, "%s", p[i].name);
		table_add(&t, shown[p[i].status].colour, "%s",
		    shown[p[i].status].word);
		table_add(&t, COLOUR_NONE, "%s", p[i].detail);
		table_add(&t, COLOUR_DIM, "%s", p[i].means);
	}
	table_show(&t);
	table_fini(&t);
	for (size_t i = 0; i < n; i++)
		if (p[i].fix[0] != '\0')
			(void)printf("\n%s: %s\n", p[i].name, p[i].fix);
}

int
run_doctor(const struct args *a)
{
	struct probe_result p[PROBE_COUNT_MAX + 1];
	CLEAN_JSON json_t *list = NULL;
	size_t n = probe_run(p), missing = 0;

	must(n <= PROBE_COUNT_MAX);
	probe_programs(&p[n++]);
	for (size_t i = 0; i < n; i++)
		missing += p[i].status == PROBE_MISSING;
	list = as_json(p, n);
	if (!show_as_asked(a, list)) {
		show_results(p, n);
		(void)printf("\n%s\n", missing == 0 ?
		    "Sandboxes can run here." :
		    "Sandboxes cannot run here until what is MISSING is "
		    "there.");
	}
	return missing == 0 ? EXIT_OK : EXIT_FAILED;
}

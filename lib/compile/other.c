/* other.c -- the sections that are part of the language and that this version
 * does not enforce: their words are checked all the same. */
#include "base/compat.h"
#include "compile/check.h"

static void
check_word(struct compile *c, const struct node *n, void *arg)
{
	(void)take_word(c, n, arg == NULL ? "this value" : arg);
}

static void
check_count(struct compile *c, const struct node *n, void *arg)
{
	uint64_t v;

	(void)arg;
	(void)take_number(c, n, 1, UINT32_MAX, &v, "this limit");
}

/* ---- resources */

static void
check_watchdog(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "enabled", WANT_BOOL, NULL, NULL },
		{ "check_interval_seconds", WANT_NUMBER, check_count, NULL },
		{ "kill_on_violation", WANT_BOOL, NULL, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "watchdog");
}

static void
check_scope(struct compile *c, const struct node *n, void *arg)
{
	static const char *const scopes[] = { "sandbox", "command", NULL };

	(void)arg;
	(void)take_choice(c, n, scopes, "scope"); /* said if wrong */
}

void
check_resources(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "max_cpu_percent", WANT_NUMBER, check_count, NULL },
		{ "max_memory_mb", WANT_NUMBER, check_count, NULL },
		{ "max_processes", WANT_NUMBER, check_count, NULL },
		{ "max_file_size_mb", WANT_NUMBER, check_count, NULL },
		{ "max_open_files", WANT_NUMBER, check_count, NULL },
		{ "max_disk_mb", WANT_NUMBER, check_count, NULL },
		{ "max_execution_time_seconds", WANT_NUMBER, check_count,
		    NULL },
		{ "scope", WANT_WORD, check_scope, NULL },
		{ "max_concurrent_tools", WANT_NUMBER, check_count, NULL },
		{ "max_output_tokens", WANT_NUMBER, check_count, NULL },
		{ "watchdog", WANT_MAP, check_watchdog, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "resources");
}

/* ---- network's limits */

static void
check_period(struct compile *c, const struct node *n, void *arg)
{
	struct str s = n->text;
	uint64_t v;

	(void)arg;
	if (take_word(c, n, "period") == NULL)
		return;
	if (s.len < 2 || strchr("smhd", s.p[s.len - 1]) == NULL ||
	    !str_u64(str_head(s, s.len - 1), 1000000, &v) || v == 0)
		node_error(c, n, "period must be a number with s, m, h or d: "
		    "write 1h");
}

void
check_rate_limits(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "max_requests_per_minute", WANT_NUMBER, check_count, NULL },
		{ "max_data_egress_mb", WANT_NUMBER, check_count, NULL },
		{ "period", WANT_WORD, check_period, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "rate_limits");
}

/* ---- the rest */

void
check_labels(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "path", WANT_WORD, check_word, NULL },
		{ "label", WANT_WORD, check_word, NULL },
	};

	if (!check_want(c, n, WANT_LIST, "labels"))
		return;
	for (uint32_t i = 0; i < n->n; i++)
		check_map(c, n->items[i], keys, NELEM(keys), arg, "a label");
}

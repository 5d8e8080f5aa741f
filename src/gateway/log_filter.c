#include "log_filter.h"

#include <string.h>
#include <time.h>

#include "audit/line.h"
#include "base/compat.h"
#include "base/err.h"

#define DISORDER_MS 60000	/* by how much a record may be late */

/* "2026-01-31T12:00:00Z", with a fraction or not. */
static bool
parse_moment(struct str s, int64_t *ms)
{
	char text[RFC3339_BYTES];
	struct tm tm = { 0 };
	const char *end;

	if (!str_copy(s, text, sizeof(text)))
		return false;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL)
		return false;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	*ms = (int64_t)timegm(&tm) * 1000;
	return strcmp(end, "Z") == 0;
}

/* "90s", "10m", "2h", "7d". */
static bool
parse_span(struct str s, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 },
		{ 'd', 86400000 } };
	uint64_t v;

	for (size_t i = 0; i < NELEM(units); i++) {
		if (s.len < 2 || s.p[s.len - 1] != units[i].unit)
			continue;
		if (!str_u64(str_head(s, s.len - 1), 1000000, &v))
			return false;
		*ms = (int64_t)v * units[i].ms;
		return true;
	}
	return false;
}

static int
parse_since(struct log_filter *f, const char *z, struct wall now,
    struct err *e)
{
	int64_t span;

	if (z[0] == '\0' || parse_moment(str_c(z), &f->since_ms))
		return 0;
	if (!parse_span(str_c(z), &span))
		return err_set(e, ERR_INPUT, "since is a moment such as "
		    "2026-01-31T12:00:00Z, or a span such as 90s, 10m, 2h or "
		    "7d");
	f->since_ms = now.v / 1000 - span;
	return 0;
}

struct word {
	const char *name;
	uint32_t value;
};

static int
parse_word(const char *what, const char *z, const struct word *words,
    size_t n, uint32_t *out, struct err *e)
{
	*out = 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, z) == 0) {
			*out = words[i].value;
			return 0;
		}
	return z[0] == '\0' ? 0 : err_set(e, ERR_INPUT,
	    "%s: \"%.32s\" is none of its words", what, z);
}

int
log_filter_parse(struct log_filter *f, const char *n, const char *since,
    const char *level, const char *source, const char *follow,
    struct wall now, struct err *e)
{
	static const struct word levels[] = { { "info", 1 }, { "warn", 3 },
		{ "error", 4 } };
	static const struct word sources[] = { { "all", LOG_ALL },
		{ "gateway", LOG_GATEWAY }, { "sandbox", LOG_SANDBOX } };
	static const struct word bits[] = { { "0", 0 }, { "1", 1 } };
	uint32_t from, follows;

	if (parse_since(f, since, now, e) == -1 ||
	    parse_word("level", level, levels, NELEM(levels), &f->severity,
		e) == -1 ||
	    parse_word("source", source, sources, NELEM(sources), &from,
		e) == -1 ||
	    parse_word("follow", follow, bits, NELEM(bits), &follows, e) ==
	    -1)
		return -1;
	f->source = (enum log_source)from;
	f->follow = follows == 1;
	f->has_last = n[0] != '\0';
	if (f->has_last && !str_u64(str_c(n), 1000000, &f->last))
		return err_set(e, ERR_INPUT, "n is 0 to 1000000");
	return 0;
}

bool
log_filter_takes(const struct log_filter *f, struct str line)
{
	struct audit_line a;
	bool inside;

	if (!audit_line_parse(line, &a))
		return false;
	if (f->number != 0 && a.seq != f->number)
		return false;
	inside = str_eqz(a.role, "supervisor") || str_eqz(a.role, "egress");
	if (f->sandbox[0] != '\0' && !str_eqz(a.sandbox_id, f->sandbox) &&
	    !str_eqz(a.sandbox, f->sandbox))
		return false;
	return a.time_ms >= f->since_ms && a.severity >= f->severity &&
	    (f->source == LOG_ALL || (f->source == LOG_SANDBOX) == inside);
}

bool
log_filter_is_before(const struct log_filter *f, struct str line)
{
	struct audit_line a;

	if ((f->since_ms == 0 && f->number == 0) ||
	    !audit_line_parse(line, &a))
		return false;
	return a.seq < f->number ||
	    (f->since_ms > 0 && a.time_ms < f->since_ms - DISORDER_MS);
}

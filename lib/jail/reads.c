/* reads.c -- a filter sees what an open is for, and not what it opens. So opens
 * that only read are either all asked about or none: none, if no name can
 * stand where Landlock lets it be read and the policy does not.
 *
 * Of a tree the policy says that by itself. /etc holds names that are never to
 * be read; but it is a copy that we made, and where nobody can write it, all
 * that it will ever hold is there already.
 *
 * Between the root and what is mounted stand directories that Landlock gives
 * to be listed, and the policy perhaps not: then that rule goes, and who says
 * that it opens a directory (O_DIRECTORY, as opendir(3) does) is asked. */
#include "jail/reads.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "jail/landlock.h"
#include "jail/root.h"

#define NAMES_MAX 4096	/* of /etc */
#define DEPTH_MAX 8

struct search { /* of one tree */
	const struct reads *v;
	unsigned names;
	dev_t way;		/* only its directories, not what is mounted */
};

static bool each_may(struct search *s, const char *path, unsigned depth);

static bool
one_may(struct search *s, const char *path, unsigned depth)
{
	struct stat st;

	if (++s->names > NAMES_MAX || lstat(path, &st) == -1)
		return false;
	if (s->way != 0 && (st.st_dev != s->way || !S_ISDIR(st.st_mode)))
		return true;
	return s->v->may(s->v->policy, path, false) &&
	    (!S_ISDIR(st.st_mode) || each_may(s, path, depth));
}

/* All below path. */
static bool
each_may(struct search *s, const char *path, unsigned depth)
{
	DIR *d = depth < DEPTH_MAX ? opendir(path) : NULL;
	const struct dirent *ent;
	char below[PATH_BYTES_MAX];
	bool may = d != NULL;

	while (may && (ent = readdir(d)) != NULL) {
		int n = snprintf(below, sizeof(below), "%s/%s",
		    path[1] == '\0' ? "" : path, ent->d_name);

		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0)
			may = n > 0 && (size_t)n < sizeof(below) &&
			    one_may(s, below, depth + 1);
	}
	if (d != NULL)
		(void)closedir(d);
	return may;
}

/* All that stands between the root and what is mounted. */
static bool
way_may(const struct reads *v)
{
	struct search s = { .v = v };
	struct stat st;

	if (stat("/", &st) == -1)
		return false;
	s.way = st.st_dev;
	return one_may(&s, "/", 0);
}

static bool
is_top(const struct root_rule *rule)
{
	return strcmp(rule->path, "/") == 0 &&
	    rule->rights == LL_FS_READ_DIR;
}

static bool
rule_may(const struct reads *v, const struct root_rule *rule)
{
	struct search s = { .v = v };

	if (is_top(rule))
		return true;
	if ((rule->rights & LL_READ) == LL_READ) {
		if (v->may(v->policy, rule->path, true))
			return true;
		return strcmp(rule->path, "/etc") == 0 &&
		    (rule->rights & ~(uint64_t)LL_RUN) == 0 &&
		    v->may(v->policy, rule->path, false) &&
		    each_may(&s, rule->path, 0);
	}
	return (rule->rights & LL_READ) == 0 ||
	    v->may(v->policy, rule->path, false);
}

static void
top_drop(struct root *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nrules; i++)
		if (!is_top(&r->rules[i]))
			r->rules[n++] = r->rules[i];
	r->nrules = n;
}

enum gate
reads_leave(enum gate gate, struct root *r, const struct reads *v)
{
	if (!gate_has(gate, GATE_FILES) || v->may == NULL)
		return gate;
	for (size_t i = 0; i < r->nrules; i++)
		if (!rule_may(v, &r->rules[i]))
			return gate;
	if (!way_may(v))
		top_drop(r);
	return gate | GATE_CHANGES;
}

#include "jail/tag.h"

#include <errno.h>

_Static_assert(sizeof(rlim_t) == sizeof(uint64_t) &&
    RLIM_INFINITY == UINT64_MAX, "a limit has a bit for each profile");

int
tag_get(pid_t pid, uint64_t *profiles)
{
	struct rlimit now;

	if (prlimit(pid, TAG_LIMIT, NULL, &now) == -1)
		return -errno;
	*profiles = ~now.rlim_max;
	return 0;
}

int
tag_add(pid_t pid, uint64_t profiles)
{
	uint64_t now;
	struct rlimit want;
	int rc = tag_get(pid, &now);

	if (rc != 0 || (profiles & ~now) == 0)
		return rc;
	want.rlim_max = want.rlim_cur = ~(now | profiles);
	return prlimit(pid, TAG_LIMIT, &want, NULL) == -1 ? -errno : 0;
}

/* The line's name, then the soft value, then the hard one. */
bool
tag_parse(struct str limits, uint64_t *profiles)
{
	const struct str name = STR("Max file locks ");
	struct str line;
	bool more = true;

	while (more) {
		struct str word = STR("");

		more = str_cut(limits, '\n', &line, &limits);
		if (!more || !str_has_prefix(line, name))
			continue;
		line = str_trim(str_from(line, name.len));
		if (!str_cut(line, ' ', &word, &line))
			return false;
		line = str_trim(line);
		if (!str_cut(line, ' ', &word, &line))
			return false;
		if (str_eqz(word, "unlimited")) {
			*profiles = 0;
			return true;
		}
		if (!str_u64(word, UINT64_MAX, profiles))
			return false;
		*profiles = ~*profiles;
		return true;
	}
	return false;
}

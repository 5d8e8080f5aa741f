/* callers.c -- who executes, and when: what conditions of commands ask about. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "broker/command.h"
#include "policy/cond.h"

#define DAY_MS 86400000

/* The caller, who started it, and so on up to what the operator launched. */
uint32_t
command_callers(const struct ask *a, struct str out[CALLERS_MAX])
{
	static char paths[CALLERS_MAX][PATH_BYTES_MAX];
	struct ask who = *a;
	struct stat st;
	uint32_t n = 0;

	while (n < CALLERS_MAX && who.tid > 0) {
		if (a->b->init.pid != 0 && caller_exe_stat(&who, &st) == 0 &&
		    st.st_dev == a->b->init.dev && st.st_ino == a->b->init.ino)
			break;
		out[n] = str_of(paths[n], caller_exe(&who, paths[n]));
		if (out[n].len > 0)
			n++;
		who.tid = caller_parent(a, who.tid);
	}
	return n;
}

void
command_facts(const struct ask *a, struct facts *f)
{
	static struct str callers[CALLERS_MAX];
	int64_t now = clock_wall().v / 1000;

	fact_put_list(f, FACT_CALLERS, callers, command_callers(a, callers));
	fact_put(f, FACT_TTY, caller_tty(a) != 0);
	fact_put(f, FACT_TIME_OF_DAY, now % DAY_MS);
	fact_put(f, FACT_WEEKDAY, (now / DAY_MS + 3) % 7); /* 1970: a Thursday */
}

#include "jail/agent.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "jail/bpf.h"
#include "jail/calls.h"
#include "jail/caps.h"
#include "jail/landlock.h"

static int
limit(enum __rlimit_resource which, const char *name, rlim_t soft,
    rlim_t hard, struct err *e)
{
	struct rlimit now, want;

	if (getrlimit(which, &now) == -1)
		return err_sys(e, "read %s", name);
	want.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
	want.rlim_cur = soft < want.rlim_max ? soft : want.rlim_max;
	if (setrlimit(which, &want) == -1)
		return err_sys(e, "set %s", name);
	return 0;
}

/* RLIMIT_CORE 1: no dump has one byte, and only 1 keeps the kernel from
 * starting a crash handler of the host's (core(5), "|program"); the filter
 * keeps it so. RLIMIT_NPROC counts in the sandbox's own user namespace. */
static int
limits_set(struct err *e)
{
	if (limit(RLIMIT_CORE, "RLIMIT_CORE", 1, 1, e) == -1 ||
	    limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", 1024, BOX_FILES_MAX,
		e) == -1)
		return -1;
	return limit(RLIMIT_NPROC, "RLIMIT_NPROC", BOX_PIDS_MAX, BOX_PIDS_MAX,
	    e);
}

/* Every right on files and every scope that the kernel knows is handled, and
 * so refused where no rule gives it. TCP is not: a rule names one port, and
 * "any port of this namespace, which has only loopback" needs 65,535. */
static int
landlock_set(const struct root *r, int init_fd, struct err *e)
{
	struct ll_ruleset_attr want = landlock_all(LL_ABI_KNOWN);
	struct landlock l;

	want.net = 0;
	if (landlock_open(&l, want, e) == -1)
		return -1;
	for (size_t i = 0; i < r->nrules; i++)
		if (landlock_allow_path(&l, r->rules[i].path,
			r->rules[i].rights, e) == -1)
			goto bad;
	if (landlock_allow(&l, init_fd, LL_FS_EXECUTE | LL_FS_READ_FILE,
		"openshell-init", e) == -1 || landlock_enter(&l, e) == -1)
		goto bad;
	return 0;
bad:
	landlock_close(&l);
	return -1;
}

int
agent_enter(const struct root *r, int init_fd, enum gate gate,
    struct err *e)
{
	static struct bpf filter; /* 32 KiB, not for the stack */

	must(calls_agent(&filter, gate));
#ifdef OPENSHELL_SANITIZED
	bpf_log_only(&filter);
#endif
	if (limits_set(e) == -1 || caps_drop_all(e) == -1 ||
	    landlock_set(r, init_fd, e) == -1)
		return -1;
	return gate != GATE_NONE ? bpf_enter_asking(&filter, e) :
				   bpf_enter(&filter, e);
}

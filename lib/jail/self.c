#include "jail/self.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "jail/bpf.h"
#include "jail/calls.h"
#include "jail/caps.h"
#include "jail/landlock.h"

const char *
jail_caveat(void)
{
#ifdef OPENSHELL_SANITIZED
	return "sanitizer build: the seccomp filter only logs";
#else
	return NULL;
#endif
}

/* Rights on the directories that a role names. */
static uint64_t
dir_rights(enum see sees)
{
	switch (sees) {
	case SEE_LOG: /* no truncate, no remove: the log only grows */
		return LL_READ | LL_FS_WRITE_FILE | LL_FS_MAKE_REG |
		    LL_FS_MAKE_SOCK;
	case SEE_BOX: /* outcome.N.new, renamed over outcome */
		return LL_FS_WRITE_FILE | LL_FS_TRUNCATE | LL_FS_MAKE_REG |
		    LL_FS_REMOVE_FILE;
	case SEE_STATE:
		return LL_READ | LL_CHANGE;
	case SEE_NOTHING:
	case SEE_INSIDE:
	case SEE_READ:
	case SEE_ALL:
		break;
	}
	return 0;
}

static int
self_landlock(const struct role_row *row, const char *const *dirs,
    struct err *e)
{
	struct ll_ruleset_attr want = landlock_all(LL_ABI_KNOWN);
	const uint64_t rights = dir_rights(row->sees);
	struct landlock l;

	if (row->net == NET_INET)
		want.net &= ~LL_NET_CONNECT_TCP;
	if ((row->calls & CALLS_CHILD) != 0)
		want.scoped &= ~LL_SCOPE_SIGNAL; /* roles.c says why */
	if (landlock_open(&l, want, e) == -1)
		return -1;
	if (row->sees == SEE_STATE &&
	    landlock_allow_path(&l, "/", LL_RUN, e) == -1)
		goto bad;
	for (size_t i = 0; dirs != NULL && dirs[i] != NULL; i++)
		if (landlock_allow_path(&l, dirs[i], row->sees == SEE_BOX &&
			    i > 0 ? LL_DEVICE : rights, e) == -1)
			goto bad;
	if (landlock_enter(&l, e) == -1)
		goto bad;
	return 0;
bad:
	landlock_close(&l);
	return -1;
}

static int
self_seccomp(enum role r, struct err *e)
{
	static struct bpf b; /* 32 KiB, not for the stack */

	must(calls_role(&b, r));
#ifdef OPENSHELL_SANITIZED
	bpf_log_only(&b);
#endif
	return bpf_enter(&b, e);
}

static int
self_limits(struct err *e)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return err_sys(e, "set RLIMIT_CORE to 0");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_sys(e, "become undumpable");
	return 0;
}

int
jail_enter(enum role r, const char *const *dirs, struct err *e)
{
	const struct role_row *row = &roles[r];

	must(r > ROLE_NONE && r < ROLE_COUNT);
	if (self_limits(e) == -1 || (row->sees == SEE_INSIDE ?
		caps_keep_ptrace(e) : caps_drop_all(e)) == -1)
		goto bad;
	if (row->sees != SEE_ALL && row->sees != SEE_READ &&
	    row->sees != SEE_INSIDE && self_landlock(row, dirs, e) == -1)
		goto bad;
	if ((row->calls & CALLS_ANY) == 0 && self_seccomp(r, e) == -1)
		goto bad;
	return 0;
bad:
	return err_wrap(e, "confine %s", role_name(r));
}

#include "jail/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"

int
landlock_abi(void)
{
	long abi = syscall(LL_SYS_CREATE_RULESET, NULL, 0, LL_CREATE_VERSION);

	if (abi < 0)
		return 0;
	return abi > LL_ABI_KNOWN ? LL_ABI_KNOWN : (int)abi;
}

struct ll_ruleset_attr
landlock_all(int abi)
{
	struct ll_ruleset_attr a = { 0 };

	if (abi >= 1)
		a.fs = (LL_FS_MAKE_SYM << 1) - 1;
	if (abi >= 2)
		a.fs |= LL_FS_REFER;
	if (abi >= 3)
		a.fs |= LL_FS_TRUNCATE;
	if (abi >= 4)
		a.net = LL_NET_BIND_TCP | LL_NET_CONNECT_TCP;
	if (abi >= 5)
		a.fs |= LL_FS_IOCTL_DEV;
	if (abi >= 6)
		a.scoped = LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL;
	return a;
}

/* Older kernels refuse a struct with bytes that they do not know, unless
 * those are zero, which they then are. */
int
landlock_open(struct landlock *l, struct ll_ruleset_attr want, struct err *e)
{
	struct ll_ruleset_attr all = landlock_all(landlock_abi());
	long fd;

	*l = (struct landlock){ .fd = -1 };
	if (all.fs == 0)
		return err_set(e, ERR_DENIED,
		    "Landlock is not there: it needs Linux 5.13 or newer with "
		    "\"landlock\" in the kernel's lsm= list");
	want.fs &= all.fs;
	want.net &= all.net;
	want.scoped &= all.scoped;
	fd = syscall(LL_SYS_CREATE_RULESET, &want, sizeof(want), 0);
	if (fd < 0)
		return err_sys(e, "create a Landlock ruleset");
	l->fd = (int)fd;
	l->fs = want.fs;
	return 0;
}

int
landlock_allow(const struct landlock *l, int fd, uint64_t access,
    const char *what, struct err *e)
{
	struct ll_path_beneath_attr a = { .access = access & l->fs,
		.parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(e, "stat %s", what);
	if (!S_ISDIR(st.st_mode))
		a.access &= LL_ON_FILE;
	if (a.access == 0)
		return 0;
	if (syscall(LL_SYS_ADD_RULE, l->fd, LL_RULE_PATH_BENEATH, &a, 0) != 0)
		return err_sys(e, "Landlock rule for %s", what);
	return 0;
}

int
landlock_allow_path(const struct landlock *l, const char *path,
    uint64_t access, struct err *e)
{
	CLEAN_FD int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, "open %s", path);
	return landlock_allow(l, fd, access, path, e);
}

int
landlock_enter(struct landlock *l, struct err *e)
{
	if (syscall(LL_SYS_RESTRICT_SELF, l->fd, 0) != 0)
		return err_sys(e, "enter Landlock");
	landlock_close(l);
	return 0;
}

void
landlock_close(struct landlock *l)
{
	fd_close(&l->fd);
}

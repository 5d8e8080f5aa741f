/* dev.c -- /dev and /proc of a sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "jail/mnt.h"
#include "jail/root.h"

/* Nodes cannot be made in a user namespace: the host's are mounted. Read-only,
 * which does not bind what is written to the device, but keeps a sandbox of
 * root, who owns the nodes, from changing their modes for the whole host. */
static int
node_put(struct root *r, const char *host, const char *path, struct err *e)
{
	CLEAN_FD int fd = mnt_clone(AT_FDCWD, host, MOUNT_ATTR_NOSUID |
		MOUNT_ATTR_NOEXEC | MNT_RO, host, e);

	if (fd == -1 || file_make(r->top, path, 0666, NULL, e) == -1 ||
	    mnt_put(fd, r->top, path, e) == -1)
		return -1;
	return root_rule(r, host, LL_DEVICE, e);
}

static int
pts_put(struct root *r, struct err *e)
{
	const struct mnt_option options[] = { { "newinstance", NULL },
		{ "ptmxmode", "0666" }, { "mode", "0620" },
		{ "max", "1024" }, { NULL, NULL } };

	r->pts = mnt_new("devpts", options, MOUNT_ATTR_NOSUID |
		MOUNT_ATTR_NOEXEC, e);
	if (r->pts == -1 || mnt_put(r->pts, r->top, "dev/pts", e) == -1)
		return -1;
	return root_rule(r, "/dev/pts", LL_DEVICE | LL_FS_READ_DIR, e);
}

int
root_dev(struct root *r, struct err *e)
{
	static const struct {
		const char *host, *path;
	} nodes[] = {
		{ "/dev/null", "dev/null" }, { "/dev/zero", "dev/zero" },
		{ "/dev/full", "dev/full" }, { "/dev/random", "dev/random" },
		{ "/dev/urandom", "dev/urandom" }, { "/dev/tty", "dev/tty" },
	};
	static const struct {
		const char *path, *target;
	} links[] = {
		{ "dev/ptmx", "pts/ptmx" }, { "dev/fd", "/proc/self/fd" },
		{ "dev/stdin", "/proc/self/fd/0" },
		{ "dev/stdout", "/proc/self/fd/1" },
		{ "dev/stderr", "/proc/self/fd/2" },
	};

	if (dir_make(r->top, "dev/shm", 0755, NULL, e) == -1 ||
	    dir_make(r->top, "dev/pts", 0755, NULL, e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(nodes); i++)
		if (node_put(r, nodes[i].host, nodes[i].path, e) == -1)
			return -1;
	for (size_t i = 0; i < NELEM(links); i++)
		if (symlinkat(links[i].target, r->top, links[i].path) == -1)
			return err_sys(e, "link /%s", links[i].path);
	return pts_put(r, e);
}

/* ---- /proc ---- */

/* For everybody to read, though they tell of other users of the machine. */
static const char *const proc_masks[] = {
	"proc/interrupts", "proc/kallsyms", "proc/key-users", "proc/keys",
	"proc/latency_stats", "proc/sched_debug", "proc/schedstat",
	"proc/timer_list", "proc/timer_stats",
};

/* For root alone. A sandbox of root has root's kernel uid, so the files' own
 * modes do not hold it. */
static const char *const proc_masks_root[] = {
	"proc/acpi", "proc/asound", "proc/bus", "proc/driver", "proc/fs",
	"proc/iomem", "proc/ioports", "proc/irq", "proc/kcore", "proc/kmsg",
	"proc/kpagecgroup", "proc/kpagecount", "proc/kpageflags",
	"proc/mtrr", "proc/pagetypeinfo", "proc/scsi", "proc/slabinfo",
	"proc/sysrq-trigger", "proc/vmallocinfo", "proc/vmcore",
};

/* Since Linux 6.14 a pid namespace has a pid_max of its own. Before, the
 * file is the whole machine's, and a sandbox of root would change that. */
static bool
pid_max_is_ours(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	return uname(&u) == 0 &&
	    sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 6 || (major == 6 && minor >= 14));
}

/* A fork bomb ends at this. RLIMIT_NPROC, set later, does the same for an
 * ordinary user; the kernel exempts root from it. */
static int
pids_limit(const struct root_opts *o, int proc, struct err *e)
{
	CLEAN_FD int fd = -1;
	char text[16];

	if (!pid_max_is_ours())
		return !o->host_root ? 0 : err_set(e, ERR_DENIED,
		    "the number of processes cannot be limited for root "
		    "before Linux 6.14; run OpenShell as an ordinary user");
	fd = openat(proc, "sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
	(void)snprintf(text, sizeof(text), "%d\n", BOX_PIDS_MAX);
	if (fd == -1 || io_write_all(fd, str_c(text), NULL) == -1)
		return err_sys(e, "limit the number of processes");
	return 0;
}

int
root_proc(const struct root_opts *o, struct root *r, struct err *e)
{
	CLEAN_FD int fd = mnt_new("proc", NULL, MNT_PLAIN |
		MOUNT_ATTR_NOEXEC, e);

	if (fd == -1)
		return err_wrap(e, "a private /proc (inside a container, "
		    "/proc must not be partly covered)");
	if (pids_limit(o, fd, e) == -1 ||
	    mnt_attr(fd, MNT_RO, false, "/proc", e) == -1 ||
	    mnt_put(fd, r->top, "proc", e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(proc_masks); i++)
		if (root_mask(r, proc_masks[i], e) == -1)
			return -1;
	for (size_t i = 0; o->host_root && i < NELEM(proc_masks_root); i++)
		if (root_mask(r, proc_masks_root[i], e) == -1)
			return -1;
	return root_rule(r, "/proc", LL_READ, e);
}

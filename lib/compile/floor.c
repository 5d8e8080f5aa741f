/* floor.c -- what of file_access the kernel's own means can hold: whole trees
 * and single paths, granted; and denies of what no grant shows.
 *
 * Anything else is refused here. It is never dropped: a deny that is not in
 * force is worse than none, because somebody relies on it. */
#include "base/compat.h"
#include "compile/check.h"

/* inner is outer or stands below it. */
static bool
is_under(struct str inner, struct str outer)
{
	if (str_eqz(outer, "/"))
		return true;
	return str_has_prefix(inner, outer) &&
	    (inner.len == outer.len || inner.p[outer.len] == '/');
}

static bool
is_under_any(struct str path, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_under(path, str_c(list[i])))
			return true;
	return false;
}

static const char *const system_trees[] = { "/usr", "/bin", "/sbin", "/lib",
	"/lib32", "/lib64", "/libx32", "/etc" };
static const char *const private_trees[] = { "/tmp", "/dev/shm",
	"/home/sandbox" };
static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full",
	"/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
	"/dev/shm", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr" };
static const char *const kernel_trees[] = { "/proc", "/dev", "/sys" };
static const char *const secrets[] = { "/etc/shadow", "/etc/shadow-",
	"/etc/gshadow", "/etc/gshadow-", "/etc/passwd-", "/etc/group-",
	"/etc/sudoers", "/etc/sudoers.d", "/etc/ssh" };

/* Which of the list stands in the grant, or holds it. */
static const char *
touches(const struct pol_file *f, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_under(f->path, str_c(list[i])) ||
		    (f->tree && is_under(str_c(list[i]), f->path)))
			return list[i];
	return NULL;
}

/* The baseline gives it already: nothing to do, and nothing of the host's
 * own to show in its stead. */
static bool
in_baseline(const struct compile *c, const struct pol_file *f)
{
	enum policy_system system = (enum policy_system)c->pol.system.value;
	bool reads = (f->access & FILE_WRITE) == 0;

	for (size_t i = 0; i < NELEM(private_trees); i++)
		if (str_eqz(f->path, private_trees[i]))
			return true;
	if (is_under_any(f->path, devices, NELEM(devices)))
		return true;
	if (reads && is_under(f->path, STR("/proc")))
		return true;
	/* of /etc the baseline has what programs need; a name is more */
	if (reads && is_under(f->path, STR("/etc")) &&
	    !str_eqz(f->path, "/etc"))
		return false;
	return (system == POLICY_SYSTEM_LAYERED ||
		(system == POLICY_SYSTEM_READ_ONLY && reads)) &&
	    is_under_any(f->path, system_trees, NELEM(system_trees)) &&
	    !is_under_any(f->path, secrets, NELEM(secrets));
}

static void
check_allow(struct compile *c, struct pol_file *f)
{
	const char *hit;

	if (f->glob) {
		not_enforced(c, f->at, "the pattern %.80s: only a whole tree "
		    "(/x/**) or one path", f->at->text.p);
		return;
	}
	if (str_eqz(f->path, "/")) {
		not_enforced(c, f->at, "a grant of the whole root");
		return;
	}
	f->spent = in_baseline(c, f);
	if (f->spent)
		return;
	hit = touches(f, kernel_trees, NELEM(kernel_trees));
	if (hit != NULL) {
		not_enforced(c, f->at, "a grant in %s: a sandbox has its own",
		    hit);
		return;
	}
	hit = touches(f, secrets, NELEM(secrets));
	if (hit != NULL)
		not_enforced(c, f->at, "a grant of %s: no sandbox is shown it",
		    hit);
}

/* A deny against one grant. */
static void
deny_one(struct compile *c, const struct pol_file *deny, struct pol_file *f)
{
	if (f->deny || f->glob || f->spent)
		return;
	if (is_under(f->path, deny->path)) {
		f->spent = true;
		node_warning(c, f->at, "denied in %s:%u, so it grants nothing",
		    deny->at->doc->name, deny->at->line);
	} else if (f->tree && is_under(deny->path, f->path)) {
		not_enforced(c, deny->at, "a deny inside the tree allowed in "
		    "%s:%u", f->at->doc->name, f->at->line);
	}
}

static void
check_deny(struct compile *c, const struct pol_file *deny)
{
	struct pol_file whole = *deny;
	const char *hit;

	if (deny->glob) {
		not_enforced(c, deny->at, "the pattern %.80s: only a whole "
		    "tree (/x/**) or one path", deny->at->text.p);
		return;
	}
	whole.tree = true;	/* a directory that is denied covers all */
	hit = touches(&whole, private_trees, NELEM(private_trees));
	if (hit == NULL)
		hit = touches(&whole, kernel_trees, 2);
	if (hit != NULL) {
		not_enforced(c, deny->at, "a deny that touches %s, which "
		    "every sandbox has of its own", hit);
		return;
	}
	for (struct pol_file *f = c->pol.files; f != NULL; f = f->next)
		deny_one(c, deny, f);
}

void
floor_check(struct compile *c)
{
	if (c->stage != POLICY_STAGE_ENFORCE)
		return;
	for (struct pol_file *f = c->pol.files; f != NULL; f = f->next)
		if (!f->deny)
			check_allow(c, f);
	for (struct pol_file *f = c->pol.files; f != NULL; f = f->next)
		if (f->deny)
			check_deny(c, f);
}

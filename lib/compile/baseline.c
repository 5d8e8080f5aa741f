/* baseline.c -- the file rules that every sandbox has besides its policy: what
 * of the system is there, what is its own, what is never shown, and which
 * names stay as they are because programs outside would obey them later. */
#include "base/compat.h"
#include "base/guarded.h"
#include "compile/check.h"

/* ---- as trees, for the floor */

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

bool
path_is_under(struct str inner, struct str outer)
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
		if (path_is_under(path, str_c(list[i])))
			return true;
	return false;
}

/* Which of the list stands in the rule's tree, or holds it. */
static const char *
touches(const struct pol_file *f, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path_is_under(f->path, str_c(list[i])) ||
		    (f->tree && path_is_under(str_c(list[i]), f->path)))
			return list[i];
	return NULL;
}

const char *
baseline_own(const struct pol_file *f)
{
	static const char *const ours[] = { "/proc", "/dev" };
	const char *hit = touches(f, private_trees, NELEM(private_trees));

	return hit != NULL ? hit : touches(f, ours, NELEM(ours));
}

const char *
baseline_kernel(const struct pol_file *f)
{
	return touches(f, kernel_trees, NELEM(kernel_trees));
}

const char *
baseline_secret(const struct pol_file *f)
{
	return touches(f, secrets, NELEM(secrets));
}

bool
baseline_is_own(const struct pol_file *f)
{
	static const char *const trees[] = { "/tmp", "/var/tmp", "/run",
		"/dev/shm", "/home/sandbox" };

	for (size_t i = 0; i < NELEM(trees); i++)
		if (str_eqz(f->path, trees[i]))
			return true;
	return str_has_prefix(f->path, STR("/home/sandbox/"));
}

bool
baseline_has(const struct compile *c, const struct pol_file *f)
{
	enum policy_system system =
	    (enum policy_system)c->pol.files.system.value;
	bool reads = (f->access & FILE_WRITE) == 0;

	for (size_t i = 0; i < NELEM(private_trees); i++)
		if (str_eqz(f->path, private_trees[i]))
			return true;
	if (is_under_any(f->path, devices, NELEM(devices)))
		return true;
	if (reads && path_is_under(f->path, STR("/proc")))
		return true;
	/* of /etc the baseline has what programs need; a name is more */
	if (reads && path_is_under(f->path, STR("/etc")) &&
	    !str_eqz(f->path, "/etc"))
		return false;
	return (system == POLICY_SYSTEM_LAYERED ||
		(system == POLICY_SYSTEM_READ_ONLY && reads)) &&
	    is_under_any(f->path, system_trees, NELEM(system_trees)) &&
	    !is_under_any(f->path, secrets, NELEM(secrets));
}

/* ---- as rules */

enum { /* in which kind of root */
	IN_READ_ONLY = 1 << POLICY_SYSTEM_READ_ONLY,
	IN_NONE = 1 << POLICY_SYSTEM_NONE,
	IN_LAYERED = 1 << POLICY_SYSTEM_LAYERED,
	IN_ANY = IN_READ_ONLY | IN_NONE | IN_LAYERED,
	HOST_SYSTEM = IN_READ_ONLY | IN_LAYERED,
	OWN = 1 << 8,	/* the sandbox's own: no profile has it from here */
	BOTH = FILE_READ | FILE_WRITE,
};

static const struct {
	const char *path;
	unsigned where, access;
} allows[] = {
	/* the host's programs and what they need */
	{ "/usr/**", HOST_SYSTEM, FILE_READ },
	{ "/bin/**", HOST_SYSTEM, FILE_READ },
	{ "/sbin/**", HOST_SYSTEM, FILE_READ },
	{ "/lib/**", HOST_SYSTEM, FILE_READ },
	{ "/lib32/**", HOST_SYSTEM, FILE_READ },
	{ "/lib64/**", HOST_SYSTEM, FILE_READ },
	{ "/libx32/**", HOST_SYSTEM, FILE_READ },
	{ "/usr/**", IN_LAYERED, FILE_WRITE },
	{ "/bin/**", IN_LAYERED, FILE_WRITE },
	{ "/sbin/**", IN_LAYERED, FILE_WRITE },
	{ "/lib/**", IN_LAYERED, FILE_WRITE },
	{ "/lib32/**", IN_LAYERED, FILE_WRITE },
	{ "/lib64/**", IN_LAYERED, FILE_WRITE },
	{ "/libx32/**", IN_LAYERED, FILE_WRITE },
	{ "/opt/**", IN_LAYERED, BOTH },
	{ "/var/**", IN_LAYERED, BOTH },
	{ "/srv/**", IN_LAYERED, BOTH },
	/* a copy of what is for everybody, with files of our own */
	{ "/etc/**", IN_ANY, FILE_READ },
	{ "/etc/**", IN_LAYERED, FILE_WRITE },
	/* the directories that these stand in */
	{ "/", IN_ANY, FILE_READ },
	{ "/dev", IN_ANY, FILE_READ },
	{ "/home", IN_ANY, FILE_READ },
	{ "/var", IN_ANY, FILE_READ },
	/* the sandbox's own */
	{ "/tmp/**", IN_ANY | OWN, BOTH },
	{ "/run/**", IN_ANY | OWN, BOTH },
	{ "/var/tmp/**", IN_ANY | OWN, BOTH },
	{ "/dev/shm/**", IN_ANY | OWN, BOTH },
	{ "/home/sandbox/**", IN_ANY | OWN, BOTH },
	{ "/proc/**", IN_ANY, FILE_READ },
	{ "/dev/null", IN_ANY, BOTH },
	{ "/dev/zero", IN_ANY, BOTH },
	{ "/dev/full", IN_ANY, BOTH },
	{ "/dev/random", IN_ANY, BOTH },
	{ "/dev/urandom", IN_ANY, BOTH },
	{ "/dev/tty", IN_ANY, BOTH },
	{ "/dev/ptmx", IN_ANY, BOTH },
	{ "/dev/pts/**", IN_ANY, BOTH },
	{ "/dev/fd", IN_ANY, FILE_READ },
	{ "/dev/stdin", IN_ANY, FILE_READ },
	{ "/dev/stdout", IN_ANY, FILE_READ },
	{ "/dev/stderr", IN_ANY, FILE_READ },
};

/* Password hashes, who may become root, host keys; and their backups. */
static const char *const never[] = { "/etc/shadow*", "/etc/gshadow*",
	"/etc/passwd-*", "/etc/group-*", "/etc/security/opasswd*",
	"/etc/sudoers*", "/etc/ssh/ssh_host_*" };

/* To be read and not written, where the tree is the host's: a program outside
 * runs or obeys them. lib/jail/protect.c covers those that are there. */
#define NAME(name) "**/" name "/**",
#define IN(dir, name) "**/" dir "/" name "/**",

static const char *const protected[] = {
	GUARDED_NAMES(NAME) GUARDED_IN(IN)
	/* and what no mount can cover before it is there */
	"**/.git/worktrees/*/config.worktree/**",
	"**/.git/worktrees/*/commondir/**",
	"**/.claude/settings*.json/**", "**/.config/fish/**",
	/* what src/broker/git.c writes before it is the configuration */
	"**/.git/config.openshell",
	/* a file that says where the repository is; no more of a directory
	 * than its name */
	"**/.git",
};

static void
add(struct compile *c, struct pol_files *out, const char *text,
    const struct pol_file *like)
{
	struct pol_file *f = take_mem(c, 1, sizeof(*f));

	*f = *like;
	file_glob_own(c, text, f);
	*out->end = f;
	out->end = &f->next;
	out->n++;
}

/* What is under a profile must not change what others run or obey, nor read
 * what they keep in their home. */
static uint32_t
system_of(const struct compile *c)
{
	if (c->pol.files.section != NULL)
		return c->pol.files.system.value;
	return c->whole != NULL ? (uint32_t)POLICY_SYSTEM_READ_ONLY :
				  (uint32_t)POLICY_SYSTEM_LAYERED;
}

void
baseline_add(struct compile *c, struct pol_files *out)
{
	unsigned where = 1U << system_of(c);
	unsigned not = c->whole != NULL ? OWN : 0;
	struct pol_file like = { .origin = FILE_OF_SYSTEM };

	for (size_t i = 0; i < NELEM(allows); i++) {
		like.access = allows[i].access;
		if ((allows[i].where & where) != 0 &&
		    (allows[i].where & not) == 0)
			add(c, out, allows[i].path, &like);
	}
	like.deny = true;
	like.access = BOTH;
	for (size_t i = 0; i < NELEM(never); i++)
		add(c, out, never[i], &like);
	like.origin = FILE_PROTECTED;
	like.access = FILE_WRITE;
	for (size_t i = 0; i < NELEM(protected); i++)
		add(c, out, protected[i], &like);
}

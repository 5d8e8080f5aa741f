#include "jail/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"

/* Already inside, whatever the policy says: a grant to read adds nothing. */
static const char *const system_trees[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc",
};

/* The sandbox's own, writable: a grant of one of them adds nothing. */
static const char *const own_trees[] = {
	"/tmp", "/var/tmp", "/run", "/dev/shm", "/home/sandbox", "/dev/null",
	"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
	"/dev/pts", "/dev/ptmx", "/dev/fd", "/dev/stdin", "/dev/stdout",
	"/dev/stderr",
};

/* No host path at or below these is ever handed in: kernel interfaces, and
 * the sockets of buses, agents, displays and container engines. */
static const char *const host_never[] = {
	"/proc", "/sys", "/dev", "/run", "/var/run", "/boot",
};

bool
path_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return strncmp(path, dir, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/');
}

static bool
below_any(const char *path, const char *const *dirs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path_below(path, dirs[i]))
			return true;
	return false;
}

static bool
is_any(const char *path, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(path, list[i]) == 0)
			return true;
	return false;
}

/* Absolute, no empty, "." or ".." part, no slash at the end, no control
 * bytes: one spelling for one place. */
static int
clean(const char *path, const char *what, struct err *e)
{
	const char *part = path + 1;

	if (path[0] != '/' || strlen(path) >= PATH_BYTES_MAX)
		return err_set(e, ERR_INPUT, "%s %s: not an absolute path",
		    what, path);
	for (const char *at = part;; at++) {
		size_t len = (size_t)(at - part);

		if ((unsigned char)*at < ' ' && *at != '\0')
			return err_set(e, ERR_INPUT,
			    "%s: a control character in the path", what);
		if (*at != '/' && *at != '\0')
			continue;
		if (strcmp(path, "/") != 0 && (len == 0 || len > 255 ||
			(len == 1 && part[0] == '.') ||
			(len == 2 && part[0] == '.' && part[1] == '.')))
			return err_set(e, ERR_INPUT, "%s %s: write the path "
			    "without \"//\", \".\", \"..\" or a slash at its "
			    "end", what, path);
		if (*at == '\0')
			return 0;
		part = at + 1;
	}
}

static int
host_check(const struct places *p, const char *host, const char *what,
    struct err *e)
{
	if (strcmp(host, "/") == 0)
		return err_set(e, ERR_DENIED,
		    "%s /: the whole host cannot be handed in; name the "
		    "directories that are needed", what);
	if (below_any(host, host_never, NELEM(host_never)))
		return err_set(e, ERR_DENIED,
		    "%s %s: nothing of /proc, /sys, /dev, /run and /boot of "
		    "the host can be handed in; they hold the ways out of a "
		    "sandbox", what, host);
	for (const char *const *o = p->ours; o != NULL && *o != NULL; o++)
		if (path_below(host, *o))
			return err_set(e, ERR_DENIED,
			    "%s %s: it holds OpenShell's own state (%s)",
			    what, host, *o);
	return 0;
}

static int
add(struct places *p, struct place v, const char *what, struct err *e)
{
	if (p->n == PLACES_MAX)
		return err_set(e, ERR_LIMIT, "%s %s: more than %d places",
		    what, v.inside, PLACES_MAX);
	p->list[p->n++] = v;
	return 0;
}

int
places_mount(struct places *p, const char *host, const char *inside,
    bool read_only, struct err *e)
{
	static const char *const whole[] = { "/", "/home", "/var", "/opt",
		"/srv", "/root" };

	if (clean(host, "mount", e) == -1 || clean(inside, "mount", e) == -1)
		return -1;
	if (host_check(p, host, "mount", e) == -1)
		return -1;
	if (below_any(inside, system_trees, NELEM(system_trees)) ||
	    path_below(inside, "/etc") || path_below(inside, "/dev") ||
	    path_below(inside, "/sys") || is_any(inside, whole,
	    NELEM(whole)) || is_any(inside, own_trees, NELEM(own_trees)))
		return err_set(e, ERR_DENIED,
		    "mount at %s: that is the system's place in a sandbox; "
		    "choose another, such as /work", inside);
	return add(p, (struct place){ .host = host, .inside = inside,
	    .read = true, .write = !read_only, .tree = true }, "mount", e);
}

int
places_grant(struct places *p, const char *path, bool read, bool write,
    bool tree, struct err *e)
{
	bool system = p->system != BOX_NOTHING &&
	    below_any(path, system_trees, NELEM(system_trees));

	if (clean(path, "file_access", e) == -1)
		return -1;
	if (is_any(path, own_trees, NELEM(own_trees)) ||
	    path_below(path, "/home/sandbox"))
		return 0; /* it is there, and the sandbox's own */
	if ((path_below(path, "/proc") || strcmp(path, "/etc") == 0) &&
	    !write)
		return 0;
	if (system && !write)
		return 0;
	if (system || path_below(path, "/etc")) {
		if (write)
			return err_set(e, ERR_DENIED,
			    "file_access %s: the host's system files are "
			    "never writable from a sandbox; use "
			    "\"system: layered\" for a copy that is", path);
	}
	if (host_check(p, path, "file_access", e) == -1)
		return -1;
	return add(p, (struct place){ .host = path, .inside = path,
	    .read = read, .write = write, .grant = true, .tree = tree },
	    "file_access", e);
}

int
places_deny(struct places *p, const char *path, struct err *e)
{
	if (clean(path, "file_access deny", e) == -1)
		return -1;
	if (p->ndeny == PLACES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d denied paths",
		    PLACES_MAX);
	p->deny[p->ndeny++] = path;
	return 0;
}

static int
by_inside(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int c = strcmp(x->inside, y->inside);

	return c != 0 ? c : (int)x->grant - (int)y->grant; /* mounts first */
}

/* The grant with the longest path that covers a mount decides if it may be
 * written; a mount that no grant names has the operator's word alone. */
static void
narrow(const struct places *p, struct place *m)
{
	const struct place *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct place *g = &p->list[i];

		if (g->grant && path_below(m->inside, g->inside) &&
		    (best == NULL ||
			strlen(g->inside) > strlen(best->inside)))
			best = g;
	}
	if (best == NULL)
		return;
	m->write = m->write && best->write;
	m->read = m->read && best->read;
}

/* Where opens are judged, a grant inside a mount is only a rule: what is there
 * is the mount's. */
static void
mark_inner(struct places *p)
{
	for (size_t i = 0; p->gated && i < p->n; i++)
		for (size_t k = 0; k < p->n; k++)
			if (p->list[i].grant && !p->list[k].grant &&
			    path_below(p->list[i].inside, p->list[k].inside))
				p->list[i].inner = true;
}

static bool
denied(const struct places *p, const char *path)
{
	return below_any(path, p->deny, p->ndeny);
}

/* Landlock's rights add up from a path to the root, so a tree for writing
 * only cannot lie in one that may be read. */
static int
write_only_check(const struct places *p, const struct place *v,
    struct err *e)
{
	static const char *const readable[] = { "/usr", "/etc", "/opt", "/var",
		"/srv", "/tmp", "/run", "/dev", "/home/sandbox" };
	const char *in = NULL;

	if (v->read || p->gated)
		return 0;
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		if (path_below(v->inside, readable[i]))
			in = readable[i];
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].read && path_below(v->inside, p->list[i].inside))
			in = p->list[i].inside;
	if (in == NULL)
		return 0;
	return err_set(e, ERR_DENIED, "write without read at %s is not "
	    "enforced by this version, since %s may be read: grant read as "
	    "well, or choose a path outside it", v->inside, in);
}

int
places_finish(struct places *p, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct place *v = &p->list[i];

		if (v->grant)
			continue;
		if (denied(p, v->inside))
			return err_set(e, ERR_DENIED, "mount at %s: the policy "
			    "denies that path", v->inside);
		if (!p->gated)
			narrow(p, v);
	}
	mark_inner(p);
	for (size_t i = 0; i < p->n; i++)
		if (!p->list[i].grant || (!p->list[i].inner &&
			!denied(p, p->list[i].inside)))
			p->list[n++] = p->list[i];
	p->n = 0;
	qsort(p->list, n, sizeof(*p->list), by_inside);
	for (size_t i = 0; i < n; i++) {
		struct place *last = p->n == 0 ? NULL : &p->list[p->n - 1];

		if (last == NULL || strcmp(last->inside,
			p->list[i].inside) != 0) {
			p->list[p->n++] = p->list[i];
			continue;
		}
		if (last->grant) { /* grants of one path add up */
			last->read |= p->list[i].read;
			last->write |= p->list[i].write;
			last->tree |= p->list[i].tree;
		} else if (!p->list[i].grant) {
			return err_set(e, ERR_INPUT, "two mounts at %s",
			    last->inside);
		}
	}
	for (size_t i = 0; i < p->n; i++)
		if (write_only_check(p, &p->list[i], e) == -1)
			return -1;
	return 0;
}

#include "base/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

static int
path_join(char *out, const char *fmt, const char *a, const char *b,
    struct err *e)
{
	int n = snprintf(out, PATH_BYTES_MAX, fmt, a, b);

	if (n < 0 || n >= PATH_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "path too long: %s", a);
	return 0;
}

/* Exists, is a directory of ours, and nobody else may enter it. */
static int
dir_private(const char *path, struct err *e)
{
	struct stat st;

	if (io_mkdirs(path, 0700, e) == -1)
		return -1;
	if (lstat(path, &st) == -1)
		return err_sys(e, "stat %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(e, ERR_DENIED,
		    "%s: not a directory of uid %u; remove it or set "
		    "OPENSHELL_HOME", path, (unsigned)geteuid());
	if ((st.st_mode & 077) != 0 && chmod(path, 0700) == -1)
		return err_sys(e, "chmod 700 %s", path);
	return 0;
}

static int
xdg(char *out, const char *var, const char *under_home, struct err *e)
{
	const char *set = getenv(var), *home = getenv("HOME");
	char base[PATH_BYTES_MAX];

	if (set != NULL && set[0] == '/')
		return path_join(out, "%s/%s", set, "openshell", e);
	if (home == NULL || home[0] != '/')
		return err_set(e, ERR_INPUT,
		    "neither %s nor HOME is set to an absolute path", var);
	if (path_join(base, "%s/%s", home, under_home, e) == -1)
		return -1;
	return path_join(out, "%s/%s", base, "openshell", e);
}

static int
runtime_dir(char *out, struct err *e)
{
	const char *set = getenv("XDG_RUNTIME_DIR");
	char uid[64];
	struct stat st;

	if (set != NULL && set[0] == '/')
		return path_join(out, "%s/%s", set, "openshell", e);
	(void)snprintf(uid, sizeof(uid), "/run/user/%u", (unsigned)geteuid());
	if (lstat(uid, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid())
		return path_join(out, "%s/%s", uid, "openshell", e);
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	return path_join(out, "%s%s", "/tmp/openshell-", uid, e);
}

int
paths_init(struct paths *p, struct err *e)
{
	const char *home = getenv("OPENSHELL_HOME");
	int rc;

	if (home != NULL && home[0] != '/')
		return err_set(e, ERR_INPUT,
		    "OPENSHELL_HOME must be an absolute path, not \"%s\"",
		    home);
	if (home != NULL)
		rc = path_join(p->config, "%s/%s", home, "config", e) |
		    path_join(p->state, "%s/%s", home, "state", e) |
		    path_join(p->runtime, "%s/%s", home, "run", e);
	else
		rc = xdg(p->config, "XDG_CONFIG_HOME", ".config", e) |
		    xdg(p->state, "XDG_STATE_HOME", ".local/state", e) |
		    runtime_dir(p->runtime, e);
	if (rc != 0)
		return -1;
	if (dir_private(p->config, e) == -1 || dir_private(p->state, e) == -1)
		return -1;
	return dir_private(p->runtime, e);
}

/* The directory of the running program. */
static int
own_dir(char self[PATH_BYTES_MAX], struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", self, PATH_BYTES_MAX - 1);
	char *slash;

	if (n <= 0)
		return err_sys(e, "readlink /proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return err_set(e, ERR_STATE, "%s: no directory", self);
	*slash = '\0';
	return 0;
}

int
paths_policies(char *out, struct err *e)
{
	/* from bin, from libexec/openshell; beside us; from src/X and test/X
	 * of a build tree */
	static const char *const places[] = { "%s/../share/openshell/%s",
		"%s/../../share/openshell/%s", "%s/%s", "%s/../../%s" };
	char self[PATH_BYTES_MAX];

	if (own_dir(self, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct stat st;

		if (path_join(out, places[i], self, "policies", e) == -1)
			return -1;
		if (stat(out, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
	}
	return err_set(e, ERR_MISSING, "no policies beside %s; is the "
	    "installation complete?", self);
}

int
paths_program(const char *program, char *out, struct err *e)
{
	/* beside us; installed (bin -> libexec); build tree (src/X/X) */
	static const char *const places[] = { "%s/%s",
		"%s/../libexec/openshell/%s", "%s/../%s" };
	char self[PATH_BYTES_MAX], inner[PATH_BYTES_MAX];
	const char *folder = strncmp(program, "openshell-", 10) == 0 ?
	    program + 10 : "cli";

	if (own_dir(self, e) == -1)
		return -1;
	for (int i = 0; i < 3; i++) {
		(void)snprintf(inner, sizeof(inner), "%s/%s", folder, program);
		if (i < 2)
			(void)snprintf(inner, sizeof(inner), "%s", program);
		(void)snprintf(out, PATH_BYTES_MAX, places[i], self, inner);
		if (access(out, X_OK) == 0)
			return 0;
	}
	return err_set(e, ERR_MISSING,
	    "%s: not found beside %s; is the installation complete?",
	    program, self);
}

#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "base/paths.h"

/* The user's own libraries: policies/ beside the configuration. */
static int
read_user(struct library *l, struct err *e)
{
	struct paths paths;
	char *dir;
	int rc;

	if (paths_init(&paths, e) == -1)
		return -1;
	dir = mem_printf("%s/policies", paths.config);
	rc = shelf_read(&l->user, dir, POLICY_FILE_END, e);
	free(dir);
	return rc;
}

int
library_read(struct library *l, struct err *e)
{
	char dir[PATH_BYTES_MAX];

	*l = (struct library){ 0 };
	if (paths_policies(dir, e) == -1 ||
	    shelf_read(&l->shipped, dir, POLICY_FILE_END, e) == -1 ||
	    read_user(l, e) == -1)
		return -1;
	l->names = mem_alloc(l->shipped.n + l->user.n + 1,
	    sizeof(*l->names));
	for (size_t i = 0; i < l->shipped.n; i++)
		l->names[i] = l->shipped.names[i];
	for (size_t i = 0; i < l->user.n; i++)
		l->names[l->shipped.n + i] = l->user.names[i];
	return 0;
}

static int
find_library(void *arg, const char *name, struct policy_file *out,
    struct err *e)
{
	const struct library *l = arg;
	const struct str *shipped = shelf_find(&l->shipped, name);
	const struct str *user = shelf_find(&l->user, name);

	if (shipped == NULL && user == NULL)
		return 1;
	if (shipped != NULL && user != NULL)
		return err_set(e, ERR_EXISTS, "it is shipped, and policies/"
		    "%s.yaml beside your configuration has the same name: "
		    "rename yours", name);
	out->text = shipped != NULL ? *shipped : *user;
	out->kind = shipped != NULL ? POLICY_SHIPPED : POLICY_USER;
	return 0;
}

static int
find_file(void *arg, const char *path, struct policy_file *out,
    struct err *e)
{
	struct library *l = arg;
	char *text;
	size_t len;

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 1;
	if (io_read_file(AT_FDCWD, path, POLICY_BYTES_MAX, &text, &len, e) ==
	    -1)
		return -1;
	l->texts = mem_grow(l->texts, l->ntexts + 1, sizeof(*l->texts));
	l->texts[l->ntexts++] = text;
	*out = (struct policy_file){ path, str_of(text, len), POLICY_GIVEN };
	return 0;
}

struct policy_library
library_find(struct library *l)
{
	return (struct policy_library){ l, find_library, find_file, l->names,
		l->shipped.n + l->user.n };
}

void
library_fini(struct library *l)
{
	shelf_fini(&l->shipped);
	shelf_fini(&l->user);
	free(l->names);
	for (size_t i = 0; i < l->ntexts; i++)
		free(l->texts[i]);
	free(l->texts);
	*l = (struct library){ 0 };
}

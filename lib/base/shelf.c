#include "base/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name without its end, heap; NULL: it is not one of them. */
static char *
stem_of(int dir, const struct dirent *d, const char *end)
{
	size_t len = strlen(d->d_name), tail = strlen(end);
	struct stat st;

	if (d->d_name[0] == '.' || len <= tail ||
	    strcmp(d->d_name + len - tail, end) != 0 ||
	    fstatat(dir, d->d_name, &st, 0) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	return str_dup(str_of(d->d_name, len - tail));
}

static int
list_names(struct shelf *s, DIR *d, const char *end, struct err *e)
{
	const struct dirent *one;
	char *name;

	while ((one = readdir(d)) != NULL) {
		if ((name = stem_of(dirfd(d), one, end)) == NULL)
			continue;
		if (s->n == SHELF_COUNT_MAX) {
			free(name);
			return err_set(e, ERR_LIMIT,
			    "more than %d files that end in %s",
			    SHELF_COUNT_MAX, end);
		}
		s->names = mem_grow(s->names, s->n + 1, sizeof(*s->names));
		s->names[s->n++] = name;
	}
	if (s->n > 0)
		qsort(s->names, s->n, sizeof(*s->names), by_name);
	return 0;
}

static int
read_texts(struct shelf *s, int dir, const char *end, struct err *e)
{
	size_t left = SHELF_BYTES_MAX;

	s->texts = mem_alloc(s->n + 1, sizeof(*s->texts));
	for (size_t i = 0; i < s->n; i++) {
		CLEAN_FREE char *file = mem_printf("%s%s", s->names[i], end);
		char *text;
		size_t len;

		if (io_read_file(dir, file, left, &text, &len, e) == -1)
			return -1;
		s->texts[i] = str_of(text, len);
		left -= len;
	}
	return 0;
}

int
shelf_read(struct shelf *s, const char *dir, const char *end, struct err *e)
{
	DIR *d = opendir(dir);
	int rc;

	*s = (struct shelf){ 0 };
	if (d == NULL)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", dir);
	rc = list_names(s, d, end, e);
	if (rc == 0)
		rc = read_texts(s, dirfd(d), end, e);
	(void)closedir(d);	/* it was only read */
	return rc == 0 ? 0 : err_wrap(e, "%s", dir);
}

void
shelf_fini(struct shelf *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->names[i]);
		if (s->texts != NULL)
			free((void *)(uintptr_t)s->texts[i].p);
	}
	free(s->names);
	free(s->texts);
	*s = (struct shelf){ 0 };
}

const struct str *
shelf_find(const struct shelf *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->names[i], name) == 0)
			return &s->texts[i];
	return NULL;
}

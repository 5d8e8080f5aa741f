#include "msg/outcome_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"

#define MAGIC "OpenShell outcome 1\n"
#define OUTCOME_BYTES_MAX 1024

int
outcome_write(int dirfd, const struct outcome *o, struct err *e)
{
	/* io_replace_file would sync: a power cut ends us both anyway */
	CLEAN_FD int fd = openat(dirfd, OUTCOME_FILE ".new",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	unsigned char bytes[OUTCOME_BYTES_MAX];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	put_bytes(&w, MAGIC, sizeof(MAGIC) - 1);
	outcome_put(&w, o);
	must(!w.over);
	if (fd == -1)
		return err_sys(e, "create %s", OUTCOME_FILE);
	if (io_write_all(fd, str_of((const char *)bytes, w.len), e) == -1)
		return err_wrap(e, OUTCOME_FILE);
	if (renameat(dirfd, OUTCOME_FILE ".new", dirfd, OUTCOME_FILE) == -1)
		return err_sys(e, "rename %s", OUTCOME_FILE);
	return 0;
}

int
outcome_read(int dirfd, struct outcome *o, struct err *e)
{
	CLEAN_FD int fd = openat(dirfd, OUTCOME_FILE,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEAN_FREE char *text = NULL;
	struct rbuf r;
	size_t len;

	if (fd == -1 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "no %s", OUTCOME_FILE);
	if (fd == -1)
		return err_sys(e, "open %s", OUTCOME_FILE);
	if (io_read_all(fd, OUTCOME_BYTES_MAX, &text, &len, e) == -1)
		return err_wrap(e, OUTCOME_FILE);
	if (!str_has_prefix(str_of(text, len), STR(MAGIC)))
		return err_set(e, ERR_INPUT, "%s: not an outcome",
		    OUTCOME_FILE);
	r = rbuf_of(str_from(str_of(text, len), sizeof(MAGIC) - 1));
	if (outcome_get(&r, o) == -1)
		return err_set(e, ERR_INPUT, "%s: damaged", OUTCOME_FILE);
	return 0;
}

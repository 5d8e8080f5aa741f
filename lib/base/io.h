/* io.h -- whole reads and writes, descriptors, memfds, Unix sockets. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

struct err;

/* Reads to the end; NUL-terminated heap copy in *out. ERR_LIMIT past max. */
int io_read_all(int fd, size_t max, char **out, size_t *len, struct err *e);
int io_read_file(int dirfd, const char *name, size_t max, char **out,
    size_t *len, struct err *e);
int io_write_all(int fd, struct str s, struct err *e);
/* Writes beside and renames over, so a reader sees old or new. After a loss
 * of power it may be empty: what must survive that is not for this. */
int io_replace_file(int dirfd, const char *name, mode_t mode, struct str s,
    struct err *e);
int io_set_nonblock(int fd, bool on, struct err *e);
int io_set_cloexec(int fd, bool on, struct err *e);
/* A sealed, read-only memfd holding s. */
int io_memfd_sealed(const char *name, struct str s, struct err *e);
/* mkdir -p; every created part has this mode. */
int io_mkdirs(const char *path, mode_t mode, struct err *e);
/* Unix stream or seqpacket sockets at a path of any length (they go through
 * a held directory, so sun_path's 108 bytes do not bind). Listener: an old
 * socket at the name is removed; mode 0600. Return the fd. */
int io_unix_listen(const char *path, int type, int backlog, struct err *e);
int io_unix_connect(const char *path, int type, struct err *e);
/* Peer's uid and pid of a connected Unix socket. */
int io_peer(int fd, uid_t *uid, pid_t *pid, struct err *e);

#endif

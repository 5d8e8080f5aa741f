#include "jail/etc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "jail/mnt.h"

#define ETC_DEPTH_MAX	   12		/* of a copied directory */
#define ETC_ENTRIES_MAX	   20000	/* copied in all */
#define ETC_FILE_BYTES_MAX 8388608	/* one file */
#define UNFINISHED	   "etc.new"
#define DIR_FLAGS	   (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
#define ETC_FORMAT	   3		/* of the copy: part of the stamp */

/* What programs look for. A name may have a directory in front. Not: what
 * sites keep passwords of registries in (npmrc, pip.conf, maven, wgetrc). */
static const char *const names[] = {
	/* the system's identity and locale */
	"os-release", "debian_version", "lsb-release", "redhat-release",
	"fedora-release", "centos-release", "system-release",
	"alpine-release", "arch-release", "SuSE-release", "issue",
	"localtime", "timezone", "locale.alias", "locale.conf", "adjtime",
	"default/locale", "login.defs", "shells",
	/* loader, alternatives */
	"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives",
	"debian-release", "rpm", "dpkg", "pkg",
	/* shells and terminals */
	"profile", "profile.d", "bash.bashrc", "bashrc", "bash_completion.d",
	"bash_completion", "inputrc", "zsh", "zshrc", "zprofile", "zshenv",
	"fish", "terminfo", "skel", "DIR_COLORS", "screenrc", "tmux.conf",
	/* network names */
	"host.conf", "gai.conf", "networks", "protocols", "services", "rpc",
	"ethertypes", "nsswitch.conf.d", "ssh/ssh_config",
	"ssh/ssh_config.d", "ssh/ssh_known_hosts",
	/* certificate authorities (as one bundle, see below) and crypto
	 * policy */
	"ssl/certs/java", "ssl/openssl.cnf", "ssl/cert.pem", "pki/ca-trust",
	"pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf",
	"pki/java", "ca-certificates", "ca-certificates.conf",
	"crypto-policies", "gnutls",
	/* languages and tools */
	"gitconfig", "gitattributes", "python3", "python3.9", "python3.10",
	"python3.11", "python3.12", "python3.13", "python3.14", "python",
	"perl", "java", "java-8-openjdk", "java-11-openjdk",
	"java-17-openjdk", "java-21-openjdk", "php", "R", "ruby", "emacs",
	"vim", "vimrc", "nanorc", "gdb", "debuginfod", "lynx", "less", "man_db.conf",
	"manpath.config", "groff", "papersize", "xml", "sgml", "magic",
	"magic.mime", "mime.types", "mailcap", "fonts", "xdg", "gtk-2.0",
	"gtk-3.0", "ImageMagick-6", "ImageMagick-7", "texmf", "openmpi",
	"OpenCL", "glvnd", "vulkan", "xattr.conf", "machine-info",
};

/* Where distributions keep the bundle of authorities. */
static const char *const bundles[] = {
	"ssl/certs/ca-certificates.crt", "pki/tls/certs/ca-bundle.crt",
	"pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "ssl/cert.pem",
	"ssl/ca-bundle.pem",
};

#define OURS_PASSWD							\
	"root:x:0:0:root:/root:/usr/sbin/nologin\n"			\
	"sandbox:x:1000:1000:sandbox:/home/sandbox:/bin/bash\n"		\
	"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
#define OURS_GROUP "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"
#define OURS_NSS							\
	"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n" \
	"networks: files\nprotocols: files\nservices: files\n"		\
	"ethers: files\nrpc: files\n"
/* Egress answers, and resolves outside what is then dialled. */
#define OURS_RESOLV							\
	"# answers with addresses that lead to the proxy\n"		\
	"nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

static const struct {
	const char *name, *text;
} ours[] = {
	{ "passwd", OURS_PASSWD },
	{ "group", OURS_GROUP },
	{ "nsswitch.conf", OURS_NSS },
	{ "resolv.conf", OURS_RESOLV },
};

static const struct {
	const char *name, *target;
} our_links[] = {
	{ "hosts", "openshell/hosts" },
	{ "hostname", "openshell/hostname" },
	{ "mtab", "../proc/self/mounts" },
};

/* ---- copying ---- */

struct copy {
	unsigned entries;
};

static int copy_any(struct copy *c, int from, int to, const char *name,
    unsigned depth, struct err *e);

static int
copy_file(int from, int to, const char *name, struct err *e)
{
	CLEAN_FD int in = openat(from, name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);
	CLEAN_FD int out = -1;
	CLEAN_FREE char *text = NULL;
	size_t len;
	struct stat st;

	if (in == -1 || fstat(in, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & S_IROTH) == 0 || st.st_size > ETC_FILE_BYTES_MAX)
		return 0; /* gone, or not for everybody */
	if (io_read_all(in, ETC_FILE_BYTES_MAX, &text, &len, e) == -1)
		return err_wrap(e, "copy %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644 | (st.st_mode & 0111));
	if (out == -1)
		return err_sys(e, "create %s", name);
	return io_write_all(out, str_of(text, len), e);
}

static int
copy_link(int from, int to, const char *name, struct err *e)
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n <= 0)
		return 0;
	target[n] = '\0';
	if (symlinkat(target, to, name) == -1)
		return err_sys(e, "link %s", name);
	return 0;
}

/* Most of /etc/alternatives are links to compressed manual pages. */
static bool
is_manual(const char *name)
{
	return str_has_suffix(str_c(name), STR(".gz"));
}

/* Recursion is bounded by ETC_DEPTH_MAX. */
static int
copy_dir(struct copy *c, int from, int to, const char *name, unsigned depth,
    struct err *e)
{
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	CLEAN_FD int out = -1;
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	if (in == -1)
		return 0;
	if (mkdirat(to, name, 0755) == -1 && errno != EEXIST) {
		(void)err_sys(e, "make %s", name);
		(void)close(in);
		return -1;
	}
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fdopendir(in);
	if (out == -1 || dir == NULL) {
		(void)err_sys(e, "open %s", name);
		(void)(dir != NULL ? closedir(dir) : close(in));
		return -1;
	}
	while (rc == 0 && (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0)
			rc = copy_any(c, dirfd(dir), out, d->d_name,
			    depth + 1, e);
	(void)closedir(dir);
	return rc;
}

static int
copy_any(struct copy *c, int from, int to, const char *name, unsigned depth,
    struct err *e)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0; /* on the list, not on this host */
	if (S_ISLNK(st.st_mode) && is_manual(name))
		return 0;
	if (depth > ETC_DEPTH_MAX || ++c->entries > ETC_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT,
		    "/etc/.../%s: more than %d entries or %d levels to copy",
		    name, ETC_ENTRIES_MAX, ETC_DEPTH_MAX);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, e);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, e);
	if (S_ISDIR(st.st_mode) && (st.st_mode & S_IXOTH) != 0)
		return copy_dir(c, from, to, name, depth, e);
	return 0;
}

/* One name of the list; what is in front of its last part is made. */
static int
copy_name(struct copy *c, int from, int to, const char *name, struct err *e)
{
	const char *slash = strrchr(name, '/');
	char parent[64];
	CLEAN_FD int in = -1, out = -1;
	struct stat st;

	if (slash == NULL)
		return copy_any(c, from, to, name, 0, e);
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name),
	    name);
	in = openat(from, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (in == -1)
		return 0;
	if (dir_make(to, parent, 0755, &out, e) == -1)
		return -1;
	return copy_any(c, in, out, slash + 1, 0, e);
}

/* ---- what is ours ---- */

static int
write_ours(int dirfd, struct err *e)
{
	for (size_t i = 0; i < NELEM(ours); i++) {
		CLEAN_FD int fd = openat(dirfd, ours[i].name, O_WRONLY |
			O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

		if (fd == -1)
			return err_sys(e, "create %s", ours[i].name);
		if (io_write_all(fd, str_c(ours[i].text), e) == -1)
			return -1;
	}
	for (size_t i = 0; i < NELEM(our_links); i++)
		if (symlinkat(our_links[i].target, dirfd,
			our_links[i].name) == -1)
			return err_sys(e, "link %s", our_links[i].name);
	return dir_make(dirfd, "openshell", 0755, NULL, e);
}

/* Replaces each bundle that is there; the first is made where none is. */
static int
link_bundles(int dirfd, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < NELEM(bundles); i++) {
		bool there = fstatat(dirfd, bundles[i], &st,
		    AT_SYMLINK_NOFOLLOW) == 0;

		if (!there && i > 0)
			continue;
		if (there && unlinkat(dirfd, bundles[i], 0) == -1)
			return err_sys(e, "replace %s", bundles[i]);
		if (symlinkat("/etc/openshell/bundle.pem", dirfd,
			bundles[i]) == -1)
			return err_sys(e, "link %s", bundles[i]);
	}
	return 0;
}

int
etc_own_files(int dirfd, struct err *e)
{
	if (dir_make(dirfd, "ssl/certs", 0755, NULL, e) == -1 ||
	    link_bundles(dirfd, e) == -1)
		return -1;
	return write_ours(dirfd, e);
}

/* ---- the stamp and the place ---- */

static uint64_t
mix(uint64_t h, const void *p, size_t len) /* FNV-1a */
{
	const unsigned char *at = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 0x100000001b3ULL;
	return h;
}

static uint64_t
stamp_of(int etc)
{
	const uint64_t format = ETC_FORMAT;
	uint64_t h = mix(0xcbf29ce484222325ULL, &format, sizeof(format));
	struct stat st;

	for (size_t i = 0; i < NELEM(names); i++) {
		if (fstatat(etc, names[i], &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		h = mix(h, names[i], strlen(names[i]) + 1);
		h = mix(h, &st.st_ino, sizeof(st.st_ino));
		h = mix(h, &st.st_mode, sizeof(st.st_mode));
		h = mix(h, &st.st_mtim.tv_sec, sizeof(st.st_mtim.tv_sec));
		h = mix(h, &st.st_mtim.tv_nsec, sizeof(st.st_mtim.tv_nsec));
	}
	return h;
}

static int
fill(int etc, int to, struct err *e)
{
	struct copy c = { 0 };

	for (size_t i = 0; i < NELEM(names); i++)
		if (copy_name(&c, etc, to, names[i], e) == -1)
			return -1;
	if (dir_make(to, "ssl/certs", 0755, NULL, e) == -1 ||
	    link_bundles(to, e) == -1)
		return -1;
	return write_ours(to, e);
}

/* What a builder that was killed left behind. Recursion is bounded by what a
 * copy can be. */
static void
remove_tree(int at, const char *name, unsigned depth)
{
	int fd = openat(at, name, DIR_FLAGS);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	while (dir != NULL && depth <= ETC_DEPTH_MAX &&
	    (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0 &&
		    unlinkat(fd, d->d_name, 0) == -1)
			remove_tree(fd, d->d_name, depth + 1);
	if (dir != NULL)
		(void)closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR); /* else mkdir says why */
}

/* One sandbox builds, others that start at the same time wait for it. */
static int
build(int etc, int base, const char *name, struct err *e)
{
	CLEAN_FD int to = -1;
	int fd;

	if (flock(base, LOCK_EX) == -1)
		return err_sys(e, "lock the copies of /etc");
	fd = openat(base, name, DIR_FLAGS);
	if (fd != -1)
		return fd;
	remove_tree(base, UNFINISHED, 0);
	if (mkdirat(base, UNFINISHED, 0755) == -1)
		return err_sys(e, "make %s", UNFINISHED);
	to = openat(base, UNFINISHED, DIR_FLAGS);
	if (to == -1)
		return err_sys(e, "open %s", UNFINISHED);
	if (fill(etc, to, e) == -1)
		return -1;
	if (renameat(base, UNFINISHED, base, name) == -1)
		return err_sys(e, "rename %s to %s", UNFINISHED, name);
	return fd_take(&to);
}

int
etc_prepare(const char *baseline, struct err *e)
{
	CLEAN_FD int etc = -1, base = -1;
	char name[32];
	int fd;

	if (io_mkdirs(baseline, 0700, e) == -1)
		return -1;
	base = open(baseline, DIR_FLAGS);
	etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base == -1 || etc == -1)
		return err_sys(e, "open /etc and %s", baseline);
	(void)snprintf(name, sizeof(name), "etc-%016" PRIx64, stamp_of(etc));
	fd = openat(base, name, DIR_FLAGS);
	if (fd != -1)
		return fd;
	fd = build(etc, base, name, e);
	return fd == -1 ? err_wrap(e, "copy /etc") : fd;
}

int
etc_bundle_open(struct err *e)
{
	for (size_t i = 0; i < NELEM(bundles); i++) {
		char path[128];
		int fd;

		(void)snprintf(path, sizeof(path), "/etc/%s", bundles[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd != -1)
			return fd;
	}
	return err_set(e, ERR_MISSING,
	    "no bundle of certificate authorities in /etc/ssl or /etc/pki; "
	    "install ca-certificates");
}

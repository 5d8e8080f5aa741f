/* broker.h -- answers what the sandbox's filter asks: one question at a time,
 * each to its end.
 *
 * A question is a system call that its caller waits in. The broker copies
 * what the arguments point to once, finds the object, judges the object's own
 * path, acts on that same object with the caller's rights (it has the same
 * user, mounts and no others), and answers with the result. The kernel then
 * runs nothing of the call itself, so what the caller writes over its
 * arguments meanwhile does not matter. Execution alone is let go on by the
 * kernel (exec.c says what that leaves open).
 *
 * Handlers return what the system call returns: a value, or a negative errno;
 * or one of the two below. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/limits.h"
#include "msg/chan.h"

struct err;
struct image;

#define ANSWERED (-10001)	/* is so already, or nobody waits any more */
#define LET_GO	 (-10002)	/* the kernel may run it */
#define HELD	 (-10003)	/* will be asked anew (hold.c) */
#define AWAY	 (-10005)	/* to be answered elsewhere (slow.h) */

struct mount { /* the operator's */
	char *inside;
	size_t len;
	unsigned access;	/* of enum file_access */
};

#define HELPERS_MAX 1024
#define HELPERS_OF_ONE_MAX 256	/* of one process, so that others have some */

struct ask;
/* Runs in a helper; what it is to exit with. */
typedef int helper_work(const struct ask *a, const void *arg);
/* Runs when a helper has ended so (as waitpid(2) says). */
typedef void helper_done(const struct ask *a, pid_t helper, int status);

struct broker {
	struct image *image;
	bool files;		/* we are asked about files, not about execs
				 * alone */
	bool hides;		/* and of what tells that a name is there */
	struct str *env;	/* that the operator's processes get */
	uint32_t nenv;
	struct exec_image {
		pid_t pid;	/* of openshell-init, which is on no path; 0:
				 * not there yet */
		dev_t dev;
		ino_t ino;
	} init;
	int listener;
	int proc;		/* the outer pid namespace's, on no path */
	int fds;		/* our own descriptors in it, as links; also our
				 * working directory, so that "7" leads to what
				 * descriptor 7 is */
	struct chan control;
	uint64_t *seen;		/* numbers of all mounts of the sandbox, rising */
	size_t nseen;
	struct mount mounts[MOUNT_COUNT_MAX];
	uint32_t nmounts;
	struct helper *helpers;	/* HELPERS_MAX */
	unsigned nhelpers, looked;	/* looked: where the next look begins */
	bool is_helper;		/* this process serves one question */
	bool may_wait;		/* it is such a one, or has seen that the
				 * question's files answer */
	pid_t started;		/* the last helper that was */
	const struct ask *now;	/* the question that is answered, or NULL */
	bool later;		/* it is held till a file is read (finding.h) */
	bool turned;		/* the question met what may not (slow.h) */
};

struct helper;

struct ask {
	struct broker *b;
	const struct image *image;	/* that it is judged by */
	uint64_t profiles;	/* that its caller is under */
	uint64_t id;
	pid_t tid;		/* of the thread, in the outer namespace */
	int number;
	uint64_t arg[6];
};

/* ---- caller.c: who asks ---- */

/* Is the caller still waiting? What was read of it by its number is only its
 * own if it is. */
bool caller_waits(const struct ask *a);
/* Copies a string of the caller's, with its NUL. 0, or -errno. */
int caller_string(const struct ask *a, uint64_t at, char out[PATH_BYTES_MAX]);
int caller_bytes(const struct ask *a, uint64_t at, void *out, size_t len);
/* As much of it as is there, up to seven pages: how many bytes, or -1. */
ssize_t caller_some(const struct ask *a, uint64_t at, void *out, size_t len);
int caller_put(const struct ask *a, uint64_t at, const void *p, size_t len);
/* The directory that a relative path starts from, O_PATH; AT_FDCWD: the
 * working directory. Or -errno. */
int caller_dir(const struct ask *a, int dirfd);
/* What a descriptor of the caller's is open on, O_PATH; or -errno. */
int caller_object(const struct ask *a, int fd);
/* Is that descriptor open for reading or writing? */
bool caller_uses(const struct ask *a, int fd);
bool caller_writes(const struct ask *a, int fd);
/* Is it closed when its program executes another? */
bool caller_closes(const struct ask *a, int fd);
/* A copy of the descriptor itself, or -errno. */
int caller_fd(const struct ask *a, int fd);
struct caller_ids {
	pid_t tgid;		/* outer */
	pid_t in_tid, in_tgid;	/* in the sandbox */
	mode_t mask;		/* umask: mask_of() is faster */
};
int caller_ids(const struct ask *a, struct caller_ids *out);
/* Its process, outer, as it was a second ago at most: for nothing that
 * matters. */
pid_t caller_process(const struct ask *a);
/* The number of its controlling terminal, 0: none. */
unsigned caller_tty(const struct ask *a);
/* How many threads its process has; 0: not known. */
unsigned caller_threads(const struct ask *a);
/* What program it runs; 0 or -errno. */
struct stat;
int caller_exe_open(const struct ask *a);	/* for reading */
/* The text of a file in its /proc, ended by a NUL; its length, or -1. */
ssize_t caller_text(const struct ask *a, const char *what, char *text,
    size_t cap);
/* Its device and inode, and nothing else. */
int caller_exe_stat(const struct ask *a, struct stat *out);
/* The outer number of the process that started process pid; 0: none. */
pid_t caller_parent(const struct ask *a, pid_t pid);
/* Its program's path, not ended by a NUL; how many bytes. */
size_t caller_exe(const struct ask *a, char out[PATH_BYTES_MAX]);
/* What it is to be told when a signal waits that would interrupt it; or 0. */
int caller_interrupted(const struct ask *a);

/* mask.c: its umask. 0 or -errno. */
int mask_of(const struct ask *a, mode_t *out);
void mask_notice(const struct ask *a);	/* of each question, first */

/* ---- walk.c: from a path to an object ---- */

enum {
	WALK_LINK = 1,	/* a symbolic link at the end is the object */
	WALK_TELL = 2,	/* of walk.c alone */
};
/* As the caller would find it from base (borrowed; not looked at if the path
 * is absolute). O_PATH descriptor, or -errno. */
int walk(const struct ask *a, int base, const char *path, unsigned flags);
/* The same from the caller's dirfd. */
int walk_from(const struct ask *a, int dirfd, const char *path,
    unsigned flags);

/* Does the path lead by names alone, so that only a call that we are asked
 * about could lead it elsewhere? Not by /proc/PID/cwd, for one. */
bool walk_is_steady(const struct ask *a, int base, const char *path);
/* An open was refused on the way (EACCES): says so to the log if it was, or
 * would have been, by the rules. A denied directory may be covered. */
void walk_refused(const struct ask *a, int dirfd, const char *path);
/* What a symbolic link says to the caller. Its length, or -errno. */
int walk_link_text(const struct ask *a, int link, char out[PATH_BYTES_MAX]);

/* ---- spot.c ---- */

struct spot { /* a name in a directory, there or not; zero dir is none */
	int dir;		/* O_PATH */
	char name[258];		/* with the slash that stood after it */
	char path[PATH_BYTES_MAX];	/* canonical */
	bool odd;		/* "." or ".." or nothing: no call makes,
				 * removes or renames it */
};
/* The canonical path of a name (up to a slash in it). 0 or -errno. */
int path_in(const struct ask *a, int dir, const char *name,
    char path[PATH_BYTES_MAX]);
/* 0 or -errno; spot_fini() always. */
int spot_find(const struct ask *a, int base, const char *path,
    struct spot *s);
int spot_from(const struct ask *a, int dirfd, const char *path,
    struct spot *s);
void spot_fini(struct spot *s);

/* ---- exact.c: names that are the kernel's own ---- */

enum name_kind {
	NAME_NONE,		/* not known */
	NAME_LOOSE,		/* path says where it leads, and may not be
				 * what that is called */
	NAME_EXACT,		/* path is canonical, if no link is on the way */
};
/* mounts: /proc/PID/mountinfo's text. */
void exact_init(const char *mounts);
enum name_kind name_whole(const struct ask *a, int dirfd, const char *asked,
    char path[PATH_BYTES_MAX]);
bool name_is_proc(const char *path);
/* Opens what has exactly that name; -ELOOP: it leads by a link. */
int exact_open(const char *path, int flags, mode_t mode);
/* The object that the caller names (O_PATH), and its canonical path. nofollow:
 * O_NOFOLLOW or 0. Or -errno, which says no more than that it is no exact
 * name. */
int exact_object(const struct ask *a, int dirfd, const char *asked,
    int nofollow, char path[PATH_BYTES_MAX]);
/* false: it is no exact name. */
bool exact_spot(const struct ask *a, int dirfd, const char *asked,
    struct spot *s);

/* ---- judge.c ---- */

/* Learns the sandbox's mounts, which no one can change any more. */
int mounts_read(struct broker *b, struct err *e);
/* made.c: \\040 is a blank in what the kernel lists of them. In place. */
void mount_unescape(char *z);
enum object_kind {
	OBJECT_OUTSIDE,		/* on no path of the sandbox */
	OBJECT_NAMED,		/* path is its canonical path, or was when it
				 * had its last name */
	OBJECT_NAMELESS,	/* a pipe, a socket, a memfd */
};
enum object_kind object_path(const struct broker *b, int fd,
    char path[PATH_BYTES_MAX]);
/* May the caller have access (of enum file_access)? 0 or -errno. */
int judge_path(const struct ask *a, const char *path, unsigned access);
int judge_object(const struct ask *a, int fd, unsigned access);
/* Is it in a tree of the sandbox's own, where nobody outside makes names? */
bool path_is_own(const struct broker *b, const char *path);
/* Does a mount of the operator's stand below that directory? */
bool mount_is_below(const struct broker *b, const char *path);
/* What the rules say of a path, whatever is asked. */
unsigned judge_mask(const struct ask *a, const char *path);
/* Is writing it denied only because it is a protected name? */
bool judge_guarded(const struct ask *a, const char *path);
/* Is it allowed by an entry that says exactly that path? */
bool judge_names(const struct ask *a, const char *path, unsigned access);
/* Is it to look as if it was not there, whoever names it? */
bool judge_hidden(const struct ask *a, const char *path);
/* Is it to be left out of its directory's list? */
bool judge_unlisted(const struct ask *a, const char *path);
/* May a name in that directory be? false is certain. */
bool judge_lists_some(const struct ask *a, const char *path);
bool judge_is_open(const struct ask *a); /* the mode blocks nothing */
bool judge_watches(const struct ask *a); /* each answer is to be recorded */

/* ---- what is asked ---- */

long ask_open(const struct ask *a, int dirfd, uint64_t path, int flags,
    mode_t mode);
struct want { /* one open, with the path copied */
	int dirfd, flags;
	mode_t mode;
	char path[PATH_BYTES_MAX];
};
/* What opening with these flags needs, of enum file_access; making a file
 * needs FILE_WRITE besides. */
unsigned open_access(int flags);
/* quick.c: the same, if it is plainly there, or to be made, and allowed; or
 * LONG_WAY, and nothing has happened. */
#define LONG_WAY (-10004)
long quick_open(const struct ask *a, const struct want *w);
/* hand.c: gives the caller fd, with flags' O_CLOEXEC. What it returns is to be
 * answered; fd may be closed. */
long answer_fd(const struct ask *a, int fd, int flags);
/* "N" of descriptor N, below the working directory. */
struct fd_name {
	char text[12];
};
struct fd_name fd_name(int fd);

/* helper.c: what waits for somebody else. */
/* Runs work in a process of its own, which has our descriptors, by their
 * numbers in its working directory. Without done it answers by
 * helper_answer(), and a signal for the caller ends it. ANSWERED, or -errno:
 * EAGAIN when too many of the caller's process wait. */
long helper_start(const struct ask *a, helper_work *work, const void *arg,
    helper_done *done);
void helper_answer(const struct ask *a, int error, int value);
bool helper_reap(struct broker *b, pid_t pid, int status);	/* was it one? */
int helper_wait_ms(const struct broker *b);	/* -1: nothing to look at */
void helper_look(struct broker *b);
/* Opens a pipe that waits for its other end. */
long fifo_open(const struct ask *a, int fd, int flags);

long ask_rename(const struct ask *a, int olddir, uint64_t old, int newdir,
    uint64_t new_, unsigned flags);
long ask_link(const struct ask *a, int olddir, uint64_t old, int newdir,
    uint64_t new_, int flags);
long ask_symlink(const struct ask *a, uint64_t target, int dirfd,
    uint64_t path);
long ask_unlink(const struct ask *a, int dirfd, uint64_t path, int flags);
long ask_mkdir(const struct ask *a, int dirfd, uint64_t path, mode_t mode);
long ask_mknod(const struct ask *a, int dirfd, uint64_t path, mode_t mode,
    dev_t dev);

/* git.c: a repository's configuration, though it is a protected name. */
bool git_is_config(const struct ask *a, const struct spot *s);
/* from is renamed to it. */
long git_config_put(const struct ask *a, const struct spot *from,
    const struct spot *to);
bool git_config_may_go(const struct ask *a, const struct spot *s);
bool git_may_toggle(const struct ask *a, int held, mode_t mode);
/* May a directory be made there, or an empty one be removed? */
bool git_may_make(const struct ask *a, const struct spot *s);

long ask_truncate(const struct ask *a);
long ask_chmod(const struct ask *a, int dirfd, uint64_t path, mode_t mode,
    int flags);
long ask_fchmod(const struct ask *a);
long ask_chown(const struct ask *a, int dirfd, uint64_t path, uid_t uid,
    gid_t gid, int flags);
long ask_fchown(const struct ask *a);
enum times_form { TIMES_NS, TIMES_US, TIMES_S };
long ask_utimes(const struct ask *a, int dirfd, uint64_t path,
    enum times_form form, uint64_t times, int flags);
long ask_setxattr(const struct ask *a);
long ask_getxattr(const struct ask *a);
long ask_removexattr(const struct ask *a);
/* facts.c: what tells that a name is there. */
long ask_stat(const struct ask *a, int dirfd, uint64_t path, uint64_t out,
    int flags);
long ask_statx(const struct ask *a);
long ask_statfs(const struct ask *a);
long ask_access(const struct ask *a, int dirfd, uint64_t path, int mode,
    int flags);
long ask_readlink(const struct ask *a, int dirfd, uint64_t path,
    uint64_t out, size_t size);
long ask_chdir(const struct ask *a);
long ask_listxattr(const struct ask *a);
long ask_list(const struct ask *a);	/* list.c: getdents */
long ask_watch(const struct ask *a);
long ask_bind(const struct ask *a);
long ask_connect(const struct ask *a);
/* The socket at that name was bound for the sandbox. */
void socket_bound(int dir, const char *name);
/* command.c */
struct exec_call {
	int dirfd, flags;
	uint64_t path, argv, env;
};
long ask_exec(const struct ask *a, const struct exec_call *call);
struct exec_call exec_call_of(const struct ask *a);	/* calls.c */
/* Reads all that ask_exec() would, and decides nothing. */
void command_look(const struct ask *a, const struct exec_call *call);

/* event.c: what the log is to hear. */
struct file_answer;
void event_denied(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got);
/* The same where the policy only watches: whatever the answer. */
void event_seen(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got);
int event_exec_wait_ms(void);
void event_exec_flush(struct broker *b);
/* In a process of its own: what was counted before is the other's to say; and
 * all is said at once, for it ends. */
void event_apart(void);
void event_end(struct broker *b);
int event_wait_ms(void);	/* until repeated ones are due; -1: never */
void event_flush(struct broker *b);

/* ---- peer.c: what one process does to another ---- */

/* Nobody takes over who is under fewer profiles than himself. */
long ask_peer(const struct ask *a);
/* The same of a path in /proc, for access (of enum file_access; 0: to go
 * through it). 0 or -EACCES. */
int peer_path(const struct ask *a, const char *path, unsigned access);
/* And of a terminal, which fd is: only the caller's own. */
int peer_terminal(const struct ask *a, int fd, const char *path);

/* ---- port.c: what serves inside the sandbox ---- */

struct sockaddr;
/* The caller bound the socket. */
void port_bound(const struct ask *a, int sock);
/* 0, or -errno. */
int port_may_connect(const struct ask *a, int sock,
    const struct sockaddr *sa, unsigned len);

/* hold.c: keeps the question; hold_again() asks it anew. HELD, or -errno. */
long hold(const struct ask *a);
void hold_again(uint64_t id);
void hold_again_all(void);

/* calls.c: takes a question in; false: its caller was killed meanwhile. */
bool broker_receive(struct broker *b, struct ask *a);
/* One question to its end. */
void broker_answer(struct ask *a);
/* The same; what it was answered, or what is to become of it. */
long broker_do(struct ask *a);

#endif

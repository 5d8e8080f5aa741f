/* exec_race.c -- an agent that races the judgement of its execs:
 *
 *	exec_race WAY TRIES
 *
 * Run in a directory (/work) with "open/prog" (may run, as "prog ok"),
 * "shut/prog" (may not, nor any copy of it; for "file" and "bytes" any other
 * program may), "mine/prog" and "dyn" (may; its loader is "/work/way/prog"): all of exec_prog.c. Several
 * threads execute, each in a child that shares their memory, while another
 * changes what they say, or what it leads to. Says how often it tried, how
 * often the right thing ran, and how often something else did. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WON	77
#define REFUSED 3
#define ODD	4
#define AT_ONCE 4	/* who execute at the same time */
#define PROG_MAX 65536

struct slot { /* one who executes, and what it says */
	char path[64], arg[16], env[16];
	char *argv[4], *envp[4];
	char stack[16384];
	long ran, refused, killed, odd, wins;
	int errnum;	/* of the last that was odd */
};

static struct slot slots[AT_ONCE];
static long left;	/* tries */
static volatile int stop;
static char words[4][16] = { "ok", "no", "GOOD=1", "EVIL=1" };
static struct {
	char bytes[PROG_MAX];
	size_t len;
} progs[2];

/* It is to be seen, and for as long as the other one. */
static void
for_a_while(void)
{
	for (int i = 0; i < 200; i++)
		__asm__ volatile("" ::: "memory");
}

static void
put_word(char *at, const char *word, size_t n)
{
	memcpy(at, word, n);
	for_a_while();
}

static void
put_pointer(char **at, char *to)
{
	*(char *volatile *)at = to;
	for_a_while();
}

static void
flip_path(struct slot *s)
{
	put_word(s->path, "./shut", 6);
	put_word(s->path, "./open", 6);
}

static void
flip_arg(struct slot *s)
{
	put_word(s->arg, "no", 2);
	put_word(s->arg, "ok", 2);
}

static void
flip_both(struct slot *s)
{
	put_word(s->path, "./shut", 6);
	put_word(s->arg, "no", 2);
	put_word(s->path, "./open", 6);
	put_word(s->arg, "ok", 2);
}

static void
flip_argv(struct slot *s)
{
	put_pointer(&s->argv[1], words[1]);
	put_pointer(&s->argv[1], words[0]);
}

static void
flip_more(struct slot *s)
{
	put_pointer(&s->argv[2], words[1]);
	put_pointer(&s->argv[2], NULL);
}

static void
flip_env(struct slot *s)
{
	put_word(s->env, "EVIL", 4);
	put_word(s->env, "GOOD", 4);
}

static void
flip_envp(struct slot *s)
{
	put_pointer(&s->envp[0], words[3]);
	put_pointer(&s->envp[0], words[2]);
	put_pointer(&s->envp[1], words[3]);
	put_pointer(&s->envp[1], NULL);
}

static void
flip_name(struct slot *s)
{
	(void)s;
	(void)syscall(SYS_renameat2, AT_FDCWD, "way", AT_FDCWD, "way2",
	    2 /* RENAME_EXCHANGE */);
}

static void
flip_file(struct slot *s)
{
	(void)s;
	(void)!link("shut/prog", "new");
	(void)rename("new", "file");
	(void)!link("mine/prog", "new");
	(void)rename("new", "file");
}

static void
flip_bytes(struct slot *s)
{
	(void)s;
	for (int i = 1; i >= 0; i--) {
		int fd = open("mine/prog", O_WRONLY);

		if (fd == -1)
			continue; /* it is being executed */
		(void)!pwrite(fd, progs[i].bytes, progs[i].len, 0);
		close(fd);
		usleep(50);
	}
}

/* ---- before ---- */

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		exit(2);
	close(fd);
}

static void
make_links(void)
{
	(void)!symlink("open", "way");
	(void)!symlink("shut", "way2");
}

static void
make_scripts(void)
{
	put("way", "#!/work/open/prog ok\n");
	put("way2", "#!/work/shut/prog ok\n");
}

static void
make_script(void)
{
	make_links();
	put("script", "#!/work/way/prog ok\n");
}

static void
make_file(void)
{
	(void)!link("mine/prog", "file");
}

static void
make_bytes(void)
{
	static const char *const from[] = { "open/prog", "shut/prog" };

	for (int i = 0; i < 2; i++) {
		int fd = open(from[i], O_RDONLY);
		ssize_t n = read(fd, progs[i].bytes, PROG_MAX);

		if (n <= 0)
			exit(2);
		progs[i].len = (size_t)n;
		close(fd);
	}
}

static const struct {
	const char *name;
	void (*flip)(struct slot *s);
	void (*make)(void);
	const char *path;	/* to be executed, if not open/prog */
} ways[] = {
	{ "path", flip_path, NULL, NULL },
	{ "arg", flip_arg, NULL, NULL },
	{ "both", flip_both, NULL, NULL },
	{ "argv", flip_argv, NULL, NULL },
	{ "more", flip_more, NULL, NULL },
	{ "env", flip_env, NULL, NULL },
	{ "envp", flip_envp, NULL, NULL },
	{ "name", flip_name, make_links, "./way/prog" },
	{ "script", flip_name, make_scripts, "./way" },
	{ "interpreter", flip_name, make_script, "./script" },
	{ "loader", flip_name, make_links, "./dyn" },
	{ "file", flip_file, make_file, "./file" },
	{ "bytes", flip_bytes, make_bytes, "./mine/prog" },
	{ "thread", flip_both, NULL, NULL },
};
static size_t way;

static void
prepare(void)
{
	(void)unlink("way");
	(void)unlink("way2");
	(void)unlink("new");
	(void)unlink("file");
	if (ways[way].make != NULL)
		ways[way].make();
	for (int i = 0; i < AT_ONCE; i++) {
		struct slot *s = &slots[i];

		strcpy(s->path, ways[way].path != NULL ? ways[way].path :
			"./open/prog");
		strcpy(s->arg, "ok");
		strcpy(s->env, "GOOD=1");
		s->argv[0] = s->path;
		s->argv[1] = s->arg;
		s->envp[0] = s->env;
		if (ways[way].make == make_scripts ||
		    ways[way].make == make_script)
			s->argv[1] = NULL; /* its first line says it */
	}
}

/* ---- the race ---- */

static void *
flip(void *arg)
{
	(void)arg;
	while (!stop)
		for (int i = 0; i < AT_ONCE; i++)
			ways[way].flip(&slots[i]);
	return NULL;
}

static int
child(void *arg)
{
	struct slot *s = arg;

	(void)syscall(SYS_execve, s->path, s->argv, s->envp);
	s->errnum = errno;
	/* EFAULT: a pointer that the kernel had counted is NULL now */
	_exit(errno == EACCES || errno == ENOENT || errno == ETXTBSY ||
	    errno == EFAULT ? REFUSED : ODD);
}

static void *
run_child(void *arg)
{
	(void)child(arg);
	return NULL;
}

/* A thread that is not the first executes, while others flip. */
static void
threads(struct slot *s)
{
	pthread_t t;

	if (pthread_create(&t, NULL, flip, NULL) != 0 ||
	    pthread_create(&t, NULL, run_child, s) != 0)
		_exit(ODD);
	for (;;)
		pause();
}

static pid_t
begin(struct slot *s)
{
	pid_t pid;

	if (strcmp(ways[way].name, "thread") != 0)
		return clone(child, s->stack + sizeof(s->stack), CLONE_VM |
		    CLONE_VFORK | SIGCHLD, s);
	pid = fork();
	if (pid == 0)
		threads(s);
	return pid;
}

static void
try_one(struct slot *s)
{
	int status;
	pid_t pid = begin(s);

	if (pid == -1 || waitpid(pid, &status, 0) != pid) {
		s->errnum = errno;
		s->odd++;
	} else if (WIFSIGNALED(status))
		*(WTERMSIG(status) == SIGKILL ? &s->killed : &s->odd) += 1;
	else if (WEXITSTATUS(status) == 0)
		s->ran++;
	else if (WEXITSTATUS(status) == REFUSED)
		s->refused++;
	else
		*(WEXITSTATUS(status) == WON ? &s->wins : &s->odd) += 1;
}

static void *
race(void *arg)
{
	while (__atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) >= 0)
		try_one(arg);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t t[AT_ONCE], other;
	struct slot all = { .ran = 0 };

	while (argc == 3 && strcmp(ways[way].name, argv[1]) != 0)
		if (++way == sizeof(ways) / sizeof(*ways))
			return 2;
	if (argc != 3)
		return 2;
	left = atol(argv[2]);
	prepare();
	if (pthread_create(&other, NULL, flip, NULL) != 0)
		return 2;
	for (int i = 0; i < AT_ONCE; i++)
		if (pthread_create(&t[i], NULL, race, &slots[i]) != 0)
			return 2;
	for (int i = 0; i < AT_ONCE; i++) {
		const struct slot *s = &slots[i];

		pthread_join(t[i], NULL);
		all.ran += s->ran;
		all.refused += s->refused;
		all.killed += s->killed;
		all.odd += s->odd;
		all.wins += s->wins;
		if (s->odd > 0)
			fprintf(stderr, "odd: %s\n", strerror(s->errnum));
	}
	stop = 1;
	pthread_join(other, NULL);
	printf("%ld ran, %ld refused, %ld killed, %ld odd, %ld wins\n",
	    all.ran, all.refused, all.killed, all.odd, all.wins);
	return all.wins != 0;
}

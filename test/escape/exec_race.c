/* exec_race.c -- an agent that races the judgement of its execs:
 *
 *	exec_race WAY TRIES
 *
 * Run in a directory with the programs "open/prog" (may run, as "prog ok") and
 * "shut/prog" (may not), both copies of this. Says how often it tried, how
 * often the right thing ran, and how often something else did. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#define WON 77

struct shared { /* with another process, or all threads */
	char path[64], arg[16], env[16];
};

static struct shared *s;
static volatile int stop;

/* What is executed: says whether it may be. */
static int
prog(char **argv)
{
	char exe[256] = "";

	(void)!readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (strstr(exe, "/open/prog") == NULL || getenv("EVIL") != NULL)
		return WON;
	return argv[1] != NULL && strcmp(argv[1], "ok") == 0 ? 0 : WON;
}

/* It is to be seen, and for as long as the other one. */
static void
put_word(char *at, const char *word, size_t n)
{
	memcpy(at, word, n);
	for (int i = 0; i < 200; i++)
		__asm__ volatile("" ::: "memory");
}

static void
flip_path(void)
{
	put_word(s->path, "./shut", 6);
	put_word(s->path, "./open", 6);
}

static void
flip_arg(void)
{
	put_word(s->arg, "no", 2);
	put_word(s->arg, "ok", 2);
}

static void
flip_both(void)
{
	put_word(s->path, "./shut", 6);
	put_word(s->arg, "no", 2);
	put_word(s->path, "./open", 6);
	put_word(s->arg, "ok", 2);
}

static void
flip_env(void)
{
	put_word(s->env, "EVIL", 4);
	put_word(s->env, "GOOD", 4);
}

static void
flip_name(void)
{
	(void)syscall(SYS_renameat2, AT_FDCWD, "way", AT_FDCWD, "way2",
	    2 /* RENAME_EXCHANGE */);
}

static const struct {
	const char *name;
	void (*flip)(void);
} ways[] = { { "path", flip_path }, { "argv", flip_arg },
	{ "both", flip_both }, { "env", flip_env }, { "name", flip_name },
	{ "script", flip_name }, { "thread", flip_both } };

static void *
flip(void *arg)
{
	void (*f)(void) = ways[*(const int *)arg].flip;

	while (!stop)
		f();
	return NULL;
}

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		exit(2);
	close(fd);
}

static void
prepare(const char *way)
{
	s = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		exit(2);
	strcpy(s->path, "./open/prog");
	strcpy(s->arg, "ok");
	strcpy(s->env, "GOOD=1");
	unlink("way");
	unlink("way2");
	if (strcmp(way, "name") == 0) {
		(void)!symlink("open", "way");
		(void)!symlink("shut", "way2");
		strcpy(s->path, "./way/prog");
	} else if (strcmp(way, "script") == 0) {
		put("way", "#!/work/open/prog ok\n");
		put("way2", "#!/work/shut/prog ok\n");
		strcpy(s->path, "./way");
	}
}

static void *
child(void *threaded)
{
	char *argv[] = { s->path, s->arg, NULL }, *env[] = { s->env, NULL };

	(void)threaded;
	execve(s->path, argv, env);
	_exit(errno == EACCES || errno == ENOENT || errno == ETXTBSY ? 3 : 4);
}

/* A thread that is not the first executes, while others flip. */
static void
threads(int *way)
{
	pthread_t t;

	if (pthread_create(&t, NULL, flip, way) != 0 ||
	    pthread_create(&t, NULL, child, s) != 0)
		_exit(5);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	static int way;
	static long tries, killed, count[128];
	pid_t other;

	if (strstr(argv[0], "exec_race") == NULL)
		return prog(argv);
	tries = argc > 2 ? atol(argv[2]) : 100;
	while (argc > 1 && strcmp(ways[way].name, argv[1]) != 0)
		way++;
	prepare(argv[1]);
	other = fork();
	if (other == 0)
		flip(&way);
	for (long i = 0; i < tries; i++) {
		const int by_thread = strcmp(argv[1], "thread") == 0;
		int status;
		pid_t pid = by_thread || i % 2 == 0 ? fork() : vfork();

		if (pid == 0 && by_thread)
			threads(&way);
		if (pid == 0)
			child(NULL);
		if (waitpid(pid, &status, 0) != pid)
			return 2;
		if (WIFSIGNALED(status))
			killed++;
		else
			count[WEXITSTATUS(status) & 127]++;
	}
	kill(other, SIGKILL);
	printf("%ld ran, %ld refused, %ld killed, %ld odd, %ld wins\n",
	    count[0], count[3], killed,
	    tries - killed - count[0] - count[3] - count[WON], count[WON]);
	return count[WON] != 0;
}

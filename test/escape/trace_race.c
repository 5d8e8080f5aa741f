/* trace_race.c -- an agent that traces its own children while they execute:
 *
 *	trace_race WAY[-path] TRIES
 *
 * Run in a directory with exec_prog.c's "open/prog" (may run, as "prog ok") and
 * "shut/prog" (may not). In each try a tracer's child executes while path and
 * argument (or the path alone) change below it; the tracer has asked for no stop that an exec
 * makes, or is killed, with its child in the middle of that. Says how often it
 * tried, how often the right thing ran, and how often something else did. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WON	77
#define REFUSED 3
#define ODD	4
#define KILLED	5

struct shared {
	char path[64], arg[16];
	volatile pid_t child;
	volatile int go;
};

static struct shared *s;
static const char *way;

static int
is(const char *what)
{
	const size_t n = strlen(what);

	return strncmp(way, what, n) == 0 && (way[n] == '\0' ||
	    way[n] == '-');
}

static void
put_word(char *at, const char *word, size_t n)
{
	memcpy(at, word, n);
	for (int i = 0; i < 200; i++)
		__asm__ volatile("" ::: "memory");
}

static void
flip(void)
{
	put_word(s->path, "./shut", 6);
	if (strchr(way, '-') == NULL)
		put_word(s->arg, "no", 2);
	put_word(s->path, "./open", 6);
	put_word(s->arg, "ok", 2);
}

/* What is to be undone about its stop: to stop, and to be let go on. */
static void
nudge(void)
{
	const pid_t pid = s->child;

	if (pid > 0) {
		kill(pid, SIGCONT);
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
	}
}

static void
child(void)
{
	char *argv[] = { s->path, s->arg, NULL }, *env[] = { NULL };
	sigset_t all;

	(void)sigfillset(&all);
	if (is("deaf"))
		(void)sigprocmask(SIG_BLOCK, &all, NULL);
	if (is("asks") || is("deaf"))
		(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
	else
		while (!s->go)
			usleep(10);
	(void)syscall(SYS_execve, s->path, argv, env);
	if (errno != EACCES && errno != ENOENT)
		perror("exec");
	_exit(errno == EACCES || errno == ENOENT ? REFUSED : ODD);
}

static void *
crash(void *arg)
{
	(void)arg;
	usleep((useconds_t)(rand() % 1500));
	__builtin_trap();
}

static void *
execute(void *arg)
{
	char path[] = "./open/prog", ok[] = "ok";
	char *argv[] = { path, ok, NULL }, *env[] = { NULL };

	(void)arg;
	usleep((useconds_t)(rand() % 1500));
	execve(path, argv, env);
	return NULL;
}

static void
threads(void)
{
	pthread_t t;

	if (is("crashes") || is("executes"))
		(void)pthread_create(&t, NULL, is("crashes") ? crash :
		    execute, NULL);
}

static int
code(int status)
{
	return WIFSIGNALED(status) ? KILLED : WEXITSTATUS(status);
}

static void
tracer(unsigned seed)
{
	pid_t pid;
	int status;

	srand(seed);
	pid = fork();
	if (pid == 0)
		child();
	s->child = pid;
	if (!is("asks") && !is("deaf") && ptrace(PTRACE_SEIZE, pid, 0,
		is("stops") ? PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD : 0) ==
	    -1)
		_exit(ODD);
	threads();
	s->go = 1;
	for (;;) {
		if (waitpid(pid, &status, __WALL) != pid)
			_exit(ODD);
		if (!WIFSTOPPED(status))
			_exit(code(status));
		(void)ptrace(is("stops") ? PTRACE_SYSCALL : PTRACE_CONT, pid,
		    0, status >> 16 != 0 || (WSTOPSIG(status) & 127) ==
		    SIGTRAP ? 0 : WSTOPSIG(status));
	}
}

/* All that a try left: its tracer, and its child if that was killed. */
static int
outcome(pid_t pid, int kills)
{
	int got = KILLED, status;
	pid_t who;

	if (kills) {
		usleep((useconds_t)(rand() % 2500));
		kill(pid, SIGKILL);
		usleep((useconds_t)(rand() % 50));
		kill(pid, SIGKILL);
		s->go = 1;
	}
	while ((who = waitpid(-1, &status, 0)) != -1) {
		const int it = code(status);

		if (who != pid || !WIFSIGNALED(status))
			got = got == WON ? WON : it;
	}
	return got;
}

static int
tries_run(long tries)
{
	const int kills = !is("asks") && !is("deaf") && !is("stops") &&
	    !is("nudged");
	long count[128] = { 0 };

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return 2;
	for (long i = 0; i < tries; i++) {
		pid_t pid;

		s->go = 0;
		s->child = 0;
		pid = fork();
		if (pid == 0)
			tracer((unsigned)i);
		count[outcome(pid, kills) & 127]++;
	}
	printf("%ld ran, %ld refused, %ld killed, %ld odd, %ld wins\n",
	    count[0], count[REFUSED], count[KILLED], tries - count[0] -
	    count[REFUSED] - count[KILLED] - count[WON], count[WON]);
	(void)fflush(stdout);
	return count[WON] != 0;
}

/* The others are not its children, so that it waits for those of a try. */
int
main(int argc, char **argv)
{
	pid_t pid;
	int status;

	if (argc != 3)
		return 2;
	way = argv[1];
	s = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return 2;
	strcpy(s->path, "./open/prog");
	strcpy(s->arg, "ok");
	pid = fork();
	if (pid == 0)
		_exit(tries_run(atol(argv[2])));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		for (int i = 0; i < 100; i++)
			flip();
		if (is("nudged"))
			nudge();
	}
	return code(status);
}

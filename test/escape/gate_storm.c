/* gate_storm.c -- an agent that asks the gate with 400 threads at once, and
 * another process that asks with one: gate_storm FILE
 *
 * Says how often the threads were served while the other one was OPENS
 * times. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define THREADS 400
#define OPENS	50

static const char *file;
static long *served;

static void *
storm(void *arg)
{
	for (;;) {
		int fd = open(file, O_RDONLY);

		if (fd != -1)
			close(fd);
		__atomic_add_fetch(served, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void
storms(void)
{
	pthread_t t;

	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&t, NULL, storm, NULL) != 0)
			_exit(2);
	storm(NULL);
}

int
main(int argc, char **argv)
{
	const struct timespec moment = { 0, 1000000 };
	long before;
	pid_t pid;

	file = argc > 1 ? argv[1] : "file";
	served = mmap(NULL, sizeof(*served), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = served == MAP_FAILED ? -1 : fork();
	if (pid == -1)
		return 2;
	if (pid == 0)
		storms();
	while (__atomic_load_n(served, __ATOMIC_SEQ_CST) < 3L * THREADS)
		(void)nanosleep(&moment, NULL);
	before = __atomic_load_n(served, __ATOMIC_SEQ_CST);
	for (int i = 0; i < OPENS; i++) {
		int fd = open(file, O_RDONLY);

		if (fd == -1)
			return 2;
		close(fd);
	}
	printf("%ld\n", __atomic_load_n(served, __ATOMIC_SEQ_CST) - before);
	(void)kill(pid, SIGKILL);
	return 0;
}

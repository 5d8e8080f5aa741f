/* gate_race.c -- an agent that races the gate: gate_race WAY SECONDS
 *
 * Run in a directory with "open/file" (may be read) and "shut/file" (may not;
 * it holds "SECRET"). Says how often it tried and how often it won. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char path[64] = "open/file";
static volatile int stop;
static long tries, wins;

static int
is_won(int fd)
{
	char text[16] = "";

	if (fd == -1)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0 &&
	    strncmp(text, "SECRET", 6) == 0) {
		close(fd);
		return 1;
	}
	close(fd);
	return 0;
}

/* the path's bytes change while the open is judged */
static void *
rewrite(void *arg)
{
	(void)arg;
	while (!stop) {
		memcpy(path, "shut", 4);
		memcpy(path, "open", 4);
	}
	return NULL;
}

/* a link leads elsewhere */
static void *
relink(void *arg)
{
	(void)arg;
	while (!stop) {
		(void)!symlink("shut/file", "link.new");
		(void)rename("link.new", "link");
		(void)!symlink("open/file", "link.new");
		(void)rename("link.new", "link");
	}
	return NULL;
}

/* a directory is another one */
static void *
swap(void *arg)
{
	(void)arg;
	while (!stop)
		(void)syscall(SYS_renameat2, AT_FDCWD, "way", AT_FDCWD,
		    "way2", 2 /* RENAME_EXCHANGE */);
	return NULL;
}

static struct sockaddr_un address = { AF_UNIX, "open/sock" };

/* an address leads to somebody outside, who counts */
static void *
readdress(void *arg)
{
	(void)arg;
	while (!stop) {
		memcpy(address.sun_path, "shut", 4);
		memcpy(address.sun_path, "open", 4);
	}
	return NULL;
}

static void
listen_inside(void)
{
	static int s;

	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(s, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(s, 4096) == -1)
		exit(2);
}

static void
connect_one(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)!connect(s, (struct sockaddr *)&address, sizeof(address));
	close(s);
}

static struct sockaddr_in port = { AF_INET };

/* an address leads to who is not under the profile, who counts */
static void *
report(void *arg)
{
	(void)arg;
	while (!stop) {
		*(volatile in_port_t *)&port.sin_port = htons(7001);
		*(volatile in_port_t *)&port.sin_port = htons(7002);
	}
	return NULL;
}

static void
listen_narrow(void)
{
	static int s;

	port.sin_port = htons(7002);
	port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(s, (struct sockaddr *)&port, sizeof(port)) == -1 ||
	    listen(s, 4096) == -1)
		exit(2);
}

static long refused;

static void
connect_port(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(s, (struct sockaddr *)&port, sizeof(port)) == -1 &&
	    errno == EACCES)
		refused++;
	close(s);
}

/* descriptors are others */
static void *
redup(void *arg)
{
	int open_dir = open("open", O_PATH), shut_dir = open("shut", O_PATH);

	(void)arg;
	while (!stop) {
		dup2(shut_dir, 50);
		dup2(open_dir, 50);
	}
	return NULL;
}

static int
try_one(const char *way)
{
	if (strcmp(way, "path") == 0)
		return is_won(open(path, O_RDONLY));
	if (strcmp(way, "link") == 0)
		return is_won(open("link", O_RDONLY));
	if (strcmp(way, "swap") == 0)
		return is_won(open("way/file", O_RDONLY));
	if (strcmp(way, "fd") == 0)
		return is_won(openat(50, "file", O_RDONLY));
	if (strcmp(way, "socket") == 0)
		connect_one();	/* won if it arrived */
	if (strcmp(way, "port") == 0)
		connect_port();	/* likewise */
	/* a new name for what is shut */
	if (strcmp(way, "hardlink") == 0) {
		if (link(path, "open/got") == 0) {
			int won = is_won(open("open/got", O_RDONLY));

			unlink("open/got");
			return won;
		}
		return 0;
	}
	/* a name written where none may be */
	if (strcmp(way, "create") == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		struct stat a, b;
		int won = fd != -1 && fstat(fd, &a) == 0 &&
		    stat("shut/file", &b) == 0 && a.st_ino == b.st_ino;

		if (fd != -1)
			close(fd);
		return won;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[1] : "path";
	time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 1);
	void *(*other)(void *) = rewrite;
	pthread_t t;

	if (strcmp(way, "link") == 0)
		other = relink;
	if (strcmp(way, "socket") == 0) {
		other = readdress;
		listen_inside();
	}
	if (strcmp(way, "port") == 0) {
		other = report;
		listen_narrow();
	}
	if (strcmp(way, "fd") == 0)
		other = redup;
	if (strcmp(way, "swap") == 0) {
		other = swap;
		(void)!symlink("open", "way");
		(void)!symlink("shut", "way2");
	}
	if (pthread_create(&t, NULL, other, NULL) != 0)
		return 2;
	while (time(NULL) < end)
		for (int i = 0; i < 200; i++, tries++)
			wins += try_one(way);
	stop = 1;
	pthread_join(t, NULL);
	printf("%ld tries, %ld wins", tries, wins);
	printf(refused > 0 ? ", some refused\n" : "\n");
	return wins != 0;
}

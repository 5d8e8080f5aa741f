/* exec_prog.c -- what exec_race executes: says by its exit code whether it may
 * run so: called "ok", without EVIL in its environment. Built as the one that
 * may and, with SHUT, as the one that may not whatever it is called.
 *
 * It starts itself, without libc, so that little of a try is its own time; it
 * can be another program's loader, too. */

#define WON 77

static __attribute__((noreturn)) void
leave(long code)
{
	for (;;) {
#ifdef __x86_64__
		long rc;

		__asm__ volatile("syscall" : "=a"(rc) : "a"(231L), "D"(code) :
		    "rcx", "r11", "memory");
#else
		register long x8 __asm__("x8") = 94, x0 __asm__("x0") = code;

		__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
#endif
	}
}

static int
begins(const char *s, const char *with)
{
	while (*with != '\0' && *s == *with)
		s++, with++;
	return *with == '\0';
}

void start(long *stack);

__attribute__((noreturn, used)) void
start(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1;
	int good = stack[0] >= 2 && begins(argv[1], "ok") &&
	    argv[1][2] == '\0' && (stack[0] == 2 || (stack[0] == 3 &&
	    begins(argv[2], "./")));

#ifdef SHUT
	good = 0;
#endif
	for (; *env != (char *)0; env++)
		if (begins(*env, "EVIL"))
			good = 0;
	leave(good ? 0 : WON);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
    "\tcall start\n");
#else
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
#endif

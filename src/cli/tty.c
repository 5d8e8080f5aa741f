#include "tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/err.h"

#define KEY_CTRL_P 0x10
#define KEY_CTRL_Q 0x11

static struct {
	struct termios before;
	volatile sig_atomic_t raw;
	bool alternate;		/* the alternate screen is shown */
	bool modes;		/* some mode was set */
} tty;

bool
tty_is_there(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

void
tty_size(uint16_t *rows, uint16_t *cols)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_row == 0)
		(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &w); /* defaults below */
	*rows = w.ws_row != 0 ? w.ws_row : 24;
	*cols = w.ws_col != 0 ? w.ws_col : 80;
}

void
tty_restore(void)
{
	if (!tty.raw)
		return;
	tty.raw = 0;
	/* What a program made the terminal say (its answers to questions) is
	 * not for the user's shell to read as typed. A terminal that is gone
	 * is fine. */
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty.before);
}

static void
on_fatal(int signo)
{
	if (tty.raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &tty.before);
	(void)raise(signo); /* SA_RESETHAND: the default action this time */
}

int
tty_raw(struct err *e)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
		SIGILL };
	struct sigaction sa = { .sa_handler = on_fatal,
		.sa_flags = (int)SA_RESETHAND };
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &tty.before) == -1)
		return err_sys(e, "read the terminal's settings");
	for (size_t i = 0; i < NELEM(fatal); i++)
		(void)sigaction(fatal[i], &sa, NULL); /* valid by the list */
	(void)atexit(tty_restore);
	raw = tty.before;
	cfmakeraw(&raw);
	tty.raw = 1;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == -1) {
		tty.raw = 0;
		return err_sys(e, "make the terminal raw");
	}
	return 0;
}

void
tty_saw(struct str out)
{
	static const char mode[] = "\033[?", seq[] = "\033[?1049";
	const char *p = out.p;
	size_t left = out.len;

	if (memmem(p, left, mode, sizeof(mode) - 1) != NULL)
		tty.modes = true;
	while ((p = memmem(p, left, seq, sizeof(seq) - 1)) != NULL) {
		p += sizeof(seq) - 1;
		left = out.len - (size_t)(p - out.p);
		if (left > 0)
			tty.alternate = *p == 'h';
	}
}

void
tty_reset_modes(bool always)
{
	/* colours off, cursor on, mouse and bracketed paste off */
	static const char reset[] = "\033[0m\033[?25h\033[?1000;1002;1003;"
	    "1006;2004l\033[?1l\033>";
	static const char leave[] = "\033[?1049l";

	if ((!always && !tty.modes) || isatty(STDOUT_FILENO) != 1)
		return;
	if (tty.alternate)
		(void)!write(STDOUT_FILENO, leave, sizeof(leave) - 1);
	(void)!write(STDOUT_FILENO, reset, sizeof(reset) - 1);
	tty.alternate = tty.modes = false;
}

bool
detach_keys_feed(struct detach_keys *k, struct str in, char *out,
    size_t *outlen)
{
	*outlen = 0;
	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i];

		if (k->held && c == KEY_CTRL_Q)
			return true;
		if (k->held)
			out[(*outlen)++] = KEY_CTRL_P;
		k->held = c == KEY_CTRL_P;
		if (!k->held)
			out[(*outlen)++] = c;
	}
	return false;
}

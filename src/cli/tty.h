/* tty.h -- the user's terminal: raw while attached, and put back whatever
 * happens to this program. */
#ifndef CLI_TTY_H
#define CLI_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;

/* Both standard input and output are terminals. */
bool tty_is_there(void);
/* Size of the terminal, or 24 x 80 if there is none. */
void tty_size(uint16_t *rows, uint16_t *cols);
/* Raw mode until tty_restore(), exit or a fatal signal of our own. */
int tty_raw(struct err *e);
void tty_restore(void);	/* not raw: nothing */

/* Watches what goes to the terminal for modes that a full-screen program
 * switches on; tty_reset_modes switches them off: always after a detach, and
 * otherwise when some were seen, since a terminal that goes on to report the
 * mouse types into the user's shell. */
void tty_saw(struct str out);
void tty_reset_modes(bool always);

/* The keys Ctrl-P Ctrl-Q. Feed it what was typed; out (at least in.len + 1)
 * gets what to send on. */
struct detach_keys {
	bool held;	/* a Ctrl-P that has not been sent on yet */
};
/* true: detach now; what comes after the keys is dropped. */
bool detach_keys_feed(struct detach_keys *k, struct str in, char *out,
    size_t *outlen);

#endif

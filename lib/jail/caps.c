#include "jail/caps.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#define CAP_NUMBER_MAX 63	/* the sets are 64 bits wide */

static int
caps_get(struct __user_cap_data_struct out[2], struct err *e)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };

	if (syscall(SYS_capget, &h, out) != 0)
		return err_sys(e, "capget");
	return 0;
}

#define PTRACE_BIT (1U << CAP_SYS_PTRACE)

/* Needs CAP_SETPCAP, which an ordinary user does not have; no_new_privs
 * makes the bounding set moot for him, since no exec can raise anything. */
static void
bounding_drop(unsigned long but)
{
	for (unsigned long c = 0; c <= CAP_NUMBER_MAX; c++)
		if (c != but && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

/* permitted: of the first 32, the only ones we ever keep. */
static int
caps_set(uint32_t permitted, uint32_t inheritable, struct err *e)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[2] = { { .permitted = permitted,
		.inheritable = inheritable } };

	if (syscall(SYS_capset, &h, set) != 0)
		return err_sys(e, "drop capabilities");
	return 0;
}

static int
ambient_clear(struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return err_sys(e, "clear ambient capabilities");
	return 0;
}

static void
bits_lock(unsigned long ambient)
{
	const unsigned long lock = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
	    SECBIT_KEEP_CAPS_LOCKED | ambient;

	/* needs CAP_SETPCAP too, and is moot without it for the same reason */
	(void)prctl(PR_SET_SECUREBITS, lock, 0, 0, 0);
}

/* The sets are what they should be: permitted has at most may. */
static int
caps_check(uint32_t may, struct err *e)
{
	struct __user_cap_data_struct now[2];

	if (caps_get(now, e) == -1)
		return -1;
	if ((now[0].permitted & ~may) != 0 || now[1].permitted != 0 ||
	    now[0].effective != 0 || now[1].effective != 0 ||
	    now[0].inheritable != 0 || now[1].inheritable != 0)
		return err_set(e, ERR_DENIED,
		    "capabilities are still there after dropping them");
	return 0;
}

static int
caps_drop(uint32_t but, struct err *e)
{
	struct __user_cap_data_struct now[2];
	bool setpcap;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "set no_new_privs");
	if (caps_get(now, e) == -1)
		return -1;
	setpcap = (now[0].effective >> CAP_SETPCAP & 1) != 0;
	if (setpcap)
		bounding_drop(CAP_NUMBER_MAX + 1);
	bits_lock(SECBIT_NO_CAP_AMBIENT_RAISE |
	    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
	if (ambient_clear(e) == -1 ||
	    caps_set(now[0].permitted & but, 0, e) == -1 ||
	    caps_check(but, e) == -1)
		return -1;
	if (setpcap && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return err_set(e, ERR_DENIED,
		    "the bounding set still holds CAP_SYS_ADMIN");
	return 0;
}

int
caps_drop_all(struct err *e)
{
	return caps_drop(0, e);
}

int
caps_keep_ptrace(struct err *e)
{
	return caps_drop(PTRACE_BIT, e);
}

int
caps_hand_on_ptrace(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "set no_new_privs");
	bounding_drop(CAP_SYS_PTRACE);
	bits_lock(0);
	if (caps_set(PTRACE_BIT, PTRACE_BIT, e) == -1)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0,
		0) != 0)
		return err_sys(e, "hand CAP_SYS_PTRACE on");
	return 0;
}

int
caps_ptrace(bool on)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[2] = { {
		.permitted = PTRACE_BIT, .effective = on ? PTRACE_BIT : 0 } };

	return (int)syscall(SYS_capset, &h, set);
}

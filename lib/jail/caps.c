#include "jail/caps.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
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

/* Needs CAP_SETPCAP, which an ordinary user does not have; no_new_privs
 * makes the bounding set moot for him, since no exec can raise anything. */
static void
bounding_drop(void)
{
	for (unsigned long c = 0; c <= CAP_NUMBER_MAX; c++)
		if (prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

static int
caps_clear(struct err *e)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	const unsigned long lock = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
	    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
	    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	/* needs CAP_SETPCAP too, and is moot without it for the same reason */
	(void)prctl(PR_SET_SECUREBITS, lock, 0, 0, 0);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return err_sys(e, "clear ambient capabilities");
	if (syscall(SYS_capset, &h, none) != 0)
		return err_sys(e, "drop capabilities");
	return 0;
}

int
caps_drop_all(struct err *e)
{
	struct __user_cap_data_struct now[2];
	bool setpcap;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "set no_new_privs");
	if (caps_get(now, e) == -1)
		return -1;
	setpcap = (now[0].effective >> CAP_SETPCAP & 1) != 0;
	if (setpcap)
		bounding_drop();
	if (caps_clear(e) == -1 || caps_get(now, e) == -1)
		return -1;
	for (int i = 0; i < 2; i++)
		if ((now[i].effective | now[i].permitted |
			now[i].inheritable) != 0)
			return err_set(e, ERR_DENIED,
			    "capabilities are still there after dropping them");
	if (setpcap && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
		return err_set(e, ERR_DENIED,
		    "the bounding set still holds CAP_SYS_ADMIN");
	return 0;
}

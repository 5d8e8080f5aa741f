/* profile.c -- by which policy a process is judged: the sandbox's, and that of
 * each profile in its tag (jail/tag.h). */
#include <errno.h>

#include "broker/command.h"
#include "jail/tag.h"
#include "policy/image.h"

int
profile_take(struct ask *a)
{
	int rc;

	a->image = a->b->image;
	a->profiles = 0;
	if (image_profiles(a->image) == 0)
		return 0;
	rc = tag_get(a->tid, &a->profiles);
	if (rc != 0)
		return rc;
	return caller_waits(a) ? 0 : -ESRCH;
}

int
profile_enter(struct broker *b, pid_t pid, uint64_t profiles)
{
	if (profiles == 0)
		return 0;
	if ((profiles & ~image_profiles_all(b->image)) != 0)
		return -1;
	return tag_add(pid, profiles) == 0 ? 0 : -1;
}

/* profile.c -- by which policy a process is judged. */
#include "broker/command.h"

const struct image *
profile_image(const struct ask *a)
{
	return a->b->image;
}

int
profile_enter(struct broker *b, pid_t pid, struct str profile)
{
	(void)b;
	(void)pid;
	return profile.len == 0 ? 0 : -1;
}

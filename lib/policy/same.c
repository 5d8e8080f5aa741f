/* same.c -- files by device, inode and content. */
#include "policy/same.h"

#include <string.h>

static bool
is_same(const struct same_known *k, const struct file_id *file, bool copies)
{
	bool inode = k->id.dev == file->dev && k->id.ino == file->ino;
	bool content = memcmp(k->id.hash, file->hash, SHA256_BYTES) == 0;

	return copies ? inode || content : k->path && inode && content;
}

/* Puts it in its place; there are few. */
static uint32_t
add(uint32_t *out, uint32_t n, uint32_t cap, uint32_t command)
{
	uint32_t at = n < cap ? n : cap;

	for (uint32_t i = 0; i < at; i++)
		if (out[i] == command)
			return n;
	if (n >= cap)
		return n + 1;
	for (; at > 0 && out[at - 1] > command; at--)
		out[at] = out[at - 1];
	out[at] = command;
	return n + 1;
}

uint32_t
same_find(const struct same_known *v, uint32_t n, const struct file_id *file,
    bool copies, uint32_t *out, uint32_t cap)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++)
		if (is_same(&v[i], file, copies))
			found = add(out, found, cap, v[i].command);
	return found;
}

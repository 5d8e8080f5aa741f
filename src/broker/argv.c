/* argv.c -- a caller's arguments and environment, copied once.
 *
 * What the kernel copies a moment later may differ, since others can write to
 * the same memory: stop.c compares. */
#include <errno.h>
#include <string.h>

#include "broker/command.h"

#define WINDOW 16384	/* strings mostly stand close to each other */
#define BATCH  512	/* pointers */

struct copier {
	const struct ask *a;
	struct arena *arena;
	size_t bytes;		/* of all strings so far */
	uint32_t strings;
	uint64_t at;		/* of what is in the window */
	size_t len;
	char window[WINDOW];
};

/* What of the window begins at that address; how many bytes, 0: none. */
static size_t
in_window(const struct copier *c, uint64_t at)
{
	return at < c->at || at - c->at >= c->len ? 0 :
						    c->len - (at - c->at);
}

static int
window_fill(struct copier *c, uint64_t at)
{
	ssize_t n = caller_some(c->a, at, c->window, sizeof(c->window));

	c->at = at;
	c->len = n < 0 ? 0 : (size_t)n;
	return n <= 0 ? -EFAULT : 0;
}

/* All of its bytes are read once. */
static int
copy_string(struct copier *c, uint64_t at, struct str *out)
{
	static char text[COMMAND_STRING_MAX];
	size_t len = 0, n, part;
	const char *from, *end = NULL;
	char *p;

	while (end == NULL) {
		if (in_window(c, at + len) == 0 &&
		    window_fill(c, at + len) != 0)
			return -EFAULT;
		n = in_window(c, at + len);
		from = c->window + (at + len - c->at);
		end = memchr(from, '\0', n);
		part = end == NULL ? n : (size_t)(end - from);
		if (len + part >= sizeof(text))
			return -E2BIG;
		memcpy(text + len, from, part);
		len += part;
	}
	c->bytes += len + 1;
	if (c->bytes > COMMAND_BYTES_MAX)
		return -E2BIG;
	p = arena_strdup(c->arena, str_of(text, len));
	if (p == NULL)
		return -E2BIG;
	*out = str_of(p, len);
	return 0;
}

/* How many pointers stand there before a NULL, in the arena. */
static int
copy_pointers(struct copier *c, uint64_t at, uint64_t **out, uint32_t *count)
{
	uint32_t cap = 0, n = 0;
	uint64_t *v = NULL, *more;

	for (;;) {
		ssize_t got;

		if (n + BATCH > cap) {
			cap = cap == 0 ? BATCH : 2 * cap;
			more = arena_alloc(c->arena, cap, sizeof(*v));
			if (more == NULL)
				return -E2BIG;
			if (n > 0)
				memcpy(more, v, n * sizeof(*v));
			v = more;
		}
		got = caller_some(c->a, at + n * sizeof(*v), v + n,
		    BATCH * sizeof(*v));
		if (got < (ssize_t)sizeof(*v))
			return -EFAULT;
		for (size_t i = 0; i < (size_t)got / sizeof(*v); i++, n++)
			if (v[n] == 0) {
				*out = v;
				*count = n;
				return 0;
			}
		if (n > COMMAND_STRINGS_MAX)
			return -E2BIG;
	}
}

/* One more than there are: an empty list gets an empty string. */
static int
copy_list(struct copier *c, uint64_t at, struct str **out, uint32_t *count)
{
	uint64_t *from = NULL;
	struct str *v;
	uint32_t n = 0;
	int rc = at == 0 ? 0 : copy_pointers(c, at, &from, &n);

	if (rc != 0)
		return rc;
	c->strings += n;
	v = arena_alloc(c->arena, n + 1, sizeof(*v));
	if (c->strings > COMMAND_STRINGS_MAX || v == NULL)
		return -E2BIG;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = copy_string(c, from[i], &v[i]);
	v[n] = STR("");
	*out = v;
	*count = n;
	return rc;
}

int
args_copy(const struct ask *a, uint64_t argv, uint64_t env,
    struct arena *arena, struct args *out)
{
	static struct copier c;
	int rc;

	c.a = a;
	c.arena = arena;
	c.bytes = 0;
	c.strings = 0;
	c.len = 0;
	rc = copy_list(&c, argv, &out->argv, &out->argc);
	if (rc == 0)
		rc = copy_list(&c, env, &out->env, &out->nenv);
	if (rc == 0 && out->argc == 0)
		out->argc = 1;	/* as the kernel does */
	return rc == 0 && !caller_waits(a) ? -ESRCH : rc;
}

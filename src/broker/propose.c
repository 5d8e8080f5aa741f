/* propose.c -- what a person is told about an exec that waits for a word.
 *
 * What is in it of the agent (arguments, the file's text) is for eyes only;
 * the answer is to the hash. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/must.h"
#include "broker/review.h"
#include "msg/body.h"

#define MESSAGE_BYTES 32768
#define LINK_BYTES    1400	/* of one process */
#define WORDS_BYTES   300	/* of its arguments */
#define SAY_WAIT_MS   20000	/* the log takes nothing: then nothing runs */

struct links { /* who asks, and above */
	char text[PROPOSAL_CHAIN_MAX][LINK_BYTES];
	uint32_t n;
};

static size_t
proc_text(const struct broker *b, pid_t pid, const char *what, char *out,
    size_t cap)
{
	char path[40];
	CLEAN_FD int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/%s", (int)pid, what);
	fd = openat(b->proc, path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, out, cap - 1);
	if (n < 0)
		n = 0;
	out[n] = '\0';
	return (size_t)n;
}

static pid_t
parent_of(const struct broker *b, pid_t pid)
{
	char text[1024];
	const char *at;
	int ppid = 0;

	(void)proc_text(b, pid, "stat", text, sizeof(text));
	at = strrchr(text, ')'); /* the name before may hold anything */
	if (at == NULL || sscanf(at, ") %*c %d", &ppid) != 1)
		return 0;
	return ppid;
}

/* Its file, which it cannot choose, and what it says its arguments are. */
static bool
link_put(const struct broker *b, pid_t pid, char out[LINK_BYTES])
{
	char path[40], exe[LINK_BYTES - WORDS_BYTES - 8], words[WORDS_BYTES];
	size_t len = proc_text(b, pid, "cmdline", words, sizeof(words));
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/exe", (int)pid);
	n = readlinkat(b->proc, path, exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	for (size_t i = 0; i + 1 < len; i++)
		if (words[i] == '\0')
			words[i] = ' ';
	(void)snprintf(out, LINK_BYTES, "%s (%s)", exe, words);
	return true;
}

/* Up to openshell-init, which is nobody's agent. */
static void
links_find(const struct ask *a, struct links *l)
{
	struct caller_ids ids;
	pid_t pid, up;

	l->n = 0;
	if (caller_ids(a, &ids) != 0)
		return;
	for (pid = ids.tgid; pid > 1 && l->n < PROPOSAL_CHAIN_MAX; pid = up) {
		up = parent_of(a->b, pid);
		if (up <= 1 || !link_put(a->b, pid, l->text[l->n]))
			return;
		l->n++;
	}
}

static struct str
words_of(const struct args *v, char out[PROPOSAL_ARGS_BYTES_MAX])
{
	size_t at = 0;

	for (uint32_t i = 0; i < v->argc; i++) {
		struct str s = str_upto(v->argv[i],
		    PROPOSAL_ARGS_BYTES_MAX - at);

		memcpy(out + at, s.p, s.len);
		at += s.len;
		if (at == PROPOSAL_ARGS_BYTES_MAX)
			break;
		out[at++] = ' ';
	}
	return str_trim(str_of(out, at));
}

/* A file's beginning is shown if it is text. */
static struct str
head_of(const struct content *c)
{
	const struct str head = str_of(c->head, c->head_len);

	return c->binary || str_index(head, '\0') != head.len ? STR("") :
	    str_upto(head, PROPOSAL_HEAD_BYTES_MAX);
}

unsigned char *
propose_message(const struct ask *a, const struct program *p,
    const struct program_file *file, const struct content *c,
    const char *reason, size_t *len)
{
	static struct links links;
	char words[PROPOSAL_ARGS_BYTES_MAX];
	struct subject subject = subject_of(c->hash);
	struct wbuf w = { .p = mem_alloc(1, MESSAGE_BYTES),
		.cap = MESSAGE_BYTES };
	struct caller_ids ids = { 0 };
	struct proposal v = { .kind = PROPOSAL_CODE,
		.subject = str_c(subject.text), .path = file->path.len > 0 ?
		file->path : file->name, .size = c->size,
		.args = words_of(&p->args, words), .head = head_of(c),
		.reason = str_c(reason) };

	links_find(a, &links);
	if (caller_ids(a, &ids) == 0)
		v.pid = (uint32_t)ids.in_tgid;
	for (v.n = 0; v.n < links.n; v.n++)
		v.chain[v.n] = str_c(links.text[v.n]);
	v.path = str_upto(v.path, PATH_BYTES_MAX);
	proposal_put(&w, &v);
	*len = w.len;
	if (!w.over)
		return w.p;
	free(w.p);
	return NULL;
}

static void
send_it(struct broker *b, enum msg_type t, struct str body)
{
	if (chan_send_wait(&b->control, t, 0, body, NULL, 0, SAY_WAIT_MS,
		NULL) != 1)
		_exit(1);
}

void
propose_say(struct broker *b, struct str message)
{
	send_it(b, MSG_PROPOSAL_PUT, message);
}

void
propose_over(struct broker *b, const struct subject *s, bool late)
{
	const struct proposal_over v = { .kind = PROPOSAL_CODE,
		.subject = str_c(s->text), .late = late };
	unsigned char room[256];
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	proposal_over_put(&w, &v);
	must(!w.over);
	send_it(b, MSG_PROPOSAL_OVER, str_of((const char *)room, w.len));
}

/* event_exec.c -- a command for the log: how it was called, by whom, and what
 * became of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/mask.h"
#include "base/clock.h"
#include "base/must.h"
#include "broker/command.h"
#include "msg/body.h"
#include "policy/profile.h"

#define SLOTS	     64
#define EVENT_BYTES  24576
#define DUE_MS	     1000
#define SEND_WAIT_MS 20000 /* the log takes nothing: then nothing runs */

/* The same again (but for the process) is counted, and said once a second, or
 * when another needs its place. */
struct slot { /* len 0: free */
	unsigned char *bytes;
	size_t len;
	uint32_t more;
};

static struct {
	struct slot slots[SLOTS];
	unsigned next;
	bool pending;
	int64_t due;
} events;

struct line {
	char text[BROKER_COMMAND_BYTES_MAX];
	size_t len;
	bool cut;
};

static void
line_add(struct line *l, const char *p, size_t n)
{
	const size_t room = sizeof(l->text) - 48; /* for how long it was */

	if (l->len + n > room) {
		l->cut = true;
		n = room - l->len;
	}
	memcpy(l->text + l->len, p, n);
	l->len += n;
}

static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (ch <= ' ' || ch >= 0x7f || strchr("'\"\\$`*?[]{}()<>|&;#~!",
		    ch) != NULL)
			return false;
	}
	return s.len > 0;
}

/* As a shell would be given it. */
static void
line_word(struct line *l, struct str s)
{
	if (l->len > 0)
		line_add(l, " ", 1);
	if (is_plain(s)) {
		line_add(l, s.p, s.len);
		return;
	}
	line_add(l, "'", 1);
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\'')
			line_add(l, "'\\''", 4);
		else
			line_add(l, s.p + i, 1);
	line_add(l, "'", 1);
}

static void
line_make(struct line *l, const struct program *p)
{
	struct mask m = { 0 };
	char buf[MASK_BYTES_MAX];
	size_t all = 0;

	l->len = 0;
	l->cut = false;
	for (uint32_t i = 0; i < p->args.argc; i++) {
		all += p->args.argv[i].len + 1;
		if (!l->cut)
			line_word(l, mask_argument(&m, p->args.argv[i], buf));
	}
	if (l->cut)
		l->len += (size_t)snprintf(l->text + l->len,
		    sizeof(l->text) - l->len, "... (%zu bytes)", all);
	l->text[l->len] = '\0';
}

static struct str
callers_text(const struct ask *a, char out[BROKER_CALLERS_BYTES_MAX])
{
	struct str v[CALLERS_MAX];
	uint32_t n = command_callers(a, v);
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		int put = snprintf(out + len, BROKER_CALLERS_BYTES_MAX - len,
		    "%s%.*s", i > 0 ? ", " : "", (int)v[i].len, v[i].p);

		if (put < 0 || (size_t)put >= BROKER_CALLERS_BYTES_MAX - len)
			break;
		len += (size_t)put;
	}
	return str_of(out, len);
}

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

static void
say(struct broker *b, struct slot *s, uint32_t count)
{
	struct wbuf head = { s->bytes, 0, sizeof(count), false };

	put_u32(&head, count);
	if (chan_send_wait(&b->control, MSG_BROKER_EXEC, 0,
		str_of((const char *)s->bytes, s->len), NULL, 0, SEND_WAIT_MS,
		NULL) != 1)
		_exit(1);
	s->more = 0;
}

/* Count and process stand in front. */
static bool
is_same(const struct slot *s, const unsigned char *bytes, size_t len)
{
	return s->len == len && memcmp(s->bytes + BROKER_EXEC_SAME,
	    bytes + BROKER_EXEC_SAME, len - BROKER_EXEC_SAME) == 0;
}

static void
put(struct broker *b, const struct broker_exec *v)
{
	static unsigned char room[EVENT_BYTES];
	struct wbuf w = { room, 0, sizeof(room), false };
	struct slot *s;

	broker_exec_put(&w, v);
	must(!w.over);	/* the fields are bounded */
	for (unsigned i = 0; i < SLOTS; i++) {
		s = &events.slots[i];
		if (!is_same(s, room, w.len))
			continue;
		s->more++;
		if (!events.pending)
			events.due = now_ms() + DUE_MS;
		events.pending = true;
		return;
	}
	s = &events.slots[events.next];
	events.next = (events.next + 1) % SLOTS;
	if (s->more > 0)
		say(b, s, s->more);
	free(s->bytes);
	s->bytes = mem_alloc(w.len, 1);
	memcpy(s->bytes, room, w.len);
	s->len = w.len;
	say(b, s, 1);
}

int
event_exec_wait_ms(void)
{
	int64_t left = events.due - now_ms();

	if (!events.pending)
		return -1;
	return left < 0 ? 0 : (int)left;
}

/* A second later the same is told anew. */
void
event_exec_flush(struct broker *b)
{
	if (!events.pending || events.due > now_ms())
		return;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (events.slots[i].more > 0)
			say(b, &events.slots[i], events.slots[i].more);
		events.slots[i].len = 0;
	}
	events.pending = false;
}

void
event_exec(const struct ask *a, const struct program *p,
    const struct exec_answer *v)
{
	static struct line line;
	char callers[BROKER_CALLERS_BYTES_MAX], rule[512] = "";
	char profile[256];
	struct broker_exec e = { .count = 1,
		.allowed = v->verdict == VERDICT_ALLOW,
		.judged = v->judged == VERDICT_ALLOW,
		.reason = str_c(v->reason) };
	struct caller_ids ids;

	line_make(&line, p);
	e.command = str_of(line.text, line.len);
	e.path = p->files[0].path.len > 0 ? p->files[0].path :
					    p->files[0].name;
	if (caller_ids(a, &ids) == 0)
		e.pid = (uint32_t)ids.in_tgid;
	e.callers = callers_text(a, callers);
	profiles_print(a->image, a->profiles | v->profiles, profile,
	    sizeof(profile));
	e.profile = str_c(profile);
	if (v->rule.file.len > 0)
		(void)snprintf(rule, sizeof(rule), "%.*s:%u: %.*s",
		    (int)v->rule.file.len, v->rule.file.p, v->rule.line,
		    (int)v->rule.text.len, v->rule.text.p);
	e.rule = str_c(rule);
	put(a->b, &e);
	if (!e.allowed)
		tell_denied(a, e.path, v->reason);
}

/* Its arguments as they are on its stack, between blanks. */
static struct str
actual_command(const struct ask *who, char *text, size_t cap)
{
	ssize_t n = caller_text(who, "cmdline", text, cap);

	for (ssize_t i = 0; i + 1 < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return str_of(text, n <= 0 ? 0 : (size_t)n - 1);
}

void
event_replaced(struct broker *b, pid_t pid, const char *bad, bool allowed)
{
	const struct ask who = { .b = b, .tid = pid };
	char path[PATH_BYTES_MAX], command[2048], reason[REASON_BYTES_MAX];
	char callers[BROKER_CALLERS_BYTES_MAX];
	struct broker_exec e = { .count = 1, .allowed = allowed };
	struct caller_ids ids;

	e.path = str_of(path, caller_exe(&who, path));
	e.command = actual_command(&who, command, sizeof(command));
	e.callers = callers_text(&who, callers);
	(void)snprintf(reason, sizeof(reason), "what was judged was changed "
	    "before it could run: this is %s%s", bad, allowed ? "" :
	    ", and it was killed");
	e.reason = str_c(reason);
	if (caller_ids(&who, &ids) == 0)
		e.pid = (uint32_t)ids.in_tgid;
	put(b, &e);
	if (!allowed)
		tell_denied(&who, e.path, reason);
}

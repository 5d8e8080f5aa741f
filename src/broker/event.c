/* event.c -- what the log is to hear of: each answer that was not plainly yes.
 *
 * The first of its kind goes out at once. The same again (thread, path and
 * access) is counted, and said once a second, or when another needs its
 * place: no event is lost, and a loop that is denied does not fill the log. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "broker/broker.h"
#include "msg/body.h"
#include "policy/files.h"

#define SLOTS	    16
#define EVENT_BYTES 12288
#define DUE_MS	    1000
#define SEND_WAIT_MS 20000 /* the log takes nothing: then nothing opens */

struct slot { /* len 0: free */
	uint64_t key;
	uint32_t more;		/* times since it was last said */
	size_t len;
	unsigned char bytes[EVENT_BYTES];
};

static struct {
	struct slot slots[SLOTS];
	unsigned next;		/* to be given away */
	bool pending;
	int64_t due;		/* ms */
} events;

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

static void
say(struct broker *b, struct slot *s, uint32_t count)
{
	struct wbuf head = { s->bytes, 0, sizeof(uint32_t), false };

	put_u32(&head, count);
	if (chan_send_wait(&b->control, MSG_BROKER_EVENT, 0,
		str_of((const char *)s->bytes, s->len), NULL, 0, SEND_WAIT_MS,
		NULL) != 1)
		_exit(1);
	s->more = 0;
}

static uint64_t
key_of(const struct ask *a, const char *path, unsigned access)
{
	uint64_t h = UINT64_C(1469598103934665603) ^ (uint64_t)a->tid ^
	    (uint64_t)access << 32;

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return h;
}

static void
fill(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got, struct slot *s)
{
	char exe[PATH_BYTES_MAX], rule[512];
	struct broker_event v = { .count = 1,
		.allowed = got->verdict == VERDICT_ALLOW,
		.write = (access & FILE_WRITE) != 0, .path = str_c(path),
		.reason = str_c(got->reason) };
	struct wbuf w = { s->bytes, 0, sizeof(s->bytes), false };
	struct caller_ids ids;

	if (caller_ids(a, &ids) == 0)
		v.pid = (uint32_t)ids.in_tgid;
	v.exe = str_of(exe, caller_exe(a, exe));
	if (got->rule.file.len > 0)
		(void)snprintf(rule, sizeof(rule), "%.*s:%u: %.*s",
		    (int)got->rule.file.len, got->rule.file.p,
		    got->rule.line, (int)got->rule.text.len,
		    got->rule.text.p);
	else
		rule[0] = '\0';
	v.rule = str_c(rule);
	broker_event_put(&w, &v);
	s->len = w.over ? 0 : w.len;
}

void
event_denied(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got)
{
	const uint64_t key = key_of(a, path, access);
	struct slot *s;

	for (unsigned i = 0; i < SLOTS; i++) {
		s = &events.slots[i];
		if (s->len == 0 || s->key != key)
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
		say(a->b, s, s->more);
	fill(a, path, access, got, s);
	s->key = key;
	if (s->len > 0)
		say(a->b, s, 1);
}

int
event_wait_ms(void)
{
	int64_t left = events.due - now_ms();

	if (!events.pending)
		return -1;
	return left < 0 ? 0 : (int)left;
}

/* A second later the same is told anew, not counted. */
void
event_flush(struct broker *b)
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

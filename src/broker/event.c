/* event.c -- what the log is to hear of: each answer that was not plainly yes,
 * and where the policy only watches (policy_mode: audit) each answer.
 *
 * The first of its kind goes out at once. The same again (who, path, access)
 * is counted, and said once a second, or when another needs its place: no
 * event is lost, and a loop that is denied does not fill the log.
 *
 * Who is denied other names all the time could still fill it. So denials have
 * an allowance; beyond it they are counted by the rule that denies, and said
 * once a second with one name of them. What is only watched has none: each is
 * said, and a log that is slow makes the callers wait. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "broker/broker.h"
#include "msg/body.h"
#include "policy/files.h"
#include "policy/profile.h"

#define SLOTS	     1024
#define SLOT_BYTES_MAX 4194304 /* of all of them together */
#define CROWDS	     16		/* rules whose denials are counted together */
#define EVENT_BYTES  12288
#define DUE_MS	     1000
#define ALLOWANCE_MAX 200	/* denials that are said one by one at once, */
#define ALLOWANCE_MS 20		/* and how soon there is one more */
#define SEND_WAIT_MS 20000 /* the log takes nothing: then nothing opens */

struct slot { /* len 0: free */
	uint64_t hash;		/* of what it is found by */
	pid_t who;
	unsigned access;
	uint32_t more;		/* times since it was last said */
	char *path;
	unsigned char *bytes;
	size_t len;
};

static struct {
	struct slot slots[SLOTS], crowds[CROWDS];
	size_t bytes;		/* of all slots */
	unsigned next;		/* to be given away */
	bool pending;
	int64_t due;		/* ms */
	uint64_t seed;
	int64_t allowance, since;
} events = { .allowance = ALLOWANCE_MAX };

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

static void
forget(struct broker *b, struct slot *s)
{
	if (s->len > 0 && s->more > 0)
		say(b, s, s->more);
	events.bytes -= s->len;
	free(s->path);
	free(s->bytes);
	*s = (struct slot){ 0 };
}

static void
count_one(struct slot *s)
{
	s->more++;
	if (!events.pending)
		events.due = now_ms() + DUE_MS;
	events.pending = true;
}

static void
rule_text(const struct file_answer *got, char out[512])
{
	if (got->rule.file.len == 0)
		out[0] = '\0';
	else if (got->rule.line == 0)
		(void)snprintf(out, 512, "%.*s: %.*s",
		    (int)got->rule.file.len, got->rule.file.p,
		    (int)got->rule.text.len, got->rule.text.p);
	else
		(void)snprintf(out, 512, "%.*s:%u: %.*s",
		    (int)got->rule.file.len, got->rule.file.p,
		    got->rule.line, (int)got->rule.text.len,
		    got->rule.text.p);
}

static void
fill(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got, const char *reason, struct slot *s)
{
	unsigned char room[EVENT_BYTES];
	char exe[PATH_BYTES_MAX], rule[512], profile[256];
	struct broker_event v = { .count = 1,
		.allowed = got->verdict == VERDICT_ALLOW,
		.judged = got->judged == VERDICT_ALLOW,
		.write = (access & FILE_WRITE) != 0, .path = str_c(path),
		.reason = str_c(reason) };
	struct wbuf w = { room, 0, sizeof(room), false };
	struct caller_ids ids;

	if (caller_ids(a, &ids) == 0)
		v.pid = (uint32_t)ids.in_tgid;
	v.exe = str_of(exe, caller_exe(a, exe));
	profiles_print(a->image, a->profiles, profile, sizeof(profile));
	v.profile = str_c(profile);
	rule_text(got, rule);
	v.rule = str_c(rule);
	broker_event_put(&w, &v);
	must(!w.over);	/* the fields are bounded, and together less */
	s->bytes = mem_alloc(w.len, 1);
	memcpy(s->bytes, room, w.len);
	s->len = w.len;
	events.bytes += w.len;
}

/* ---- beyond the allowance */

static bool
is_spent(void)
{
	const int64_t now = now_ms();

	events.allowance += (now - events.since) / ALLOWANCE_MS;
	events.since = now - (now - events.since) % ALLOWANCE_MS;
	if (events.allowance > ALLOWANCE_MAX)
		events.allowance = ALLOWANCE_MAX;
	if (events.allowance == 0)
		return true;
	events.allowance--;
	return false;
}

static void
join_crowd(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got)
{
	const size_t i = (size_t)(got->rule.line + access) % CROWDS;
	struct slot *s = &events.crowds[i];
	char why[1024];

	if (s->len == 0) {
		(void)snprintf(why, sizeof(why), "%s; this and other names, "
		    "denied faster than they are recorded one by one",
		    got->reason);
		fill(a, path, access, got, why, s);
	}
	count_one(s);
}

/* ---- one event */

/* The seed keeps the sandbox from finding two names that count as one; the
 * names are compared all the same. */
static uint64_t
hash_of(pid_t who, const char *path, unsigned access)
{
	uint64_t h = UINT64_C(1469598103934665603) ^ events.seed ^
	    (uint64_t)who ^ (uint64_t)access << 32;

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return h;
}

static struct slot *
find(uint64_t hash, pid_t who, const char *path, unsigned access)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &events.slots[i];

		if (s->hash == hash && s->len > 0 && s->who == who &&
		    s->access == access && strcmp(s->path, path) == 0)
			return s;
	}
	return NULL;
}

static struct slot *
room_for_one(struct broker *b)
{
	struct slot *s;

	do {
		s = &events.slots[events.next];
		events.next = (events.next + 1) % SLOTS;
		forget(b, s);
	} while (events.bytes > SLOT_BYTES_MAX);
	return s;
}

static void
event(const struct ask *a, pid_t who, const char *path, unsigned access,
    const struct file_answer *got)
{
	uint64_t hash;
	struct slot *s;

	if (events.seed == 0) /* fails only if it is none of the kernel's */
		(void)!getrandom(&events.seed, sizeof(events.seed), 0);
	hash = hash_of(who, path, access);
	s = find(hash, who, path, access);
	if (s != NULL) {
		count_one(s);
		return;
	}
	if (got->verdict == VERDICT_DENY && is_spent()) {
		join_crowd(a, path, access, got);
		return;
	}
	s = room_for_one(a->b);
	fill(a, path, access, got, got->reason, s);
	s->hash = hash;
	s->who = who;
	s->access = access;
	s->path = mem_strdup(path);
	say(a->b, s, 1);
}

void
event_denied(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got)
{
	event(a, a->tid, path, access, got);
}

void
event_seen(const struct ask *a, const char *path, unsigned access,
    const struct file_answer *got)
{
	struct caller_ids ids;

	event(a, caller_ids(a, &ids) == 0 ? ids.tgid : a->tid, path, access,
	    got);
}

void
event_apart(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		events.slots[i].more = 0;
	memset(events.crowds, 0, sizeof(events.crowds));
	events.pending = false;
}

void
event_end(struct broker *b)
{
	events.due = 0;
	event_flush(b);
}

int
event_wait_ms(void)
{
	int64_t left = events.due - now_ms();

	if (!events.pending)
		return -1;
	return left < 0 ? 0 : (int)left;
}

void
event_flush(struct broker *b)
{
	if (!events.pending || events.due > now_ms())
		return;
	events.pending = false;
	for (unsigned i = 0; i < SLOTS; i++)
		if (events.slots[i].more > 0)
			say(b, &events.slots[i], events.slots[i].more);
	for (unsigned i = 0; i < CROWDS; i++)
		forget(b, &events.crowds[i]);
}

/* control.c -- what the supervisor says, and what it is told. */
#include <unistd.h>

#include "base/clean.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "caller.h"
#include "dropped.h"
#include "egress.h"
#include "msg/body.h"
#include "scan/scan.h"
#include "sift.h"
#include "tls/jks.h"

#define START_WAIT_MS 30000
#define SEND_WAIT_MS  1000	/* the supervisor reads at once, or is gone */

void
control_say(struct egress *eg, enum msg_type t, uint32_t id,
    const struct wbuf *w)
{
	struct err e = { 0 };

	must(!w->over);
	if (chan_send_wait(&eg->control, t, id,
		str_of((const char *)w->p, w->len), NULL, 0, SEND_WAIT_MS,
		&e) == -1)
		die("%s", e.text);
}

/* ---- start ---- */

static void
tell_ready(struct egress *eg, const struct ca *ca)
{
	unsigned char bytes[16384], store[JKS_BYTES_MAX];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct egress_ready r = { .ca_pem = ca_pem(ca),
		.truststore = ca_truststore(ca, store) };

	egress_ready_put(&w, &r);
	control_say(eg, MSG_EGRESS_READY, 0, &w);
}

static int
start_with(struct egress *eg, struct msg *m, int roots_fd, struct err *e)
{
	CLEAN_FD int image = msg_take_fd(m, EGRESS_FD_IMAGE);
	struct rbuf r = rbuf_of(m->body);
	struct egress_start s;
	struct ca *ca;

	if (m->type != MSG_EGRESS_START || egress_start_get(&r, &s) == -1 ||
	    m->nfds < 2)
		return err_set(e, ERR_PEER,
		    "the supervisor did not begin with EGRESS_START");
	memcpy(eg->id, s.id, sizeof(eg->id));
	memcpy(eg->name, s.name, sizeof(eg->name));
	eg->generation = s.generation;
	if (image_open(image, &eg->image, e) == -1)
		return -1;
	eg->rates = rates_new(eg->image, NULL, clock_mono());
	eg->scan = sift_scan(eg->image);
	if (resolve_parse(s.resolve, &eg->resolve, e) == -1 ||
	    audit_sender_use(&eg->audit, msg_take_fd(m, EGRESS_FD_AUDIT),
		e) == -1 ||
	    ca_new(str_c(eg->name), &ca, e) == -1)
		return -1;
	eg->tls = tls_new(ca, roots_fd, msg_take_fd(m, EGRESS_FD_CA));
	tell_ready(eg, ca);
	return 0;
}

int
control_start(struct egress *eg, int roots_fd, struct err *e)
{
	struct msg m;
	enum chan_got got = chan_recv_wait(&eg->control, eg->msg, &m,
	    START_WAIT_MS, e);
	int rc;

	if (got == CHAN_ERROR)
		return -1;
	if (got != CHAN_MSG)
		return err_set(e, ERR_PEER, "the supervisor says nothing");
	rc = start_with(eg, &m, roots_fd, e);
	msg_close(&m);
	return rc;
}

/* ---- policy ---- */

static void
acknowledge(struct egress *eg, uint32_t id, uint64_t generation, bool ok,
    const char *reason)
{
	unsigned char bytes[1024];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
	struct reply p = { .ok = ok, .number = generation };

	(void)str_copy(str_upto(str_c(reason), sizeof(p.reason) - 1),
	    p.reason, sizeof(p.reason));
	reply_put(&w, &p);
	control_say(eg, MSG_POLICY_ACK, id, &w);
}

/* Everything after this line is judged by the new image; what still runs is
 * judged again, and no kept connection outlives the policy it was made
 * under. */
static void
swap_policy(struct egress *eg, struct image *image, uint64_t generation)
{
	struct image *old = eg->image;
	bool limited;

	eg->image = image;
	eg->generation = generation;
	limited = rates_any(eg->rates);
	eg->rates = rates_new(image, eg->rates, loop_now(eg->loop));
	if (limited || rates_any(eg->rates))
		usage_on_time(eg->loop, eg); /* there may be none now */
	scan_free(eg->scan);	/* a body that is under way keeps it */
	eg->scan = sift_scan(image);
	up_pool_close(eg);
	for (uint32_t i = 0; i < CONN_COUNT_MAX && eg->nconns > 0; i++)
		if (eg->conns[i] != NULL)
			conn_rejudge(eg->conns[i]);
	image_free(old);
}

static int
on_policy(struct egress *eg, struct msg *m, struct err *e)
{
	CLEAN_FD int fd = msg_take_fd(m, 0);
	struct rbuf r = rbuf_of(m->body);
	struct image *image;
	struct policy_set set;
	struct err why = { 0 };

	if (policy_set_get(&r, &set) == -1 || fd == -1)
		return err_set(e, ERR_PEER, "POLICY_SET is malformed");
	if (image_open(fd, &image, &why) == -1) {
		log_error("policy %llu refused: %s",
		    (unsigned long long)set.generation, why.text);
		acknowledge(eg, m->id, set.generation, false, why.text);
		return 0;
	}
	swap_policy(eg, image, set.generation);
	acknowledge(eg, m->id, set.generation, true, "");
	return 0;
}

/* ---- the channel ---- */

static int
watch(struct egress *eg, struct loop_io *io, int fd,
    void (*on_io)(struct loop *l, unsigned events, void *arg), struct err *e)
{
	*io = (struct loop_io){ .fd = fd, .want = LOOP_READ, .on_io = on_io,
		.arg = eg };
	if (io_set_nonblock(fd, true, e) == -1)
		return -1;
	return loop_watch(eg->loop, io, e);
}

static int
on_listener(struct egress *eg, struct msg *m, struct err *e)
{
	if (m->nfds == 0 || eg->listener.watched)
		return err_set(e, ERR_PEER, "EGRESS_LISTEN brings no new "
					    "listener");
	if (watch(eg, &eg->listener, msg_take_fd(m, LISTEN_FD_PROXY),
		conn_on_accept, e) == -1)
		return -1;
	if (m->nfds < LISTEN_FD_DROPPED)
		return 0; /* the kernel lacks what the others need */
	if (watch(eg, &eg->direct, msg_take_fd(m, LISTEN_FD_DIRECT),
		conn_on_direct, e) == -1 ||
	    watch(eg, &eg->answerer.udp, msg_take_fd(m, LISTEN_FD_NAMES),
		answerer_on_packet, e) == -1)
		return -1;
	if (watch(eg, &eg->answerer.tcp,
		msg_take_fd(m, LISTEN_FD_NAMES_TCP), answerer_on_accept,
		e) == -1)
		return -1;
	return m->nfds < LISTEN_FD_COUNT ? 0 :
	    watch(eg, &eg->dropped.io, msg_take_fd(m, LISTEN_FD_DROPPED),
		dropped_on_packet, e);
}

/* Before anything is listened on: what would come later would find
 * connections that went another way. */
static int
on_ways(struct egress *eg, struct msg *m, struct err *e)
{
	if (eg->listener.watched)
		return err_set(e, ERR_PEER, "EGRESS_WAYS comes too late");
	return ways_line(eg, m->body, m->nfds > 0 ? msg_take_fd(m, 0) : -1,
	    e);
}

static int
on_audit_channel(struct egress *eg, struct msg *m, struct err *e)
{
	int fd = msg_take_fd(m, 0);

	if (fd == -1)
		return err_set(e, ERR_PEER, "AUDIT_CHANNEL brings no channel");
	if (audit_sender_renew(&eg->audit, fd, e) == -1)
		log_error("audit channel: %s", e->text); /* stays closed */
	egress_on_audit(&eg->audit, eg);
	return 0;
}

static int
on_msg(struct egress *eg, struct msg *m, struct err *e)
{
	switch ((int)m->type) {
	case MSG_EGRESS_WAYS:
		return on_ways(eg, m, e);
	case MSG_EGRESS_LISTEN:
		return on_listener(eg, m, e);
	case MSG_WHO_REPLY:
		return caller_on_reply(eg, m, e);
	case MSG_POLICY_SET:
		return on_policy(eg, m, e);
	case MSG_AUDIT_CHANNEL:
		return on_audit_channel(eg, m, e);
	default:
		return err_set(e, ERR_PEER, "%s is not expected here",
		    msg_name(m->type));
	}
}

#define MSGS_MAX 64 /* in one pass */

/* The supervisor's end is the sandbox's end. */
void
control_on_io(struct loop *l, unsigned events, void *arg)
{
	struct egress *eg = arg;
	struct err e = { 0 };

	(void)events;
	for (int i = 0; i < MSGS_MAX; i++) {
		struct msg m;
		enum chan_got got = chan_recv(&eg->control, eg->msg, &m, &e);
		int rc;

		if (got == CHAN_AGAIN)
			return;
		if (got == CHAN_END) {
			loop_stop(l);
			return;
		}
		if (got == CHAN_ERROR)
			die("%s", e.text);
		rc = on_msg(eg, &m, &e);
		msg_close(&m);
		if (rc == -1)
			die("%s", e.text);
	}
}

/* egress -- the only way out of a sandbox: judges every connection and
 * request, terminates TLS, dials what was checked.
 *
 * Descriptor 3 is the channel to the supervisor. What the file system has to
 * say (resolver, trusted roots) is opened before the jail; the certificate
 * authority is made after it and never leaves this memory. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/trim.h"
#include "caller.h"
#include "egress.h"
#include "jail/self.h"

#define CONTROL_FD 3

static struct egress eg;

/* Every connection is two descriptors. */
static void
raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r); /* fewer connections, then */
}

static int
acquire(struct err *e)
{
	eg.control = (struct chan){ CONTROL_FD, ROLE_EGRESS,
		ROLE_SUPERVISOR };
	eg.control_io = (struct loop_io){ .fd = CONTROL_FD,
		.want = LOOP_READ, .on_io = control_on_io, .arg = &eg };
	TAILQ_INIT(&eg.queue);
	TAILQ_INIT(&eg.outgoing);
	TAILQ_INIT(&eg.again);
	TAILQ_INIT(&eg.askers);
	eg.again_timer.on_time = egress_on_again;
	eg.again_timer.arg = &eg;
	eg.sweep_timer.on_time = egress_on_sweep;
	eg.sweep_timer.arg = &eg;
	eg.who_timer.on_time = caller_on_tick;
	eg.who_timer.arg = &eg;
	eg.usage_timer.on_time = usage_on_time;
	eg.usage_timer.arg = &eg;
	dropped_init(&eg);
	up_pool_init(&eg);
	if (loop_new(&eg.loop, e) == -1)
		return -1;
	loop_set_idle(eg.loop, egress_on_idle, &eg);
	audit_sender_init(&eg.audit, eg.loop, ROLE_EGRESS, egress_on_audit,
	    &eg);
	return dns_new(eg.loop, &eg.dns, e);
}

static int
serve(int roots_fd, struct err *e)
{
	if (control_start(&eg, roots_fd, e) == -1 ||
	    loop_watch(eg.loop, &eg.control_io, e) == -1)
		return -1;
	trim_code(); /* most sandboxes wait most of the time */
	return loop_run(eg.loop, e);
}

int
main(void)
{
	struct err e = { 0 };
	int roots_fd;

	log_init("openshell-egress");
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
	raise_files();
	roots_fd = tls_open_roots();
	if (acquire(&e) == -1 ||
	    jail_enter(ROLE_EGRESS, NULL, &e) == -1 ||
	    serve(roots_fd, &e) == -1)
		die("%s", e.text);
	return EXIT_SUCCESS; /* the supervisor is gone: so is the sandbox */
}

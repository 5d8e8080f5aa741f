#include "role/roles.h"

#include <stddef.h>

/* The gateway starts programs through its spawner, forked before the jail,
 * since a Landlock domain is inherited and forbids the mounts of which the
 * sandbox is made. So no role that reads bytes from outside may fork.
 *
 * The supervisor clones the sandbox and starts egress and the finder before
 * its jail. It must signal the sandbox, which is not below its Landlock
 * domain, so its signal scope stays open; its filter leaves it only
 * pidfd_send_signal, and so only the children whose pidfds it holds.
 *
 * The finder reads links in /proc of processes in the sandbox. Landlock
 * forbids that to any process with a domain which is not an ancestor of the
 * target's, so what holds the finder is its filter: open for reading, no
 * socket, no child. It reads a port number from egress, through the
 * supervisor, and what the kernel prints.
 *
 * The broker lives in the sandbox's user and mount namespaces, one pid
 * namespace above it, reads the memory of its callers, and traces who
 * executes until the program is there. For that it may
 * have no Landlock domain either (a tracer's must be an ancestor of the
 * tracee's, and who has one cannot mount the sandbox's /proc). It has the
 * sandbox's own uid, the mounts that the sandbox has, no capability but
 * CAP_SYS_PTRACE in the sandbox's user namespace, and its filter. */
const struct role_row roles[ROLE_COUNT] = {
	/*		   program		   sees		net	  calls */
	[ROLE_NONE] =	  { NULL,		   SEE_NOTHING, NET_NONE, 0 },
	[ROLE_CLI] =	  { "openshell",	   SEE_ALL,	NET_INET, CALLS_ANY },
	[ROLE_GATEWAY] =  { "openshell-gateway",   SEE_STATE,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET },
	[ROLE_AUDITOR] =  { "openshell-auditor",   SEE_LOG,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET },
	[ROLE_SUPERVISOR] = { "openshell-supervisor", SEE_BOX,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET | CALLS_CHILD },
	[ROLE_EGRESS] =   { "openshell-egress",	   SEE_NOTHING, NET_INET,
			    CALLS_LOOP | CALLS_SOCKET },
	[ROLE_INIT] =	  { "openshell-init",	   SEE_ALL,	NET_UNIX, CALLS_ANY },
	[ROLE_FINDER] =   { "openshell-supervisor", SEE_READ,	NET_NONE,
			    CALLS_LOOP | CALLS_FILE },
	[ROLE_SPAWNER] =  { "openshell-gateway",   SEE_ALL,	NET_UNIX, CALLS_ANY },
	[ROLE_BROKER] =	  { "openshell-broker",	   SEE_INSIDE,	NET_NONE,
			    CALLS_LOOP | CALLS_GATE },
};

const char *
role_name(enum role r)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_NONE] = "none", [ROLE_CLI] = "cli",
		[ROLE_GATEWAY] = "gateway", [ROLE_AUDITOR] = "auditor",
		[ROLE_SUPERVISOR] = "supervisor", [ROLE_EGRESS] = "egress",
		[ROLE_INIT] = "init", [ROLE_FINDER] = "finder",
		[ROLE_SPAWNER] = "spawner",
		[ROLE_BROKER] = "broker",
	};

	return (unsigned)r < ROLE_COUNT ? names[r] : "none";
}

#include "role/roles.h"

#include <stddef.h>

const struct role_row roles[ROLE_COUNT] = {
	/*		   program		   sees		net	  calls */
	[ROLE_NONE] =	  { NULL,		   SEE_NOTHING, NET_NONE, 0 },
	[ROLE_CLI] =	  { "openshell",	   SEE_ALL,	NET_INET, CALLS_ANY },
	[ROLE_GATEWAY] =  { "openshell-gateway",   SEE_STATE,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET | CALLS_SPAWN },
	[ROLE_AUDITOR] =  { "openshell-auditor",   SEE_LOG,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET },
	[ROLE_SUPERVISOR] = { "openshell-supervisor", SEE_PROC,	NET_UNIX,
			    CALLS_LOOP | CALLS_FILE | CALLS_SOCKET | CALLS_SPAWN },
	[ROLE_EGRESS] =   { "openshell-egress",	   SEE_NOTHING, NET_INET,
			    CALLS_LOOP | CALLS_SOCKET },
	[ROLE_INIT] =	  { "openshell-init",	   SEE_ALL,	NET_UNIX, CALLS_ANY },
};

const char *
role_name(enum role r)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_NONE] = "none", [ROLE_CLI] = "cli",
		[ROLE_GATEWAY] = "gateway", [ROLE_AUDITOR] = "auditor",
		[ROLE_SUPERVISOR] = "supervisor", [ROLE_EGRESS] = "egress",
		[ROLE_INIT] = "init",
	};

	return (unsigned)r < ROLE_COUNT ? names[r] : "none";
}

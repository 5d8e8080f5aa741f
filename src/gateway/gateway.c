#include "gateway.h"

#include <stdio.h>
#include <string.h>

#include "audit/record.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

/* What is in force, in one line. */
static void
tell_config(struct gateway *g)
{
	char reason[AUDIT_REASON_BYTES_MAX];
	const char *resolve = g->config.resolve;
	struct audit_record r = { .kind = AUDIT_CONFIG,
		.verdict = AUDIT_ALLOWED, .when = clock_wall(),
		.action = STR("load"), .actor = str_c(g->actor) };

	(void)snprintf(reason, sizeof(reason), "upstream_ca: %s; resolve: %s",
	    g->config.upstream_ca == NULL ||
	    g->config.upstream_ca[0] == '\0' ? "none" : g->config.upstream_ca,
	    resolve == NULL || resolve[0] == '\0' ? "none" : resolve);
	for (char *z = strchr(reason, '\n'); z != NULL; z = strchr(z, '\n'))
		*z = z[1] == '\0' ? '\0' : ' ';
	r.reason = str_c(reason);
	audit_link_note(&g->audit, &r);
	g->config_told = true;
}

int
gateway_configure(struct gateway *g, struct err *e)
{
	char file[PATH_BYTES_MAX + 16];
	struct config c;

	(void)snprintf(file, sizeof(file), "%s/config.yaml",
	    g->paths.config);
	if (config_load(file, &c, e) == -1) {
		if (strcmp(g->config_fault, e->text) != 0)
			log_error("%s", e->text);
		(void)snprintf(g->config_fault, sizeof(g->config_fault),
		    "%s", e->text);
		return -1;
	}
	g->config_fault[0] = '\0';
	if (g->config_told && config_same(&c, &g->config)) {
		config_fini(&c);
		return 0;
	}
	config_fini(&g->config);
	g->config = c;
	tell_config(g);
	return 0;
}

void
gateway_stop(struct gateway *g)
{
	g->stopping = true;
	loop_stop(g->loop);
}

#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "box.h"

static const char *
or_none(const char *word)
{
	return word == NULL || word[0] == '\0' ? "none" : word;
}

/* What is in force, in one line. */
static void
tell_config(struct gateway *g)
{
	char reason[AUDIT_REASON_BYTES_MAX];
	const char *resolve = g->config.resolve;
	struct audit_record r = { .kind = AUDIT_CONFIG,
		.verdict = AUDIT_ALLOWED, .when = clock_wall(),
		.action = STR("load"), .actor = str_c(g->actor) };

	(void)snprintf(reason, sizeof(reason), "maximum_policy: %s%s%.12s; "
	    "upstream_ca: %s; approval_timeout: %us; upstream_proxy: %s; "
	    "upstream_tls: %s; resolve: %s", or_none(g->config.maximum_policy),
	    g->base.maximum == NULL ? "" : " ", g->base.maximum_hash,
	    or_none(g->config.upstream_ca), g->config.approval_s,
	    or_none(g->config.proxy), or_none(g->config.tls),
	    or_none(resolve));
	for (char *z = strchr(reason, '\n'); z != NULL; z = strchr(z, '\n'))
		*z = z[1] == '\0' ? '\0' : ' ';
	r.reason = str_c(reason);
	audit_link_note(&g->audit, &r);
	g->config_told = true;
}

static int
refused(struct gateway *g, const struct err *e)
{
	if (strcmp(g->config_fault, e->text) != 0)
		log_error("%s", e->text);
	(void)snprintf(g->config_fault, sizeof(g->config_fault), "%s",
	    e->text);
	return -1;
}

/* Takes both over. Sandboxes that run are bounded by a new maximum, too. */
static void
put_in_force(struct gateway *g, struct config *c, struct policy_base *base)
{
	bool same = strcmp(base->maximum_hash, g->base.maximum_hash) == 0;
	struct box *b;

	config_fini(&g->config);
	g->config = *c;
	json_decref(g->base.maximum);
	g->base.maximum = base->maximum;
	free(g->base.nothing);
	g->base.nothing = NULL;
	memcpy(g->base.maximum_hash, base->maximum_hash,
	    sizeof(g->base.maximum_hash));
	tell_config(g);
	if (same)
		return;
	TAILQ_FOREACH(b, &g->boxes, link)
		if (b->phase == PHASE_RUNNING)
			box_catch_up(b);
}

int
gateway_configure(struct gateway *g, struct err *e)
{
	char file[PATH_BYTES_MAX + 16];
	struct policy_base base = { 0 };
	struct config c;

	(void)snprintf(file, sizeof(file), "%s/config.yaml",
	    g->paths.config);
	if (config_load(file, &c, e) == -1)
		return refused(g, e);
	if (maximum_read(g, c.maximum_policy, &base, e) == -1) {
		config_fini(&c);
		return refused(g, e);
	}
	g->config_fault[0] = '\0';
	if (g->config_told && config_same(&c, &g->config) &&
	    strcmp(base.maximum_hash, g->base.maximum_hash) == 0) {
		config_fini(&c);
		json_decref(base.maximum);
		return 0;
	}
	put_in_force(g, &c, &base);
	return 0;
}

void
gateway_stop(struct gateway *g)
{
	g->stopping = true;
	loop_stop(g->loop);
}

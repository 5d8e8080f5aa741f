/* rule.h -- the checked policy: what all spellings and documents come to,
 * before it is written as an image.  All of it in the compiler's arena. */
#ifndef COMPILE_RULE_H
#define COMPILE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/canaries.h"
#include "policy/detail.h"
#include "policy/form.h"
#include "compile/cond.h"
#include "compile/files.h"
#include "compile/limits.h"
#include "compile/models.h"
#include "compile/scalar.h"
#include "compile/tree.h"

#define RULES_MAX	16384	/* in one policy */
#define LIST_MAX	1024	/* items of one list of an entry */
#define SHOWN_BYTES_MAX	160	/* of a rule's text for people */

struct pol_commands;	/* compile/commands.h */

struct strs {
	struct str *v;
	uint32_t n;
};

struct pol_exe {
	enum exe_class klass;
	struct str text;
};

struct pol_host {
	enum host_class klass;
	struct str name;	/* suffix or pattern */
	struct prefix net;	/* HOST_ADDR */
	struct str shown;	/* as written */
};

/* Of what a request says beside host, method and path (policy/detail.h). */
struct pol_need {
	enum detail detail;
	unsigned flags;		/* NEED_* */
	struct str name;	/* of what has names */
	struct strs patterns;	/* compiled; none: any value */
	struct strs shown;	/* as written */
};

struct pol_rate { /* an entry's own limits */
	uint32_t number;	/* from 1 on */
	struct pol_scalar v[3];	/* requests, egress_mb, period_s */
};

struct pol_rule {
	struct pol_rule *next;
	uint32_t flags;		/* RULE_* */
	uint32_t wire;		/* WIRE_*; 0: what the port says */
	struct pol_host host;
	struct f_port *ports;
	struct pol_exe *exes;
	struct prefix *nets;
	uint32_t nports, nexes, nnets;
	uint32_t methods;
	struct pol_need *needs;
	uint32_t nneeds;
	uint32_t when;		/* a condition (pol_cond()), or 0 */
	struct pol_rate *rate;	/* or NULL */
	uint32_t sift;		/* policy/sift.h */
	struct strs words;
	struct strs paths;	/* compiled */
	struct strs shown_paths; /* as written */
	struct str section;
	const struct node *at;
	/* Of the older schema: the endpoint it came from, that one's path,
	 * and whether it only records. */
	const struct node *end, *end_path;
	const struct node *body; /* the protocol, if bodies are judged */
	bool audit;
};

struct pol_canaries {
	struct canary *v;
	uint32_t n;
	const struct node *at;
};

struct policy {
	struct pol_scalar mode, net_default;
	struct pol_scalar agent;	/* compared by at->text */
	const struct node *star;	/* a deny that states the default */
	struct pol_rule *rules, **rules_end;
	uint32_t nrules;
	uint32_t nrates;		/* entries with limits of their own */
	uint32_t sift;			/* of all allows of requests */
	const struct node *sift_at;
	struct pol_canaries canaries;
	struct pol_files files;
	struct pol_conds conds;
	struct pol_models models;
	struct pol_limits limits;
	struct pol_commands *commands;	/* NULL: nothing is said of them */
};

#endif

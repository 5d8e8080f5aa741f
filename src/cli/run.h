/* run.h -- what each row of the command table runs.  All return the exit
 * code, having said what went wrong. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct api;
struct args;
struct command;

int run_create(const struct args *a);
int run_list(const struct args *a);
int run_get(const struct args *a);
int run_connect(const struct args *a);
int run_exec(const struct args *a);
int run_stop(const struct args *a);
int run_start(const struct args *a);
int run_delete(const struct args *a);
int run_logs(const struct args *a);
int run_audit_explain(const struct args *a);
int run_policy_set(const struct args *a);
int run_policy_update(const struct args *a);
int run_policy_convert(const struct args *a);
int run_policy_rollback(const struct args *a);
int run_policy_get(const struct args *a);
int run_policy_list(const struct args *a);
int run_policy_check(const struct args *a);
int run_policy_explain(const struct args *a);
int run_policy_test(const struct args *a);
int run_policy_diff(const struct args *a);
int run_policy_prove(const struct args *a);
int run_policy_schema(const struct args *a);
int run_proposal_list(const struct args *a);
int run_proposal_show(const struct args *a);
int run_proposal_approve(const struct args *a);
int run_proposal_reject(const struct args *a);
int run_gateway_run(const struct args *a);
int run_gateway_start(const struct args *a);
int run_gateway_stop(const struct args *a);
int run_gateway_status(const struct args *a);
int run_status(const struct args *a);
int run_doctor(const struct args *a);
int run_completions(const struct args *a);
int run_version(const struct args *a);

/* policy.c: what became of a change that was asked for. */
void policy_show_set(const json_t *rev, bool waited);

/* complete.c: what could stand at the end of these words, one per line;
 * words[0] follows "openshell". */
int complete(char **words, size_t n);

/* help.c */
void help_all(void);
void help_group(const char *group);
void help_command(const struct command *c);

/* session.c: joins what an answer brought and returns the program's exit
 * code. */
struct session {
	struct api *api;	/* to ask what became of it */
	int fd;			/* becomes attach's */
	const char *id;		/* of the sandbox */
	const char *name;	/* for messages: the sandbox or the command */
	bool tty, redraw;
	bool main;		/* the main process: may be left running */
	bool kept;		/* it is not deleted when it ends */
	bool unnamed;		/* the caller does not know its name */
};
int session_join(const struct session *s);

/* request.c: fields of a body from flags; -1 after saying what is wrong. */
int request_policies(const struct args *a, json_t *body);
int request_policy_files(char *const *files, size_t n, json_t *body);
int request_env(const struct args *a, bool tty, json_t *body);
int request_workdir(const struct args *a, json_t *body);
int request_command(char *const *argv, json_t *body);
void request_size(bool tty, json_t *body);
/* --tty, --no-tty, or whether there is a terminal. */
bool request_tty(const struct args *a);

#endif

/* facts_exec.c -- what a question about a command says. */
#include "policy/cond.h"
#include "policy/exec.h"

void
facts_exec(struct facts *f, const struct exec_query *q)
{
	const struct exec_form *x;
	struct str base;

	if (q->nforms == 0)
		return;
	x = &q->forms[0];
	base = x->name;
	for (size_t i = base.len; i > 0; i--)
		if (base.p[i - 1] == '/') {
			base = str_from(base, i);
			break;
		}
	fact_put_text(f, FACT_COMMAND, base);
	if (x->file.len > 0)
		fact_put_text(f, FACT_EXE, x->file);
	if (q->cwd.len > 0)
		fact_put_text(f, FACT_CWD, q->cwd);
	if (x->argc > 0 && x->argc - 1 <= FACT_ITEMS_MAX)
		fact_put_list(f, FACT_ARGS, x->argv + 1, x->argc - 1);
}

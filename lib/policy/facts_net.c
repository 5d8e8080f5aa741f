/* facts_net.c -- what a question about the network says, as facts. */
#include "policy/addr.h"
#include "policy/cond.h"
#include "policy/decide.h"

enum { PROTOCOL_HTTPS, PROTOCOL_HTTP, PROTOCOL_TLS, PROTOCOL_TCP };

static void
put_who(struct facts *f, const struct net_who *who)
{
	if (who->n == 0 || who->others)
		return;
	fact_put_text(f, FACT_EXE, who->exe[0]);
	fact_put_list(f, FACT_CALLERS, who->exe + 1, who->n - 1);
}

void
facts_net(struct facts *f, const struct net_query *q, bool inspected)
{
	unsigned char addr[16];

	if (q->facts != NULL)
		*f = *q->facts;
	else
		f->known = 0;
	f->later = 0;
	fact_put_text(f, FACT_HOST, q->host);
	fact_put(f, FACT_PORT, q->port);
	if (inspected)
		fact_put(f, FACT_PROTOCOL, q->tls ? PROTOCOL_HTTPS :
		    PROTOCOL_HTTP);
	else
		fact_put(f, FACT_PROTOCOL, q->tls ? PROTOCOL_TLS :
		    PROTOCOL_TCP);
	put_who(f, &q->who);
	if (addr_parse(q->host, addr))
		fact_put_addr(f, FACT_ADDRESS, addr);
	if (q->method.len > 0) {
		fact_put_text(f, FACT_METHOD, q->method);
		fact_put_text(f, FACT_PATH, q->path);
		fact_put_text(f, FACT_QUERY, q->query);
	} else if (inspected) {
		f->later = FACT_BIT(FACT_METHOD) | FACT_BIT(FACT_PATH) |
		    FACT_BIT(FACT_QUERY);
	}
}

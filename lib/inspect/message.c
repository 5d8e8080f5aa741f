/* message.c -- what the messages of a WebSocket ask for. */
#include "inspect/graphql.h"
#include "inspect/parts.h"

void
inspect_message(struct inspect *in, uint32_t kinds, bool binary,
    struct str bytes)
{
	*in = (struct inspect){ .head = { .kinds = kinds } };
	buf_init(&in->held, 0);
	if (binary)
		inspect_give_up(in, "a message of bytes, not of text");
	else if ((kinds & INSPECT_GIT) != 0)
		inspect_give_up(in, "git is not spoken in messages");
	else
		inspect_json(in, bytes, graphql_message);
	in->over = true;
}

bool
inspect_target_asks(uint32_t kinds, struct str query)
{
	struct inspect in = { .head = { .kinds = kinds, .query = query,
		.method = STR("GET") } };
	bool some = ((kinds & INSPECT_GRAPHQL) != 0 &&
	    graphql_query(&in) != FOUND_NONE) ||
	    ((kinds & (INSPECT_RPC | INSPECT_MCP)) != 0 &&
	    rpc_in_target(&in));

	inspect_fini(&in);
	return some;
}

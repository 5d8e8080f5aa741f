/* f_ws_handshake.c -- what is taken as the beginning of a WebSocket is one
 * when it was written anew, and asks for no extension. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/websocket.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static struct http_head head;

static void
again(const struct ws_offer *offer)
{
	struct request_out o = { .path = STR("/"), .authority = STR("a"),
		.framing = HTTP_NO_BODY, .websocket = true };
	struct ws_offer same;
	struct http_fault f;
	struct buf out;

	buf_init(&out, 1 << 18);
	must(request_put(&out, &head, &o));
	must(http_request_parse(buf_str(&out), &head, &f) == PARSE_OK);
	must(ws_request_check(&head, &same, &f) == PARSE_OK);
	must(str_eq(same.key, offer->key) &&
	    str_eq(same.protocols, offer->protocols));
	for (unsigned i = 0; i < head.nfields; i++)
		must(!str_case_eq(head.fields[i].name,
		    STR("sec-websocket-extensions")));
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len);
	struct ws_offer offer;
	struct http_fault f;
	size_t scan = 0, end;

	if (http_head_find(in, &scan, &end, &f) != PARSE_OK ||
	    http_request_parse(str_head(in, end), &head, &f) != PARSE_OK)
		return 0;
	if (ws_is_asked(&head) &&
	    ws_request_check(&head, &offer, &f) == PARSE_OK)
		again(&offer);
	return 0;
}

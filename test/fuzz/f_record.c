/* f_record.c -- audit records from a hostile sender: what is taken is put to
 * the same bytes, and prints as one line that reads back and is JSON. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"
#include "audit/record.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
check_line(const struct audit_record *a)
{
	const struct audit_stamp by = { 7, "egress", a->sandbox_id,
		a->sandbox };
	struct audit_line line;
	struct str s;
	struct buf b;
	json_t *o;

	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	must(audit_ocsf_print(&b, a, &by));
	s = buf_str(&b);
	must(str_index(s, '\n') == s.len - 1);
	must(audit_line_parse(s, &line));
	must(line.seq == 7 && line.time_ms == a->when.v / 1000);
	must(str_eqz(line.kind, audit_kind_name(a->kind)));
	o = json_loadb(s.p, s.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
	    NULL);
	must(o != NULL);
	must(json_integer_value(json_object_get(o, "type_uid")) ==
	    json_integer_value(json_object_get(o, "class_uid")) * 100 +
	    json_integer_value(json_object_get(o, "activity_id")));
	json_decref(o);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct rbuf r = rbuf_of(str_of((const char *)p, len));
	unsigned char bytes[AUDIT_WIRE_BYTES_MAX];

	while (r.at < r.len) {
		struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };
		struct audit_record a;
		size_t from = r.at;

		if (audit_record_get(&r, &a) == -1)
			return 0;
		audit_record_put(&w, &a);
		must(!w.over && w.len == r.at - from &&
		    memcmp(bytes, p + from, w.len) == 0);
		check_line(&a);
	}
	return 0;
}

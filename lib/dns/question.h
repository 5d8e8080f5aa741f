/* question.h -- DNS as the sandbox speaks it (RFC 1035, 6891): one question
 * in, one answer out, and nothing else.  Pure. */
#ifndef DNS_QUESTION_H
#define DNS_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "http/host.h"

#define QUESTION_BYTES_MAX 1232	/* of a message that is read */
#define ANSWER_BYTES_MAX   512	/* of one that is written */

enum dns_code { /* of an answer */
	DNS_NO_ERROR = 0,
	DNS_FORMAT_ERROR = 1,
	DNS_SERVER_FAILURE = 2,
	DNS_NO_SUCH_NAME = 3,
	DNS_NOT_IMPLEMENTED = 4,
	DNS_REFUSED = 5,
};

enum { DNS_TYPE_A = 1, DNS_CLASS_IN = 1 };

struct dns_question {
	uint16_t id, type;
	bool recurse;		/* wants recursion: said again in the answer */
	bool extended;		/* takes an OPT record in the answer */
	struct host host;	/* HOST_NONE: the name is none of a host */
	struct str section;	/* as it came, with its capitals: borrowed */
};

/* What a message asks. DNS_NO_ERROR: q is whole. Anything else is to be the
 * answer, of which q then has what it needs. -1: no answer, it is none to a
 * question. */
int dns_question_parse(struct str message, struct dns_question *q);

struct dns_reply {
	enum dns_code code;
	bool has_address;	/* an A record */
	uint32_t address, ttl;
	const char *why;	/* of a refusal, for those who ask; or NULL */
};

/* Returns the length of what was written to out[ANSWER_BYTES_MAX]. */
size_t dns_reply_put(const struct dns_question *q, const struct dns_reply *r,
    unsigned char *out);

#endif

/* record.h -- one audit record: as a struct, on the wire, and as OCSF JSON.
 * Pure. */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "msg/wire.h"

enum audit_kind {
	AUDIT_NONE,
	AUDIT_NET_OPEN,		/* a connection was judged (CONNECT, dial) */
	AUDIT_NET_CLOSE,	/* and ended: bytes both ways */
	AUDIT_HTTP,		/* one request was judged */
	AUDIT_DNS,		/* a name was judged */
	AUDIT_LIFE,		/* of a sandbox: create, start, stop ... */
	AUDIT_EXEC,		/* a session was started by the operator */
	AUDIT_POLICY,		/* set or refused: who, old and new hash */
	AUDIT_CONFIG,		/* operator's configuration in force */
	AUDIT_FINDING,		/* what looks like an attack or a fault */
	AUDIT_FILE,		/* a file was to be opened or changed */
	AUDIT_PROPOSAL,		/* a person was asked, or has answered */
	AUDIT_COMMAND,		/* a program was to be executed, inside */
	AUDIT_KIND_COUNT
};

enum audit_verdict { AUDIT_DENIED, AUDIT_ALLOWED, AUDIT_OBSERVED };

/* Longer text is cut when put, refused when got. */
#define AUDIT_ADDRESS_BYTES_MAX 64	/* INET6_ADDRSTRLEN and a zone */
#define AUDIT_ACTION_BYTES_MAX	4096	/* the command of an EXEC,
						 * COMMAND */
#define AUDIT_PATH_BYTES_MAX	8192	/* as HTTP_TARGET_BYTES_MAX */
#define AUDIT_RULE_BYTES_MAX	2048
#define AUDIT_ACTOR_BYTES_MAX	256
#define AUDIT_CHAIN_BYTES_MAX	2048
#define AUDIT_REASON_BYTES_MAX	1024
#define AUDIT_PROFILE_BYTES_MAX	256
/* All of them, and the numbers. As a line each byte of text may stand up to
 * four times, as six bytes. */
#define AUDIT_WIRE_BYTES_MAX	28672
#define AUDIT_LINE_BYTES_MAX	458752

struct audit_record { /* strings borrowed; empty where they do not apply */
	enum audit_kind kind;
	enum audit_verdict verdict;
	struct wall when;
	uint32_t pid;		/* inside the sandbox */
	struct str exe;
	struct str sha256;	/* of exe, hexadecimal */
	struct str chain;	/* who started it: paths, each with its zero */
	struct str action;	/* LIFE, POLICY, CONFIG: "create" "start" "exit"
				 * "set" ...; HTTP: method; EXEC: the command;
				 * FILE: "read" "write"; PROPOSAL: "propose"
				 * "approve" "reject" "expire" */
	struct str host;
	uint16_t port;
	struct str address;	/* dialled */
	struct str path;	/* HTTP path, no query; or a file,
				 * also the one that was to be executed */
	uint32_t status;	/* HTTP status sent to the client, exit code */
	uint64_t bytes_in, bytes_out;
	struct str rule;	/* "file:line: text" */
	struct str nearest;	/* of a denial by no rule: the same */
	struct str policy_hash, old_hash;
	uint64_t generation;
	struct str actor;	/* user who did it, for control-plane records */
	struct str reason;
	struct str profile;	/* names of those that it was judged by, too */
	struct str sandbox_id, sandbox; /* whom it is about; taken from the
					 * gateway alone, the others' channel
					 * says it */
};

/* Appends one record to a message of several (AUDIT_PUT holds 1..n). A
 * sender that wants AUDIT_ACK once they are written gives AUDIT_PUT a
 * message number; 0 asks for none. */
void audit_record_put(struct wbuf *w, const struct audit_record *a);
/* Takes the next one, r->at moves: for (r; r.at < r.len;). -1: malformed. */
int audit_record_get(struct rbuf *r, struct audit_record *a);

struct audit_stamp { /* what only the auditor says */
	uint64_t seq;
	const char *role;
	struct str sandbox_id, sandbox;
};

/* One line of OCSF 1.8 JSON, newline included. false: b is full, and holds
 * a part of the line. */
bool audit_ocsf_print(struct buf *b, const struct audit_record *a,
    const struct audit_stamp *s) MUST_USE;

/* "http", "life" ...: the value of unmapped.kind. */
const char *audit_kind_name(enum audit_kind k);

#endif

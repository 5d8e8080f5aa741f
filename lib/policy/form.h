/* form.h -- the bytes of an image: a header, then arrays of fixed-size
 * records, then text.  Only image.c, the deciding files and emit.c see it.
 *
 * Everything is 32-bit little-endian; offsets count from the image's start.
 * image_of() checks every record once, so that deciding may index without
 * looking.  The hash covers all bytes after itself. */
#ifndef POLICY_FORM_H
#define POLICY_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/addr.h"
#include "policy/image.h"
#include "policy/sha256.h"
#include "policy/walk.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "an image is mapped as it stands");

#define FORM_MAGIC	"OSPolicy"
#define FORM_VERSION	5
#define FORM_ALIGN	8

enum { /* how a connection is understood; a set of these */
	WIRE_HTTPS = 1,	/* HTTP in TLS, inspected */
	WIRE_HTTP = 2,	/* HTTP in clear, inspected */
	WIRE_TLS = 4,	/* TLS, only the server name is looked at */
	WIRE_TCP = 8,	/* any bytes */
	WIRE_WSS = 16,	/* WebSocket in TLS: its upgrade is inspected */
	WIRE_WS = 32,	/* and in clear */
	WIRE_GRPC = 64,	/* gRPC: requests of HTTP/2 in TLS, inspected */
	WIRE_H2C = 128,	/* HTTP/2 in clear, inspected */
	WIRE_ALL = 255,
	WIRE_INSPECTED = WIRE_HTTPS | WIRE_HTTP | WIRE_WSS | WIRE_WS |
	    WIRE_GRPC | WIRE_H2C,
};

enum host_class {
	HOST_EXACT,	/* the name itself */
	HOST_ONE,	/* exactly one further label: "*.x" */
	HOST_MORE,	/* one or more: "**.x" */
	HOST_DEEP,	/* itself and everything below: "*.x" of a deny */
	HOST_GLOB,	/* stars in other places; host is in pats */
	HOST_ADDR,	/* addresses; host is in nets */
	HOST_ANY,	/* every name; addresses if the rule lists them */
	HOST_CLASS_COUNT
};

enum {
	RULE_DENY = 1,
	RULE_SOFT = 2,	/* records only: an endpoint in audit mode */
	RULE_SLASH = 4,	/* of an allow: takes paths with %2F, too */
	RULE_SIFT_AT = 8,	/* of an allow: its sift, from this bit on */
	RULE_FLAGS = 7 | 0xfff << RULE_SIFT_AT,
};

enum exe_class { EXE_PATH, EXE_NAME, EXE_GLOB, EXE_CLASS_COUNT };

enum {
	FORM_FILE_TREE = 1,
	FORM_FILE_DENY = 2,
	FORM_FILE_FLAGS = 3,
};

enum {
	FORM_DEFAULT_ALLOW = 1,
	FORM_CHECK_ONLY = 2,	/* may lack what this version cannot enforce */
	FORM_FLAGS = 3,
};

struct f_text {
	uint32_t off, len;
};

struct f_pat { /* a pattern; its first literal bytes are themselves */
	struct f_text text;
	uint32_t literal;
};

struct f_span { /* n records from first on, in the section meant */
	uint32_t first, n;
};

struct f_rule { /* an empty span does not narrow */
	uint32_t flags, wire, klass;
	uint32_t host;		/* index: hosts, pats or nets, by klass */
	struct f_span ports, exes, nets, paths, words, needs;
	uint32_t methods;	/* bits; 0 and no words: all */
	uint32_t file, line;	/* file: index into texts */
	struct f_text text, section;
	uint32_t when;		/* a condition (policy/cond.h), or 0 */
	uint32_t rate;		/* + 1, or 0: it counts no more than others */
};

struct f_rate { /* a limit of 0 is none */
	uint32_t requests;	/* in a minute */
	uint32_t egress_mb, period_s;
	uint32_t whole;		/* 1: over everything that leaves */
	uint32_t file, line;
	struct f_text text;
};

struct f_canary {
	struct f_text name, value;
};

/* What a question's host leads to is groups of rules, each for names that are
 * treated alike; a group's ports lead to a cell; in a cell the path, walked
 * through an automaton, leads to a leaf: the rules that are left to look at.
 * Rules that can add nothing to others of their list are not in it. */

struct f_host { /* a name; groups and rules are + 1, 0 is none */
	struct f_text name;
	uint32_t hash;
	uint32_t self, one, deep; /* of the name, one label more, still more */
	uint32_t kin;		/* an allow for it or for what is below */
};

struct f_group {
	struct f_span cuts;	/* one at least, the first from port 0 on */
	uint32_t allow;		/* the first that allows, + 1; or 0 */
};

struct f_cut { /* from port lo up to the next one's */
	uint32_t lo, cell;	/* + 1; 0: no rule is for these */
};

struct f_paths {
	uint32_t start;		/* in steps; 0: there are none */
	struct f_span leaves;	/* by the label where the path leads */
};

/* Patterns that begin with ** have an automaton of their own: one of both
 * kinds would be as large as the two multiplied. */
#define FORM_KINDS 2

struct f_cell {
	struct f_paths paths[FORM_KINDS];
	struct f_span open, all; /* in refs: without paths; whatever path */
};

struct f_range { /* addresses from lo up to the next one's */
	unsigned char lo[16];
	uint32_t block;		/* + 1; 0: no rule is for these */
};

struct f_block { /* of addresses, and the next larger one that holds it */
	uint32_t group, around;	/* + 1, or 0; around < its own index + 1 */
};

struct f_net { /* the one record of it: what is not under a name */
	uint32_t any_name, any_addr;	/* groups + 1, for every host */
	uint32_t globs;		/* start in host_steps; labels: into globs */
};

struct f_port {
	uint32_t lo, hi;
};

struct f_need { /* of what a request says beside host, method and path */
	uint32_t detail, flags;	/* policy/detail.h */
	struct f_text name;
	struct f_span pats;	/* none: any value */
};

struct f_exe {
	uint32_t klass;
	struct f_text text;
};

struct f_file {
	struct f_text path;
	uint32_t access, flags;
};

enum { /* of a file rule; the policy's allows come first, by their text */
	FRULE_DENY = 1,
	FRULE_SYSTEM = 2,	/* of the baseline: no file, no line */
	FRULE_PROTECTED = 4,	/* of the protected names: likewise */
	FRULE_HIDE = 8,
	FRULE_TREE = 16,
	FRULE_FLAGS = 31,
};

struct f_frule {
	uint32_t flags, access;
	uint32_t file, line;	/* file: index into texts */
	struct f_text text;
};

/* Which rules speak of a name whose path ends here: for each kind the first
 * one's index + 1, or 0. By access: read, write. */
struct f_says {
	uint32_t allow[2], base[2];	/* the second: of the sandbox's own,
					 * and the host's system */
	uint32_t tree[2], base_tree[2];	/* those of them for all below too */
	uint32_t deny[2];		/* and for all below */
	uint32_t guard, guard_tree;	/* a protected name */
	uint32_t names, names_tree;	/* an allow that names a protected one */
	uint32_t kinds;			/* KIND_*: of what is for all below */
};

enum { /* the same as bits */
	KIND_ALLOW = 1,		/* and the next bit: write */
	KIND_BASE = 4,
	KIND_DENY = 16,
	KIND_GUARD = 64,
	KIND_NAMES = 128,
	KIND_HIDE = 256,
	KIND_KNOWN = 511,
};

#define FPATHS_CLASSES_MAX (1U << 24)

struct f_fnode { /* the label of a state */
	uint32_t says;		/* index */
	uint32_t klass;		/* of states behind a '/': the same for those
				 * that no path leads to different kinds from */
	uint32_t may;		/* of them: every KIND_* found below */
};

enum { FPATHS_OPEN = 1, FPATHS_HIDE = 2, FPATHS_GATE = 4, FPATHS_FLAGS = 7 };

struct f_fpaths { /* one: both automata are walked at once */
	uint32_t anchored, floating;	/* start states; the second has the
					 * patterns that begin with **, since
					 * one of both would multiply them */
	uint32_t nallows;	/* of the frules: the policy's allows */
	uint32_t flags;
};

struct f_profile { /* a narrower policy, for some commands */
	struct f_text name;
	struct f_span image;	/* bytes of inner: an image of its own */
};

#include "policy/form_models.h"
#include "policy/form_commands.h"

/* SECTION(name, record) */
#define FORM_SECTIONS(SECTION)						\
	SECTION(rules, struct f_rule)					\
	SECTION(hosts, struct f_host)					\
	SECTION(slots, uint32_t)	/* hash: host + 1, or 0 */	\
	SECTION(net, struct f_net)					\
	SECTION(groups, struct f_group)					\
	SECTION(cuts, struct f_cut)					\
	SECTION(cells, struct f_cell)					\
	SECTION(steps, struct f_step)	/* paths */			\
	SECTION(leaves, struct f_span)	/* of refs */			\
	SECTION(refs, uint32_t)		/* rules, rising */		\
	SECTION(host_steps, struct f_step)				\
	SECTION(globs, struct f_span)	/* of members */		\
	SECTION(members, uint32_t)	/* groups */			\
	SECTION(ranges, struct f_range)	/* rising */			\
	SECTION(blocks, struct f_block)					\
	SECTION(pats, struct f_pat)					\
	SECTION(needs, struct f_need)					\
	SECTION(ports, struct f_port)					\
	SECTION(exes, struct f_exe)					\
	SECTION(nets, struct prefix)					\
	SECTION(words, struct f_text)	/* methods that have no bit */	\
	SECTION(texts, struct f_text)	/* names of the documents */	\
	SECTION(files, struct f_file)					\
	SECTION(frules, struct f_frule)					\
	SECTION(fsays, struct f_says)	/* the first is empty */	\
	SECTION(fnodes, struct f_fnode)	/* the first too */		\
	SECTION(fsteps, struct f_step)					\
	SECTION(fpaths, struct f_fpaths)				\
	FORM_MODELS(SECTION)						\
	FORM_COMMANDS(SECTION)						\
	SECTION(rates, struct f_rate)					\
	SECTION(bytes, char)						\
	SECTION(maximum, char)		/* an image of its own, or nothing */ \
	SECTION(profiles, struct f_profile) /* by their names, rising */ \
	SECTION(inner, char)		/* their images */		\
	SECTION(canaries, struct f_canary)

enum form_section {
#define SECTION(name, record) FORM_##name,
	FORM_SECTIONS(SECTION)
#undef SECTION
	FORM_COUNT
};

struct f_head {
	char magic[8];
	uint32_t version, size;
	unsigned char hash[SHA256_BYTES];	/* of all that follows */
	uint32_t mode, system, flags, zero;
	struct f_span sections[FORM_COUNT];	/* offset, records */
};

#define FORM_HASHED offsetof(struct f_head, mode)

struct image {
	struct image_info info;
	const struct f_head *head;
#define SECTION(name, record) const record *name; uint32_t n##name;
	FORM_SECTIONS(SECTION)
#undef SECTION
	void *owned;		/* to free, or NULL */
	size_t mapped;		/* to unmap that many of owned; 0: free it */
	bool bounds;		/* it is another one's maximum, or a profile */
	uint32_t first;		/* of all commands of the whole: its first */
	/* With a maximum: it, and all else without it. Otherwise NULL both. */
	struct image *max, *own;
	struct image **under;	/* one for each of profiles, or NULL */
	/* Of a profile: its number from 1, and where its limits stand among
	 * those of the whole; which of them are over all that it does. */
	uint32_t profile, rate;
	uint64_t whole_rates;
};

static inline struct str
form_text(const struct image *im, struct f_text t)
{
	return str_of(im->bytes + t.off, t.len);
}

/* Of a host's name, from its end, so that each suffix's hash is a step on
 * the way to the whole name's. */
#define FORM_HASH_START UINT32_C(2166136261)

static inline uint32_t
form_hash(uint32_t h, char c)
{
	return (h ^ (unsigned char)c) * UINT32_C(16777619);
}

/* Slots of a table of n hosts: a power of two, at least half of it empty. */
static inline uint32_t
form_slots(uint32_t n)
{
	uint32_t slots = 4;

	while (slots < 2 * n)
		slots *= 2;
	return slots;
}

static inline uint32_t
form_slot(uint32_t hash, uint32_t slots)
{
	return (hash ^ hash >> 15) & (slots - 1);
}

#define METHODS(X)							\
	X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)	\
	X(TRACE) X(CONNECT) X(PROPFIND) X(PROPPATCH) X(MKCOL) X(COPY)	\
	X(MOVE) X(LOCK) X(UNLOCK) X(REPORT) X(SEARCH)

/* The bit of a method, or 0 for one that has none. */
uint32_t form_method(struct str name);
/* The name of the lowest bit set. */
const char *form_method_name(uint32_t bits);

/* The wires that a port stands for when a rule does not say. */
uint32_t form_port_wires(uint16_t port);

#endif

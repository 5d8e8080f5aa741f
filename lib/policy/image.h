/* image.h -- a compiled policy: flat, relocatable, read-only, in a sealed
 * memfd.  Pure but for the mapping.  Enforcers link this and decide.h and
 * never parse YAML. */
#ifndef POLICY_IMAGE_H
#define POLICY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"

struct err;
struct image; /* immutable once open */

/* Narrower policies of the image, that some commands run under
 * (policy/profile.h). A set of them is a word: bit i is the i-th. */
#define PROFILES_MAX	64
#define PROFILE_BYTES_MAX 64	/* of a name */

enum policy_mode { POLICY_ENFORCE, POLICY_AUDIT, POLICY_PERMISSIVE };

/* What of the host's system trees is there (file_access.system). */
enum policy_system {
	POLICY_SYSTEM_READ_ONLY, /* zero: the strict one */
	POLICY_SYSTEM_NONE,
	POLICY_SYSTEM_LAYERED,	/* writable, on a layer of the sandbox's own */
};

struct image_info {
	char hash[HASH_HEX_BYTES + 1];	/* SHA-256 of the image's content */
	enum policy_mode mode;
	enum policy_system system;
	bool has_network;	/* any allow at all */
	bool needs_who;		/* some rule names executables */
	bool needs_fields;	/* some rule asks for a request's fields */
	bool needs_body;	/* or for what its body says */
	bool needs_file_gate;	/* file rules beyond what the kernel's own
				 * means hold, or code that a person is asked
				 * about: opens are to be judged */
	bool needs_exec_gate;	/* there are commands: what is executed is to
				 * be judged */
	bool bounded;		/* by a maximum that enforces, whatever mode
				 * is */
	bool file_hide;		/* some denied name is not to be listed */
	uint32_t files;		/* how many file grants */
};

enum file_access { FILE_READ = 1, FILE_WRITE = 2 };

struct file_grant { /* a whole tree, or one file when tree is false */
	struct str path;	/* absolute, canonical, inside the sandbox; a
				 * tree may turn out to be a file, and either
				 * not to exist */
	unsigned access;	/* of enum file_access */
	bool tree;
	bool deny;		/* takes it away instead: nothing of it may be
				 * there, whatever the grants say */
};

/* Maps and verifies (size, seals, magic, version, bounds of every offset,
 * hash). fd is borrowed. A corrupted image is refused, never believed. */
int image_open(int fd, struct image **out, struct err *e);
/* The same over bytes that stay the caller's (tests, fuzzing, compiler). */
int image_of(struct str bytes, struct image **out, struct err *e);
void image_free(struct image *im); /* NULL is fine */
const struct image_info *image_info(const struct image *im);
void image_file(const struct image *im, uint32_t i, struct file_grant *out);

uint32_t image_profiles(const struct image *im);
struct str image_profile(const struct image *im, uint32_t i);
/* The i-th by its name, or -1. */
int image_profile_find(const struct image *im, struct str name);
/* All of them: of whom it is not known who he is. */
uint64_t image_profiles_all(const struct image *im);

#endif

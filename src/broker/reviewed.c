/* reviewed.c -- which bytes a person has allowed, and how they are called. */
#include <stdio.h>
#include <string.h>

#include "broker/review.h"

#define KNOWN_MAX 1024

static struct {
	struct {
		unsigned char hash[SHA256_BYTES];
		int64_t until;		/* wall clock, us; 0: for good */
	} known[KNOWN_MAX];
	unsigned n_known, next;
} reviewed;

struct subject
subject_of(const unsigned char hash[SHA256_BYTES])
{
	struct subject s = { "sha256:" };

	for (size_t i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(s.text + 7 + 2 * i, 3, "%02x", hash[i]);
	return s;
}

bool
subject_hash(struct str subject, unsigned char out[SHA256_BYTES])
{
	char text[sizeof(struct subject)];
	unsigned v;

	if (subject.len != sizeof(text) - 1 ||
	    !str_copy(subject, text, sizeof(text)) ||
	    strncmp(text, "sha256:", 7) != 0)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		if (sscanf(text + 7 + 2 * i, "%2x", &v) != 1)
			return false;
		out[i] = (unsigned char)v;
	}
	return true;
}

static int
find(const unsigned char hash[SHA256_BYTES])
{
	for (unsigned i = 0; i < reviewed.n_known; i++)
		if (memcmp(reviewed.known[i].hash, hash, SHA256_BYTES) == 0)
			return (int)i;
	return -1;
}

bool
review_knows(const unsigned char hash[SHA256_BYTES])
{
	int at = find(hash);

	return at != -1 && (reviewed.known[at].until == 0 ||
	    clock_wall().v < reviewed.known[at].until);
}

/* The oldest gives way: it is asked about again, and answered at once. */
void
reviewed_put(const unsigned char hash[SHA256_BYTES], int64_t until)
{
	int at = find(hash);

	if (at == -1 && reviewed.n_known < KNOWN_MAX)
		at = (int)reviewed.n_known++;
	else if (at == -1)
		at = (int)(reviewed.next++ % KNOWN_MAX);
	memcpy(reviewed.known[at].hash, hash, SHA256_BYTES);
	reviewed.known[at].until = until;
}

void
reviewed_remove(const unsigned char hash[SHA256_BYTES])
{
	int at = find(hash);

	if (at != -1)
		reviewed.known[at] = reviewed.known[--reviewed.n_known];
}

/* cache.c -- the row used longest ago makes room. */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/narrow.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/must.h"

#define KEYED_BYTES_MAX	(POLICY_FILES_MAX * (POLICY_BYTES_MAX + 8192L))

/* Every part with its length, so that no two sets of documents are one. */
static bool
add_part(struct buf *b, struct str s)
{
	uint64_t len = s.len;

	return buf_add(b, &len, sizeof(len)) && buf_adds(b, s);
}

static bool
key_of(const struct policy_file *files, size_t n, enum policy_stage stage,
    unsigned char out[SHA256_BYTES])
{
	struct buf b;
	bool ok;

	buf_init(&b, KEYED_BYTES_MAX);
	ok = buf_add(&b, &stage, sizeof(stage));
	for (size_t i = 0; i < n && ok; i++) {
		const unsigned char marks[] = { (unsigned char)files[i].kind,
			files[i].maximum };

		ok = buf_add(&b, marks, sizeof(marks)) &&
		    add_part(&b, str_c(files[i].name)) &&
		    add_part(&b, files[i].text);
	}
	if (ok)
		sha256(buf_str(&b), out);
	buf_fini(&b);
	return ok;
}

static struct cache_row *
find(struct cache *k, const unsigned char *key)
{
	for (size_t i = 0; i < CACHE_COUNT_MAX; i++)
		if (k->row[i].bytes != NULL &&
		    memcmp(k->row[i].key, key, SHA256_BYTES) == 0)
			return &k->row[i];
	return NULL;
}

static void
keep(struct cache *k, const unsigned char *key, const char *image, size_t len)
{
	struct cache_row *old = &k->row[0];

	for (size_t i = 1; i < CACHE_COUNT_MAX; i++)
		if (k->row[i].used < old->used)
			old = &k->row[i];
	free(old->bytes);
	*old = (struct cache_row){ .bytes = mem_alloc(len, 1), .len = len,
		.used = ++k->clock };
	memcpy(old->bytes, image, len);
	memcpy(old->key, key, SHA256_BYTES);
}

int
cache_compile(struct cache *k, const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d)
{
	unsigned char key[SHA256_BYTES];
	bool keyed = k != NULL && d->n == 0 && key_of(files, n, stage, key);
	struct cache_row *row = keyed ? find(k, key) : NULL;

	if (row != NULL) {
		row->used = ++k->clock;
		*len = row->len;
		*image = mem_alloc(row->len, 1);
		memcpy(*image, row->bytes, row->len);
		return 0;
	}
	if (narrow_compile(files, n, stage, image, len, d) == -1)
		return -1;
	if (keyed && d->n == 0 && *len <= CACHE_BYTES_MAX)
		keep(k, key, *image, *len);
	return 0;
}

void
cache_fini(struct cache *k)
{
	for (size_t i = 0; i < CACHE_COUNT_MAX; i++)
		free(k->row[i].bytes);
	*k = (struct cache){ 0 };
}

/* sha256.c -- FIPS 180-4. */
#include "policy/sha256.h"

#define BLOCK_BYTES 64

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t
ror(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static uint32_t
load_be(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
store_be(unsigned char *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

static void
schedule(uint32_t w[64], const unsigned char *block)
{
	for (size_t i = 0; i < 16; i++)
		w[i] = load_be(block + 4 * i);
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		    (ror(a, 7) ^ ror(a, 18) ^ a >> 3) +
		    (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
}

/* One round. The eight words do not move: their names do, by n, so that all
 * of it stays in registers. */
static inline void __attribute__((always_inline))
round_of(uint32_t s[8], unsigned n, uint32_t kw)
{
	uint32_t a = s[(8 - n) & 7], b = s[(9 - n) & 7], c = s[(10 - n) & 7];
	uint32_t e = s[(12 - n) & 7], f = s[(13 - n) & 7];
	uint32_t g = s[(14 - n) & 7];
	uint32_t t = s[(15 - n) & 7] + kw +
	    (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g));

	s[(11 - n) & 7] += t;
	s[(15 - n) & 7] = t + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) +
	    ((a & b) ^ (a & c) ^ (b & c));
}

static void
compress(uint32_t h[8], const unsigned char *block)
{
	uint32_t w[64], s[8];

	schedule(w, block);
	memcpy(s, h, sizeof(s));
	for (size_t i = 0; i < 64; i += 8) {
		round_of(s, 0, k[i] + w[i]);
		round_of(s, 1, k[i + 1] + w[i + 1]);
		round_of(s, 2, k[i + 2] + w[i + 2]);
		round_of(s, 3, k[i + 3] + w[i + 3]);
		round_of(s, 4, k[i + 4] + w[i + 4]);
		round_of(s, 5, k[i + 5] + w[i + 5]);
		round_of(s, 6, k[i + 6] + w[i + 6]);
		round_of(s, 7, k[i + 7] + w[i + 7]);
	}
	for (size_t i = 0; i < 8; i++)
		h[i] += s[i];
}

void
sha256_init(struct sha256_sum *s)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
		0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, first, sizeof(s->h));
	s->bytes = 0;
}

void
sha256_add(struct sha256_sum *s, struct str part)
{
	size_t have = s->bytes % BLOCK_BYTES;

	s->bytes += part.len;
	if (have > 0) {
		struct str head = str_upto(part, BLOCK_BYTES - have);

		if (head.len > 0)
			memcpy(s->block + have, head.p, head.len);
		part = str_from(part, head.len);
		if (have + head.len < BLOCK_BYTES)
			return;
		compress(s->h, s->block);
	}
	while (part.len >= BLOCK_BYTES) {
		compress(s->h, (const unsigned char *)part.p);
		part = str_from(part, BLOCK_BYTES);
	}
	if (part.len > 0)
		memcpy(s->block, part.p, part.len);
}

void
sha256_end(struct sha256_sum *s, unsigned char out[SHA256_BYTES])
{
	unsigned char last[2 * BLOCK_BYTES] = { 0 };
	const size_t have = s->bytes % BLOCK_BYTES;
	const size_t tail = have + 9 > BLOCK_BYTES ? 2 * BLOCK_BYTES :
	    BLOCK_BYTES;

	memcpy(last, s->block, have);
	last[have] = 0x80;
	store_be(last + tail - 8, (uint32_t)(s->bytes * 8 >> 32));
	store_be(last + tail - 4, (uint32_t)(s->bytes * 8));
	for (size_t at = 0; at < tail; at += BLOCK_BYTES)
		compress(s->h, last + at);
	for (size_t i = 0; i < 8; i++)
		store_be(out + 4 * i, s->h[i]);
}

void
sha256(struct str s, unsigned char out[SHA256_BYTES])
{
	struct sha256_sum sum;

	sha256_init(&sum);
	sha256_add(&sum, s);
	sha256_end(&sum, out);
}

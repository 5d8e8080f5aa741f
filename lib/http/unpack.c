#include "http/unpack.h"

#include <stdlib.h>
#include <zlib.h>
#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/must.h"

#define ZSTD_WINDOW_LOG_MAX 23	/* 8 MiB: RFC 9659 */
#define FREE_BYTES	    65536

struct unpack {
	enum unpack_coding coding;
	uint64_t in, out;
	z_stream z;
#ifdef HAVE_BROTLI
	BrotliDecoderState *brotli;
#endif
#ifdef HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

enum unpack_coding
unpack_coding_of(struct str value)
{
	static const struct {
		const char *name;
		enum unpack_coding is;
	} names[] = { { "identity", UNPACK_NONE }, { "gzip", UNPACK_GZIP },
		{ "x-gzip", UNPACK_GZIP }, { "deflate", UNPACK_DEFLATE },
#ifdef HAVE_BROTLI
		{ "br", UNPACK_BROTLI },
#endif
#ifdef HAVE_ZSTD
		{ "zstd", UNPACK_ZSTD },
#endif
	};

	for (size_t i = 0; i < NELEM(names); i++)
		if (str_case_eq(value, str_c(names[i].name)))
			return names[i].is;
	return value.len == 0 ? UNPACK_NONE : UNPACK_UNKNOWN;
}

struct unpack *
unpack_new(enum unpack_coding coding)
{
	struct unpack *u = mem_alloc(1, sizeof(*u));
	const int window = coding == UNPACK_GZIP ? 15 + 16 : 15;

	u->coding = coding;
	if (coding == UNPACK_GZIP || coding == UNPACK_DEFLATE)
		must(inflateInit2(&u->z, window) == Z_OK); /* out of memory */
#ifdef HAVE_BROTLI
	if (coding == UNPACK_BROTLI)
		must((u->brotli = BrotliDecoderCreateInstance(NULL, NULL,
		    NULL)) != NULL);
#endif
#ifdef HAVE_ZSTD
	if (coding == UNPACK_ZSTD) {
		must((u->zstd = ZSTD_createDStream()) != NULL);
		must(ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd,
		    ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)) == 0);
	}
#endif
	return u;
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	if (u->coding == UNPACK_GZIP || u->coding == UNPACK_DEFLATE)
		(void)inflateEnd(&u->z); /* whatever state it is in */
#ifdef HAVE_BROTLI
	if (u->brotli != NULL)
		BrotliDecoderDestroyInstance(u->brotli);
#endif
#ifdef HAVE_ZSTD
	if (u->zstd != NULL)
		(void)ZSTD_freeDStream(u->zstd);
#endif
	free(u);
}

/* Each: *in is what was taken, *out what came of it. */

static enum unpack_got
some_zlib(struct unpack *u, struct str from, char *to, size_t room,
    size_t *in, size_t *out)
{
	int rc;

	u->z.next_in = (unsigned char *)(uintptr_t)from.p;
	u->z.avail_in = (unsigned)from.len;
	u->z.next_out = (unsigned char *)to;
	u->z.avail_out = (unsigned)room;
	rc = inflate(&u->z, Z_NO_FLUSH);
	*in = from.len - u->z.avail_in;
	*out = room - u->z.avail_out;
	return rc == Z_STREAM_END		? UNPACK_DONE :
	    rc == Z_OK || rc == Z_BUF_ERROR	? UNPACK_MORE :
						  UNPACK_BAD;
}

#ifdef HAVE_BROTLI
static enum unpack_got
some_brotli(struct unpack *u, struct str from, char *to, size_t room,
    size_t *in, size_t *out)
{
	const uint8_t *next = (const uint8_t *)from.p;
	uint8_t *put = (uint8_t *)to;
	size_t left = from.len, space = room;
	const BrotliDecoderResult rc = BrotliDecoderDecompressStream(
	    u->brotli, &left, &next, &space, &put, NULL);

	*in = from.len - left;
	*out = room - space;
	return rc == BROTLI_DECODER_RESULT_SUCCESS ? UNPACK_DONE :
	    rc == BROTLI_DECODER_RESULT_ERROR	   ? UNPACK_BAD :
						     UNPACK_MORE;
}
#endif

#ifdef HAVE_ZSTD
static enum unpack_got
some_zstd(struct unpack *u, struct str from, char *to, size_t room,
    size_t *in, size_t *out)
{
	ZSTD_inBuffer i = { from.p, from.len, 0 };
	ZSTD_outBuffer o = { to, room, 0 };
	const size_t rc = ZSTD_decompressStream(u->zstd, &o, &i);

	*in = i.pos;
	*out = o.pos;
	return ZSTD_isError(rc) != 0 ? UNPACK_BAD :
	    rc == 0		     ? UNPACK_DONE :
				       UNPACK_MORE;
}
#endif

static enum unpack_got
some(struct unpack *u, struct str from, char *to, size_t room, size_t *in,
    size_t *out)
{
	*in = *out = 0;
	switch (u->coding) {
	case UNPACK_GZIP:
	case UNPACK_DEFLATE:
		return some_zlib(u, from, to, room, in, out);
#ifdef HAVE_BROTLI
	case UNPACK_BROTLI:
		return some_brotli(u, from, to, room, in, out);
#endif
#ifdef HAVE_ZSTD
	case UNPACK_ZSTD:
		return some_zstd(u, from, to, room, in, out);
#endif
	case UNPACK_UNKNOWN:
	case UNPACK_NONE:
#ifndef HAVE_BROTLI
	case UNPACK_BROTLI:
#endif
#ifndef HAVE_ZSTD
	case UNPACK_ZSTD:
#endif
		break;
	}
	return UNPACK_BAD;
}

enum unpack_got
unpack_some(struct unpack *u, struct str *in, struct buf *out, size_t want,
    const char **why)
{
	size_t room, taken, made;
	char *to = buf_space(out, want, &room);
	enum unpack_got got;

	if (room > want)
		room = want;
	if (room == 0) {
		*why = "too long once it is unpacked";
		return UNPACK_BAD;
	}
	got = some(u, *in, to, room, &taken, &made);
	buf_added(out, made);
	*in = str_from(*in, taken);
	u->in += taken;
	u->out += made;
	if (got == UNPACK_BAD)
		*why = "not what its coding says";
	if (got == UNPACK_DONE && in->len > 0) {
		*why = "followed by more than its coding ends with";
		return UNPACK_BAD;
	}
	if (u->out > FREE_BYTES && u->out / UNPACK_RATIO_MAX > u->in) {
		*why = "much longer once it is unpacked";
		return UNPACK_BAD;
	}
	return got;
}

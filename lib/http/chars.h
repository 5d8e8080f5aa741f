/* chars.h -- what kind of byte this is, by RFC 9110 and RFC 3986. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum http_char {
	CHAR_TOKEN = 1,	  /* tchar: methods and field names */
	CHAR_VALUE = 2,	  /* of a field value: TAB, visible, space, >= 0x80 */
	CHAR_TARGET = 4,  /* visible ASCII but '#': may stand in a target */
	CHAR_PLAIN = 8,	  /* pchar but ';': stands for itself in a path */
	CHAR_HOST = 16,	  /* letter, digit, '-', '_': of a host's label */
};

extern const uint8_t http_chars[256];

static inline bool
http_is(char c, enum http_char kind)
{
	return (http_chars[(unsigned char)c] & kind) != 0;
}

/* How many bytes must follow this first byte of a UTF-8 sequence, and the
 * bounds of the next one (RFC 3629: no overlong forms, no surrogates); -1:
 * none begins so. Only for bytes from 0x80 on. */
int utf8_first(unsigned char c, unsigned char *lo, unsigned char *hi);

static inline char
http_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif

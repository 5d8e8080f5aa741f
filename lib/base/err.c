#define BASE_ERR_IMPL
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
err_put(struct err *e, enum err_kind kind, int sys, const char *fmt,
    va_list ap)
{
	size_t len;

	if (e == NULL)
		return;
	e->kind = kind;
	e->sys = sys;
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	if (sys == 0)
		return;
	len = strlen(e->text);
	(void)snprintf(e->text + len, sizeof(e->text) - len, ": %s",
	    strerror(sys));
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_put(e, kind, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	err_put(e, ERR_SYS, saved, fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

int
err_num(struct err *e, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_put(e, ERR_SYS, num, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[ERR_BYTES_MAX];
	size_t len;
	va_list ap;

	if (e == NULL)
		return -1;
	memcpy(inner, e->text, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	(void)snprintf(e->text + len, sizeof(e->text) - len, ": %s", inner);
	return -1;
}

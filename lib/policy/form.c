/* form.c -- the words that have numbers in an image. */
#include "policy/form.h"

#include "base/compat.h"

static const struct str methods[] = {
#define X(name) STR(#name),
	METHODS(X)
#undef X
};
_Static_assert(NELEM(methods) <= 32, "one bit each");

uint32_t
form_method(struct str name)
{
	for (size_t i = 0; i < NELEM(methods); i++)
		if (str_eq(methods[i], name))
			return UINT32_C(1) << i;
	return 0;
}

const char *
form_method_name(uint32_t bits)
{
	size_t i = (size_t)__builtin_ctz(bits);

	return i < NELEM(methods) ? methods[i].p : "?"; /* a damaged image */
}

uint32_t
form_port_wires(uint16_t port)
{
	switch (port) {
	case 80:
		return WIRE_HTTP;
	case 443:
		return WIRE_HTTPS;
	case 465:	/* smtps */
	case 636:	/* ldaps */
	case 993:	/* imaps */
	case 995:	/* pop3s */
	case 5671:	/* amqps */
		return WIRE_TLS;
	case 22:	/* ssh */
	case 25:	/* smtp */
	case 110:	/* pop3 */
	case 143:	/* imap */
	case 389:	/* ldap */
	case 587:	/* submission */
	case 1433:	/* mssql */
	case 3306:	/* mysql */
	case 5432:	/* postgres */
	case 5672:	/* amqp */
	case 6379:	/* redis */
	case 9418:	/* git */
	case 27017:	/* mongodb */
		return WIRE_TCP;
	default:
		return WIRE_HTTPS | WIRE_HTTP;	/* inspected, either way */
	}
}

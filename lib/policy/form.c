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
	return methods[__builtin_ctz(bits)].p;
}

static const struct {
	uint16_t port;
	uint32_t wires;
} ports[] = {
	{ 22, WIRE_TCP },	/* ssh */
	{ 25, WIRE_TCP },	/* smtp */
	{ 80, WIRE_HTTP },
	{ 110, WIRE_TCP },	/* pop3 */
	{ 143, WIRE_TCP },	/* imap */
	{ 389, WIRE_TCP },	/* ldap */
	{ 443, WIRE_HTTPS },
	{ 465, WIRE_TLS },	/* smtps */
	{ 587, WIRE_TCP },	/* submission */
	{ 636, WIRE_TLS },	/* ldaps */
	{ 993, WIRE_TLS },	/* imaps */
	{ 995, WIRE_TLS },	/* pop3s */
	{ 1433, WIRE_TCP },	/* mssql */
	{ 3306, WIRE_TCP },	/* mysql */
	{ 5432, WIRE_TCP },	/* postgres */
	{ 5671, WIRE_TLS },	/* amqps */
	{ 5672, WIRE_TCP },	/* amqp */
	{ 6379, WIRE_TCP },	/* redis */
	{ 9418, WIRE_TCP },	/* git */
	{ 27017, WIRE_TCP },	/* mongodb */
};

uint32_t
form_port_wires(uint16_t port)
{
	for (size_t i = 0; i < NELEM(ports); i++)
		if (ports[i].port == port)
			return ports[i].wires;
	return WIRE_HTTPS | WIRE_HTTP;	/* inspected, either way */
}

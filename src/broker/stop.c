#include "broker/stop.h"

long
stop_let_go(const struct ask *a, const struct program *p)
{
	(void)a;
	(void)p;
	return LET_GO;
}

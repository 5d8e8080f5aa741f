/* profiles.c -- narrower policies that commands may run under. */
#include "base/compat.h"
#include "compile/commands.h"

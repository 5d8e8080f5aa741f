/* layer.h -- the writable layer of a sandbox over the host's system trees.
 *
 * SANDBOXDIR/layer/ is made once, before the agent first runs, and never
 * written by us again: afterwards it holds names that the agent chose, so
 * nothing outside follows a path in it.
 *
 *	usr/ etc/ opt/	upper directories of overlays
 *	bin/ ...	the same on hosts where these are not links into usr
 *	var/ srv/	the sandbox's own, empty at first; opt/ too where the
 *			host has none
 *	work/NAME/	overlayfs's work directories */
#ifndef JAIL_LAYER_H
#define JAIL_LAYER_H

#include <stdbool.h>

struct err;

/* Makes SANDBOXDIR/layer if it is not there. host_root: our uid on the host
 * is 0, which owns the host's directories already. */
int layer_prepare(int boxdir, bool host_root, struct err *e);
/* Was the host's /name there when the layer was made? */
bool layer_covers(int boxdir, const char *name);
/* The host tree lower (open, a directory) under the layer's directory name.
 * Returns the detached mount. */
int layer_mount(int boxdir, const char *name, int lower, struct err *e);
/* A directory of the layer itself (var, srv), as a detached mount. */
int layer_own(int boxdir, const char *name, struct err *e);

#endif

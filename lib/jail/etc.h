/* etc.h -- the sandbox's /etc: a copy of what programs need from the host's.
 *
 * An allow-list of names, and of those only what everybody on the host may
 * read, is copied once into BASELINE/etc-STAMP, a directory of the user's.
 * The stamp is of the names' metadata, so an update of the host makes a new
 * copy for sandboxes that start later. passwd, group, hosts, resolv.conf and
 * nsswitch.conf are ours; bundles of certificate authorities are links to
 * /etc/openshell, which each sandbox has of its own. Nothing that is not on
 * the list is there, whatever name it gets in the future.
 *
 * A running sandbox may have the copy mounted, so it is never changed. An old
 * one is a few hundred kilobytes and stays. */
#ifndef JAIL_ETC_H
#define JAIL_ETC_H

struct err;

/* Makes the copy in the directory (created if missing) unless it is there.
 * Returns the copy's descriptor. */
int etc_prepare(const char *baseline, struct err *e);

/* Fills an empty directory with the files of ours alone (system: none). */
int etc_own_files(int dirfd, struct err *e);

/* The host's bundle of certificate authorities, or -1 with a sentence that
 * lists where it was looked for. */
int etc_bundle_open(struct err *e);

#endif

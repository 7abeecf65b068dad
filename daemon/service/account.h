/* account: whose the database is. What root does on the daemon's behalf is done with that account's rights: its folder
 * is in its hands, and a name there may lead anywhere. */
#ifndef DEADLINED_SERVICE_ACCOUNT_H
#define DEADLINED_SERVICE_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct account {
	uid_t uid;
	gid_t gid;
};

/* The owner of the database; where it is missing or root's, that of its folder; where that is missing, root. */
struct account account_of_database(const char *database);

/* Run by root, the process becomes the owner of the database for the rest of its life, with the groups of that account
 * and without capabilities; run by others, or when root is the owner, nothing happens. may_search: it may still look
 * into every folder, because systemd keeps the folder of a DynamicUser below /var/lib/private, which is root's alone.
 * Errors: -errno, when nothing may be done as that account. */
MUSTCHECK int account_become_owner(const char *database, bool may_search, struct err *err);

#endif

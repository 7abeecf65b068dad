/* store_daily: the folder of daily copies: whose names are ours, which of them are old, and whether a missing database
 * was ever there. */
#ifndef DEADLINED_STORE_STORE_DAILY_H
#define DEADLINED_STORE_STORE_DAILY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strlist.h"

enum { STORE_DAILY_SIZE = 64 };

/* Name of the copy of a day: "deadlined-2025-01-31.db". */
void store_daily_name(const char *day, char name[STORE_DAILY_SIZE]);
/* Where the copy of a day of the database of that instance goes, freed by the caller: where another database's copy has
 * that name, "deadlined-2025-01-31-INSTANCE.db". *ret_may_replace: an earlier copy of its own is there. */
char *store_daily_path(const char *folder, const char *day, const char *instance, bool *ret_may_replace);
/* The names of the daily copies in folder, of whatever database, the latest first; those of days after today, made
 * under a clock that was wrong, come last. A folder that is missing has none. The caller frees the list. Errors: errno
 * of opendir(3). */
MUSTCHECK int store_daily_list(const char *folder, const char *today, struct strlist *ret_names, struct err *err);
/* Removes the daily copies but the latest keep, and what a copy that was cut off has left. No copy of another database
 * than that of instance is counted, and no other file is touched. */
MUSTCHECK int store_daily_prune(const char *folder, const char *today, const char *instance, int64_t keep,
				struct err *err);

/* A database that is missing, or is an empty file, is made anew only when nothing says that there was one: not beside a
 * copy of it, or one that does not say of what, a damaged file that was set aside, or its log. Errors: -EUCLEAN. */
MUSTCHECK int store_check_first(const char *database, const char *backup_dir, const char *today, struct err *err);

#endif

/* place: whether the files that were opened are still the ones at their paths.
 *
 * A database that is moved, deleted or restored under a running daemon lives on without a name: what the daemon reads
 * and writes is then not what everybody else does. Looked at by stat(2) alone: to open a database and to close it again
 * would take away the locks that SQLite has on it (sqlite.org/howtocorrupt.html). */
#ifndef DEADLINED_SERVICE_PLACE_H
#define DEADLINED_SERVICE_PLACE_H

#include <stdbool.h>

#include "base/err.h"

struct place;

struct place *place_new(void);
void place_free(struct place *place);

/* The file PATH SUFFIX, as it is now, is to stay there. One that is not there is not looked at. */
void place_add(struct place *place, const char *path, const char *suffix);

/* Errors: -ESTALE, and the error names the first file that is gone, or is another one. */
MUSTCHECK int place_check(const struct place *place, struct err *err);

/* Whether the files that end in suffix are gone, all others are in their place. */
bool place_lacks_only(const struct place *place, const char *suffix);

#endif

/* import_seen: the names that the rows of one import use, each with the place where it was first. */
#ifndef DEADLINED_CTL_IMPORT_SEEN_H
#define DEADLINED_CTL_IMPORT_SEEN_H

#include <stddef.h>

struct import_place {
	const char *name; /* borrowed; NULL = free slot */
	const char *file; /* borrowed */
	unsigned line;
};

/* {0} is empty. */
struct import_seen {
	struct import_place *slots;
	size_t n_slots, n;
};

/* Notes name, which must outlive the table. Returns the place where it was before, or NULL when it is new. */
const struct import_place *import_seen_add(struct import_seen *seen, const char *name, const char *file, unsigned line);
const struct import_place *import_seen_find(const struct import_seen *seen, const char *name);
void import_seen_done(struct import_seen *seen);

#endif

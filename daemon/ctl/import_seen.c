#include "ctl/import_seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { IMPORT_SEEN_FIRST = 64 }; /* slots; a power of two, as they stay */

/* Where name is, or where it belongs. There is always a free slot. */
static struct import_place *import_seen_slot(const struct import_seen *seen, const char *name)
{
	size_t at = (size_t)hash_text(name) & (seen->n_slots - 1);
	while (seen->slots[at].name != NULL && strcmp(seen->slots[at].name, name) != 0)
		at = (at + 1) & (seen->n_slots - 1);
	return &seen->slots[at];
}

static void import_seen_grow(struct import_seen *seen)
{
	struct import_seen larger = {.n_slots = seen->n_slots != 0 ? seen->n_slots * 2 : IMPORT_SEEN_FIRST,
				     .n = seen->n};
	larger.slots = mem_zero(larger.n_slots, sizeof(*larger.slots));
	for (size_t i = 0; i < seen->n_slots; i++)
		if (seen->slots[i].name != NULL)
			*import_seen_slot(&larger, seen->slots[i].name) = seen->slots[i];
	free(seen->slots);
	*seen = larger;
}

const struct import_place *import_seen_add(struct import_seen *seen, const char *name, const char *file, unsigned line)
{
	if (seen->n * 2 >= seen->n_slots)
		import_seen_grow(seen);
	struct import_place *place = import_seen_slot(seen, name);
	if (place->name != NULL)
		return place;
	*place = (struct import_place){.name = name, .file = file, .line = line};
	seen->n++;
	return NULL;
}

const struct import_place *import_seen_find(const struct import_seen *seen, const char *name)
{
	if (seen->n == 0)
		return NULL;
	const struct import_place *place = import_seen_slot(seen, name);
	return place->name != NULL ? place : NULL;
}

void import_seen_done(struct import_seen *seen)
{
	free(seen->slots);
	*seen = (struct import_seen){0};
}

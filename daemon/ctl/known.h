/* known: the names that the database knows, for "did you mean". */
#ifndef DEADLINED_CTL_KNOWN_H
#define DEADLINED_CTL_KNOWN_H

#include "base/strlist.h"
#include "store/store.h"

/* Append what there is to names; when the database cannot be read, they append less: only a suggestion suffers. */
void known_people(struct store *store, struct strlist *names);
void known_tasks(struct store *store, struct strlist *names);

/* The name in the list that was most likely meant, or NULL. Owned by names. */
const char *known_nearest(const struct strlist *names, const char *typed);

/* Complains that there is no such person and who was perhaps meant. Returns EX_DATAERR. */
int known_fail_person(struct store *store, const char *id);

#endif

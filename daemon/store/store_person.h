/* store_person: people and their addresses in the database. */
#ifndef DEADLINED_STORE_STORE_PERSON_H
#define DEADLINED_STORE_STORE_PERSON_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/person.h"
#include "store/store.h"
#include "store/store_task.h"

/* Adds the person, or updates the one with the same id; addresses become exactly those given on the
 * channels named in channels (n of them), addresses on other channels stay. */
MUSTCHECK int store_person_put(struct store *store, const struct person *person, const char *const *channels, size_t n,
			       enum store_change *ret_change, struct err *err);

/* The service of the channel says by itself that another address takes the place of the one the person has there: it
 * does, with a line in the ledger. *ret_is_new is false when they have none there, or this one. */
MUSTCHECK int store_person_readdress(struct store *store, const char *person, const char *channel, const char *address,
				     int64_t now_utc, bool *ret_is_new, struct err *err);

/* *ret_exists: whether there is a person with that id. */
MUSTCHECK int store_person_exists(struct store *store, const char *id, bool *ret_exists, struct err *err);

/* The person with addresses; the caller frees it with person_done(). Errors: -ENOENT. */
MUSTCHECK int store_person_load(struct store *store, const char *id, struct person *ret_person, struct err *err);
/* Only their id, zone, calendar, quiet and working hours: enough to know when they may be written to. */
MUSTCHECK int store_person_load_hours(struct store *store, const char *id, struct person *ret_person, struct err *err);

/* The active people of a task, by id, each once; the caller frees each with person_done() and the array with free(). */
MUSTCHECK int store_person_of_task(struct store *store, int64_t task, struct person **ret_people, size_t *ret_n,
				   struct err *err);

/* Calls each for every person, by id; stops at its first negative result and returns it. */
typedef int (*store_person_cb)(void *arg, const struct person *person);
MUSTCHECK int store_person_each(struct store *store, store_person_cb each, void *arg, struct err *err);

/* The names of the calendars that active people have, sorted, each once; the caller frees the list. */
MUSTCHECK int store_person_calendars(struct store *store, struct strlist *ret_calendars, struct err *err);
/* Likewise of the channels on which somebody has an address. */
MUSTCHECK int store_person_channels(struct store *store, struct strlist *ret_channels, struct err *err);

/* Ids of the people with that address on the channel, suspended or not, sorted; only_active: without those who are not
 * there any more. The caller frees the list. */
MUSTCHECK int store_address_owners(struct store *store, const char *channel, const char *address, bool only_active,
				   struct strlist *ret_people, struct err *err);
/* Gives the person that address on the channel, in place of the one they had. */
MUSTCHECK int store_address_set(struct store *store, const char *person, const char *channel, const char *address,
				struct err *err);
MUSTCHECK int store_address_is_suspended(struct store *store, const char *person, const char *channel, bool *ret_is,
					 struct err *err);

#endif

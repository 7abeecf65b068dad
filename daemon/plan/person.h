/* person: plain facts of who is reminded, in which language and zone, and where. */
#ifndef DEADLINED_PLAN_PERSON_H
#define DEADLINED_PLAN_PERSON_H

#include <stdbool.h>
#include <stddef.h>

enum { PERSON_ID_MAX = 64, PERSON_NAME_MAX = 200, PERSON_ADDRESS_MAX = 320 };

struct person_address {
	char *channel; /* its name in the configuration */
	char *address;
};

struct person {
	char *id;
	char *name;
	char *language;
	char *zone;
	struct person_address *addresses;
	size_t n_addresses;
};

void person_done(struct person *person);
/* The address on that channel, or NULL. */
const char *person_address(const struct person *person, const char *channel);
/* Adds an address; copies both. */
void person_add_address(struct person *person, const char *channel, const char *address);

#endif

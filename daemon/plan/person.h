/* person: plain facts of who is reminded, in which language and zone, and where. */
#ifndef DEADLINED_PLAN_PERSON_H
#define DEADLINED_PLAN_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERSON_ID_MAX = 64, PERSON_NAME_MAX = 200, PERSON_ADDRESS_MAX = 320 };

struct person_address {
	char *channel; /* its name in the configuration */
	char *address;
	bool is_suspended; /* it refused everything: nothing is sent there until it changes */
};

struct person {
	char *id;
	char *name;
	char *language;
	char *zone;
	char *calendar; /* name of a working calendar, "" for Monday to Friday */
	char *quiet;    /* quiet hours, working hours and digest as written in hours.h; "" for none */
	char *work;
	char *digest;
	char *channels;  /* on which of them, as written in remind/order.h; "" for what the policy says */
	int64_t ceiling; /* messages a day beyond which they are held and merged; 0 = none */
	bool is_active;  /* as it was read: whoever writes a person leaves it as it is */
	unsigned roles;  /* ROLE_BIT()s in the task that it was read for */
	struct person_address *addresses;
	size_t n_addresses;
};

void person_done(struct person *person);
/* The address on that channel, NULL when there is none, or none that is in use. */
const char *person_address(const struct person *person, const char *channel);
/* Adds an address; copies both. */
void person_add_address(struct person *person, const char *channel, const char *address);
void person_clear_addresses(struct person *person);

#endif

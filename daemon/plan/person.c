#include "plan/person.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void person_done(struct person *person)
{
	free(person->id);
	free(person->name);
	free(person->language);
	free(person->zone);
	free(person->calendar);
	free(person->quiet);
	free(person->work);
	free(person->digest);
	free(person->channels);
	person_clear_addresses(person);
	*person = (struct person){0};
}

void person_clear_addresses(struct person *person)
{
	for (size_t i = 0; i < person->n_addresses; i++) {
		free(person->addresses[i].channel);
		free(person->addresses[i].address);
	}
	free(person->addresses);
	person->addresses = NULL;
	person->n_addresses = 0;
}

const char *person_address(const struct person *person, const char *channel)
{
	for (size_t i = 0; i < person->n_addresses; i++)
		if (strcmp(person->addresses[i].channel, channel) == 0 && !person->addresses[i].is_suspended)
			return person->addresses[i].address;
	return NULL;
}

void person_add_address(struct person *person, const char *channel, const char *address)
{
	person->addresses = mem_grow(person->addresses, person->n_addresses + 1, sizeof(*person->addresses));
	person->addresses[person->n_addresses++] = (struct person_address){
		.channel = mem_dup(channel),
		.address = mem_dup(address),
	};
}

#include "witness.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

void witness_done(struct witness *witness)
{
	for (size_t i = 0; i < witness->size; i++)
		free(witness->items[i]);
	free(witness->items);
	free(witness->said);
	free(witness->said_in);
	*witness = (struct witness){0};
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static size_t witness_slot(const struct witness *witness, int64_t id, int64_t epoch)
{
	size_t slot = (size_t)hash_mix((uint64_t)id ^ hash_mix((uint64_t)epoch)) & (witness->size - 1);
	while (witness->items[slot] != NULL && (witness->items[slot]->id != id || witness->items[slot]->epoch != epoch))
		slot = (slot + 1) & (witness->size - 1);
	return slot;
}

static void witness_grow(struct witness *witness)
{
	struct witness bigger = {.size = witness->size == 0 ? 1024 : witness->size * 2};
	bigger.items = mem_zero(bigger.size, sizeof(struct witness_message *));
	for (size_t i = 0; i < witness->size; i++)
		if (witness->items[i] != NULL)
			bigger.items[witness_slot(&bigger, witness->items[i]->id, witness->items[i]->epoch)] =
				witness->items[i];
	free(witness->items);
	witness->items = bigger.items;
	witness->size = bigger.size;
}

struct witness_message *witness_find(struct witness *witness, int64_t id, int64_t epoch)
{
	if (witness->n * 2 >= witness->size)
		witness_grow(witness);
	size_t slot = witness_slot(witness, id, epoch);
	if (witness->items[slot] == NULL) {
		witness->items[slot] = mem_zero(1, sizeof(struct witness_message));
		witness->items[slot]->id = id;
		witness->items[slot]->epoch = epoch;
		witness->n++;
	}
	return witness->items[slot];
}

bool witness_read_id(const char *message_id, int64_t *ret_id, int64_t *ret_epoch)
{
	long long id = 0;
	unsigned long long epoch = 0;
	if (sscanf(message_id, "m%lld.%8llx.", &id, &epoch) != 2)
		return false;
	*ret_id = id;
	*ret_epoch = (int64_t)epoch;
	return true;
}

void witness_answer(struct witness *witness, struct witness_message *message, const struct channel_result *result)
{
	message->is_in_flight = false;
	message->is_answered = true;
	message->verdict = result->verdict;
	message->unknown += result->verdict == CHANNEL_UNKNOWN;
	message->refused += result->verdict == CHANNEL_PERMANENT;
	assert(witness->n_answered < WITNESS_ANSWERED);
	witness->answered[witness->n_answered++] = message;
}

unsigned witness_copies_allowed(const struct witness_message *message)
{
	return 1 + message->deaths + message->unknown + message->restores;
}

void witness_death(struct witness *witness)
{
	for (size_t i = 0; i < witness->size; i++) {
		struct witness_message *message = witness->items[i];
		if (message == NULL)
			continue;
		message->deaths += message->is_in_flight || message->is_answered;
		if (message->is_in_flight || message->is_answered)
			message->earliest_utc = 0;
		message->is_in_flight = false;
		message->is_answered = false;
		message->sending_since = 0;
	}
	witness->n_answered = 0;
}

void witness_restore(struct witness *witness)
{
	for (size_t i = 0; i < witness->size; i++) {
		if (witness->items[i] == NULL)
			continue;
		witness->items[i]->restores++;
		witness->items[i]->accepted_before = witness->items[i]->accepted;
		witness->items[i]->final_print = 0;
		witness->items[i]->earliest_utc = 0;
	}
	if (witness->size_said != 0)
		memset(witness->said, 0, witness->size_said * sizeof(*witness->said));
	witness->n_said = 0;
}

/* ---- reminders ------------------------------------------------------------------------------------------------------ */

static size_t witness_said_slot(const struct witness *witness, uint64_t reminder)
{
	size_t slot = (size_t)reminder & (witness->size_said - 1);
	while (witness->said[slot] != 0 && witness->said[slot] != reminder)
		slot = (slot + 1) & (witness->size_said - 1);
	return slot;
}

static void witness_grow_said(struct witness *witness)
{
	struct witness bigger = {.size_said = witness->size_said == 0 ? 1024 : witness->size_said * 2};
	bigger.said = mem_zero(bigger.size_said, sizeof(*bigger.said));
	bigger.said_in = mem_zero(bigger.size_said, sizeof(*bigger.said_in));
	for (size_t i = 0; i < witness->size_said; i++)
		if (witness->said[i] != 0) {
			size_t slot = witness_said_slot(&bigger, witness->said[i]);
			bigger.said[slot] = witness->said[i];
			bigger.said_in[slot] = witness->said_in[i];
		}
	free(witness->said);
	free(witness->said_in);
	witness->said = bigger.said;
	witness->said_in = bigger.said_in;
	witness->size_said = bigger.size_said;
}

int64_t witness_say(struct witness *witness, uint64_t reminder, int64_t message)
{
	if (witness->n_said * 2 >= witness->size_said)
		witness_grow_said(witness);
	size_t slot = witness_said_slot(witness, reminder | 1);
	if (witness->said[slot] != 0)
		return witness->said_in[slot];
	witness->said[slot] = reminder | 1;
	witness->said_in[slot] = message;
	witness->n_said++;
	return 0;
}

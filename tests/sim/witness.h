/* witness: what the world outside of the daemon remembers of each message: who was handed it, who took it, what was said
 * about it. It never looks into the database, and a crash of the daemon does not touch it.
 *
 * A message is known by its row and by the epoch in its Message-ID: a restored backup uses rows again, never a
 * Message-ID. */
#ifndef DEADLINED_SIM_WITNESS_H
#define DEADLINED_SIM_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"

enum { WITNESS_ANSWERED = 256 };

struct witness_message {
	int64_t id, epoch;
	char message_id[160], key[80], channel[16];
	unsigned handed;              /* to a server, by a process that was alive */
	unsigned accepted_before;     /* of them, before the last backup came back: its counts know nothing of these */
	unsigned accepted;            /* copies that a server took */
	unsigned unknown;             /* replies that were lost, as the daemon was told */
	unsigned refused;             /* refusals for good, as the daemon was told */
	unsigned deaths;              /* of the daemon, while it was under way or its result not on the disk */
	unsigned restores;            /* of a backup from before it was settled */
	bool is_in_flight;            /* at a server */
	bool is_answered;             /* the daemon has been told, and the disk does not say so yet */
	enum channel_verdict verdict; /* of the last answer */
	int64_t counted_hour;         /* in which it was handed over, if a brake counts it; 0 = none does */
	int64_t earliest_utc;         /* not to be tried again before: what the last answer asks for */
	uint64_t final_print;         /* of its row since it is in a final state; 0 = it is not */
	int64_t sending_since; /* the tick that first saw it 'sending' without a server that has it; 0 = it is not so */
};

struct witness {
	struct witness_message **items; /* by id and epoch; each owned */
	size_t n, size;
	uint64_t *said; /* prints of reminders that were accepted, and in which message: an open hash table */
	int64_t *said_in;
	size_t n_said, size_said;
	struct witness_message *answered[WITNESS_ANSWERED]; /* those with is_answered */
	size_t n_answered;
};

void witness_done(struct witness *witness);
/* The message; made when it is new. */
struct witness_message *witness_find(struct witness *witness, int64_t id, int64_t epoch);
/* The row's number and the epoch in a Message-ID, false when there are none. */
bool witness_read_id(const char *message_id, int64_t *ret_id, int64_t *ret_epoch);

/* The daemon is told: until the disk says so, too, it may forget. */
void witness_answer(struct witness *witness, struct witness_message *message, const struct channel_result *result);

/* How many copies may have been taken of it: one, and one more for each time its sender could not know. */
unsigned witness_copies_allowed(const struct witness_message *message);

/* The daemon died: what it had not put on the disk is forgotten, by it. */
void witness_death(struct witness *witness);
/* A backup came back: whatever it says may be said once more. */
void witness_restore(struct witness *witness);

/* A reminder was said in that message. Returns the message that had said it first, 0 when none had. */
int64_t witness_say(struct witness *witness, uint64_t reminder, int64_t message);

#endif

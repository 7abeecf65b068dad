/* store_reader: what the planner must know about a reader before it writes to them: what they acknowledged or snoozed,
 * how much they were told that day, what already waits, and what an edit has dropped. */
#ifndef DEADLINED_STORE_STORE_READER_H
#define DEADLINED_STORE_STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "plan/person.h"
#include "plan/task.h"
#include "store/store.h"
#include "store/store_message.h"

MUSTCHECK int store_is_acknowledged(struct store *store, int64_t task, const char *occurrence, bool *ret_is,
				    struct err *err);
/* Acknowledging again changes nothing. */
MUSTCHECK int store_acknowledge(struct store *store, int64_t task, const char *occurrence, struct err *err);

/* Until when the person has snoozed the task; 0 when they have not, or that is over. */
MUSTCHECK int store_snoozed_until(struct store *store, int64_t task, const char *person, int64_t now_utc,
				  int64_t *ret_until_utc, struct err *err);
/* The occurrence of the latest reminder of the task that was sent to the person, as period_key() writes it; owned by
 * the caller, NULL when there was none. */
MUSTCHECK int store_told_last(struct store *store, int64_t task, const char *person, char **ret_occurrence,
			      struct err *err);
/* What the person would be told of the task before until_utc, and earlier snoozes of it, are dropped: before a new
 * snooze. */
MUSTCHECK int store_snooze_clear(struct store *store, int64_t task, const char *person, int64_t until_utc,
				 struct err *err);

/* Of the ceiling of messages a day: how many were planned for the person on that day of theirs. */
MUSTCHECK int store_ceiling_load(struct store *store, const char *person, const char *day, int64_t *ret_count,
				 struct err *err);
/* One more of them. */
MUSTCHECK int store_ceiling_add(struct store *store, const char *person, const char *day, struct err *err);

/* A message to that person on that channel, planned for exactly not_before, that was never tried, is not urgent and
 * tells of no cancelled or moved date: another reminder may join it. only_catch_up: of kind "catch_up", and of the
 * minute before, too, because planning what was missed may take several passes. 0 when there is none. */
MUSTCHECK int store_joinable(struct store *store, const char *person, const char *channel, int64_t not_before,
			     bool only_catch_up, int64_t *ret_message, struct err *err);
/* The same for a message that was held and leaves at not_before: what falls due just then goes with it. */
MUSTCHECK int store_joinable_held(struct store *store, const char *person, const char *channel, int64_t not_before,
				  int64_t *ret_message, struct err *err);
/* Makes it one of several reminders: kind "merged" or "catch_up", and of no thread unless all are of the same task.
 * task: of the one that joins. */
MUSTCHECK int store_join(struct store *store, int64_t message, int64_t task, bool is_catch_up, struct err *err);

/* People who were, on one of their channels, last told of the task for another date than current_key, in person or by
 * their deputy; whose reply was lost may have been told, and counts, as does whom the notice of the move waits for.
 * date: only of what they were told of that date of a repeating task, wherever it was moved; NULL = of any that is not
 * cancelled by itself. */
MUSTCHECK int store_told_other_date(struct store *store, int64_t task, const char *current_key, const char *date,
				    struct strlist *ret_people, struct err *err);

/* The dates of a task that something open is about, but for what says that they are cancelled. */
MUSTCHECK int store_open_dates(struct store *store, int64_t task, struct strlist *ret_keys, struct err *err);
/* Drops that of one of them, as moved: the rule does not give the date any more. */
MUSTCHECK int store_drop_date(struct store *store, int64_t task, const char *key, struct err *err);
/* Forgets the reminders of an occurrence that an edit had dropped before they were sent, and that hold again since it
 * was undone: the person takes part and has an address. They may then be planned anew. *ret_from_utc: when the first of
 * them was due, STORE_NEVER when there was none. */
MUSTCHECK int store_reminder_revive(struct store *store, int64_t task, const char *occurrence, int64_t *ret_from_utc,
				    struct err *err);

/* What an edit of the date dropped before anything was said of it. */
struct store_unsaid {
	int64_t due_utc;                 /* STORE_NEVER: there is none */
	char key[PERIOD_KEY_SIZE];       /* of its date */
	char moved_key[PERIOD_KEY_SIZE]; /* where that date of a series lies now; "" when it is not known by itself */
};
/* The first of them that was due until then, whatever it waited for, and of which its person was not written to since;
 * those whose message was due until after_utc are too old. */
MUSTCHECK int store_reminder_unsaid(struct store *store, int64_t task, int64_t after_utc, int64_t until_utc,
				    struct store_unsaid *ret_unsaid, struct err *err);

/* Ids of the open tasks the person takes part in, in whatever role. */
MUSTCHECK int store_tasks_of(struct store *store, const char *person, int64_t **ret_ids, size_t *ret_n,
			     struct err *err);

/* The occurrence with that key and all that follow by the rule are over: what was moved among them gets the status, as
 * does, when that is "done", what was told of them; reminders of them that are not sent yet are dropped. The rule
 * itself is the caller's. */
MUSTCHECK int store_occurrences_close_from(struct store *store, int64_t task, const char *date, const char *status,
					   struct err *err);

#endif

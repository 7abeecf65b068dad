/* store_talk: what is remembered of people who answer on a messenger: who is invited, what they were asked, what they are
 * answered, and which messages still look as they were sent. */
#ifndef DEADLINED_STORE_STORE_TALK_H
#define DEADLINED_STORE_STORE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "plan/period.h"
#include "store/store.h"

/* ---- whose an address is ---- */

/* Ids of the people with that address on the channel, suspended or not, sorted; only_active: without those who are not
 * there any more. The caller frees the list. */
MUSTCHECK int store_address_owners(struct store *store, const char *channel, const char *address, bool only_active,
				   struct strlist *ret_people, struct err *err);
/* Gives the person that address on the channel, in place of the one they had. */
MUSTCHECK int store_address_set(struct store *store, const char *person, const char *channel, const char *address,
				struct err *err);
MUSTCHECK int store_address_is_suspended(struct store *store, const char *person, const char *channel, bool *ret_is,
					 struct err *err);

/* ---- invitations ---- */

/* hash: of the word, never the word itself. Any other invitation of the person to the channel ends. */
MUSTCHECK int store_invite_add(struct store *store, const char *hash, const char *person, const char *channel,
			       int64_t until_utc, struct err *err);
/* Whom the word invites to the channel, an active person, and until when; *ret_person is owned, NULL when nobody is. */
MUSTCHECK int store_invite_find(struct store *store, const char *hash, const char *channel, char **ret_person,
				int64_t *ret_until_utc, struct err *err);
/* Every invitation of the person to the channel ends. */
MUSTCHECK int store_invite_end(struct store *store, const char *person, const char *channel, struct err *err);

/* ---- questions ---- */

struct store_question {
	int64_t task; /* 0 = nothing was asked, or too long ago */
	char occurrence[PERIOD_KEY_SIZE];
};

/* Asks the person on the channel for the date of an occurrence; what was asked before is forgotten. */
MUSTCHECK int store_question_set(struct store *store, const char *person, const char *channel,
				 const struct store_question *question, int64_t until_utc, struct err *err);
MUSTCHECK int store_question_load(struct store *store, const char *person, const char *channel, int64_t now_utc,
				  struct store_question *ret_question, struct err *err);
MUSTCHECK int store_question_end(struct store *store, const char *person, const char *channel, struct err *err);

/* ---- answers ---- */

/* One answer more to the person in the hour that began at or after now_utc - 3600. *ret_answers: how many there are in it. */
MUSTCHECK int store_answered_add(struct store *store, const char *person, const char *channel, int64_t now_utc,
				 int64_t *ret_answers, struct err *err);
/* How many there are in it, without one more. */
MUSTCHECK int store_answered_load(struct store *store, const char *person, const char *channel, int64_t now_utc,
				  int64_t *ret_answers, struct err *err);
/* Whether the person may be told again what can be asked for: not within wait_s of the last time. Notes it when so. */
MUSTCHECK int store_hint_due(struct store *store, const char *person, const char *channel, int64_t now_utc,
			     int64_t wait_s, bool *ret_is_due, struct err *err);

/* ---- what is shown ---- */

enum { STORE_REMOTE_ID_SIZE = 128 };

/* The message is about to be sent: a task of it that changes from now on makes it stale. */
MUSTCHECK int store_shown_begin(struct store *store, int64_t message, struct err *err);
/* It was sent, and the service calls it so; nothing when it is not to be changed any more. */
MUSTCHECK int store_shown_put(struct store *store, int64_t message, const char *remote_id, struct err *err);
/* *ret_remote_id is "" when the message is not known to be shown. */
MUSTCHECK int store_shown_load(struct store *store, int64_t message, char ret_remote_id[STORE_REMOTE_ID_SIZE],
			       struct err *err);
/* Whether its reader, or the one they stand in for, still takes part in that task of it, and the reader is still there. */
MUSTCHECK int store_shown_is_theirs(struct store *store, int64_t message, int64_t task, bool *ret_is, struct err *err);
/* Up to max messages of a channel behind that one whose task has changed since, the oldest first. */
MUSTCHECK int store_shown_stale(struct store *store, const char *channel, int64_t after, int64_t *ret_messages,
				size_t max, size_t *ret_n, struct err *err);
/* A stale one is being changed. */
MUSTCHECK int store_shown_take(struct store *store, int64_t message, struct err *err);
/* One that was being changed is shown as it is now, unless it has become stale again meanwhile. */
MUSTCHECK int store_shown_fresh(struct store *store, int64_t message, struct err *err);
/* One that was being changed, and was not, is stale. */
MUSTCHECK int store_shown_again(struct store *store, int64_t message, struct err *err);
/* Likewise all that were being changed, by a process that has died. */
MUSTCHECK int store_shown_all_again(struct store *store, struct err *err);
/* It cannot be changed any more. */
MUSTCHECK int store_shown_end(struct store *store, int64_t message, struct err *err);

/* ---- who has seen a task ---- */

/* The person has taken note of the date of a task: a line of the ledger, once. *ret_is_new is false when it is there. */
MUSTCHECK int store_seen_note(struct store *store, const char *uid, const char *occurrence, const char *person,
			      bool *ret_is_new, struct err *err);

/* ---- who closed a task ---- */

struct store_closing {
	char *action;   /* "done", "cancel" or "delete"; NULL: the ledger does not say */
	char *who;      /* name of the person of the plan who did; "" when not known, or a user of the machine */
	int64_t at_utc; /* 0 = not known */
	int64_t line;   /* of the ledger: what ended later has a higher one; 0 = it does not say */
};
/* The last time that the task with that uid was closed; occurrence: only that date of a repeating one, or NULL. The caller
 * frees it with store_closing_done(). */
MUSTCHECK int store_closing_load(struct store *store, const char *uid, const char *occurrence,
				 struct store_closing *ret_closing, struct err *err);
void store_closing_done(struct store_closing *closing);

#endif

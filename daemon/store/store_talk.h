/* store_talk: what is remembered of people who answer on a messenger: who is invited, what they were asked, and how
 * often they were answered. */
#ifndef DEADLINED_STORE_STORE_TALK_H
#define DEADLINED_STORE_STORE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/period.h"
#include "store/store.h"

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

enum store_answered_kind { STORE_ANSWERED_ANSWERS, STORE_ANSWERED_PRESSES };
/* One answer to the person, or press by them, more in the hour that began at or after now_utc - 3600. *ret_n: how many
 * of the kind there are in it. */
MUSTCHECK int store_answered_add(struct store *store, const char *person, const char *channel,
				 enum store_answered_kind kind, int64_t now_utc, int64_t *ret_n, struct err *err);
/* How many answers there are in it, without one more. */
MUSTCHECK int store_answered_load(struct store *store, const char *person, const char *channel, int64_t now_utc,
				  int64_t *ret_answers, struct err *err);
/* Whether the person may be told again what can be asked for: not within wait_s of the last time. Notes it when so. */
MUSTCHECK int store_hint_due(struct store *store, const char *person, const char *channel, int64_t now_utc,
			     int64_t wait_s, bool *ret_is_due, struct err *err);

#endif

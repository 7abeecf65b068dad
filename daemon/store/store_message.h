/* store_message: the outbox: messages, and the reminders in them.
 *
 * A reminder says why somebody hears of a task; its key (task, occurrence, step, person, channel) is unique, so no step
 * is ever planned twice. A message is what is sent; store_move.h has how its state is written. */
#ifndef DEADLINED_STORE_STORE_MESSAGE_H
#define DEADLINED_STORE_STORE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/period.h"
#include "plan/person.h"
#include "store/store.h"

enum message_state {
	MESSAGE_PENDING,
	MESSAGE_SENDING,
	MESSAGE_SENT,
	MESSAGE_DEAD,
	MESSAGE_CANCELLED,
	MESSAGE_STALE,
	MESSAGE_HELD,
	MESSAGE_STATE_MAX
};

/* "pending", "sending", "sent", "dead", "cancelled", "stale", "held": as in the schema's CHECK */
const char *message_state_name(enum message_state state);
bool message_state_find(const char *name, enum message_state *ret_state);

/* What the step of a notice begins with, in front of the task's sequence: the date is another, or it is off. */
#define STORE_STEP_MOVED "moved "
#define STORE_STEP_CANCELLED "cancelled "

enum { STORE_STEP_SIZE = 80, STORE_MESSAGE_ID_SIZE = 320 };

struct store_reminder {
	int64_t task;
	char *task_uid; /* filled by the readers, not needed by store_reminder_add() */
	char occurrence[PERIOD_KEY_SIZE];
	char step[STORE_STEP_SIZE];
	int64_t due_utc;
	char *held;       /* why it waits for its reader; NULL when it does not */
	char *deputy_for; /* the absent person it is meant for; NULL when it is for the reader */
};

struct store_message {
	int64_t id;
	char *person, *channel, *kind;
	enum message_state state;
	char *reason; /* "" when there is none, last_reply likewise */
	char *last_reply;
	int64_t due_utc;    /* of its first step */
	int64_t not_before; /* next try */
	int64_t attempts, uncertain, crashes;
	bool is_urgent;
	bool is_suspect;                        /* in flight when the process died, and not heard of since */
	char message_id[STORE_MESSAGE_ID_SIZE]; /* without <>; the same for life */
	char thread_id[STORE_MESSAGE_ID_SIZE]; /* of the first message about the same task; "" when this is the first */
	struct store_reminder *reminders;      /* those not dropped; all of them once the message is settled */
	size_t n_reminders;
};

void store_message_done(struct store_message *message);

/* ---- planning ---- */

MUSTCHECK int store_reminder_exists(struct store *store, const struct store_reminder *reminder, const char *person,
				    const char *channel, bool *ret_exists, struct err *err);
/* message 0 = none, then dropped says why. Errors: -EEXIST the key is there already. */
MUSTCHECK int store_reminder_add(struct store *store, const struct store_reminder *reminder, const char *person,
				 const char *channel, int64_t message, const char *dropped, struct err *err);
/* Marks a message as one that passes quiet and working hours. */
MUSTCHECK int store_message_set_urgent(struct store *store, int64_t id, struct err *err);
/* Marks the open messages about a task as urgent. What only its reader's hours or ceiling holds is due now, or when its
 * step is, with all that is in it; what was snoozed, or failed, keeps its time. */
MUSTCHECK int store_message_hasten(struct store *store, int64_t task, int64_t now_utc, struct err *err);
/* The first message about a task, and no other, to that person on that channel; 0 when there is none. */
MUSTCHECK int store_thread_root(struct store *store, int64_t task, const char *person, const char *channel,
				int64_t *ret_message, struct err *err);
/* domain: right part of its Message-ID. thread: store_thread_root(), 0 for none. state is MESSAGE_PENDING or, with a
 * reason, MESSAGE_STALE. */
MUSTCHECK int store_message_add(struct store *store, const char *person, const char *channel, const char *kind,
				enum message_state state, const char *reason, int64_t due_utc, int64_t not_before,
				const char *domain, int64_t thread, int64_t *ret_id, struct err *err);

/* ---- sending ---- */

/* Up to max ids of pending messages of a channel whose not_before has come and that no brake holds back, the latest
 * first: of a backlog, what is most of use. */
MUSTCHECK int store_message_ready(struct store *store, const char *channel, int64_t now_utc, int64_t *ret_ids,
				  size_t max, size_t *ret_n, struct err *err);
/* The first of them that is suspect; 0 when there is none. */
MUSTCHECK int store_message_ready_suspect(struct store *store, const char *channel, int64_t now_utc, int64_t *ret_id,
					  struct err *err);
/* Whether any message that is still to be sent is suspect. */
MUSTCHECK int store_message_has_suspects(struct store *store, bool *ret_has, struct err *err);
/* The machine was restarted: that, and no message, may be what ended the process. */
MUSTCHECK int store_message_clear_suspects(struct store *store, struct err *err);
/* Errors: -ENOENT. */
MUSTCHECK int store_message_load(struct store *store, int64_t id, struct store_message *ret_message, struct err *err);

/* Up to max ids of messages in state 'sending': those a crash has left behind, or a stop is about to. */
MUSTCHECK int store_message_sending(struct store *store, int64_t *ret_ids, size_t max, size_t *ret_n, struct err *err);
/* Up to max ids of pending messages that were due, and held at most until, before cutoff_utc, the oldest first. */
MUSTCHECK int store_message_overdue(struct store *store, int64_t cutoff_utc, int64_t *ret_ids, size_t max,
				    size_t *ret_n, struct err *err);
/* The clock was set back by so much: what is due and waits for its next try waits as long as it would have without
 * that, and the claim asks again whether its reader may be written to. What is held until it is due stays so. */
MUSTCHECK int store_message_shift(struct store *store, int64_t back_s, int64_t now_utc, struct err *err);
/* Brings every next try that lies after latest_utc back to just before now_utc, or to when the message is due if that
 * is later: the clock was set back. Just before, so that the claim takes it for late and asks whether its reader may be
 * written to. The ends of turns (store_turn.h) likewise. */
MUSTCHECK int store_message_clamp(struct store *store, int64_t latest_utc, int64_t now_utc, struct err *err);
/* What a claim, and the end of an attempt, must know of a message. */
struct store_peek {
	int64_t id;
	enum message_state state;
	bool is_live;     /* holds a reminder that was not dropped; test, notice and digest hold none and are live */
	bool has_dropped; /* holds one that was */
	bool is_urgent;
	bool is_notice; /* or a test: no brake holds it back */
	bool has_hours; /* who it goes to has hours that are quiet, or to work in */
	int64_t due_utc, not_before, attempts, uncertain;
	char person[PERSON_ID_MAX * 4 + 1], channel[PERSON_ID_MAX + 1];
};
/* Errors: -ENOENT. */
MUSTCHECK int store_message_peek(struct store *store, int64_t id, struct store_peek *ret_peek, struct err *err);
/* The address that its reader has on its channel now, which the caller frees; NULL when there is none. */
MUSTCHECK int store_message_address(struct store *store, int64_t id, char **ret_address, struct err *err);
/* Holds a pending message for its reader's hours: it is not tried before until_utc, and no older than that from then
 * on. */
MUSTCHECK int store_message_hold(struct store *store, int64_t id, int64_t until_utc, struct err *err);
/* Sets the next try of a pending message. */
MUSTCHECK int store_message_postpone(struct store *store, int64_t id, int64_t not_before, struct err *err);

/* Earliest not_before of the pending messages of a channel that no brake holds back, STORE_NEVER when there is none. */
MUSTCHECK int store_message_next(struct store *store, const char *channel, int64_t *ret_utc, struct err *err);

/* ---- looking ---- */

/* Calls each for every message, in one state when state is not MESSAGE_STATE_MAX, oldest first. Stops at the first
 * negative result of each and returns it. */
typedef int (*store_message_cb)(void *arg, const struct store_message *message);
MUSTCHECK int store_message_each(struct store *store, enum message_state state, store_message_cb each, void *arg,
				 struct err *err);

#endif

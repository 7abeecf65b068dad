/* store_ledger: what is known of a task afterwards: who changed what, which reminders there were and what became of
 * them, and every attempt to send one. The changes of tasks and people are written by triggers. */
#ifndef DEADLINED_STORE_STORE_LEDGER_H
#define DEADLINED_STORE_STORE_LEDGER_H

#include <stdint.h>

#include "store/store.h"
#include "store/store_message.h"

/* A change. Texts are borrowed for the call, here and below; "" when there is none. */
struct store_ledger_row {
	int64_t at_utc; /* STORE_NEVER: nobody has stamped it yet */
	const char *who, *through, *action, *person, *detail;
};
/* Calls each for every change of the task with that uid, and of people who take part in it, oldest first. Stops at its
 * first negative result and returns it; so do the others. */
typedef int (*store_ledger_cb)(void *arg, const struct store_ledger_row *row);
MUSTCHECK int store_ledger_each(struct store *store, const char *uid, store_ledger_cb each, void *arg, struct err *err);

/* A reminder of a task and the message it went into. */
struct store_history_row {
	int64_t message; /* 0 = none: dropped says why */
	int64_t due_utc, not_before;
	const char *occurrence, *step, *person, *channel;
	const char *held, *dropped, *deputy_for, *kind, *reason;
	enum message_state state; /* MESSAGE_CANCELLED when there is no message */
	int64_t n_others;         /* reminders that the message holds besides */
};
/* Calls each for every reminder of the task, by instant. */
typedef int (*store_history_cb)(void *arg, const struct store_history_row *row);
MUSTCHECK int store_history_each(struct store *store, int64_t task, store_history_cb each, void *arg, struct err *err);

struct store_attempt_row {
	int64_t number, started_utc;
	int64_t code;        /* 0 = none */
	const char *outcome; /* "" while it lasts */
	const char *reply;
};
/* Calls each for every attempt to send the message, first to last. */
typedef int (*store_attempt_cb)(void *arg, const struct store_attempt_row *row);
MUSTCHECK int store_attempt_each(struct store *store, int64_t message, store_attempt_cb each, void *arg,
				 struct err *err);

/* Gives who, by which way and when to the ledger rows that a trigger wrote and that have no instant yet. Call it with
 * who = NULL before own edits, so that edits of others keep "sql" as their way, and with ours after them. */
MUSTCHECK int store_ledger_stamp(struct store *store, const char *who, const char *through, int64_t now_utc,
				 struct err *err);

/* The same for at most max rows that others wrote, the oldest first: what a program has put in by plain SQL may be a
 * million tasks, and a transaction that large would hold up everything. *ret_n: how many. */
MUSTCHECK int store_ledger_stamp_some(struct store *store, size_t max, int64_t now_utc, size_t *ret_n, struct err *err);

/* Writes what an edit was into the ledger, for what no trigger sees; store_ledger_stamp() stamps it. task: its uid;
 * task, person and detail may be NULL. */
MUSTCHECK int store_ledger_add(struct store *store, const char *action, const char *task, const char *person,
			       const char *detail, struct err *err);

/* The person has taken note of the date of a task: a line of the ledger, once. *ret_is_new is false when it is
 * there. */
MUSTCHECK int store_seen_note(struct store *store, const char *uid, const char *occurrence, const char *person,
			      bool *ret_is_new, struct err *err);

struct store_closing {
	char *action;   /* "done", "cancel" or "delete"; NULL: the ledger does not say */
	char *who;      /* name of the person of the plan who did; "" when not known, or a user of the machine */
	int64_t at_utc; /* 0 = not known */
	int64_t line;   /* of the ledger: what ended later has a higher one; 0 = it does not say */
};
/* The last time that the task with that uid was closed; occurrence: only that date of a repeating one, or NULL. The
 * caller frees it with store_closing_done(). */
MUSTCHECK int store_closing_load(struct store *store, const char *uid, const char *occurrence,
				 struct store_closing *ret_closing, struct err *err);
void store_closing_done(struct store_closing *closing);

#endif

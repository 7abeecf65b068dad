/* store_audit: what must hold in the database, looked at a slice at a time, and what the last audit found.
 *
 * Questions are asked once an hour, so their statements are not kept. Each finds the first row that breaks a rule and
 * says so in words; NULL when there is none. Texts are owned by the caller. */
#ifndef DEADLINED_STORE_STORE_AUDIT_H
#define DEADLINED_STORE_STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* ---- tables, by slices ---- */

/* STORE_AUDIT_MESSAGES: a message that is sent was accepted, and only such a one; it has as many attempts as it counts;
 * one is open while it is being sent, and none else; one that ended otherwise says why. The others: what a row refers
 * to is there. */
enum store_audit_table {
	STORE_AUDIT_MESSAGES,
	STORE_AUDIT_ATTEMPTS,
	STORE_AUDIT_REMINDERS,
	STORE_AUDIT_PARTS,
	STORE_AUDIT_OCCURRENCES,
	STORE_AUDIT_ACKNOWLEDGEMENTS,
	STORE_AUDIT_SILENCES,
	STORE_AUDIT_NOTICES,
	STORE_AUDIT_TABLES
};
const char *store_audit_table_name(enum store_audit_table table);

/* Looks at about rows of the table's rows behind *cursor, 0 = from the start, and moves it; *ret_is_end: they were the
 * last ones, and *cursor is 0 again. */
MUSTCHECK int store_audit_slice(struct store *store, enum store_audit_table table, int64_t rows, int64_t *cursor,
				bool *ret_is_end, char **ret_found, struct err *err);
/* The same for the tables about people, which are short. */
MUSTCHECK int store_audit_people(struct store *store, char **ret_found, struct err *err);
/* Whether the tally counts the messages right: every state of a small outbox; of a large one those states in which few
 * are. */
MUSTCHECK int store_audit_tally(struct store *store, char **ret_found, struct err *err);

/* ---- progress ---- */

/* A row that waits for the daemon; id 0 = none does. mark changes when the daemon has seen to it. */
struct store_audit_wait {
	int64_t id, mark;
	char name[160]; /* what people call it */
};
/* The open task that should have been planned at now_utc and has waited longest: one that was edited, or else one whose
 * next step is due. */
MUSTCHECK int store_audit_unplanned(struct store *store, int64_t now_utc, struct store_audit_wait *ret_edited,
				    struct store_audit_wait *ret_due, struct err *err);
/* The person whose digest has been due longest. */
MUSTCHECK int store_audit_digest(struct store *store, int64_t now_utc, struct store_audit_wait *ret_person,
				 struct err *err);
/* A pending message of a channel that could have left before_utc and that no brake holds back; 0 when there is none. */
MUSTCHECK int store_audit_ready(struct store *store, const char *channel, int64_t before_utc, int64_t *ret_message,
				struct err *err);
/* How many messages are being sent, and one of them whose attempt began before_utc; 0 when there is none. */
MUSTCHECK int store_audit_sending(struct store *store, int64_t before_utc, int64_t *ret_n, int64_t *ret_message,
				  struct err *err);

/* ---- the plan ---- */

struct store_audit_task {
	int64_t id, planned_until, next_due_utc;
};
/* Up to max open tasks whose next step comes after that of *after (and not after latest_utc), by it and by row. */
MUSTCHECK int store_audit_tasks(struct store *store, const struct store_audit_task *after, int64_t latest_utc,
				struct store_audit_task *ret_tasks, size_t max, size_t *ret_n, struct err *err);
/* The same of one task by its row; id 0 in it when it is not open or waits to be planned. */
MUSTCHECK int store_audit_task(struct store *store, int64_t id, struct store_audit_task *ret_task, struct err *err);
/* Makes the planner look at a task again. */
MUSTCHECK int store_audit_replan(struct store *store, int64_t id, struct err *err);
/* Whether a step was planned for a person, or for whoever stands in. */
MUSTCHECK int store_audit_has_reminder(struct store *store, int64_t task, const char *occurrence, const char *step,
				       const char *person, bool *ret_has, struct err *err);

/* ---- the result ---- */

enum { STORE_AUDIT_FINDINGS = 16, STORE_AUDIT_KEPT_S = 86400 };

struct store_audit_finding {
	char kind[24]; /* a word; one finding of a kind is kept */
	char text[240];
	int64_t seen_utc;
};
/* What was found in the last audit, and in those of the day before it. */
struct store_audit {
	int64_t done_utc;    /* end of the last audit; 0 = there was none */
	int64_t started_utc; /* of the daemon */
	struct store_audit_finding findings[STORE_AUDIT_FINDINGS];
	size_t n_findings;
};
MUSTCHECK int store_audit_load(struct store *store, struct store_audit *ret_audit, struct err *err);
MUSTCHECK int store_audit_save(struct store *store, const struct store_audit *audit, struct err *err);

#endif

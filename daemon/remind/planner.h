/* planner: turns due steps into reminders and messages. One task at a time, inside the caller's transaction.
 *
 * Happy path: the store names a task; schedule() says which steps fell due since it was last planned; each becomes a
 * reminder under its unique key and a message that waits in the outbox; the task's marks move on in the same
 * transaction, so that no due step is ever passed over.
 * Of a cancelled task nothing is planned but that those who know its date hear of it, see cancellation.h.
 * After a pause of the daemon only the latest missed step is sent, and only if it is not older than catch_up_max_age_s;
 * the others are written down as dropped, with the reason. What an edit makes due at an instant by which the daemon had
 * looked was not missed: of the past of its new facts nothing is sent, however long ago the task itself was planned. */
#ifndef DEADLINED_REMIND_PLANNER_H
#define DEADLINED_REMIND_PLANNER_H

#include <stddef.h>
#include <stdint.h>

#include "plan/calendar.h"
#include "plan/person.h"
#include "plan/task.h"
#include "remind/policy.h"
#include "store/store_task.h"

struct planner_channel {
	const char *name;
	const char *domain; /* of its Message-IDs */
};

/* Everything is borrowed. */
struct planner {
	const struct policies *policies;
	const struct planner_channel *channels;
	size_t n_channels;
	const struct calendars *calendars; /* may be NULL: Monday to Friday for everybody */
	int64_t catch_up_max_age_s;
	int64_t looked_utc;      /* everything that was due by then has been planned; 0 = not known */
	const char *operator_id; /* person who is told what cannot be mended here; NULL = only the log is */
	struct strlist *logged;  /* NULL, or notices that the log has by now: they are not logged again */
};

/* NULL: the configuration has none of that name. */
const struct planner_channel *planner_find_channel(const struct planner *planner, const char *name);

/* How long before its instant a task may be planned. What falls due at one second, and that may be the reminders of a
 * whole office at nine, is then written down before it comes. */
enum { PLANNER_AHEAD_S = 10 };

/* Plans what is due of one task; of one that will be due soon, what is due then, as if it were then: its messages wait
 * for that instant, and what happens to the task or to its people meanwhile happens to them, as to any that wait.
 * *ret_planned: messages added to the outbox. A task that makes no sense (an impossible date or an unknown zone that
 * somebody wrote by SQL) is logged, noted in the ledger and put aside until it is edited. */
MUSTCHECK int planner_plan(const struct planner *planner, struct store *store, const struct store_due *due,
			   int64_t now_utc, size_t *ret_planned, struct err *err);

/* After the clock was set back, and at the start: tasks that were planned hours ahead of now_utc, under a clock that
 * had been wrong, are looked at again, as soon as they are due by the right one. *ret_n: how many. */
MUSTCHECK int planner_follow_clock(struct store *store, int64_t now_utc, int64_t *ret_n, struct err *err);

/* The active people of a task in their roles: where nobody is named responsible, every participant is. The caller frees
 * each with person_done() and the array with free(). */
MUSTCHECK int planner_people(struct store *store, int64_t task, struct person **ret_people, size_t *ret_n,
			     struct err *err);

/* Plans the digests whose hour has come, up to PLANNER_DIGESTS of them: none for a person who has nothing to hear of.
 * The hour of the next one moves on in the same transaction. *ret_n: people looked at. */
enum { PLANNER_DIGESTS = 64 };
MUSTCHECK int planner_plan_digests(const struct planner *planner, struct store *store, int64_t now_utc, size_t *ret_n,
				   struct err *err);

/* Lets the person sleep on the task until then: what falls due before is held, and a reminder comes at that instant.
 * key: the occurrence, as period_key() writes it. Errors: those of the store; -ENOENT an unknown policy. */
MUSTCHECK int planner_snooze(const struct planner *planner, struct store *store, const struct task *task,
			     const char *key, const struct person *person, int64_t until_utc, int64_t now_utc,
			     struct err *err);

#endif

/* store_task: tasks in the database, and what the planner asks of them. */
#ifndef DEADLINED_STORE_STORE_TASK_H
#define DEADLINED_STORE_STORE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "plan/task.h"
#include "store/store.h"

enum store_change { STORE_ADDED, STORE_CHANGED, STORE_UNCHANGED };

/* Adds the task, or updates the one with the same uid: everything in struct task but status
 * and sequence, which stay. planned_until_utc: steps due until then count as planned for a new task, so nothing of its
 * past is sent. *ret_id: its row. */
MUSTCHECK int store_task_put(struct store *store, const struct task *task, int64_t planned_until_utc, int64_t *ret_id,
			     enum store_change *ret_change, struct err *err);

/* Who takes part: words as "anna", a participant, or "supervisor:anna" (role.h). When a word names a role, or there is
 * no word, everybody in every role becomes exactly what is listed; plain ids alone say who the participants are and
 * leave the other roles. Who stays is not touched. *ret_changed: any came or went. Errors: -EEXIST a person is unknown;
 * -EINVAL a role is. */
MUSTCHECK int store_task_set_people(struct store *store, int64_t task, const struct strlist *people, bool *ret_changed,
				    struct err *err);

/* status: "open", "done" or "cancelled". */
MUSTCHECK int store_task_set_status(struct store *store, int64_t task, const char *status, struct err *err);

/* The task with that uid; the caller frees it with task_done(). Errors: -ENOENT; -EUCLEAN its row makes no sense. */
MUSTCHECK int store_task_find(struct store *store, const char *uid, struct task *ret_task, struct err *err);
/* The same by row. */
MUSTCHECK int store_task_load(struct store *store, int64_t id, struct task *ret_task, struct err *err);

/* Ids of the people of a task, sorted; the caller frees the list. */
MUSTCHECK int store_task_people(struct store *store, int64_t task, struct strlist *ret_people, struct err *err);
/* The same with their roles, "supervisor:anna": a word for each role that somebody has, sorted by id. */
MUSTCHECK int store_task_parts(struct store *store, int64_t task, struct strlist *ret_parts, struct err *err);

/* When the next step of a task is due: -1 when the daemon has not planned it yet. */
MUSTCHECK int store_task_next_step(struct store *store, int64_t id, int64_t *ret_utc, struct err *err);
/* The messages that a reminder of the task is in, oldest first; the caller frees the array. */
MUSTCHECK int store_task_messages(struct store *store, int64_t id, int64_t **ret_ids, size_t *ret_n, struct err *err);

/* Calls each for every task (only open ones unless all), by end and uid. next_due_utc is -1 when the daemon has not
 * planned it yet. Stops at the first negative result of each and returns it. */
typedef int (*store_task_cb)(void *arg, const struct task *task, int64_t next_due_utc);
MUSTCHECK int store_task_each(struct store *store, bool all, store_task_cb each, void *arg, struct err *err);

/* The greatest id of a task, 0 when there is none. */
MUSTCHECK int store_task_last(struct store *store, int64_t *ret_id, struct err *err);
/* Calls each for every open task with an id above last that has title and date of an open one with a lower id, once.
 * Stops at the first negative result of each and returns it. */
typedef int (*store_task_double_cb)(void *arg, const char *uid, const char *other);
MUSTCHECK int store_task_doubles(struct store *store, int64_t last, store_task_double_cb each, void *arg,
				 struct err *err);

/* What the planner must look at. */
struct store_due {
	int64_t task;
	int64_t planned_until; /* -1: seen for the first time */
	int64_t planned_from;  /* where the plan until then began; -1: not known */
	int64_t due_utc;       /* next_due_utc; 0 when that is NULL */
	bool is_edited;        /* it is NULL: somebody changed the task, or it was never planned */
};

/* Up to max open tasks whose next_due_utc is NULL or <= now_utc, the most urgent first, and cancelled ones whose
 * next_due_utc is NULL: those who knew of them are to be told. */
MUSTCHECK int store_task_due(struct store *store, int64_t now_utc, struct store_due *ret_due, size_t max, size_t *ret_n,
			     struct err *err);

/* Moves the planner's marks of a task: the plan from then until then is made. next_due_utc: STORE_NEVER when no step is
 * left. */
MUSTCHECK int store_task_planned(struct store *store, int64_t task, int64_t planned_from, int64_t planned_until,
				 int64_t next_due_utc, struct err *err);

/* A cancelled task is done with, until it is edited; were it opened again, it is planned from where it was. */
MUSTCHECK int store_task_rest(struct store *store, int64_t task, struct err *err);

/* The least next_due_utc of the open tasks: 0 when one is NULL, or that of a cancelled one, STORE_NEVER when there is
 * none. */
MUSTCHECK int store_task_next_due(struct store *store, int64_t *ret_utc, struct err *err);

/* The names of the policies of open tasks, sorted, each once; the caller frees the list. It reads every task. */
MUSTCHECK int store_task_policies(struct store *store, struct strlist *ret_policies, struct err *err);

/* Makes the planner look at every open task again, as after a change of the policies. */
MUSTCHECK int store_task_replan_all(struct store *store, struct err *err);
/* The same for those of which a step found no address: another set of channels may have one. */
MUSTCHECK int store_task_replan_unreached(struct store *store, struct err *err);

/* The clock had been wrong: makes the planner look again at every open task that was planned beyond latest_utc, and
 * finds every digest's next instant anew. *ret_n: how many tasks. */
MUSTCHECK int store_task_replan_ahead(struct store *store, int64_t latest_utc, int64_t now_utc, int64_t *ret_n,
				      struct err *err);

/* Writes a line about a task into the ledger: what the daemon could not do and must not keep to itself. */
MUSTCHECK int store_task_note_problem(struct store *store, int64_t task, const char *problem, int64_t now_utc,
				      struct err *err);

#endif

#include "remind/act.h"

#include <errno.h>
#include <string.h>

#include "remind/said.h"
#include "store/store_ledger.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

int act_put(struct store *store, const struct task *task, int64_t now_utc, int64_t *ret_id,
	    enum store_change *ret_change, struct err *err)
{
	struct task put = *task;
	int status = store_task_put(store, task, now_utc, ret_id, ret_change, err);
	put.id = *ret_id;
	return status == 0 && *ret_change == STORE_CHANGED ? said_follow_rule(store, &put, now_utc, err) : status;
}

int act_close(struct store *store, const struct task *task, const struct pick *pick, const char *status,
	      struct err *err)
{
	if (!task_repeats(task))
		return store_task_set_status(store, task->id, status, err);
	return store_occurrence_set(store, task->id, pick->date, status, NULL, err);
}

/* Two dates under one key would share their reminders, so that nobody hears of the second, and who closes one would not close
 * the other. */
static int act_check_free(struct store *store, const struct task *task, const struct pick *pick,
			  const struct period *period, struct err *err)
{
	struct pick other;
	char key[PERIOD_KEY_SIZE];
	bool is_taken = false;
	period_key(period, key);
	int status = pick_by_key(store, task, key, &other, err);
	if (status == -ENOENT)
		status = store_key_is_taken(store, task->id, pick->date, key, &is_taken, err);
	else if (status == 0)
		is_taken = strcmp(other.date, pick->date) != 0;
	if (status == 0 && is_taken)
		return err_set(err, -EEXIST, "task '%s' has another date on %s: give this one another day", task->uid,
			       key);
	return status;
}

int act_move(struct store *store, struct task *task, const struct pick *pick, const struct period *period,
	     int64_t now_utc, struct err *err)
{
	enum store_change change;
	int64_t id = 0;
	if (task_repeats(task)) {
		int status = act_check_free(store, task, pick, period, err);
		return status < 0 ? status : store_occurrence_set(store, task->id, pick->date, "open", period, err);
	}
	task->period = *period;
	return store_task_put(store, task, now_utc, &id, &change, err);
}

int act_snooze(const struct planner *planner, struct store *store, const struct task *task, const char *key,
	       const struct person *person, const char *reader, const struct zone *zone, int64_t until_utc,
	       int64_t now_utc, struct err *err)
{
	char until[ZONE_TEXT_SIZE];
	zone_format(zone, until_utc, until);
	int status = store_snooze_clear(store, task->id, reader, until_utc, err);
	if (status == 0)
		status = planner_snooze(planner, store, task, key, person, until_utc, now_utc, err);
	return status == 0 ? store_ledger_add(store, "snooze", task->uid, reader, until, err) : status;
}

#include "ctl/task_view.h"

#include <errno.h>
#include <stdio.h>

#include "plan/role.h"
#include "remind/pick.h"
#include "store/store_task.h"

/* The zone of the task, that of the configuration when the row names none that exists. */
static const struct zone *task_view_zone(const struct session *session, const struct task *task)
{
	const struct zone *zone = zone_find(task->zone);
	return zone != NULL ? zone : session->zone;
}

/* {"anna": ["supervisor"], ...} */
static json_t *task_view_roles(const struct strlist *parts)
{
	json_t *roles = json_object();
	for (size_t i = 0; i < parts->n; i++) {
		enum role role;
		const char *id;
		if (!role_split(parts->items[i], &role, &id))
			continue;
		json_t *of_person = json_object_get(roles, id);
		if (of_person == NULL) {
			of_person = json_array();
			json_object_set_new(roles, id, of_person);
		}
		json_array_append_new(of_person, json_string(role_name(role)));
	}
	return roles;
}

json_t *task_view_json(const struct session *session, const struct task *task, const struct period *now,
		       const struct strlist *people, const struct strlist *parts, int64_t next_due_utc)
{
	json_t *object = json_object(), *ids = json_array(), *occurrence = json_null();
	bool is_planned = next_due_utc >= 0 && next_due_utc < STORE_NEVER && task_is_open(task);
	if (task_repeats(task)) {
		occurrence = json_object();
		output_json_period(occurrence, now, task_view_zone(session, task));
	}
	json_object_set_new(object, "uid", output_json_text(task->uid));
	json_object_set_new(object, "title", output_json_text(task->title));
	output_json_period(object, &task->period, task_view_zone(session, task));
	json_object_set_new(object, "zone", output_json_text(task->zone));
	json_object_set_new(object, "place", output_json_text(task->place));
	json_object_set_new(object, "note", output_json_text(task->note));
	json_object_set_new(object, "policy", output_json_text(task->policy));
	json_object_set_new(object, "status", output_json_text(task->status));
	for (size_t i = 0; i < people->n; i++)
		json_array_append_new(ids, output_json_text(people->items[i]));
	json_object_set_new(object, "people", ids);
	json_object_set_new(object, "roles", task_view_roles(parts));
	json_object_set_new(object, "priority", json_string(task->is_urgent ? "urgent" : "normal"));
	json_object_set_new(object, "rrule", task->rrule[0] != '\0' ? output_json_text(task->rrule) : json_null());
	json_object_set_new(object, "occurrence", occurrence);
	json_object_set_new(object, "next_due",
			    is_planned ? output_json_time(session->zone, next_due_utc) : json_null());
	return object;
}

int task_view_now(const struct session *session, const struct task *task, struct period *ret_now, struct err *err)
{
	struct pick pick = {.period = task->period};
	struct err problem = {0};
	int status = pick_next(session->store, task, session->now_utc, &pick, &problem);
	if (status < 0 && status != -ENOENT && status != -EINVAL)
		return err_set(err, status, "%s", problem.text);
	*ret_now = pick.period;
	return 0;
}

void task_view_when(const struct task *task, const struct period *now, char text[OUTPUT_PERIOD_SIZE])
{
	char date[OUTPUT_PERIOD_SIZE];
	output_period(now, date);
	(void)snprintf(text, OUTPUT_PERIOD_SIZE, "%.*s%s", OUTPUT_PERIOD_SIZE - 16, date,
		       task_repeats(task) ? ", repeats" : "");
}

void task_view_next(const struct session *session, const struct task *task, int64_t next_due_utc,
		    char text[OUTPUT_TIME_SIZE])
{
	if (!task_is_open(task))
		(void)snprintf(text, OUTPUT_TIME_SIZE, "-");
	else if (next_due_utc < 0)
		(void)snprintf(text, OUTPUT_TIME_SIZE, "not planned yet");
	else
		output_time(session->zone, next_due_utc, text);
}

#include "ctl/task_edit.h"

#include <sysexits.h>

#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"
#include "remind/act.h"
#include "store/store_person.h"
#include "store/store_task.h"

void task_edit_report(void *arg, const struct fields_problem *problem)
{
	(void)arg;
	if (problem->phrase != NULL)
		phrase_complain(problem->phrase, problem->offset, problem->length, problem->message);
	else
		output_complain("%s: %s", problem->column, problem->message);
}

static int task_edit_check_people(struct session *session, const struct fields_rules *rules,
				  const struct strlist *people)
{
	int result = EX_OK;
	for (size_t i = 0; i < people->n; i++) {
		struct err err = {0};
		const char *id;
		bool exists = false;
		if (!fields_check_part(rules, people->items[i], &id)) {
			result = EX_DATAERR;
			continue;
		}
		int status = store_person_exists(session->store, id, &exists, &err);
		if (status < 0)
			return session_fail(status, &err);
		if (!exists)
			result = session_fail_person(session, "people", id);
	}
	return result;
}

static int task_edit_write(struct session *session, const struct task *task, const struct strlist *people)
{
	struct err err = {0};
	enum store_change change;
	bool is_changed;
	int64_t id = 0;
	int status = act_put(session->store, task, session->now_utc, &id, &change, &err);
	if (status == 0 && people != NULL)
		status = store_task_set_people(session->store, id, people, &is_changed, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

int task_edit_put(struct session *session, const struct args *args, const char *title, struct task *task)
{
	struct fields_rules rules = {.conf = session->conf, .now_utc = session->now_utc, .report = task_edit_report};
	struct fields_task given = {
		.title = title != NULL ? title : args_value(args, "--title"),
		.when = args_value(args, "--when"),
		.zone = args_value(args, "--zone"),
		.place = args_value(args, "--place"),
		.policy = args_value(args, "--policy"),
		.note = args_value(args, "--note"),
		.priority = args_value(args, "--priority"),
		.rrule = args_value(args, "--rrule"),
	};
	const char *ids = args_value(args, "--people");
	struct strlist people = {0};
	strlist_add_words(&people, ids != NULL ? ids : "");

	int status = fields_apply_task(&rules, &given, task) ? EX_OK : EX_DATAERR;
	int people_status = task_edit_check_people(session, &rules, &people);
	if (status == EX_OK)
		status = people_status;
	if (status == EX_OK)
		status = task_edit_write(session, task, ids != NULL ? &people : NULL);
	strlist_done(&people);
	return status;
}

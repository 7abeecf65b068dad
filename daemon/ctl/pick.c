#include "ctl/pick.h"

#include <errno.h>
#include <sysexits.h>

#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"

static int pick_by_phrase(struct session *session, const struct task *task, const char *phrase, struct pick *ret_pick)
{
	struct period period;
	struct period_error error = {0};
	struct err err = {0};
	const struct zone *zone = zone_find(task->zone);
	int year = zone != NULL ? fields_year(zone, session->now_utc) : 0;
	if (period_parse(phrase, year, &period, &error) < 0) {
		phrase_complain(phrase, error.offset, error.length, error.err.text);
		return EX_DATAERR;
	}
	int status = pick_on_day(session->store, task, period.has_start ? &period.start : &period.end, ret_pick, &err);
	if (status != -ENOENT)
		return status < 0 ? session_fail(status, &err) : EX_OK;
	output_complain("task '%s' has no occurrence on %s (%s)", task->uid, phrase,
			task->rrule[0] != '\0' ? task->rrule : task->rdate);
	return EX_DATAERR;
}

int pick_occurrence(struct session *session, const struct task *task, const char *phrase, struct pick *ret_pick)
{
	struct err err = {0};
	if (phrase != NULL && !task_repeats(task)) {
		output_complain("task '%s' does not repeat: leave --occurrence out", task->uid);
		return EX_DATAERR;
	}
	if (phrase != NULL)
		return pick_by_phrase(session, task, phrase, ret_pick);
	int status = pick_current(session->store, task, session->now_utc, ret_pick, &err);
	if (status != -ENOENT)
		return status < 0 ? session_fail(status, &err) : EX_OK;
	output_complain("task '%s' has no occurrence left: name one with --occurrence DATE", task->uid);
	return EX_DATAERR;
}

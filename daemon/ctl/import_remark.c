#include "ctl/import_remark.h"

#include "base/mem.h"
#include "base/num.h"
#include "ctl/output.h"
#include "plan/recur.h"
#include "plan/zone.h"
#include "remind/pick.h"

enum { IMPORT_REMARK_AHEAD_DAYS = 3660 };

void import_remark_add(struct import_remark *remark, const char *file, unsigned line, const char *uid,
		       const char *detail)
{
	if (remark->n++ > 0)
		return;
	remark->file = file;
	remark->line = line;
	mem_copy_text(remark->uid, sizeof(remark->uid), uid);
	mem_copy_text(remark->detail, sizeof(remark->detail), detail != NULL ? detail : "");
}

void import_remark_print(const struct import_remark *remark, const char *one, const char *more)
{
	if (remark->n > 0)
		output_complain("%zu of the tasks %s (first: %s:%u %s%s%s)", remark->n,
				num_word((int64_t)remark->n, one, more), remark->file, remark->line, remark->uid,
				remark->detail[0] != '\0' ? ", " : "", remark->detail);
}

/* Whether an occurrence begins so late that it is not over. */
static bool import_remark_goes_on(const struct task *task, const struct zone *zone, int64_t now_utc)
{
	const struct period *first = &task->period;
	int64_t days = first->has_start ? civil_to_days(&first->end) - civil_to_days(&first->start) : 0;
	struct civil today = zone_to_civil(zone, now_utc), start;
	struct civil from = civil_add_days(&today, -days), to = civil_add_days(&today, IMPORT_REMARK_AHEAD_DAYS);
	struct recur *recur = NULL;
	struct err err = {0};
	size_t n = 0;
	if (first->precision != PERIOD_MINUTE)
		from.hour = from.minute = from.second = 0;
	int status = recur_new(first, task->rrule, task->rdate, task->exdate, zone, &recur, &err);
	if (status == 0)
		status = recur_between(recur, &from, &to, 1, &start, &n, &err);
	recur_free(recur);
	return status < 0 || n > 0;
}

bool import_remark_is_past(const struct task *task, int64_t now_utc)
{
	const struct zone *zone = zone_find(task->zone);
	if (zone == NULL || period_end_utc(&task->period, zone) > now_utc)
		return false;
	return !task_repeats(task) || !import_remark_goes_on(task, zone, now_utc);
}

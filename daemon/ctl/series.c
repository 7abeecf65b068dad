#include "ctl/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/mem.h"
#include "plan/recur.h"
#include "store/store_reader.h"
#include "store/store_task.h"

static bool series_ends_rule(const char *part)
{
	return strncasecmp(part, "UNTIL=", strlen("UNTIL=")) == 0 || strncasecmp(part, "COUNT=", strlen("COUNT=")) == 0;
}

/* The rule with an end on the day before start. Returns owned. */
static char *series_cut_rule(const char *rrule, const struct civil *start)
{
	struct civil last = civil_add_days(start, -1);
	struct buf rule;
	if (rrule[0] == '\0')
		return mem_dup("");
	buf_init(&rule, 2 * RECUR_TEXT_MAX);
	for (const char *part = rrule; *part != '\0';) {
		size_t len = strcspn(part, ";");
		if (!series_ends_rule(part)) {
			buf_add(&rule, part, len);
			buf_add_str(&rule, ";");
		}
		part += len + (part[len] == ';');
	}
	buf_printf(&rule, "UNTIL=%04d%02d%02d", last.year, last.month, last.day);
	return buf_take(&rule);
}

/* Whether that added date is start or later. */
static int series_is_later(const struct task *task, const char *date, const struct civil *start, bool *ret_is,
			   struct err *err)
{
	struct civil found, end = {.year = 9999, .month = 12, .day = 31};
	struct recur *recur = NULL;
	size_t n = 0;
	int status = recur_new(&task->period, "", date, "", zone_find(task->zone), &recur, err);
	if (status == 0)
		status = recur_between(recur, start, &end, 1, &found, &n, err);
	recur_free(recur);
	*ret_is = n > 0;
	return status;
}

/* The added dates before start. *ret_dates is owned. */
static int series_cut_dates(const struct task *task, const struct civil *start, char **ret_dates, struct err *err)
{
	struct strlist dates = {0};
	struct buf kept;
	int status = 0;
	buf_init(&kept, RECUR_DATES_MAX * CIVIL_TEXT_SIZE);
	strlist_add_words(&dates, task->rdate);
	for (size_t i = 0; i < dates.n && status == 0; i++) {
		bool is_later = false;
		status = series_is_later(task, dates.items[i], start, &is_later, err);
		if (!is_later)
			buf_printf(&kept, "%s%s", kept.len > 0 ? "," : "", dates.items[i]);
	}
	strlist_done(&dates);
	*ret_dates = buf_take(&kept);
	return status;
}

int series_end(struct session *session, struct task *task, const struct pick *pick, const char *status)
{
	struct err err = {0};
	enum store_change change;
	int64_t id = 0;
	char *rrule = series_cut_rule(task->rrule, &pick->start), *dates = NULL;
	int result = series_cut_dates(task, &pick->start, &dates, &err);
	free(task->rrule);
	free(task->rdate);
	task->rrule = rrule;
	task->rdate = dates;
	if (result == 0)
		result = store_task_put(session->store, task, session->now_utc, &id, &change, &err);
	if (result == 0)
		result = store_occurrences_close_from(session->store, task->id, pick->date, status, &err);
	return result < 0 ? session_fail(result, &err) : EX_OK;
}

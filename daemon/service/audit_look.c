/* What an audit looks at, a slice at a time: the tables, the progress of the loop, the plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "service/audit_priv.h"

enum {
	AUDIT_ROWS = 1024, /* looked at in one pass */
	AUDIT_TASKS = 64,  /* whose plan is worked out anew in one audit; and as many that are due soon */
	AUDIT_TASKS_A_PASS = 8,
	AUDIT_SENDING_S = 7200, /* longer than any peer is waited for */
};

/* ---- findings ----------------------------------------------------------------------------------------------------- */

/* One line of clean text, cut at a whole character. */
static void audit_copy_line(const char *text, char *line, size_t size)
{
	const char *end = text + strlen(text);
	size_t used = 0;
	while (text < end && used + 4 < size) {
		uint32_t c = utf8_next(&text, end);
		if (utf8_is_control(c))
			line[used++] = '?';
		else
			used += utf8_put(c, line + used);
	}
	line[used] = '\0';
}

/* The first of each kind is kept. Takes text, which may be NULL. */
static void audit_find(struct audit *audit, const char *kind, int64_t now_utc, char *text)
{
	struct store_audit *fresh = &audit->fresh;
	bool is_there = text == NULL || fresh->n_findings == STORE_AUDIT_FINDINGS;
	for (size_t i = 0; i < fresh->n_findings; i++)
		is_there = is_there || strcmp(fresh->findings[i].kind, kind) == 0;
	if (!is_there) {
		struct store_audit_finding *finding = &fresh->findings[fresh->n_findings++];
		*finding = (struct store_audit_finding){.seen_utc = now_utc};
		(void)snprintf(finding->kind, sizeof(finding->kind), "%s", kind);
		audit_copy_line(text, finding->text, sizeof(finding->text));
	}
	free(text);
}

/* ---- what is looked at -------------------------------------------------------------------------------------------- */

static int audit_look_at_table(struct audit *audit, const struct audit_view *view, struct err *err)
{
	enum store_audit_table table = (enum store_audit_table)audit->table;
	bool is_end = false;
	char *found = NULL;
	int status = store_audit_slice(view->store, table, AUDIT_ROWS, &audit->cursors[table], &is_end, &found, err);
	if (status < 0)
		return status;
	audit_find(audit, store_audit_table_name(table), view->now_utc, found);
	audit->rows_left -= AUDIT_ROWS;
	if (!is_end && audit->rows_left > 0)
		return 0;
	audit->rows_left = AUDIT_ROWS_AN_HOUR;
	if (++audit->table == STORE_AUDIT_TABLES)
		audit->stage = AUDIT_PEOPLE;
	return 0;
}

static int audit_look_at_people(struct audit *audit, const struct audit_view *view, struct err *err)
{
	char *found = NULL;
	int status = store_audit_people(view->store, &found, err);
	if (status < 0)
		return status;
	audit_find(audit, "people", view->now_utc, found);
	status = store_audit_tally(view->store, &found, err);
	if (status < 0)
		return status;
	audit_find(audit, "tally", view->now_utc, found);
	audit->stage = AUDIT_WORK;
	return 0;
}

/* Waited at the last audit and waits still, and nothing was done about it since, which would have moved its mark: the loop
 * turns and makes no progress. */
static void audit_compare(struct audit *audit, const struct audit_view *view, struct store_audit_wait *before,
			  const struct store_audit_wait *now, const char *kind, const char *words)
{
	if (now->id != 0 && now->id == before->id && strcmp(now->name, before->name) == 0 &&
	    now->mark == before->mark && now->mark < audit->waited_utc)
		audit_find(audit, kind, view->now_utc,
			   mem_printf("%s has waited for an hour to be %s", now->name, words));
	*before = *now;
}

static int audit_look_at_planning(struct audit *audit, const struct audit_view *view, struct err *err)
{
	struct store_audit_wait edited = {0}, due = {0}, digest = {0};
	int status = store_audit_unplanned(view->store, view->now_utc, &edited, &due, err);
	if (status == 0)
		status = store_audit_digest(view->store, view->now_utc, &digest, err);
	if (status < 0)
		return status;
	audit_compare(audit, view, &audit->edited, &edited, "edited", "planned");
	audit_compare(audit, view, &audit->due, &due, "unplanned", "planned");
	audit_compare(audit, view, &audit->digest, &digest, "digest", "sent a digest");
	return 0;
}

/* *before: the message that was ready at the last audit; it becomes the one that is now. */
static int audit_look_at_channel(struct audit *audit, const struct audit_view *view,
				 const struct audit_channel *channel, int64_t *before, struct err *err)
{
	int64_t message = 0;
	int status = 0;
	if (view->may_send && channel->is_free)
		status = store_audit_ready(view->store, channel->name, view->now_utc, &message, err);
	if (status < 0)
		return status;
	if (message != 0 && message == *before && channel->heard_utc < audit->waited_utc)
		audit_find(audit, "unsent", view->now_utc,
			   mem_printf("message %lld could have left by channel %s for an hour, and nothing keeps it",
				      (long long)message, channel->name));
	*before = message;
	return 0;
}

static int audit_look_at_channels(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = 0;
	if (audit->n_ready != view->n_channels) {
		free(audit->ready);
		audit->ready = mem_zero(view->n_channels, sizeof(*audit->ready));
		audit->n_ready = view->n_channels;
	}
	for (size_t i = 0; i < view->n_channels && status == 0; i++)
		status = audit_look_at_channel(audit, view, &view->channels[i], &audit->ready[i], err);
	return status;
}

static int audit_look_at_sending(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int64_t n = 0, message = 0;
	int status = store_audit_sending(view->store, view->now_utc - AUDIT_SENDING_S, &n, &message, err);
	if (status < 0)
		return status;
	if (n > view->n_in_flight)
		audit_find(audit, "flight", view->now_utc,
			   mem_printf("%lld %s as being sent, and %lld %s", (long long)n,
				      num_word(n, "message counts", "messages count"), (long long)view->n_in_flight,
				      num_word(view->n_in_flight, "is", "are")));
	if (message != 0 && message == audit->sending)
		audit_find(audit, "sending", view->now_utc,
			   mem_printf("message %lld has been under way for hours", (long long)message));
	audit->sending = message;
	return 0;
}

static int audit_look_at_work(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = audit_look_at_planning(audit, view, err);
	if (status == 0)
		status = audit_look_at_sending(audit, view, err);
	if (status == 0)
		status = audit_look_at_channels(audit, view, err);
	if (status < 0)
		return status;
	audit->waited_utc = view->now_utc;
	audit->at_step = 0;
	audit->stage = AUDIT_SOON_BEFORE;
	return 0;
}

/* ---- the plan ----------------------------------------------------------------------------------------------------- */

static size_t audit_next_task(const struct audit_steps *steps, size_t from)
{
	size_t to = from;
	while (to < steps->n && steps->items[to].task == steps->items[from].task)
		to++;
	return to;
}

static int audit_look_back(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = 0;
	for (int i = 0; i < AUDIT_TASKS_A_PASS && audit->at_step < audit->soon.n && status == 0; i++) {
		size_t next = audit_next_task(&audit->soon, audit->at_step);
		char *found = NULL;
		status = audit_plan_check_steps(view->planner, view->store, &audit->soon, audit->at_step, next,
						view->now_utc, &found, err);
		audit_find(audit, "plan", view->now_utc, found);
		audit->at_step = status == 0 ? next : audit->at_step;
	}
	if (status == 0 && audit->at_step == audit->soon.n) {
		audit->n_tasks = 0;
		audit->stage = AUDIT_ANY_TASKS;
	}
	return status;
}

/* The next ones in turn, of all that wait for an instant; after the last one from the start. */
static int audit_look_at_tasks(struct audit *audit, const struct audit_view *view, struct err *err)
{
	struct store_audit_task tasks[AUDIT_TASKS_A_PASS], start = {.next_due_utc = view->now_utc, .id = INT64_MAX};
	struct store_audit_task after = audit->at_task.next_due_utc > view->now_utc ? audit->at_task : start;
	size_t n = 0;
	int status = store_audit_tasks(view->store, &after, STORE_NEVER, tasks, AUDIT_TASKS_A_PASS, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		char *found = NULL;
		status = audit_plan_check_next(view->planner, view->store, &tasks[i], view->now_utc, &found, err);
		audit_find(audit, "plan", view->now_utc, found);
		audit->at_task = tasks[i];
	}
	if (status < 0)
		return status;
	audit->n_tasks += AUDIT_TASKS_A_PASS;
	if (n < AUDIT_TASKS_A_PASS)
		audit->at_task = (struct store_audit_task){0};
	if (n < AUDIT_TASKS_A_PASS || audit->n_tasks >= AUDIT_TASKS) {
		audit_steps_done(&audit->soon);
		audit->soon.after_utc = view->now_utc;
		audit->n_tasks = 0;
		audit->stage = AUDIT_SOON;
	}
	return 0;
}

static int audit_look_ahead(struct audit *audit, const struct audit_view *view, struct err *err)
{
	struct store_audit_task tasks[AUDIT_TASKS];
	size_t n = 0;
	int64_t next_utc, until_utc = audit->soon.after_utc + AUDIT_PLAN_AHEAD_S;
	const struct store_audit_task after = {.next_due_utc = audit->soon.after_utc, .id = INT64_MAX};
	int status = store_audit_tasks(view->store, &after, until_utc, tasks, AUDIT_TASKS, &n, err);
	size_t last = audit->n_tasks + AUDIT_TASKS_A_PASS < n ? audit->n_tasks + AUDIT_TASKS_A_PASS : n;
	for (size_t i = audit->n_tasks; i < last && status == 0; i++)
		status = audit_plan_collect(view->planner, view->store, tasks[i].id, audit->soon.after_utc, until_utc,
					    &audit->soon, &next_utc, err);
	if (status < 0)
		return status;
	audit->n_tasks = last;
	if (last >= n)
		audit->stage = AUDIT_END;
	return 0;
}

/* ---- one after the other ------------------------------------------------------------------------------------------ */

int audit_look(struct audit *audit, const struct audit_view *view, struct err *err)
{
	switch (audit->stage) {
	case AUDIT_TABLES:
		return audit_look_at_table(audit, view, err);
	case AUDIT_PEOPLE:
		return audit_look_at_people(audit, view, err);
	case AUDIT_WORK:
		return audit_look_at_work(audit, view, err);
	case AUDIT_SOON_BEFORE:
		return audit_look_back(audit, view, err);
	case AUDIT_ANY_TASKS:
		return audit_look_at_tasks(audit, view, err);
	case AUDIT_SOON:
		return audit_look_ahead(audit, view, err);
	case AUDIT_RESTS:
	case AUDIT_END:
	case AUDIT_ENDED:
		break;
	}
	return 0;
}

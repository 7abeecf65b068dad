#include "service/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "remind/notice.h"
#include "service/audit_plan.h"
#include "store/store_channel.h"

enum {
	AUDIT_ROWS = 1024,          /* looked at in one pass */
	AUDIT_ROWS_AN_HOUR = 65536, /* of each table */
	AUDIT_TASKS = 64,           /* whose plan is worked out anew in one audit; and as many that are due soon */
	AUDIT_TASKS_A_PASS = 8,
	AUDIT_QUIET_S = 3600,   /* what is ready leaves within it */
	AUDIT_SENDING_S = 7200, /* longer than any peer is waited for */
};

enum audit_stage {
	AUDIT_RESTS,
	AUDIT_TABLES,
	AUDIT_PEOPLE,
	AUDIT_WORK,
	AUDIT_SOON_BEFORE, /* what was to fall due since the last audit */
	AUDIT_ANY_TASKS,
	AUDIT_SOON, /* what will until the next */
	AUDIT_END,
	AUDIT_ENDED, /* and not known to be committed */
};

struct audit {
	enum audit_stage stage;
	int64_t start_utc, next_utc;
	struct store_audit known; /* as in the database */
	struct store_audit fresh; /* being made */
	bool is_known;

	int table;
	int64_t cursors[STORE_AUDIT_TABLES], rows_left;
	struct store_audit_wait edited, due, digest; /* what waited longest at the last audit, */
	int64_t waited_utc;                          /* which was then */
	struct store_audit_task at_task;
	size_t n_tasks; /* looked at in this audit */
	struct audit_steps soon;
	size_t at_step;
};

struct audit *audit_new(int64_t now_utc, int64_t first_after_s)
{
	struct audit *audit = mem_zero(1, sizeof(*audit));
	int64_t wait_s = first_after_s < AUDIT_EVERY_S ? first_after_s : AUDIT_EVERY_S;
	*audit = (struct audit){.start_utc = now_utc, .next_utc = now_utc + wait_s};
	return audit;
}

void audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	audit_steps_done(&audit->soon);
	free(audit);
}

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

static bool audit_has(const struct store_audit *audit, const char *kind)
{
	for (size_t i = 0; i < audit->n_findings; i++)
		if (strcmp(audit->findings[i].kind, kind) == 0)
			return true;
	return false;
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
	struct store_audit_wait edited, due, digest;
	int status = store_audit_unplanned(view->store, view->now_utc, &edited, &due, err);
	if (status == 0)
		status = store_audit_digest(view->store, view->now_utc, &digest, err);
	if (status < 0)
		return status;
	audit_compare(audit, view, &audit->edited, &edited, "edited", "planned");
	audit_compare(audit, view, &audit->due, &due, "unplanned", "planned");
	audit_compare(audit, view, &audit->digest, &digest, "digest", "sent a digest");
	audit->waited_utc = view->now_utc;
	return 0;
}

static int audit_look_at_channel(struct audit *audit, const struct audit_view *view,
				 const struct audit_channel *channel, struct err *err)
{
	int64_t before_utc = view->now_utc - AUDIT_QUIET_S, message = 0;
	if (!view->may_send || !channel->is_free || channel->heard_utc > before_utc || audit->start_utc > before_utc)
		return 0;
	int status = store_audit_ready(view->store, channel->name, before_utc, &message, err);
	if (status == 0 && message != 0)
		audit_find(audit, "unsent", view->now_utc,
			   mem_printf("message %lld could have left by channel %s for an hour, and nothing keeps it",
				      (long long)message, channel->name));
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
			   mem_printf("%lld messages count as being sent, and %lld are", (long long)n,
				      (long long)view->n_in_flight));
	if (message != 0)
		audit_find(audit, "sending", view->now_utc,
			   mem_printf("message %lld has been under way for two hours", (long long)message));
	return 0;
}

static int audit_look_at_work(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = audit_look_at_planning(audit, view, err);
	if (status == 0)
		status = audit_look_at_sending(audit, view, err);
	for (size_t i = 0; i < view->n_channels && status == 0; i++)
		status = audit_look_at_channel(audit, view, &view->channels[i], err);
	if (status < 0)
		return status;
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

/* ---- the end ------------------------------------------------------------------------------------------------------ */

static int audit_warn_of_certificate(const struct audit_view *view, const char *channel, struct err *err)
{
	struct store_channel known;
	char until[32];
	int status = store_channel_load(view->store, channel, &known, err);
	if (status < 0)
		return status;
	int64_t until_utc = known.certificate_until_utc;
	store_channel_done(&known);
	if (until_utc == 0 || until_utc - view->now_utc > AUDIT_CERTIFICATE_S)
		return 0;
	clock_format_utc(until_utc, until);
	char *key = mem_printf("certificate %s %s", channel, until);
	char *text =
		mem_printf("The certificate of the server of channel %s ends at %s. Without a new one nothing is sent "
			   "by this channel from then on.",
			   channel, until);
	status = notice_once(view->planner, view->store, key, text, view->now_utc, err);
	free(text);
	free(key);
	return status;
}

/* What earlier audits found within a day counts on: of large tables it is seen again only when their turn comes. */
static void audit_remember(struct audit *audit, int64_t now_utc)
{
	for (size_t i = 0; i < audit->known.n_findings; i++) {
		const struct store_audit_finding *finding = &audit->known.findings[i];
		int64_t age_s = now_utc - finding->seen_utc;
		if (age_s < 0 || age_s >= STORE_AUDIT_KEPT_S || audit_has(&audit->fresh, finding->kind) ||
		    audit->fresh.n_findings == STORE_AUDIT_FINDINGS)
			continue;
		audit->fresh.findings[audit->fresh.n_findings++] = *finding;
	}
}

/* One notice for all that is new. */
static int audit_tell(const struct audit *audit, const struct audit_view *view, struct err *err)
{
	char *text = mem_dup("The hourly audit found what must not be: "), *key;
	bool is_new = false;
	for (size_t i = 0; i < audit->fresh.n_findings; i++) {
		const struct store_audit_finding *finding = &audit->fresh.findings[i];
		if (audit_has(&audit->known, finding->kind))
			continue;
		char *longer = mem_printf("%s%s%s", text, is_new ? "; " : "", finding->text);
		free(text);
		text = longer;
		is_new = true;
	}
	key = mem_printf("audit %lld", (long long)view->now_utc);
	int status = is_new ? notice_once(view->planner, view->store, key, text, view->now_utc, err) : 0;
	free(key);
	free(text);
	return status;
}

static int audit_end(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = 0;
	audit_remember(audit, view->now_utc);
	audit->fresh.done_utc = view->now_utc;
	audit->fresh.started_utc = audit->start_utc;
	for (size_t i = 0; i < view->n_channels && status == 0; i++)
		status = audit_warn_of_certificate(view, view->channels[i].name, err);
	if (status == 0)
		status = audit_tell(audit, view, err);
	if (status == 0)
		status = store_audit_save(view->store, &audit->fresh, err);
	if (status == 0)
		audit->stage = AUDIT_ENDED;
	return status;
}

/* ---- the machine -------------------------------------------------------------------------------------------------- */

/* The last verdict, and that the daemon has been started since, is in the database from the first pass on. */
static int audit_begin_life(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = store_audit_load(view->store, &audit->known, err);
	if (status == 0 && audit->known.started_utc != audit->start_utc) {
		audit->known.started_utc = audit->start_utc;
		status = store_audit_save(view->store, &audit->known, err);
	}
	audit->is_known = status == 0;
	return status;
}

static bool audit_is_due(const struct audit *audit, int64_t now_utc)
{
	bool was_set_back = audit->next_utc - now_utc > AUDIT_EVERY_S;
	return now_utc >= audit->next_utc || was_set_back;
}

static void audit_begin(struct audit *audit, int64_t now_utc)
{
	audit->stage = AUDIT_TABLES;
	audit->fresh = (struct store_audit){0};
	audit->table = 0;
	audit->rows_left = AUDIT_ROWS_AN_HOUR;
	if (now_utc < audit->soon.after_utc)
		audit_steps_done(&audit->soon); /* the clock was set back: what was to be due is not yet */
}

static int audit_work(struct audit *audit, const struct audit_view *view, struct err *err)
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
	case AUDIT_END:
		return audit_end(audit, view, err);
	case AUDIT_RESTS:
	case AUDIT_ENDED:
		break;
	}
	return 0;
}

int audit_step(struct audit *audit, const struct audit_view *view, bool *ret_more, struct err *err)
{
	int status = audit->is_known ? 0 : audit_begin_life(audit, view, err);
	if (status < 0)
		return status;
	if (audit->stage == AUDIT_ENDED) /* the pass that ended it was not committed */
		audit->stage = AUDIT_END;
	if (audit->stage == AUDIT_RESTS && audit_is_due(audit, view->now_utc))
		audit_begin(audit, view->now_utc);
	if (audit->stage == AUDIT_RESTS)
		return 0;
	status = audit_work(audit, view, err);
	if (status == 0 && audit->stage != AUDIT_ENDED)
		*ret_more = true;
	return status;
}

bool audit_take(struct audit *audit, bool *ret_has_passed)
{
	if (audit->stage != AUDIT_ENDED)
		return false;
	audit->stage = AUDIT_RESTS;
	audit->next_utc = audit->fresh.done_utc + AUDIT_EVERY_S;
	audit->known = audit->fresh;
	for (size_t i = 0; i < audit->fresh.n_findings; i++)
		log_error("audit: %s", audit->fresh.findings[i].text);
	*ret_has_passed = audit->fresh.n_findings == 0;
	return true;
}

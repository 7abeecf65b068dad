#include "ctl/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ctl/fields_priv.h"
#include "ctl/output.h"
#include "plan/recur.h"

#define FIELDS_ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

void fields_complain(void *arg, const struct fields_problem *problem)
{
	(void)arg;
	output_complain("%s: %s", problem->column, problem->message);
}

void fields_report(const struct fields_rules *rules, const char *column, const char *fmt, ...)
{
	char text[sizeof(((struct err *)NULL)->text)];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	utf8_trim_partial(text);
	rules->report(rules->arg, &(struct fields_problem){.column = column, .message = text});
}

void fields_set(char **field, const char *value)
{
	free(*field);
	*field = mem_dup(value);
}

int fields_year(const struct zone *zone, int64_t now_utc)
{
	return zone_to_civil(zone, now_utc).year;
}

const char *fields_shown(const char *value, char shown[FIELDS_SHOWN_MAX + 4])
{
	size_t len = utf8_prefix(value, FIELDS_SHOWN_MAX, UTF8_BYTES);
	(void)snprintf(shown, FIELDS_SHOWN_MAX + 4, "%.*s%s", (int)len, value, value[len] != '\0' ? "..." : "");
	return shown;
}

bool fields_check_id(const struct fields_rules *rules, const char *column, const char *id, size_t max)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	size_t len = strlen(id);
	if (len == 0)
		fields_report(rules, column, "it is empty: give a name of your own, such as 2025-forum");
	else if (len > max)
		fields_report(rules, column, "'%s' is %zu bytes long: give at most %zu", fields_shown(id, shown), len,
			      max);
	else if (id[strspn(id, FIELDS_ID_CHARS)] != '\0')
		fields_report(rules, column, "'%s' is not allowed: give Latin letters, digits, '.', '_' or '-'",
			      fields_shown(id, shown));
	else
		return true;
	return false;
}

bool fields_check_text(const struct fields_rules *rules, const char *column, const char *text, size_t min, size_t max,
		       bool allow_lines)
{
	size_t len = utf8_length(text, UTF8_CODE_POINTS);
	if (len < min)
		fields_report(rules, column, "it is empty");
	else if (len > max)
		fields_report(rules, column, "it is %zu characters long: give at most %zu", len, max);
	else if (!utf8_is_valid(text, strlen(text)))
		fields_report(rules, column, "it is not UTF-8");
	else if (utf8_find_control(text, allow_lines) >= 0)
		fields_report(rules, column, "it holds a control character%s: take it out",
			      allow_lines ? "" : " or a line break");
	else
		return true;
	return false;
}

bool fields_apply_text(const struct fields_rules *rules, const char *column, const char *given, size_t min, size_t max,
		       bool allow_lines, char **field)
{
	if (given == NULL)
		return true;
	if (!fields_check_text(rules, column, given, min, max, allow_lines))
		return false;
	fields_set(field, given);
	return true;
}

bool fields_apply_zone(const struct fields_rules *rules, const char *given, char **field)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	if (given == NULL)
		return true;
	const char *name = given[0] != '\0' ? given : rules->conf->zone;
	if (zone_find(name) == NULL) {
		fields_report(rules, "zone", "unknown time zone '%s': give a name such as Asia/Sakhalin",
			      fields_shown(name, shown));
		return false;
	}
	fields_set(field, name);
	return true;
}

static bool fields_apply_when(const struct fields_rules *rules, const char *given, struct task *task,
			      char rrule[PERIOD_RRULE_SIZE])
{
	struct period_error error = {0};
	const struct zone *zone = zone_find(task->zone);
	if (given == NULL)
		return true;
	if (given[strspn(given, " \t")] == '\0') {
		fields_report(rules, "when", "it is empty: write when the task is due, like 2027-06-15 or June 2027");
		return false;
	}
	if (zone == NULL) /* reported, or a row of the database that was made by hand: any zone will do for a year */
		zone = zone_find("UTC");
	if (period_parse_repeat(given, fields_year(zone, rules->now_utc), &task->period, rrule, &error) == 0)
		return true;
	rules->report(rules->arg, &(struct fields_problem){.column = "when",
							   .message = error.err.text,
							   .phrase = given,
							   .offset = error.offset,
							   .length = error.length});
	return false;
}

/* from_when: the rule of the date that is given, "" for a single one. */
static bool fields_apply_rrule(const struct fields_rules *rules, const struct fields_task *given, const char *from_when,
			       char **field)
{
	struct err err = {0};
	if (given->rrule == NULL || given->rrule[0] == '\0') {
		if (given->when != NULL || given->rrule != NULL)
			fields_set(field, given->when != NULL ? from_when : "");
		return true;
	}
	if (from_when[0] != '\0')
		fields_report(rules, "rrule", "the date repeats by itself (%s): leave one of the two out", from_when);
	else if (recur_check(given->rrule, &err) < 0)
		fields_report(rules, "rrule", "%s", err.text);
	else {
		fields_set(field, given->rrule);
		return true;
	}
	return false;
}

/* A rule alone may be right and still fit no day after this date, or end before it. What the database has stays as it is. */
static bool fields_check_series(const struct fields_rules *rules, const struct fields_task *given,
				const struct task *task)
{
	struct recur *recur = NULL;
	struct err err = {0};
	const struct zone *zone = zone_find(task->zone);
	if (task->rrule == NULL || task->rrule[0] == '\0' || zone == NULL)
		return true;
	if (recur_new(&task->period, task->rrule, task->rdate != NULL ? task->rdate : "",
		      task->exdate != NULL ? task->exdate : "", zone, &recur, &err) < 0) {
		fields_report(rules, "rrule", "%s", err.text);
		return false;
	}
	bool is_right = !recur_ends_early(recur) || (given->when == NULL && given->rrule == NULL);
	if (!is_right)
		fields_report(rules, "rrule",
			      "'%s' ends before the first date: set UNTIL to a later day, or leave it out",
			      task->rrule);
	recur_free(recur);
	return is_right;
}

static bool fields_apply_priority(const struct fields_rules *rules, const char *given, bool *ret_is_urgent)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	if (given == NULL)
		return true;
	bool is_urgent = strcmp(given, "urgent") == 0;
	if (!is_urgent && given[0] != '\0' && strcmp(given, "normal") != 0) {
		fields_report(rules, "priority", "unknown priority '%s': give normal or urgent",
			      fields_shown(given, shown));
		return false;
	}
	*ret_is_urgent = is_urgent;
	return true;
}

bool fields_check_part(const struct fields_rules *rules, const char *word, const char **ret_id)
{
	char shown[FIELDS_SHOWN_MAX + 4], typed[FIELDS_SHOWN_MAX];
	const char *names[ROLE_MAX];
	enum role role;
	if (role_split(word, &role, ret_id))
		return true;
	(void)snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, ":"), word);
	for (int i = 0; i < ROLE_MAX; i++)
		names[i] = role_name((enum role)i);
	const char *nearest = strlist_nearest(typed, names, ROLE_MAX);
	if (nearest != NULL)
		fields_report(rules, "people", "unknown role '%s', did you mean '%s'?", fields_shown(typed, shown),
			      nearest);
	else
		fields_report(
			rules, "people",
			"unknown role '%s': give responsible, participant, supervisor or watcher, as supervisor:ID",
			fields_shown(typed, shown));
	return false;
}

static void fields_report_policy(const struct fields_rules *rules, const char *name)
{
	const struct conf *conf = rules->conf;
	char shown[FIELDS_SHOWN_MAX + 4];
	const char **names = mem_zero(conf->n_policies + 1, sizeof(*names));
	for (size_t i = 0; i < conf->n_policies; i++)
		names[i] = conf->policies[i]->name;
	names[conf->n_policies] = "default";
	const char *nearest = strlist_nearest(name, names, conf->n_policies + 1);
	if (nearest != NULL)
		fields_report(rules, "policy", "unknown policy '%s', did you mean '%s'?", fields_shown(name, shown),
			      nearest);
	else
		fields_report(rules, "policy", "unknown policy '%s': there is no [policy %s] in %s",
			      fields_shown(name, shown), shown, conf->file);
	free(names);
}

static bool fields_apply_policy(const struct fields_rules *rules, const char *given, char **field)
{
	if (given == NULL)
		return true;
	const char *name = given[0] != '\0' ? given : "default";
	if (strcmp(name, "default") != 0 && ini_section(rules->conf->ini, "policy", name) == NULL) {
		fields_report_policy(rules, name);
		return false;
	}
	fields_set(field, name);
	return true;
}

bool fields_apply_task(const struct fields_rules *rules, const struct fields_task *given, struct task *task)
{
	char rrule[PERIOD_RRULE_SIZE] = "";
	bool is_right = fields_apply_text(rules, "title", given->title, 1, TASK_TITLE_MAX, false, &task->title);
	is_right &= fields_apply_zone(rules, given->zone, &task->zone);
	bool is_date_right = fields_apply_when(rules, given->when, task, rrule); /* in that zone */
	is_date_right &= fields_apply_rrule(rules, given, rrule, &task->rrule);
	is_right &= is_date_right && fields_check_series(rules, given, task);
	is_right &= fields_apply_text(rules, "place", given->place, 0, TASK_PLACE_MAX, false, &task->place);
	is_right &= fields_apply_policy(rules, given->policy, &task->policy);
	is_right &= fields_apply_priority(rules, given->priority, &task->is_urgent);
	is_right &= fields_apply_text(rules, "note", given->note, 0, TASK_NOTE_MAX, true, &task->note);
	return is_right;
}

void fields_init_task(const struct conf *conf, const char *uid, struct task *task)
{
	*task = (struct task){
		.uid = mem_dup(uid),
		.title = mem_dup(""),
		.place = mem_dup(""),
		.note = mem_dup(""),
		.zone = mem_dup(conf->zone),
		.policy = mem_dup("default"),
		.status = mem_dup("open"),
		.rrule = mem_dup(""),
		.rdate = mem_dup(""),
		.exdate = mem_dup(""),
	};
}

#include "ctl/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/channel.h"

#define FIELDS_ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

enum { FIELDS_SHOWN_MAX = 60 };

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

static void fields_set(char **field, const char *value)
{
	free(*field);
	*field = mem_dup(value);
}

int fields_year(const struct zone *zone, int64_t now_utc)
{
	return zone_to_civil(zone, now_utc).year;
}

/* A copy of the start of a value, for a message about it. */
static const char *fields_shown(const char *value, char shown[FIELDS_SHOWN_MAX + 4])
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

/* Text without control characters, min to max bytes of it. */
static bool fields_check_text(const struct fields_rules *rules, const char *column, const char *text, size_t min,
			      size_t max, bool allow_lines)
{
	size_t len = strlen(text);
	if (len < min)
		fields_report(rules, column, "it is empty");
	else if (len > max)
		fields_report(rules, column, "it is %zu bytes long: give at most %zu", len, max);
	else if (!utf8_is_valid(text, len))
		fields_report(rules, column, "it is not UTF-8");
	else if (utf8_find_control(text, allow_lines) >= 0)
		fields_report(rules, column, "it holds a control character%s: take it out",
			      allow_lines ? "" : " or a line break");
	else
		return true;
	return false;
}

static bool fields_apply_text(const struct fields_rules *rules, const char *column, const char *given, size_t min,
			      size_t max, bool allow_lines, char **field)
{
	if (given == NULL)
		return true;
	if (!fields_check_text(rules, column, given, min, max, allow_lines))
		return false;
	fields_set(field, given);
	return true;
}

static bool fields_apply_zone(const struct fields_rules *rules, const char *given, char **field)
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

static bool fields_apply_when(const struct fields_rules *rules, const char *given, struct task *task)
{
	struct period_error error = {0};
	const struct zone *zone = zone_find(task->zone);
	if (given == NULL)
		return true;
	if (zone == NULL) /* reported, or a row of the database that was made by hand: any zone will do for a year */
		zone = zone_find("UTC");
	if (period_parse(given, fields_year(zone, rules->now_utc), &task->period, &error) == 0)
		return true;
	rules->report(rules->arg, &(struct fields_problem){.column = "when",
							   .message = error.err.text,
							   .phrase = given,
							   .offset = error.offset,
							   .length = error.length});
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
	bool is_right = fields_apply_text(rules, "title", given->title, 1, TASK_TITLE_MAX, false, &task->title);
	is_right &= fields_apply_zone(rules, given->zone, &task->zone);
	is_right &= fields_apply_when(rules, given->when, task); /* in that zone */
	is_right &= fields_apply_text(rules, "place", given->place, 0, TASK_PLACE_MAX, false, &task->place);
	is_right &= fields_apply_policy(rules, given->policy, &task->policy);
	is_right &= fields_apply_text(rules, "note", given->note, 0, TASK_NOTE_MAX, true, &task->note);
	return is_right;
}

static bool fields_apply_language(const struct fields_rules *rules, const char *given, const struct catalog *catalog,
				  char **field)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	if (given == NULL)
		return true;
	const char *tag = given[0] != '\0' ? given : rules->conf->language;
	if (!catalog_has_language(catalog, tag)) {
		const char *nearest = catalog_nearest_language(catalog, tag);
		fields_report(rules, "language", "there are no templates for '%s'%s%s%s", fields_shown(tag, shown),
			      nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
			      nearest != NULL ? "'?" : "");
		return false;
	}
	fields_set(field, tag);
	return true;
}

bool fields_apply_person(const struct fields_rules *rules, const struct fields_person *given,
			 const struct catalog *catalog, struct person *person)
{
	bool is_right = fields_apply_text(rules, "name", given->name, 1, PERSON_NAME_MAX, false, &person->name);
	is_right &= fields_apply_language(rules, given->language, catalog, &person->language);
	is_right &= fields_apply_zone(rules, given->zone, &person->zone);
	return is_right;
}

bool fields_check_address(const struct fields_rules *rules, const struct channel *channel, const char *address)
{
	struct err err = {0};
	if (!fields_check_text(rules, channel->name, address, 1, PERSON_ADDRESS_MAX, false))
		return false;
	if (channel_check_address(channel, address, &err))
		return true;
	fields_report(rules, channel->name, "%s", err.text);
	return false;
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
	};
}

void fields_init_person(const struct conf *conf, const char *id, struct person *person)
{
	*person = (struct person){
		.id = mem_dup(id),
		.name = mem_dup(""),
		.language = mem_dup(conf->language),
		.zone = mem_dup(conf->zone),
	};
}

#include "ctl/fields_priv.h"

#include "base/mem.h"
#include "base/num.h"
#include "channel/channel.h"
#include "plan/hours.h"
#include "remind/order.h"

enum { FIELDS_CEILING_MAX = 1000 };

static bool fields_apply_language(const struct fields_rules *rules, const char *given, const struct catalog *catalog,
				  char **field)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	if (given == NULL)
		return true;
	const char *tag = given[0] != '\0' ? given : rules->conf->language;
	if (!catalog_has_language(catalog, tag)) {
		char *languages = catalog_list_languages(catalog);
		fields_report(rules, "language", "there are no templates for '%s', only for %s",
			      fields_shown(tag, shown), languages);
		free(languages);
		return false;
	}
	fields_set(field, tag);
	return true;
}

static bool fields_apply_calendar(const struct fields_rules *rules, const char *given, char **field)
{
	char shown[FIELDS_SHOWN_MAX + 4];
	if (given == NULL)
		return true;
	bool is_known = rules->calendars != NULL && calendars_find(rules->calendars, given) != NULL;
	if (given[0] != '\0' && !is_known) {
		const char *nearest = rules->calendars != NULL ? calendars_nearest(rules->calendars, given) : NULL;
		if (nearest != NULL)
			fields_report(rules, "calendar", "unknown calendar '%s', did you mean '%s'?",
				      fields_shown(given, shown), nearest);
		else
			fields_report(
				rules, "calendar", "unknown calendar '%s': give the name of a file in %s without .ini",
				fields_shown(given, shown),
				rules->conf->calendars != NULL ? rules->conf->calendars : "the folder of calendars");
		return false;
	}
	fields_set(field, given);
	return true;
}

/* Quiet and working hours are each right, and together leave some of the day. */
static bool fields_apply_hours(const struct fields_rules *rules, const struct fields_person *given,
			       struct person *person)
{
	struct hours hours = hours_any();
	struct err err = {0};
	const char *quiet = given->quiet != NULL ? given->quiet : person->quiet;
	const char *work = given->work != NULL ? given->work : person->work;
	if (given->quiet == NULL && given->work == NULL)
		return true;
	bool is_quiet_right = hours_parse_quiet(quiet, &hours, &err) == 0;
	if (!is_quiet_right)
		fields_report(rules, "quiet", "%s", err.text);
	bool is_work_right = hours_parse_work(work, &hours, &err) == 0;
	if (!is_work_right)
		fields_report(rules, "work", "%s", err.text);
	if (!is_quiet_right || !is_work_right)
		return false;
	if (hours_check(&hours, &err) < 0) {
		fields_report(rules, given->quiet != NULL ? "quiet" : "work", "%s", err.text);
		return false;
	}
	if (given->quiet != NULL)
		fields_set(&person->quiet, given->quiet);
	if (given->work != NULL)
		fields_set(&person->work, given->work);
	return true;
}

static bool fields_apply_digest(const struct fields_rules *rules, const char *given, char **field)
{
	struct digest_time digest;
	struct err err = {0};
	if (given == NULL)
		return true;
	if (hours_parse_digest(given, &digest, &err) < 0) {
		fields_report(rules, "digest", "%s", err.text);
		return false;
	}
	fields_set(field, given);
	return true;
}

static bool fields_apply_ceiling(const struct fields_rules *rules, const char *given, int64_t *field)
{
	struct err err = {0};
	int64_t ceiling = 0;
	if (given == NULL)
		return true;
	if (given[0] != '\0' && num_parse(given, 0, FIELDS_CEILING_MAX, &ceiling, &err) < 0) {
		fields_report(rules, "ceiling", "%s", err.text);
		return false;
	}
	*field = ceiling;
	return true;
}

static bool fields_apply_channels(const struct fields_rules *rules, const char *given, char **field)
{
	struct order order;
	struct err err = {0};
	if (given == NULL)
		return true;
	if (order_parse(given, &order, &err) < 0) {
		fields_report(rules, "channels", "%s", err.text);
		return false;
	}
	bool is_right = true;
	for (size_t i = 0; i < order.channels.n && is_right; i++)
		is_right = order_check_name(order.channels.items[i], rules->conf, &err);
	order_done(&order);
	if (is_right)
		fields_set(field, given);
	else
		fields_report(rules, "channels", "%s", err.text);
	return is_right;
}

bool fields_apply_person(const struct fields_rules *rules, const struct fields_person *given,
			 const struct catalog *catalog, struct person *person)
{
	bool is_right = fields_apply_text(rules, "name", given->name, 1, PERSON_NAME_MAX, false, &person->name);
	is_right &= fields_apply_language(rules, given->language, catalog, &person->language);
	is_right &= fields_apply_zone(rules, given->zone, &person->zone);
	is_right &= fields_apply_calendar(rules, given->calendar, &person->calendar);
	is_right &= fields_apply_hours(rules, given, person);
	is_right &= fields_apply_digest(rules, given->digest, &person->digest);
	is_right &= fields_apply_ceiling(rules, given->ceiling, &person->ceiling);
	is_right &= fields_apply_channels(rules, given->channels, &person->channels);
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

void fields_init_person(const struct conf *conf, const char *id, struct person *person)
{
	*person = (struct person){
		.id = mem_dup(id),
		.name = mem_dup(""),
		.language = mem_dup(conf->language),
		.zone = mem_dup(conf->zone),
		.calendar = mem_dup(""),
		.quiet = mem_dup(""),
		.work = mem_dup(""),
		.digest = mem_dup(""),
		.channels = mem_dup(""),
	};
}

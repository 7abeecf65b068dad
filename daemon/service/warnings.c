#include "service/warnings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/folder.h"
#include "store/store_person.h"
#include "store/store_task.h"

enum { WARNINGS_OCTOBER = 10, WARNINGS_BUSY_MS = 250 };

static void warnings_add(struct strlist *warnings, char *text)
{
	strlist_add(warnings, text, strlen(text));
	free(text);
}

static void warnings_check_calendar(const struct conf *conf, const struct calendars *calendars, const char *name,
				    const struct civil *today, struct strlist *warnings)
{
	const struct calendar *calendar = calendars != NULL ? calendars_find(calendars, name) : NULL;
	int last_year = today->month >= WARNINGS_OCTOBER ? today->year + 1 : today->year;
	if (calendar == NULL) {
		warnings_add(warnings, mem_printf("people have the calendar '%s', and there is no %s/%s.ini: Monday to "
						  "Friday count as working days",
						  name, conf->calendars != NULL ? conf->calendars : "", name));
		return;
	}
	for (int year = today->year; year <= last_year; year++)
		if (!calendar_has_year(calendar, year))
			warnings_add(warnings,
				     mem_printf("calendar '%s' knows nothing but weekends%s of %d: add [year %d] to "
						"%s/%s.ini",
						name, calendar_has_every_year(calendar) ? " and [every year]" : "",
						year, year, conf->calendars, name));
}

static int warnings_check_operator(const struct conf *conf, struct store *store, struct strlist *warnings,
				   struct err *err)
{
	bool is_known = true;
	int status = conf->operator_id == NULL ? 0 : store_person_exists(store, conf->operator_id, &is_known, err);
	if (status == 0 && !is_known)
		warnings_add(warnings,
			     mem_printf("operator = %s: there is no such person, so nobody is told of what the daemon "
					"cannot mend; deadlinectl people lists them",
					conf->operator_id));
	return status;
}

int warnings_collect(const struct conf *conf, const struct calendars *calendars, const struct zone *zone,
		     struct store *store, int64_t now_utc, struct strlist *warnings, struct err *err)
{
	struct strlist names = {0};
	const struct civil today = zone_to_civil(zone, now_utc);
	int status = store_person_calendars(store, &names, err);
	if (status == 0)
		status = warnings_check_operator(conf, store, warnings, err);
	for (size_t i = 0; i < names.n; i++)
		warnings_check_calendar(conf, calendars, names.items[i], &today, warnings);
	strlist_done(&names);
	return status;
}

/* A sentence for every channel whose service takes less text than the templates may make of one task. */
static void warnings_check_lengths(const struct setup *setup, struct strlist *warnings)
{
	for (size_t i = 0; i < setup->n_channels; i++) {
		static const char *const units[] = {
			[UTF8_BYTES] = "bytes", [UTF8_CODE_POINTS] = "characters", [UTF8_UTF16] = "UTF-16 units"};
		const struct channel *channel = setup->channels[i];
		const char *language = NULL, *kind = NULL;
		size_t length = channel->text_max == 0
					? 0
					: catalog_longest_text(setup->catalog, channel->text_unit, &language, &kind);
		if (length > channel->text_max)
			warnings_add(
				warnings,
				mem_printf("[channel %s] takes %zu %s of a text, and %s/%s makes %zu of a task with "
					   "much to say: the end is cut off",
					   channel->name, channel->text_max, units[channel->text_unit], language, kind,
					   length));
	}
}

/* Languages of people without templates. */
struct warnings_languages {
	const struct catalog *catalog;
	struct strlist missing;
};

static int warnings_see_person(void *arg, const struct person *person)
{
	struct warnings_languages *languages = arg;
	const char *tag = person->language;
	if (person->is_active && !catalog_has_language(languages->catalog, tag) &&
	    !strlist_has(&languages->missing, tag))
		strlist_add(&languages->missing, tag, strlen(tag));
	return 0;
}

static int warnings_check_languages(const struct setup *setup, struct store *store, struct strlist *warnings,
				    struct err *err)
{
	struct warnings_languages languages = {.catalog = setup->catalog};
	int status = store_person_each(store, warnings_see_person, &languages, err);
	for (size_t i = 0; i < languages.missing.n; i++) {
		const char *tag = languages.missing.items[i], *fallback = setup->conf->language;
		struct catalog_choice choice;
		bool has_one = catalog_choose(setup->catalog, "reminder", tag, fallback, &choice);
		warnings_add(warnings, mem_printf("people have the language '%s', and there are no templates for it: "
						  "they are written to in '%s'",
						  tag, has_one ? language_tag(choice.language) : fallback));
	}
	strlist_done(&languages.missing);
	return status;
}

/* Addresses and tasks that name a section which is not there: nothing is wrong with them but that. */
static int warnings_check_names(const struct setup *setup, struct store *store, struct strlist *warnings,
				struct err *err)
{
	struct strlist channels = {0}, policies = {0};
	int status = store_person_channels(store, &channels, err);
	if (status == 0)
		status = store_task_policies(store, &policies, err);
	for (size_t i = 0; i < channels.n; i++)
		if (!conf_has_channel(setup->conf, channels.items[i]))
			warnings_add(
				warnings,
				mem_printf("people have an address on '%s', and there is no [channel %s]: it is not "
					   "used",
					   channels.items[i], channels.items[i]));
	for (size_t i = 0; i < policies.n; i++)
		if (policies_find(setup->policies, policies.items[i]) == NULL)
			warnings_add(
				warnings,
				mem_printf("open tasks have the policy '%s', and there is no [policy %s]: the default "
					   "policy is used for them",
					   policies.items[i], policies.items[i]));
	strlist_done(&policies);
	strlist_done(&channels);
	return status;
}

/* What is in the database. */
static void warnings_of_people(const struct setup *setup, int64_t now_utc, struct strlist *warnings)
{
	const struct conf *conf = setup->conf;
	struct store *store = NULL;
	struct err err = {0};
	if (access(conf->database, F_OK) < 0 && errno == ENOENT)
		return;
	int status = store_open(conf->database, STORE_READ, WARNINGS_BUSY_MS, &store, &err);
	if (status == 0)
		status = warnings_collect(conf, setup->calendars, setup->zone, store, now_utc, warnings, &err);
	if (status == 0)
		status = warnings_check_languages(setup, store, warnings, &err);
	if (status == 0)
		status = warnings_check_names(setup, store, warnings, &err);
	if (status < 0)
		warnings_add(warnings, mem_printf("the people were not looked at: %s", err.text));
	store_close(store);
}

static void warnings_check_folder(const struct conf *conf, const char *key, const char *folder, FILE *out)
{
	if (!folder_is_missing(folder) || folder_is_of_systemd(folder))
		return;
	char *cure = folder_cure(folder);
	(void)fprintf(out, "%s:%u: warning: %s: %s\n", conf->file, conf_line(conf, key), key, cure);
	free(cure);
}

/* Who may write to the folder may put another database, log or lock in the place of ours; a sticky bit changes little. */
static void warnings_check_rights(const struct conf *conf, const char *folder, FILE *out)
{
	struct stat status;
	if (stat(folder, &status) < 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return;
	(void)fprintf(
		out,
		"%s:%u: warning: database: others than its owner may write to the folder %s (mode %04o), and with it to "
		"all that the daemon knows: chmod 0700 it, or give the database a folder of its own\n",
		conf->file, conf_line(conf, "database"), folder, (unsigned)status.st_mode & 07777);
}

/* The daemon makes the folder of the copies, and state_dir, but not what these are in. */
static void warnings_of_folders(const struct conf *conf, FILE *out)
{
	bool is_own = conf_line(conf, "backup_dir") != 0;
	char *database = folder_of(conf->database), *copies = folder_of(conf->backup_dir);
	if (strcmp(copies, conf->state_dir) == 0) {
		free(copies);
		copies = folder_of(conf->state_dir);
	}
	warnings_check_folder(conf, "database", database, out);
	warnings_check_rights(conf, database, out);
	if (conf->backup_keep > 0)
		warnings_check_folder(conf, is_own ? "backup_dir" : "state_dir", copies, out);
	free(database);
	free(copies);
}

void warnings_print(const struct setup *setup, int64_t now_utc, FILE *out)
{
	struct strlist warnings = {0};
	warnings_of_folders(setup->conf, out);
	warnings_of_people(setup, now_utc, &warnings);
	warnings_check_lengths(setup, &warnings);
	catalog_find_strays(setup->catalog, setup->conf->templates, setup->conf->own_templates, &warnings);
	for (size_t i = 0; i < warnings.n; i++)
		(void)fprintf(out, "%s: warning: %s\n", setup->conf->file, warnings.items[i]);
	strlist_done(&warnings);
}

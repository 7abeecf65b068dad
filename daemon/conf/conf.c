#include "conf/conf.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CONF_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

enum { CONF_NAME_MAX = 32 };
enum { CONF_MINUTE_S = 60, CONF_DAY_S = 86400 };

#define CONF_FIELD(name) .offset = offsetof(struct conf, name)

const struct option conf_daemon_options[] = {
	{"database", OPTION_PATH, CONF_FIELD(database), .preset = "/var/lib/deadlined/deadlined.db",
	 .flags = OPTION_RESTART, .help = "the SQLite database with tasks, people and messages; made when missing"},
	{"zone", OPTION_TEXT, CONF_FIELD(zone), .min = 1, .max = 64, .preset = "UTC",
	 .help = "time zone of people and tasks that name none, as Asia/Sakhalin"},
	{"language", OPTION_TEXT, CONF_FIELD(language), .min = 2, .max = 35, .preset = "en",
	 .help = "language of people who name none: a folder of templates, as en, ru or zh"},
	{"scan_interval", OPTION_DURATION, CONF_FIELD(scan_interval_s), .min = 1, .max = CONF_DAY_S, .preset = "60s",
	 .help = "how often the database is looked through even when nothing has woken the daemon"},
	{"templates", OPTION_PATH, CONF_FIELD(templates), .preset = DEADLINED_DATADIR "/templates",
	 .help = "folder with the texts of the reminders, one folder a language"},
	{"messengers", OPTION_PATH, CONF_FIELD(messengers), .preset = DEADLINED_DATADIR "/messengers",
	 .help = "folder with the presets of the messengers, one file each"},
	{"calendars", OPTION_PATH, CONF_FIELD(calendars),
	 .help = "folder with the working calendars; when left out, \"calendars\" beside the folder of templates"},
	{"state_dir", OPTION_PATH, CONF_FIELD(state_dir), .preset = "/var/lib/deadlined", .flags = OPTION_RESTART,
	 .help = "folder for what the daemon keeps beside the database"},
	{"backup_dir", OPTION_PATH, CONF_FIELD(backup_dir),
	 .help = "folder of the daily copies of the database; when left out, \"backup\" in state_dir"},
	{"backup_keep", OPTION_COUNT, CONF_FIELD(backup_keep), .min = 0, .max = 1000, .preset = "7",
	 .help = "how many daily copies are kept; 0 makes none"},
	{"heartbeat", OPTION_TEXT, CONF_FIELD(heartbeat), .min = 1, .max = INI_LINE_MAX,
	 .help = "address of a watchman, asked for by GET after every hourly audit that passed: https://..., credential:NAME "
		 "or file:/path"},
	{"operator", OPTION_TEXT, CONF_FIELD(operator_id), .max = 64,
	 .help = "id of the person who is told what the daemon cannot mend; without it, only the log is"},
};
const size_t conf_n_daemon_options = sizeof(conf_daemon_options) / sizeof(conf_daemon_options[0]);

const struct option conf_limit_options[] = {
	{"messages_per_hour", OPTION_COUNT, CONF_FIELD(messages_per_hour), .min = 1, .max = 1000000, .preset = "1000",
	 .help = "the brake: beyond so many messages in an hour the daemon stops sending until the operator lets it go on"},
	{"messages_per_hour_per_channel", OPTION_COUNT, CONF_FIELD(messages_per_hour_per_channel), .min = 1,
	 .max = 1000000, .help = "the same for each channel by itself; as messages_per_hour when left out"},
	{"messages_per_hour_per_person", OPTION_COUNT, CONF_FIELD(messages_per_hour_per_person), .min = 1,
	 .max = 1000000, .preset = "60", .help = "the same for each person by themselves"},
	{"catch_up_max_age", OPTION_DURATION, CONF_FIELD(catch_up_max_age_s), .min = CONF_MINUTE_S,
	 .max = 365 * CONF_DAY_S, .preset = "7d",
	 .help = "a reminder that is later than this, after a time of standstill, is not sent any more"},
	{"keep", OPTION_DURATION, CONF_FIELD(keep_s), .min = CONF_DAY_S, .max = 36500 * (int64_t)CONF_DAY_S,
	 .preset = "90d", .help = "messages that are over for longer are removed, with their attempts"},
};
const size_t conf_n_limit_options = sizeof(conf_limit_options) / sizeof(conf_limit_options[0]);

static void conf_add_section(const struct ini_section ***list, size_t *n, const struct ini_section *section)
{
	*list = mem_grow(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = section;
}

/* A [channel NAME] or [policy NAME]: checks the name and keeps the section in its list. */
static void conf_take_named(struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	const char *kind = section->kind, *name = section->name;
	if (name == NULL)
		problems_add(problems, section->file, section->line, "[%s] needs a name: write [%s NAME]", kind, kind);
	else if (strlen(name) > CONF_NAME_MAX || name[strspn(name, CONF_NAME_CHARS)] != '\0')
		problems_add(problems, section->file, section->line,
			     "name '%s' of [%s NAME] is not allowed: give 1 to %d of a-z, A-Z, 0-9, '-' and '_'", name,
			     kind, CONF_NAME_MAX);
	else if (strcmp(kind, "channel") == 0)
		conf_add_section(&conf->channels, &conf->n_channels, section);
	else
		conf_add_section(&conf->policies, &conf->n_policies, section);
}

static void conf_report_unknown(const struct ini_section *section, struct problems *problems)
{
	static const char *const kinds[] = {"daemon", "limits", "channel", "policy"};
	const char *nearest = strlist_nearest(section->kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
	const char *blank = section->name != NULL ? " " : "", *name = section->name != NULL ? section->name : "";
	if (nearest != NULL)
		problems_add(problems, section->file, section->line, "unknown section [%s%s%s], did you mean [%s%s%s]?",
			     section->kind, blank, name, nearest, blank, name);
	else
		problems_add(problems, section->file, section->line,
			     "unknown section [%s%s%s]: give [daemon], [limits], [channel NAME] or [policy NAME]",
			     section->kind, blank, name);
}

static void conf_take_section(struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	const char *kind = section->kind;
	if (strcmp(kind, "channel") == 0 || strcmp(kind, "policy") == 0)
		conf_take_named(conf, section, problems);
	else if (strcmp(kind, "daemon") != 0 && strcmp(kind, "limits") != 0)
		conf_report_unknown(section, problems);
	else if (section->name != NULL)
		problems_add(problems, section->file, section->line, "[%s] takes no name: write [%s]", kind, kind);
}

struct conf *conf_read(const char *file, struct problems *problems)
{
	struct ini *ini = ini_read(file, problems);
	if (ini == NULL)
		return NULL;
	char *absolute = option_absolute_path(file, NULL);
	if (absolute == NULL) {
		problems_add(problems, file, 0,
			     "the current folder cannot be told (%s): give a path that starts with '/'",
			     strerror(errno));
		ini_free(ini);
		return NULL;
	}

	struct conf *conf = mem_zero(1, sizeof(*conf));
	conf->ini = ini;
	conf->file = absolute;
	conf->secrets_dir = option_absolute_path("secrets", absolute);
	conf->own_templates = option_absolute_path("templates", absolute);
	for (size_t i = 0; i < ini->n_sections; i++)
		conf_take_section(conf, &ini->sections[i], problems);
	options_apply(conf_daemon_options, conf_n_daemon_options, ini_section(ini, "daemon", NULL), conf->secrets_dir,
		      conf, problems);
	if (conf->calendars == NULL && conf->templates != NULL)
		conf->calendars = option_absolute_path("calendars", conf->templates);
	if (conf->backup_dir == NULL && conf->state_dir != NULL)
		conf->backup_dir = mem_printf("%s/backup", conf->state_dir);
	options_apply(conf_limit_options, conf_n_limit_options, ini_section(ini, "limits", NULL), conf->secrets_dir,
		      conf, problems);
	if (conf->messages_per_hour_per_channel == 0)
		conf->messages_per_hour_per_channel = conf->messages_per_hour;
	return conf;
}

bool conf_has_channel(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_channels; i++)
		if (strcmp(conf->channels[i]->name, name) == 0)
			return true;
	return false;
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	mem_free_secret(conf->heartbeat);
	conf->heartbeat = NULL;
	options_done(conf_daemon_options, conf_n_daemon_options, conf);
	options_done(conf_limit_options, conf_n_limit_options, conf);
	free(conf->channels);
	free(conf->policies);
	free(conf->secrets_dir);
	free(conf->own_templates);
	free(conf->file);
	ini_free(conf->ini);
	free(conf);
}

unsigned conf_line(const struct conf *conf, const char *key)
{
	const struct ini_section *section = ini_section(conf->ini, "daemon", NULL);
	const struct ini_entry *entry = section != NULL ? ini_find(section, key) : NULL;
	return entry != NULL ? entry->line : 0;
}

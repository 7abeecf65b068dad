/* conf: the administrator's file. [daemon] and [limits] are read here; [channel NAME] and [policy NAME] are kept as
 * sections for the rooms that know their keys. */
#ifndef DEADLINED_CONF_CONF_H
#define DEADLINED_CONF_CONF_H

#include <stdint.h>

#include "base/strlist.h"
#include "conf/ini.h"
#include "conf/option.h"

struct conf {
	char *file;          /* absolute path */
	char *secrets_dir;   /* "secrets" beside the file */
	char *own_templates; /* "templates" beside the file: the administrator's, in the place of shipped ones */

	/* [daemon] */
	char *database;
	char *zone;     /* IANA name; for people and tasks that name none */
	char *language; /* likewise, "ru", "en", "zh" ... */
	int64_t scan_interval_s;
	char *templates;  /* folder */
	char *messengers; /* folder of presets */
	char *calendars;  /* folder of working calendars */
	char *state_dir;
	char *backup_dir;    /* folder */
	int64_t backup_keep; /* daily copies; 0 = none are made */
	char *heartbeat;     /* address that is asked for after every audit that passed, a secret; NULL = none */
	char *operator_id;   /* id of the person who hears of what the daemon cannot do; NULL = only the log does */

	/* [limits] */
	int64_t messages_per_hour;
	int64_t messages_per_hour_per_channel;
	int64_t messages_per_hour_per_person;
	int64_t catch_up_max_age_s;
	int64_t keep_s; /* what is over for longer is forgotten */

	struct ini *ini; /* owner of the sections below */
	const struct ini_section **channels;
	size_t n_channels;
	const struct ini_section **policies;
	size_t n_policies;
};

/* The tables, for the tests of the sample file and the manual. */
extern const struct option conf_daemon_options[];
extern const size_t conf_n_daemon_options;
extern const struct option conf_limit_options[];
extern const size_t conf_n_limit_options;

/* Reads file and adds every problem found to problems: those of ini_read(), of the tables, sections of an unknown kind
 * or without their name, and names that are not [A-Za-z0-9_-]{1,32}. Zones, languages, policies and channels are
 * checked by the rooms that know them. Returns owned; NULL only when the file cannot be read, or is UTF-16. Use it
 * only if problems stayed empty. */
struct conf *conf_read(const char *file, struct problems *problems);
void conf_free(struct conf *conf);
/* The line of a key of [daemon], or 0 when it is not given. */
unsigned conf_line(const struct conf *conf, const char *key);
/* Whether there is a section [channel NAME]. */
bool conf_has_channel(const struct conf *conf, const char *name);

#endif

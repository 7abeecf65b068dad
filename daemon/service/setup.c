#include "service/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/heartbeat.h"

static void setup_check_zone(struct setup *setup, struct problems *problems)
{
	const struct conf *conf = setup->conf;
	setup->zone = zone_find(conf->zone);
	if (setup->zone == NULL)
		problems_add(problems, conf->ini->file, conf_line(conf, "zone"),
			     "zone: there is no time zone '%s': give an IANA name like Asia/Sakhalin", conf->zone);
}

struct calendars *setup_load_calendars(const struct conf *conf, struct problems *problems)
{
	unsigned line = conf_line(conf, "calendars");
	if (conf->calendars != NULL && access(conf->calendars, R_OK | X_OK) == 0)
		return calendars_load(conf->calendars, problems);
	if (line != 0 && !problems_has_at(problems, conf->ini->file, line))
		problems_add(problems, conf->ini->file, line, "calendars: the folder %s: %s", conf->calendars,
			     strerror(errno));
	return NULL;
}

/* is_whole: nothing in the file was unreadable, so what it does not set is the default. */
static void setup_load_catalog(struct setup *setup, bool is_whole, struct problems *problems)
{
	const struct conf *conf = setup->conf;
	const unsigned line = conf_line(conf, "templates");
	size_t had = problems->n;
	if (problems_has_at(problems, conf->ini->file, line) || (line == 0 && !is_whole))
		return; /* the folder that is meant is not known */
	if (access(conf->templates, R_OK | X_OK) < 0) {
		problems_add(problems, conf->ini->file, line, "templates: the folder %s: %s", conf->templates,
			     strerror(errno));
		return;
	}
	setup->catalog = catalog_load(conf->templates, conf->own_templates, problems);
	if (problems->n == had && !catalog_has_language(setup->catalog, conf->language)) {
		char *languages = catalog_list_languages(setup->catalog);
		problems_add(problems, conf->ini->file, conf_line(conf, "language"),
			     "language: there are no templates for '%s' in %s, only for %s", conf->language,
			     conf->templates, languages);
		free(languages);
	}
}

static void setup_load_channels(struct setup *setup, struct problems *problems)
{
	const struct conf *conf = setup->conf;
	if (conf->n_channels == 0)
		problems_add(problems, conf->ini->file, 0,
			     "there is no channel: reminders need at least one [channel NAME] section");
	setup->channels = mem_zero(conf->n_channels, sizeof(struct channel *));
	for (size_t i = 0; i < conf->n_channels; i++) {
		struct channel *channel = channel_new(conf, conf->channels[i], problems);
		if (channel != NULL)
			setup->channels[setup->n_channels++] = channel;
	}
}

struct setup *setup_load(const char *file, struct problems *problems)
{
	size_t had = problems->n;
	struct conf *conf = conf_read(file, problems);
	if (conf == NULL)
		return NULL;

	bool is_whole = problems->n == had;
	struct setup *setup = mem_zero(1, sizeof(*setup));
	setup->conf = conf;
	setup->calendars = setup_load_calendars(conf, problems);
	setup->policies = policies_load(conf, problems);
	setup_check_zone(setup, problems);
	heartbeat_prepare(conf, problems);
	setup_load_catalog(setup, is_whole, problems);
	setup_load_channels(setup, problems);
	if (problems->n != had) {
		setup_free(setup);
		return NULL;
	}
	return setup;
}

void setup_free(struct setup *setup)
{
	if (setup == NULL)
		return;
	for (size_t i = 0; i < setup->n_channels; i++)
		channel_free(setup->channels[i]);
	free(setup->channels);
	catalog_free(setup->catalog);
	policies_free(setup->policies);
	calendars_free(setup->calendars);
	conf_free(setup->conf);
	free(setup);
}

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/problem.h"
#include "server.h"

static void config_add(struct config *config, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void config_add(struct config *config, const char *fmt, ...)
{
	size_t len = strlen(config->text);
	va_list args;
	va_start(args, fmt);
	int added = vsnprintf(config->text + len, CONFIG_SIZE - len, fmt, args);
	va_end(args);
	if (added < 0 || (size_t)added >= CONFIG_SIZE - len)
		abort(); /* our own text */
}

static void config_add_daemon(struct config *config)
{
	static const char *const scans[] = {"1d", "12h", "6h", "1d", "3h"};
	static const char *const limits[] = {"1000", "1000", "40", "12"};
	static const char *const ages[] = {"7d", "7d", "30d", "3d"};
	static const char *const languages[] = {"en", "ru", "zh"};
	config_add(config,
		   "[daemon]\ndatabase = plan.db\nstate_dir = .\nzone = %s\nlanguage = %s\nscan_interval = %s\n"
		   "operator = p0\n",
		   config->zone, dice_pick(&config->dice, languages), dice_pick(&config->dice, scans));
	config_add(config, "[limits]\nmessages_per_hour = %s\ncatch_up_max_age = %s\n",
		   dice_pick(&config->dice, limits), dice_pick(&config->dice, ages));
}

static void config_add_channels(struct config *config)
{
	static const char *const mail_rates[] = {"", "rate = 20/h\n", "rate = 5/m\n", "rate = 200/d\n"};
	static const char *const bot_rates[] = {"rate = 20/m\n", "rate = 2/s\n", "rate = 30/h\nrate_each = 2/m\n"};
	config_add(config, "[channel email]\ntype = maildir\npath = mail\n%s", dice_pick(&config->dice, mail_rates));
	config_add(config, "[channel telegram]\ntype = http\npreset = telegram\ntoken = credential:token\n%s",
		   dice_pick(&config->dice, bot_rates));
}

static void config_add_policies(struct config *config)
{
	struct dice *dice = &config->dice;
	static const char *const leads[] = {"30d 7d 1d", "14d 7d 3d 1d", "2mo 1w 1d", "1d", "60d 30d 14d 7d 3d 1d"};
	static const char *const hours[] = {"09:00", "08:30", "02:30", "23:15", "12:00"};
	static const char *const channels[] = {"", "channels = email\n", "channels = email telegram\n",
					       "channels = first that works: telegram, email\n",
					       "channels = first that works: email telegram, next after 2h\n"};
	static const char *const minutes[] = {"2h 15m 0m", "1h", "90m 10m"};
	config_add(config, "[policy default]\nremind = %s before start at %s\noverdue = 1d after end at 09:00\n",
		   dice_pick(dice, leads), dice_pick(dice, hours));
	config_add(
		config,
		"[policy visit]\nremind = %s before start at %s\nremind = 3wd before end at 10:00\n"
		"fix_date = 45d before start, then every %dd\noverdue = 1d 3d after end at 09:00, then every 7d, at most %d\n"
		"escalate = 2wd after end to supervisor\n%s",
		dice_pick(dice, leads), dice_pick(dice, hours), (int)dice_between(dice, 7, 14),
		(int)dice_between(dice, 3, 6), dice_pick(dice, channels));
	config_add(config,
		   "[policy meeting]\nremind = 1d before start at %s\nremind = 0d before start at 09:00 event time\n"
		   "remind = %s before start\n%s",
		   dice_pick(dice, hours), dice_pick(dice, minutes), dice_pick(dice, channels));
	config_add(
		config, "%s",
		"[policy report]\nremind = 5wd before end in digest\nremind = 1wd before end at 15:00 to responsible\n"
		"overdue = 1wd after end to responsible participant\nescalate = 3wd after end to supervisor\n");
}

void config_draw(struct config *config)
{
	config->text[0] = '\0';
	config_add_daemon(config);
	config_add_channels(config);
	config_add_policies(config);
}

/* The folders of the source tree that the checks run from. */
static char *config_whole(const struct config *config)
{
	char folder[1024];
	static const char start[] = "[daemon]\n";
	if (getcwd(folder, sizeof(folder)) == NULL)
		abort();
	return mem_printf("%stemplates = %s/config/templates\nmessengers = %s/config/messengers\ncalendars = "
			  "%s/config/calendars\n%s",
			  start, folder, folder, folder, config->text + strlen(start));
}

static void config_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0) {
		perror(path);
		abort();
	}
}

struct setup *config_setup(const struct config *config, const char *folder, struct servers *servers)
{
	struct problems problems = {0};
	char *ini = mem_printf("%s/deadlined.ini", folder), *token = mem_printf("%s/token", folder);
	char *whole = config_whole(config);
	config_write(ini, whole);
	config_write(token, CONFIG_SECRET "\n");
	if (setenv("CREDENTIALS_DIRECTORY", folder, 1) != 0)
		abort();
	struct setup *setup = setup_load(ini, &problems);
	if (setup == NULL) {
		problems_print(&problems, stdout);
		abort(); /* our own text */
	}
	for (size_t i = 0; i < setup->n_channels; i++) {
		struct channel *real = setup->channels[i];
		setup->channels[i] = server_channel(servers, real);
		channel_free(real);
	}
	free(whole);
	free(token);
	free(ini);
	return setup;
}

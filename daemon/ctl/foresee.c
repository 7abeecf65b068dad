#include "ctl/foresee.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "service/lock.h"

struct civil foresee_day(const struct session *session, int days)
{
	struct civil now = zone_to_civil(session->zone, session->now_utc);
	struct civil day = {.year = now.year, .month = now.month, .day = now.day};
	return civil_add_days(&day, days);
}

int foresee(struct session *session, const struct civil *from, const struct civil *to, rehearse_row_cb each, void *arg)
{
	pid_t holder = 0;
	const struct rehearse_span span = {.from = *from,
					   .to = *to,
					   .now_utc = session->now_utc,
					   .is_watched = lock_is_held(session->conf->database, &holder)};
	struct problems problems = {0};
	struct err err = {0};
	int64_t messages = 0;
	struct setup *setup = setup_load(session->conf_file, &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	if (setup == NULL)
		return EX_CONFIG;

	log_set_level(LOG_LEVEL_WARNING); /* the daemon's words about messages that do not leave */
	int status = rehearse(session->store, setup, &span, each, arg, &messages, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

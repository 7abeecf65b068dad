/* setup: everything that is made from the configuration, complete and checked, or not at all.
 *
 * --check, the start, a reload and a rehearsal all come here, so what one of them accepts the others accept too. */
#ifndef DEADLINED_SERVICE_SETUP_H
#define DEADLINED_SERVICE_SETUP_H

#include <stddef.h>

#include "channel/channel.h"
#include "conf/conf.h"
#include "conf/problem.h"
#include "message/catalog.h"
#include "plan/calendar.h"
#include "plan/zone.h"
#include "remind/policy.h"

struct setup {
	struct conf *conf;
	const struct zone *zone;
	struct calendars *calendars;
	struct policies *policies;
	struct catalog *catalog;
	struct channel **channels;
	size_t n_channels;
};

/* Reads file and everything it names. Every problem found anywhere is added to problems. Returns owned; NULL when there
 * was any problem. */
struct setup *setup_load(const char *file, struct problems *problems);
/* The calendars of conf, owned; NULL when a folder that was not asked for is missing: nobody then has a calendar. */
struct calendars *setup_load_calendars(const struct conf *conf, struct problems *problems);
/* Frees it and its channels, which must not be running any more; NULL is legal. */
void setup_free(struct setup *setup);

#endif

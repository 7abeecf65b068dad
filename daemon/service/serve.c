#include "service/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/forecast.h"
#include "service/lock.h"
#include "service/loop.h"
#include "service/place.h"
#include "store/store_daily.h"

/* How long the start waits for another writer; the loop, which others wait for, waits less. */
enum { SERVE_BUSY_MS = 60000 };

void serve_hold_reload(void)
{
	sigset_t reload;
	(void)sigemptyset(&reload);
	(void)sigaddset(&reload, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &reload, NULL); /* these fail only for a wrong number */
}

/* A database that is gone must not come back empty. */
static int serve_check_first(const struct setup *setup, struct err *err)
{
	const struct clock clock = clock_system();
	const struct civil today = zone_to_civil(setup->zone, clock_now(&clock).wall_s);
	char day[CIVIL_DATE_SIZE];
	civil_format_date(&today, day);
	return store_check_first(setup->conf->database, setup->conf->backup_dir, day, err);
}

static int serve_check_volume(struct store *store, const struct setup *setup, const char *config, bool accepts_volume,
			      struct err *err)
{
	const struct clock clock = clock_system();
	struct problems problems = {0};
	bool is_allowed = forecast_allows(store, config, setup, accepts_volume, &clock, &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	return is_allowed ? 0 : err_set(err, -EOVERFLOW, "%s would send more than its limits allow", config);
}

/* Takes setup. A start that is refused leaves the mark of a crash to the next. */
static int serve_loop(struct store *store, struct setup *setup, struct loop_start *start, int lock, struct err *err)
{
	int status = serve_check_volume(store, setup, start->config, start->accepts_volume, err);
	if (status < 0) {
		setup_free(setup);
		return status;
	}
	start->was_crash = lock_take_crash(lock);
	return loop_run(store, setup, start, err);
}

/* Takes setup. */
static int serve_open(struct setup *setup, struct loop_start *start, struct place *place, int lock, struct err *err)
{
	struct store *store = NULL;
	char *database = mem_dup(setup->conf->database);
	place_add(place, database, ".lock");
	int status = serve_check_first(setup, err);
	if (status == 0)
		status = store_open(database, STORE_WRITE, SERVE_BUSY_MS, &store, err);
	if (status == 0) {
		place_add(place, database, "");
		place_add(place, database, "-wal");
		place_add(place, database, "-shm");
		status = serve_loop(store, setup, start, lock, err);
	} else {
		setup_free(setup);
	}
	store_close(store);
	free(database);
	return status;
}

int serve(struct setup *setup, const char *config, bool accepts_volume, struct err *err)
{
	int lock = -1;
	pid_t holder = 0;
	int status = lock_take(setup->conf->database, &lock, &holder, err);
	if (status < 0) {
		setup_free(setup);
		return status;
	}
	lock_mark_crashes(lock);
	struct place *place = place_new();
	struct loop_start start = {.config = config, .accepts_volume = accepts_volume, .lock = lock, .place = place};
	status = serve_open(setup, &start, place, lock, err);
	place_free(place);
	(void)close(lock);
	return status;
}

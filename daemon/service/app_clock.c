/* What the app makes of the clock: whether to believe it, what to do when it was set back, and which starts belong to one
 * boot of the machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "service/app_priv.h"
#include "store/store_channel.h"
#include "store/store_message.h"

enum {
	APP_NEXT_TRY_MAX_S = 4 * 86400, /* a next try further ahead is taken for that of a clock that was ahead */
	APP_CLOCK_BACK_S = 60,          /* a clock set back by more is followed */
	APP_BOOT_SLACK_S = 60,          /* the clock may be set by so much without a boot being seen in it */
	APP_GRACE_MS = 600 * 1000,      /* a clock that shows an impossible time is believed after that */
	APP_CLOCK_SLACK_S = 86400,      /* and one set back by less at once */
	APP_SEEN_EVERY_S = 60,
};
static const int64_t app_earliest_utc = INT64_C(1704067200); /* 2024-01-01: no version of this program is older */

/* ---- what is kept of it ------------------------------------------------------------------------------------------- */

/* A number kept in the database; absent when there is none, or none that makes sense. */
static int app_load_number(struct app *app, const char *key, int64_t absent, int64_t *ret_value, struct err *err)
{
	char *text = NULL;
	int status = store_meta_load(app->store, key, &text, err);
	if (status < 0)
		return status;
	if (text == NULL || num_parse(text, INT64_MIN, INT64_MAX, ret_value, NULL) < 0)
		*ret_value = absent;
	free(text);
	return 0;
}

static int app_save_number(struct app *app, const char *key, int64_t value, struct err *err)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return store_meta_save(app->store, key, text, err);
}

/* ---- a clock that was set back ------------------------------------------------------------------------------------ */

static int64_t app_back_s(int64_t expected_utc, int64_t now_utc)
{
	int64_t back_s = expected_utc - now_utc;
	return back_s > APP_CLOCK_BACK_S ? back_s : 0;
}

/* Pauses last as long as they would have. The time is kept, so that the next start does not find the same step again. */
static int app_shift_pauses(struct app *app, int64_t back_s, int64_t now_utc, struct err *err)
{
	int status = store_message_shift(app->store, back_s, now_utc, err);
	if (status == 0)
		status = store_channel_shift_pauses(app->store, back_s, err);
	return status == 0 ? app_save_number(app, "seen_utc", now_utc, err) : status;
}

/* What was written under a clock that had been ahead must not wait until that clock's time comes. By how much it was ahead is
 * not always known. */
static int app_follow_clock(struct app *app, int64_t back_s, int64_t now_utc, struct err *err)
{
	int64_t n = 0;
	int status = back_s > 0 ? app_shift_pauses(app, back_s, now_utc, err) : 0;
	if (status == 0)
		status = planner_follow_clock(app->store, now_utc, &n, err);
	if (status == 0 && n > 0)
		log_error("%lld %s planned under a clock that had been ahead: looked at again", (long long)n,
			  num_word(n, "task was", "tasks were"));
	return status < 0 ? status : store_message_clamp(app->store, now_utc + APP_NEXT_TRY_MAX_S, now_utc, err);
}

static void app_shift_gates(struct app *app, int64_t back_s)
{
	for (size_t i = 0; i < app->setup->n_channels; i++)
		gate_follow_clock(&app->channels[i]->gate, back_s);
}

int app_notice_clock(struct app *app, struct instant now, struct err *err)
{
	int64_t expected_utc = app->must_follow_clock ? app->seen_utc : app->last_wall_s + (now.up_s - app->last_up_s);
	app->back_s = 0;
	if (app_distrusts_clock(app, now))
		return 0;
	app->back_s = app_back_s(expected_utc, now.wall_s);
	app_shift_gates(app, app->back_s);
	if (app->back_s == 0 && !app->must_follow_clock)
		return 0;
	return app_follow_clock(app, app->back_s, now.wall_s, err);
}

static void app_say_back(int64_t back_s)
{
	if (back_s > 0)
		log_warning("the clock was set back by %lld s", (long long)back_s);
}

void app_keep_clock(struct app *app, struct instant now)
{
	app_say_back(app->back_s);
	app->last_wall_s = now.wall_s;
	app->last_up_s = now.up_s;
	if (app->noted_utc != 0)
		app->seen_utc = app->noted_utc;
	app->noted_utc = 0;
}

void app_unnotice_clock(struct app *app)
{
	app->noted_utc = 0;
	app_shift_gates(app, -app->back_s);
}

/* ---- at the start ------------------------------------------------------------------------------------------------- */

/* Two starts belong to one boot when both reckon that the machine was started at the same instant. */
static int app_note_boot(struct app *app, struct instant now, bool *ret_is_same, struct err *err)
{
	int64_t boot_utc = now.wall_s - now.up_s, known = 0;
	int status = app_load_number(app, "boot_utc", INT64_MIN / 2, &known, err);
	*ret_is_same = status == 0 && llabs(boot_utc - known) <= APP_BOOT_SLACK_S;
	return status == 0 ? app_save_number(app, "boot_utc", boot_utc, err) : status;
}

/* A machine without a battery for its clock starts in 1970: what it then takes for due, or for not due yet, is wrong. */
static int app_doubt_clock(struct app *app, struct instant now, struct err *err)
{
	int status = app_load_number(app, "seen_utc", app_earliest_utc, &app->seen_utc, err);
	if (status == 0 && now.is_unset)
		log_warning("nothing has set the clock since the machine was started: nothing is sent until something "
			    "does, or until %d min after that start",
			    CLOCK_GRACE_S / 60);
	if (status < 0 || (now.wall_s >= app_earliest_utc && now.wall_s >= app->seen_utc - APP_CLOCK_SLACK_S))
		return status;
	char shown[32], seen[32];
	clock_format_utc(now.wall_s, shown);
	clock_format_utc(app->seen_utc, seen);
	log_error("the clock shows %s, and it was %s before: nothing is sent until it is set, or for %d min", shown,
		  seen, APP_GRACE_MS / 60000);
	app->distrusted_until_mono_ms = now.mono_ms + APP_GRACE_MS;
	return 0;
}

void app_trust_clock(struct app *app, struct instant now)
{
	if (!app->must_follow_clock || app_distrusts_clock(app, now))
		return;
	app->must_follow_clock = false;
	log_info("the clock is believed now");
}

bool app_distrusts_clock(const struct app *app, struct instant now)
{
	bool is_impossible = now.wall_s < app_earliest_utc || now.wall_s < app->seen_utc - APP_CLOCK_SLACK_S;
	return now.is_unset || (is_impossible && now.mono_ms < app->distrusted_until_mono_ms);
}

/* What the last process wrote before it died may be complete and still in the kernel's memory alone. A commit of our own
 * takes it to the disk before anybody is told of it; so every start has something to write. */
static int app_count_start(struct app *app, struct err *err)
{
	int64_t n = 0;
	int status = app_load_number(app, "starts", 0, &n, err);
	return status == 0 ? app_save_number(app, "starts", n + 1, err) : status;
}

int app_start_clock(struct app *app, struct instant now, bool *ret_is_same_boot, struct err *err)
{
	int status = app_count_start(app, err);
	if (status == 0)
		status = app_load_number(app, "looked_utc", 0, &app->looked_utc, err);
	if (status == 0)
		status = app_note_boot(app, now, ret_is_same_boot, err);
	if (status == 0)
		status = app_doubt_clock(app, now, err);
	app->must_follow_clock = app_distrusts_clock(app, now);
	if (status < 0 || app->must_follow_clock)
		return status;
	int64_t back_s = app_back_s(app->seen_utc, now.wall_s);
	app_say_back(back_s);
	return app_follow_clock(app, back_s, now.wall_s, err);
}

int app_note_look(struct app *app, struct err *err)
{
	return app->looked_utc != 0 ? app_save_number(app, "looked_utc", app->looked_utc, err) : 0;
}

int app_keep_look(struct app *app, struct err *err)
{
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = app_note_look(app, err);
	if (status == 0)
		return store_commit(app->store, err);
	store_rollback(app->store);
	return status;
}

int app_note_time(struct app *app, int64_t now_utc, struct err *err)
{
	if (llabs(now_utc - app->seen_utc) < APP_SEEN_EVERY_S)
		return 0;
	app->noted_utc = now_utc;
	int status = app_save_number(app, "seen_utc", now_utc, err);
	return status == 0 ? app_note_look(app, err) : status;
}

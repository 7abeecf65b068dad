#include "service/rehearse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "remind/reader.h"
#include "service/app.h"
#include "service/brake.h"
#include "store/store_report.h"
#include "store/store_person.h"

enum { REHEARSE_MORE_MS = 500 };

/* A message that left. */
struct rehearse_note {
	int64_t message, at_utc;
	char language[16];
};

struct rehearsal {
	struct store *store;
	struct app *app;
	const struct zone *zone;
	struct instant now;
	const struct rehearse_span *span;
	int64_t from_utc, to_utc;  /* of what is told */
	bool is_woken;             /* a result waits for a pass */
	const struct clock *clock; /* the real one; NULL: it may take as long as it takes */
	int64_t end_mono_ms;       /* and until when it may */
	bool is_exceeded, is_cut;
	const struct calendars *calendars;
	struct rehearse_note *notes;
	size_t n_notes;
	int64_t n_messages;
	rehearse_row_cb each;
	void *arg;
};

/* Stands in for a channel of the configuration. */
struct rehearse_channel {
	struct channel channel;
	struct channel *real;
	struct rehearsal *rehearsal;
};

/* ---- what is told ------------------------------------------------------------------------------------------------- */

static void rehearse_note(struct rehearsal *rehearsal, const struct channel_message *message)
{
	rehearsal->notes = mem_grow(rehearsal->notes, rehearsal->n_notes + 1, sizeof(*rehearsal->notes));
	struct rehearse_note *note = &rehearsal->notes[rehearsal->n_notes++];
	*note = (struct rehearse_note){.message = message->id, .at_utc = rehearsal->now.wall_s};
	(void)snprintf(note->language, sizeof(note->language), "%s", message->language);
	rehearsal->n_messages += rehearsal->now.wall_s >= rehearsal->from_utc;
}

static int rehearse_compare(const void *left, const void *right)
{
	const struct rehearse_note *a = left, *b = right;
	return a->message < b->message ? -1 : a->message > b->message;
}

static const struct rehearse_note *rehearse_find(const struct rehearsal *rehearsal, int64_t message)
{
	const struct rehearse_note key = {.message = message};
	if (rehearsal->n_notes == 0)
		return NULL;
	return bsearch(&key, rehearsal->notes, rehearsal->n_notes, sizeof(key), rehearse_compare);
}

/* Whose hours and language it is; somebody may have deleted the row. */
static int rehearse_load_person(const struct rehearsal *rehearsal, const char *id, struct person *person,
				struct err *err)
{
	int status = store_person_load(rehearsal->store, id, person, err);
	if (status != -ENOENT)
		return status;
	*person = (struct person){.id = mem_dup(id),
				  .name = mem_dup(id),
				  .language = mem_dup(""),
				  .zone = mem_dup(zone_name(rehearsal->zone))};
	return 0;
}

/* Why it left later than it was due; NULL when it did not. A digest has no reminder that would say so. */
static const char *rehearse_held(const struct rehearsal *rehearsal, const struct store_plan_row *row,
				 const struct rehearse_note *note, const struct person *person)
{
	const char *why = NULL;
	struct reader reader;
	if (row->task[0] != '\0' || note->at_utc <= row->due_utc)
		return row->held;
	reader_init(&reader, person, rehearsal->calendars, rehearsal->zone);
	(void)hours_open_utc(&reader.time, row->due_utc, false, &why);
	return why;
}

static void rehearse_tell_person(const struct rehearsal *rehearsal, const struct store_plan_row *row,
				 const struct rehearse_note *note, const struct person *person)
{
	const char *held = note != NULL ? rehearse_held(rehearsal, row, note, person) : NULL;
	const char *dropped = row->dropped != NULL ? row->dropped : row->reason != NULL ? row->reason : "";
	const struct rehearse_row told = {
		.at_utc = note != NULL ? note->at_utc : row->due_utc,
		.zone = person->zone,
		.task = row->task,
		.occurrence = row->occurrence,
		.step = row->step,
		.person = row->person,
		.channel = row->channel,
		.deputy_for = row->deputy_for != NULL ? row->deputy_for : "",
		.language = note != NULL ? note->language : person->language,
		.state = note == NULL   ? "dropped"
			 : held != NULL ? "held"
					: "planned",
		.reason = note == NULL   ? dropped
			  : held != NULL ? held
					 : "",
	};
	rehearsal->each(rehearsal->arg, &told);
}

/* What left before this rehearsal is not of it, nor is what waits for its reader longer than that. */
static int rehearse_tell(void *arg, const struct store_plan_row *row)
{
	const struct rehearsal *rehearsal = arg;
	const struct rehearse_note *note = row->dropped == NULL ? rehearse_find(rehearsal, row->message) : NULL;
	int64_t at_utc = note != NULL ? note->at_utc : row->due_utc;
	bool is_dropped = row->dropped != NULL || row->state == MESSAGE_CANCELLED || row->state == MESSAGE_STALE ||
			  row->state == MESSAGE_DEAD;
	struct person person = {0};
	struct err err;
	if (at_utc < rehearsal->from_utc || at_utc >= rehearsal->to_utc || (note == NULL && !is_dropped))
		return 0;
	int status = rehearse_load_person(rehearsal, row->person, &person, &err);
	if (status < 0)
		return status;
	rehearse_tell_person(rehearsal, row, note, &person);
	person_done(&person);
	return 0;
}

/* ---- channels that only note -------------------------------------------------------------------------------------- */

static void rehearse_delivered(void *arg, int64_t message_id, const struct channel_result *result)
{
	struct rehearse_channel *self = arg;
	channel_finish(&self->channel, message_id, result);
}

static void rehearse_send(struct channel *channel, const struct channel_message *message)
{
	struct rehearse_channel *self = (struct rehearse_channel *)channel;
	struct channel_result result;
	rehearse_note(self->rehearsal, message);
	if (self->rehearsal->span->deliver && self->real->ops->is_local) {
		channel_send(self->real, message);
		return;
	}
	channel_result_set(&result, CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 0, "rehearsed");
	channel_finish(channel, message->id, &result);
}

static unsigned rehearse_room(const struct channel *channel)
{
	return channel->in_flight == 0 ? 256 : 0;
}

static bool rehearse_check_address(const struct channel *channel, const char *address, struct err *err)
{
	return channel_check_address(((const struct rehearse_channel *)channel)->real, address, err);
}

static void rehearse_stop(struct channel *channel)
{
	channel_stop(((struct rehearse_channel *)channel)->real);
}

static void rehearse_free(struct channel *channel)
{
	channel_free(((struct rehearse_channel *)channel)->real);
	free(channel);
}

static const struct channel_ops rehearse_ops = {
	.type = "rehearsal",
	.is_local = true,
	.check_address = rehearse_check_address,
	.send = rehearse_send,
	.room = rehearse_room,
	.stop = rehearse_stop,
	.free = rehearse_free,
};

static struct channel *rehearse_wrap(struct rehearsal *rehearsal, struct channel *real)
{
	struct rehearse_channel *self = mem_zero(1, sizeof(*self));
	*self = (struct rehearse_channel){
		.channel = {.ops = &rehearse_ops,
			    .name = mem_dup(real->name),
			    .domain = mem_dup(real->domain),
			    .rate = real->rate,
			    .rate_each = real->rate_each,
			    .wants_reply_to = real->wants_reply_to,
			    .wants_html = real->wants_html},
		.real = real,
		.rehearsal = rehearsal,
	};
	if (real->ops->is_local)
		channel_start(real, NULL, rehearse_delivered, self);
	return &self->channel;
}

static void rehearse_wrap_all(struct rehearsal *rehearsal, struct setup *setup)
{
	for (size_t i = 0; i < setup->n_channels; i++)
		setup->channels[i] = rehearse_wrap(rehearsal, setup->channels[i]);
}

/* ---- the year ----------------------------------------------------------------------------------------------------- */

static void rehearse_wake(void *arg)
{
	struct rehearsal *rehearsal = arg;
	rehearsal->is_woken = true;
}

static void rehearse_move(struct rehearsal *rehearsal, int64_t to_utc)
{
	rehearsal->now.mono_ms += (to_utc - rehearsal->now.wall_s) * 1000;
	rehearsal->now.wall_s = to_utc;
}

static void rehearse_show_month(const struct rehearsal *rehearsal, int *month)
{
	FILE *progress = rehearsal->span->progress;
	struct civil local = zone_to_civil(rehearsal->zone, rehearsal->now.wall_s);
	if (progress == NULL || local.month == *month)
		return;
	*month = local.month;
	(void)fprintf(progress, "%04d-%02d ... %" PRId64 " %s so far\n", local.year, local.month, rehearsal->n_messages,
		      num_word(rehearsal->n_messages, "message", "messages"));
}

/* Quiet scans in between would find nothing, so the clock goes straight to the next thing to do. */
static int rehearse_next(struct rehearsal *rehearsal, int64_t end_utc, int64_t *ret_utc, struct err *err)
{
	struct store_counts counts;
	int status = store_count(rehearsal->store, &counts, err);
	if (status < 0)
		return status;
	int64_t next = counts.next_wake_utc, wake = app_next_wake_utc(rehearsal->app);
	if (counts.n[MESSAGE_PENDING] > 0 && next <= rehearsal->now.wall_s)
		next = wake; /* a rate holds it back: the app knows for how long */
	if (next <= rehearsal->now.wall_s)
		next = rehearsal->now.wall_s + 1;
	*ret_utc = next < end_utc ? next : end_utc;
	return 0;
}

/* Once a limit is passed, it goes on only for long enough to see by how much. */
static bool rehearse_has_time(struct rehearsal *rehearsal)
{
	if (rehearsal->clock == NULL)
		return true;
	int64_t mono_ms = clock_now(rehearsal->clock).mono_ms;
	bool is_exceeded = app_brakes(rehearsal->app)->n_excesses > 0;
	if (is_exceeded && !rehearsal->is_exceeded && rehearsal->end_mono_ms > mono_ms + REHEARSE_MORE_MS)
		rehearsal->end_mono_ms = mono_ms + REHEARSE_MORE_MS;
	rehearsal->is_exceeded = is_exceeded;
	rehearsal->is_cut = mono_ms >= rehearsal->end_mono_ms;
	return !rehearsal->is_cut;
}

static int rehearse_run(struct rehearsal *rehearsal, struct err *err)
{
	int month = 0;
	int64_t end_utc = rehearsal->to_utc;
	int status = app_start(rehearsal->app, rehearsal->now, err);
	while (status == 0 && rehearsal->now.wall_s < end_utc && rehearse_has_time(rehearsal)) {
		int64_t next = 0;
		rehearse_show_month(rehearsal, &month);
		rehearsal->is_woken = false;
		status = app_tick(rehearsal->app, rehearsal->now, err);
		if (status < 0 || rehearsal->is_woken || app_next_wake_utc(rehearsal->app) <= rehearsal->now.wall_s)
			continue;
		status = rehearse_next(rehearsal, end_utc, &next, err);
		if (status == 0)
			rehearse_move(rehearsal, next);
	}
	return status;
}

static int rehearse_say_brake(void *arg, const struct store_brake *brake)
{
	char since[32], *what;
	(void)arg;
	if (brake->tripped_utc == STORE_NEVER)
		return 0;
	what = brake_describe(brake->scope, brake->name);
	clock_format_utc(brake->tripped_utc, since);
	log_warning("the brake on %s is on since %s: this is what would be sent if it were released", what, since);
	free(what);
	return 0;
}

/* A brake would cut the rehearsal off: what it shows is the plan, and at its end what would trip. */
static int rehearse_lift_brakes(struct rehearsal *rehearsal, struct err *err)
{
	int status = store_brake_each(rehearsal->store, rehearse_say_brake, NULL, err);
	app_lift_brakes(rehearsal->app);
	return status == 0 ? store_brake_remove_all(rehearsal->store, err) : status;
}

/* What a daemon that runs knows, its database knows only once it has stopped. */
static int rehearse_note_look(const struct rehearsal *rehearsal, struct err *err)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%lld", (long long)rehearsal->span->now_utc);
	return rehearsal->span->is_watched ? store_meta_save(rehearsal->store, "looked_utc", text, err) : 0;
}

/* A past day is rehearsed from an empty outbox, what is to come from today's. */
static int rehearse_begin(struct rehearsal *rehearsal, struct err *err)
{
	struct civil today = zone_to_civil(rehearsal->zone, rehearsal->span->now_utc);
	bool is_past = civil_to_days(&rehearsal->span->from) < civil_to_days(&today);
	if (!is_past && rehearsal->from_utc < rehearsal->span->now_utc)
		rehearsal->from_utc = rehearsal->span->now_utc;
	rehearsal->now.wall_s = is_past ? rehearsal->from_utc : rehearsal->span->now_utc;
	return is_past ? store_rewind(rehearsal->store, rehearsal->from_utc - 1, err)
		       : rehearse_note_look(rehearsal, err);
}

int rehearse(struct store *store, struct setup *setup, const struct rehearse_span *span, rehearse_row_cb each,
	     void *arg, int64_t *ret_messages, struct err *err)
{
	const struct civil after = civil_add_days(&span->to, 1);
	struct rehearsal rehearsal = {
		.store = store,
		.zone = setup->zone,
		.calendars = setup->calendars,
		.span = span,
		.from_utc = zone_to_utc(setup->zone, &span->from),
		.to_utc = zone_to_utc(setup->zone, &after),
		.each = each,
		.arg = arg,
	};
	rehearse_wrap_all(&rehearsal, setup);
	int status = rehearse_begin(&rehearsal, err);
	rehearsal.app = app_new(store, setup, NULL, rehearsal.now, rehearse_wake, &rehearsal);
	app_log_once(rehearsal.app);
	if (status == 0)
		status = rehearse_lift_brakes(&rehearsal, err);
	if (status == 0)
		status = rehearse_run(&rehearsal, err);
	if (status == 0) {
		brake_report(app_brakes(rehearsal.app));
		if (rehearsal.n_notes > 0)
			qsort(rehearsal.notes, rehearsal.n_notes, sizeof(*rehearsal.notes), rehearse_compare);
		*ret_messages = rehearsal.n_messages;
		status = store_plan_each(store, rehearse_tell, &rehearsal, err);
	}
	app_free(rehearsal.app);
	free(rehearsal.notes);
	return status;
}

/* ---- a forecast --------------------------------------------------------------------------------------------------- */

static void rehearse_take_volume(struct rehearsal *rehearsal, struct rehearse_volume *volume)
{
	const struct brake *brakes = app_brakes(rehearsal->app);
	*volume = (struct rehearse_volume){.n_excesses = brakes->n_excesses, .is_cut = rehearsal->is_cut};
	if (brakes->n_excesses == 0)
		return;
	volume->excesses = mem_alloc(brakes->n_excesses * sizeof(*volume->excesses));
	memcpy(volume->excesses, brakes->excesses, brakes->n_excesses * sizeof(*volume->excesses));
}

int rehearse_volume(struct store *store, struct setup *setup, int64_t now_utc, int64_t until_utc,
		    const struct clock *clock, int64_t max_ms, struct rehearse_volume *ret_volume, struct err *err)
{
	const struct rehearse_span span = {.now_utc = now_utc};
	struct rehearsal rehearsal = {
		.store = store,
		.zone = setup->zone,
		.calendars = setup->calendars,
		.span = &span,
		.now = {.wall_s = now_utc},
		.from_utc = now_utc,
		.to_utc = until_utc,
		.clock = clock,
		.end_mono_ms = clock_now(clock).mono_ms + max_ms,
	};
	rehearse_wrap_all(&rehearsal, setup);
	rehearsal.app = app_new(store, setup, NULL, rehearsal.now, rehearse_wake, &rehearsal);
	app_log_once(rehearsal.app);
	app_lift_brakes(rehearsal.app);
	app_only_count(rehearsal.app);
	int status = rehearse_run(&rehearsal, err);
	if (status == 0)
		rehearse_take_volume(&rehearsal, ret_volume);
	app_free(rehearsal.app);
	return status;
}

#include "service/rehearse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "service/app.h"
#include "store/store_message.h"
#include "store/store_person.h"

struct rehearsal {
	struct store *store;
	struct app *app;
	const struct zone *zone;
	struct instant now;
	bool deliver;
	bool is_woken; /* a result waits for a pass */
	struct table table;
	int64_t n_messages;
	struct err err; /* first failure to note a message */
};

/* Stands in for a channel of the configuration. */
struct rehearse_channel {
	struct channel channel;
	struct channel *real;
	struct rehearsal *rehearsal;
};

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static void rehearse_note_reminder(struct rehearsal *rehearsal, const struct channel_message *message,
				   const struct person *person, const struct store_reminder *reminder, const char *channel)
{
	char local[ZONE_TEXT_SIZE];
	const struct zone *zone = zone_find(person->zone);
	zone_format(zone != NULL ? zone : rehearsal->zone, rehearsal->now.wall_s, local);
	local[10] = ' ';
	local[16] = '\0';
	table_add(&rehearsal->table, local);
	table_add(&rehearsal->table, person->zone);
	table_add(&rehearsal->table, person->id);
	table_add(&rehearsal->table, channel);
	table_add(&rehearsal->table, message->language);
	table_add(&rehearsal->table, reminder->step);
	table_add(&rehearsal->table, reminder->task_uid);
}

static void rehearse_note(struct rehearsal *rehearsal, const struct channel_message *message, const char *channel)
{
	struct store_message row;
	struct person person;
	int status = store_message_load(rehearsal->store, message->id, &row, &rehearsal->err);
	if (status < 0)
		return;
	status = store_person_load(rehearsal->store, row.person, &person, &rehearsal->err);
	if (status == 0) {
		for (size_t i = 0; i < row.n_reminders; i++)
			rehearse_note_reminder(rehearsal, message, &person, &row.reminders[i], channel);
		person_done(&person);
	}
	store_message_done(&row);
	rehearsal->n_messages++;
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
	rehearse_note(self->rehearsal, message, channel->name);
	if (self->rehearsal->deliver && self->real->ops->is_local) {
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
		.channel = {.ops = &rehearse_ops, .name = mem_dup(real->name), .domain = mem_dup(real->domain),
			    .rate = real->rate},
		.real = real,
		.rehearsal = rehearsal,
	};
	if (real->ops->is_local)
		channel_start(real, NULL, rehearse_delivered, self);
	return &self->channel;
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

static void rehearse_show_month(const struct rehearsal *rehearsal, int *month, FILE *progress)
{
	struct civil local = zone_to_civil(rehearsal->zone, rehearsal->now.wall_s);
	if (progress == NULL || local.month == *month)
		return;
	*month = local.month;
	(void)fprintf(progress, "%04d-%02d ... %" PRId64 " messages so far\n", local.year, local.month,
		      rehearsal->n_messages);
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
		next = wake; /* a rate or the brake holds it back: the app knows for how long */
	if (next <= rehearsal->now.wall_s)
		next = rehearsal->now.wall_s + 1;
	*ret_utc = next < end_utc ? next : end_utc;
	return 0;
}

static int rehearse_run(struct rehearsal *rehearsal, int64_t end_utc, FILE *progress, struct err *err)
{
	int month = 0;
	int status = app_start(rehearsal->app, rehearsal->now, err);
	while (status == 0 && rehearsal->now.wall_s < end_utc) {
		int64_t next = 0;
		rehearse_show_month(rehearsal, &month, progress);
		rehearsal->is_woken = false;
		status = app_tick(rehearsal->app, rehearsal->now, err);
		if (status == 0 && rehearsal->err.text[0] != '\0')
			status = err_set(err, -1, "%s", rehearsal->err.text);
		if (status < 0 || rehearsal->is_woken || app_next_wake_utc(rehearsal->app) <= rehearsal->now.wall_s)
			continue;
		status = rehearse_next(rehearsal, end_utc, &next, err);
		if (status == 0)
			rehearse_move(rehearsal, next);
	}
	return status;
}

int rehearse(struct store *store, struct setup *setup, const struct civil *from, const struct civil *to, bool deliver,
	     FILE *out, FILE *progress, struct err *err)
{
	static const char *const headings[] = {"LOCAL TIME", "ZONE", "RECIPIENT", "CHANNEL", "LANG", "STEP", "TASK"};
	const struct civil after = civil_add_days(to, 1);
	int64_t start_utc = zone_to_utc(setup->zone, from), end_utc = zone_to_utc(setup->zone, &after);
	struct rehearsal rehearsal = {
		.store = store,
		.zone = setup->zone,
		.now = {.wall_s = start_utc},
		.deliver = deliver,
	};
	table_init(&rehearsal.table, headings, sizeof(headings) / sizeof(headings[0]));
	for (size_t i = 0; i < setup->n_channels; i++)
		setup->channels[i] = rehearse_wrap(&rehearsal, setup->channels[i]);

	rehearsal.app = app_new(store, setup, NULL, rehearsal.now, rehearse_wake, &rehearsal);
	int status = store_rewind(store, start_utc - 1, err);
	if (status == 0)
		status = rehearse_run(&rehearsal, end_utc, progress, err);
	if (status == 0) {
		table_print(&rehearsal.table, out);
		(void)fprintf(out, "%" PRId64 " messages from %04d-%02d-%02d to %04d-%02d-%02d\n", rehearsal.n_messages,
			      from->year, from->month, from->day, to->year, to->month, to->day);
	}
	app_free(rehearsal.app);
	table_done(&rehearsal.table);
	return status;
}

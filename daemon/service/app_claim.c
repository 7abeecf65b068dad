/* The last thing that a pass writes: what may be sent now is claimed. app_send.c hands it over. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "plan/hours.h"
#include "remind/notice.h"
#include "remind/outbox.h"
#include "remind/reader.h"
#include "service/app_priv.h"
#include "store/store_person.h"

enum { APP_BRAKES_TOLD = 20 }; /* stopped people that the operator is written about one by one */

/* Who asks the rules below about a message. */
struct app_asker {
	struct app *app;
	struct app_channel *channel;
	struct instant now;
};

/* Whether a message that comes later than planned may still be sent now. To somebody who is gone it may: letter_write()
 * says so for that message alone, and the pass goes on. */
static int app_open(void *arg, const char *id, int64_t now_utc, int64_t *ret_open_utc, struct err *err)
{
	const struct app *app = ((const struct app_asker *)arg)->app;
	struct person person;
	struct reader reader;
	const char *why;
	int status = store_person_load_hours(app->store, id, &person, err);
	*ret_open_utc = now_utc;
	if (status < 0)
		return status == -ENOENT ? 0 : status;
	reader_init(&reader, &person, app->setup->calendars, app->setup->zone);
	*ret_open_utc = hours_open_utc(&reader.time, now_utc, false, &why);
	person_done(&person);
	return 0;
}

/* A trip is told when it happens. When dozens of people are stopped it is one mistake, and the operator knows of it by then:
 * the log has the others. */
static int app_tell_brake(struct app *app, struct outbox_claiming *before, const struct store_brake *brake,
			  int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	int64_t waiting = 0, n_stopped = 0;
	int status = outbox_claim_write(before, err);
	if (status == 0)
		status = store_brake_waiting(app->store, brake->scope, brake->name, now_utc, BRAKE_COUNT_MAX, &waiting,
					     err);
	if (status == 0)
		status = store_brake_count(app->store, brake->scope, &n_stopped, err);
	if (status < 0)
		return status;
	char *key = mem_printf("brake %s %s %lld", store_scope_name(brake->scope), brake->name, (long long)now_utc);
	char *text = brake_notice(&app->brake, brake, waiting, n_stopped == APP_BRAKES_TOLD);
	if (n_stopped > APP_BRAKES_TOLD)
		log_warning("%s", text);
	else
		status = notice_once(&planner, app->store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

/* Whether the brakes let a message start; what one of them holds back is not asked for again until it is released. */
static int app_ask_brakes(struct app *app, struct outbox_claiming *before, const struct store_peek *message,
			  int64_t now_utc, bool *ret_may, struct err *err)
{
	struct brake_stop stop;
	*ret_may = true;
	if (message->is_notice)
		return 0;
	int status =
		brake_take(&app->brake, app->store, message->channel, message->person, now_utc, ret_may, &stop, err);
	if (status < 0 || *ret_may || !stop.is_new)
		return status;
	return app_tell_brake(app, before, &stop.row, now_utc, err);
}

/* The brakes come last: they count what starts. */
static int app_may(void *arg, struct outbox_claiming *before, const struct store_peek *message, int64_t now_utc,
		   bool *ret_may, struct err *err)
{
	const struct app_asker *asker = arg;
	uint64_t reader = 0;
	int status = app_each_ask(asker->app, asker->channel, before, message, asker->now, &reader, ret_may, err);
	if (status == 0 && *ret_may)
		status = app_ask_brakes(asker->app, before, message, now_utc, ret_may, err);
	if (status == 0 && *ret_may)
		gate_each_take(&asker->channel->each, reader, message->id, asker->now);
	return status;
}

static const struct outbox_rules app_rules = {.open = app_open, .may = app_may};

/* What the channel and its gate allow; who pressed a button waits for the answer, and so has precedence. */
static unsigned app_room(struct app_channel *entry, struct instant now)
{
	unsigned room = channel_room(entry->channel), kept = app_n_answers(entry) + app_n_edits(entry);
	room = room > kept ? room - kept : 0;
	return gate_allow(&entry->gate, room < APP_CLAIM_SLICE ? room : APP_CLAIM_SLICE,
			  channel_in_flight(entry->channel), now.wall_s, now.mono_ms);
}

/* A suspect of this channel, when nothing else is in flight; until then nothing is claimed. */
static int app_claim_suspect_of(struct app *app, struct app_claim *claim, struct instant now, struct err *err)
{
	const char *name = claim->channel->channel->name;
	struct app_asker asker = {app, claim->channel, now};
	int64_t id = 0, sent, in_flight;
	app_counts(app, &sent, &in_flight);
	for (;;) {
		int status = store_message_ready_suspect(app->store, name, now.wall_s, &id, err);
		if (status < 0 || id == 0)
			return status;
		app->is_draining = in_flight > 0;
		if (app->is_draining)
			return 0;
		status = outbox_claim_suspect(app->store, name, now.wall_s, &app_rules, &asker, claim->ids, &claim->n,
					      err);
		app->is_draining = claim->n > 0;
		gate_take(&claim->channel->gate, (unsigned)claim->n);
		if (status < 0 || app->is_draining)
			return status;
	}
}

/* What may have killed the process before is sent with nothing else in flight, so that it is known if it does so again. */
static int app_claim_suspect(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	int status = store_message_has_suspects(app->store, &app->has_suspects, err);
	for (size_t i = 0; i < app->setup->n_channels && status == 0 && !app->is_draining; i++) {
		if (app_room(app->channels[i], now) > 0)
			status = app_claim_suspect_of(app, &claims[i], now, err);
	}
	return status;
}

int app_claim(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		claims[i] = (struct app_claim){.channel = app->channels[i]};
	app->is_draining = false;
	if (app->has_suspects)
		status = app_claim_suspect(app, claims, now, err);
	for (size_t i = 0; i < app->setup->n_channels && status == 0 && !app->is_draining; i++) {
		struct app_channel *entry = app->channels[i];
		unsigned room = app_room(entry, now);
		if (room == 0)
			continue;
		struct app_asker asker = {app, entry, now};
		status = outbox_claim(app->store, entry->channel->name, now.wall_s, room, &app_rules, &asker,
				      claims[i].ids, &claims[i].n, err);
		gate_take(&entry->gate, (unsigned)claims[i].n);
	}
	return status == 0 ? brake_write(&app->brake, app->store, err) : status;
}

size_t app_claimed(const struct app *app, const struct app_claim *claims)
{
	size_t n = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		n += claims[i].n;
	return n;
}

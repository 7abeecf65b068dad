/* The last thing of a pass: what may be sent now is claimed and, once that is committed, handed to its channel. */
#include <errno.h>

#include "plan/hours.h"
#include "remind/outbox.h"
#include "remind/reader.h"
#include "service/app_priv.h"
#include "service/letter.h"
#include "store/store_person.h"

/* Whether a message that comes later than planned may still be sent now. To somebody who is gone it may: letter_write()
 * says so for that message alone, and the pass goes on. */
static int app_open(void *arg, const char *id, int64_t now_utc, int64_t *ret_open_utc, struct err *err)
{
	const struct app *app = arg;
	struct person person;
	struct reader reader;
	const char *why;
	int status = store_person_load(app->store, id, &person, err);
	*ret_open_utc = now_utc;
	if (status < 0)
		return status == -ENOENT ? 0 : status;
	reader_init(&reader, &person, app->setup->calendars, app->setup->zone);
	*ret_open_utc = hours_open_utc(&reader.time, now_utc, false, &why);
	person_done(&person);
	return 0;
}

/* What the channel, its gate and the brake allow, of what is ready: a limit holds nobody up while nothing waits. */
static int app_allow(struct app *app, struct app_channel *entry, struct instant now, unsigned *ret_room,
		     struct err *err)
{
	unsigned room = channel_room(entry->channel);
	int64_t ready_utc = STORE_NEVER;
	room = gate_allow(&entry->gate, room < APP_CLAIM_SLICE ? room : APP_CLAIM_SLICE,
			  channel_in_flight(entry->channel), now.wall_s, now.mono_ms);
	int status = room == 0 ? 0 : store_message_next(app->store, entry->channel->name, &ready_utc, err);
	*ret_room = brake_allow(&app->brake, ready_utc <= now.wall_s ? room : 0, now.wall_s);
	return status;
}

int app_claim(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		struct app_channel *entry = app->channels[i];
		unsigned room = 0;
		claims[i] = (struct app_claim){.channel = entry};
		status = app_allow(app, entry, now, &room, err);
		if (status < 0 || room == 0)
			continue;
		status = outbox_claim(app->store, entry->channel->name, now.wall_s, room, app_open, app, claims[i].ids,
				      &claims[i].n, err);
		gate_take(&entry->gate, (unsigned)claims[i].n);
		brake_count(&app->brake, (unsigned)claims[i].n, now.wall_s);
	}
	return status;
}

size_t app_claimed(const struct app *app, const struct app_claim *claims)
{
	size_t n = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		n += claims[i].n;
	return n;
}

void app_send(struct app *app, const struct app_claim *claim, int64_t now_utc)
{
	for (size_t i = 0; i < claim->n; i++) {
		struct channel *channel = claim->channel->channel;
		struct letter letter;
		struct err err = {0};
		struct channel_result result;
		int status = letter_write(app->store, app->setup, claim->ids[i], now_utc, &letter, &err);
		if (status < 0) {
			channel_result_set(&result, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 0, err.text);
			app_note_result(claim->channel, claim->ids[i], &result);
			app->results[app->n_results - 1].is_empty = status == -ENOMSG;
			continue;
		}
		if (channel_check_address(channel, letter.message.to_address, &err)) {
			channel_send(channel, &letter.message);
		} else {
			channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, 0, err.text);
			app_note_result(claim->channel, claim->ids[i], &result);
		}
		letter_done(&letter);
	}
}

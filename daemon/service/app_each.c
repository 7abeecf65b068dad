/* On a channel with rate_each a reader gets one message at a time, with a pause behind it, in the order in which they were
 * due. What has to wait is postponed, so that messages to others go on. */
#include <string.h>

#include "base/hash.h"
#include "service/app_priv.h"
#include "store/store_pace.h"

/* Until they are asked for again, what is before them has had its turn: in the next pass, a second from now at most. */
enum { APP_BEHIND_S = 2 };

int app_each_ask(struct app *app, struct app_channel *entry, struct outbox_claiming *before,
		 const struct store_peek *message, struct instant now, uint64_t *ret_reader, bool *ret_may,
		 struct err *err)
{
	struct store_pace pace;
	*ret_may = true;
	*ret_reader = 0;
	if (entry->each.gap_ms == 0)
		return 0;
	int status = outbox_claim_write(before, err);
	if (status < 0)
		return status;
	status = store_pace_look(app->store, message, now.wall_s, &pace, err);
	if (status < 0)
		return status;
	*ret_reader = hash_text(pace.address);
	int64_t open_utc = gate_each_open_utc(&entry->each, *ret_reader, now);
	*ret_may = open_utc <= now.wall_s && pace.first == message->id;
	if (*ret_may)
		return 0;
	if (open_utc > now.wall_s)
		return store_pace_postpone(app->store, message, now.wall_s, open_utc, err);
	return store_pace_put_first(app->store, message, pace.first, now.wall_s, now.wall_s + APP_BEHIND_S, err);
}

/* A channel that a reload has replaced may still have it under way: its successor knows. */
void app_each_end(struct app *app, struct instant now)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_channel *entry = app->channels[i];
		for (size_t j = 0; j < app->n_results && entry->each.n != 0; j++)
			if (strcmp(app->results[j].from->channel->name, entry->channel->name) == 0)
				gate_each_end(&entry->each, app->results[j].id, now);
	}
}

void app_each_close(struct app *app, bool is_kept)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		if (is_kept)
			gate_each_keep(&app->channels[i]->each);
		else
			gate_each_undo(&app->channels[i]->each);
	}
}

/* Where each message in flight goes. A correction of an address may come before the result of what went to the one before:
 * what that result says of the recipient is then no word about the address that the reader has now. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "remind/suspend.h"
#include "service/app_priv.h"
#include "store/store_suspension.h"

struct app_flight {
	int64_t message;
	uint64_t address; /* its hash */
};

enum { APP_DOUBT_AFTER = 3 }; /* different addresses that the server refused for good, and nothing accepted between */

struct app_flights {
	struct app_flight *items;
	size_t n;
	uint64_t refused[APP_DOUBT_AFTER]; /* those addresses; once there are so many, no more are added */
	size_t n_refused;
};

struct app_flights *app_flights_new(void)
{
	return mem_zero(1, sizeof(struct app_flights));
}

void app_flights_free(struct app_flights *flights)
{
	free(flights->items);
	free(flights);
}

void app_address_begin(struct app_channel *entry, const struct channel_message *message)
{
	struct app_flights *flights = entry->flights;
	flights->items = mem_grow(flights->items, flights->n + 1, sizeof(*flights->items));
	flights->items[flights->n++] =
		(struct app_flight){.message = message->id, .address = hash_text(message->to_address)};
}

uint64_t app_address_end(struct app_channel *entry, int64_t message)
{
	struct app_flights *flights = entry->flights;
	for (size_t i = 0; i < flights->n; i++)
		if (flights->items[i].message == message) {
			uint64_t address = flights->items[i].address;
			flights->items[i] = flights->items[--flights->n];
			return address;
		}
	return 0;
}

/* Whether the reader has another address now. One that was taken away is no other. */
static int app_address_is_other(struct app *app, const struct app_result *entry, bool *ret_is_other, struct err *err)
{
	char *now = NULL;
	*ret_is_other = false;
	int status = entry->address == 0 ? 0 : store_message_address(app->store, entry->id, &now, err);
	if (status == 0 && now != NULL)
		*ret_is_other = hash_text(now) != entry->address;
	free(now);
	return status;
}

int app_address_follow(struct app *app, const struct app_result *entry, int64_t now_utc, bool *ret_goes_again,
		       struct err *err)
{
	const bool has_moved = entry->result.moved_to[0] != '\0';
	*ret_goes_again = false;
	if (entry->result.verdict != CHANNEL_PERMANENT ||
	    (!has_moved && entry->result.blame != CHANNEL_BLAME_RECIPIENT))
		return 0;
	int status = app_address_is_other(app, entry, ret_goes_again, err);
	if (status < 0 || *ret_goes_again || !has_moved)
		return status;
	return suspend_moved(app->store, entry->id, entry->result.moved_to, now_utc, ret_goes_again, err);
}

static int app_address_accepted(struct app *app, const struct app_result *entry, struct err *err)
{
	bool is_other = false;
	if (!app->has_refusals)
		return 0;
	int status = app_address_is_other(app, entry, &is_other, err);
	return status < 0 || is_other ? status : store_suspension_accepted(app->store, entry->id, err);
}

/* So many in a row speak against the account rather than against each of them. Words of ours, without a code, do not count. */
static bool app_address_doubts_channel(struct app_channel *from, const struct app_result *entry)
{
	struct app_flights *flights = from->flights;
	bool is_new = entry->result.code != 0;
	for (size_t i = 0; i < flights->n_refused; i++)
		is_new = is_new && flights->refused[i] != entry->address;
	if (is_new && flights->n_refused < APP_DOUBT_AFTER)
		flights->refused[flights->n_refused++] = entry->address;
	return entry->result.code != 0 && flights->n_refused == APP_DOUBT_AFTER;
}

int app_address_judge(struct app *app, const struct app_result *entry, const char *reply, int64_t now_utc,
		      struct err *err)
{
	const struct planner planner = app_planner(app);
	if (entry->state == MESSAGE_SENT) {
		entry->from->flights->n_refused = 0;
		return app_address_accepted(app, entry, err);
	}
	if (entry->state != MESSAGE_DEAD || entry->result.verdict != CHANNEL_PERMANENT ||
	    entry->result.blame != CHANNEL_BLAME_RECIPIENT)
		return 0;
	if (app_address_doubts_channel(entry->from, entry))
		return suspend_none(&planner, app->store, entry->from->channel->name, APP_DOUBT_AFTER, reply, now_utc,
				    err);
	app->has_refusals = true;
	return suspend_refused(&planner, app->store, entry->id, reply, now_utc, err);
}

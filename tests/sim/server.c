#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "invariants.h"
#include "vfs.h"
#include "world.h"

/* The app's side of the wire. */
struct server_link {
	struct channel channel;
	struct server *server;
	bool is_stopped;
};

static const char *const server_names[SERVERS] = {"email", "telegram"};
static const char *const server_mood_names[] = {"well",       "down",   "not now", "closing",
						"throttling", "silent", "slow",    "lossy"};

void servers_init(struct servers *servers, struct world *world)
{
	*servers = (struct servers){.world = world};
	dice_seed(&servers->dice, world->seed, "servers");
	servers->room = 1 + dice_roll(&servers->dice, SERVER_ROOM_MAX);
	for (size_t i = 0; i < SERVERS; i++) {
		servers->items[i].world = world;
		(void)snprintf(servers->items[i].name, sizeof(servers->items[i].name), "%s", server_names[i]);
	}
}

/* ---- what it does with a message ----------------------------------------------------------------------------------- */

static void server_set_mood(struct server *server, struct dice *dice)
{
	static const int64_t long_s[] = {600, 3600, 6 * 3600, 86400, 3 * 86400};
	struct world *world = server->world;
	bool was_well = server->mood == SERVER_WELL;
	server->mood = was_well ? (enum server_mood)(1 + dice_roll(dice, SERVER_MOOD_MAX - 1)) : SERVER_WELL;
	int64_t span_s = was_well ? dice_pick(dice, long_s) : dice_between(dice, 86400, 25 * 86400);
	server->mood_until_mono_ms = world->now.mono_ms + span_s * 1000;
	trace_say(&world->trace, "server %s: %s for %lld s", server->name, server_mood_names[server->mood],
		  (long long)span_s);
}

/* Drawn once a message; what is usual in the mood, and now and then something else. */
static enum server_mood server_mood_of_message(struct servers *servers, struct server *server)
{
	if (servers->is_kind)
		return SERVER_WELL;
	if (server->world->now.mono_ms >= server->mood_until_mono_ms)
		server_set_mood(server, &servers->dice);
	return dice_chance(&servers->dice, 60) ? (enum server_mood)dice_roll(&servers->dice, SERVER_MOOD_MAX)
					       : server->mood;
}

static void server_reply(struct server_flight *flight, enum channel_verdict verdict, enum channel_blame blame, int code,
			 const char *reply)
{
	channel_result_set(&flight->result, verdict, blame, code, reply);
}

static int64_t server_retry_after_s(struct dice *dice)
{
	static const int64_t asked[] = {1, 41, 600, 3 * 3600, 10072, 2 * 86400};
	return dice_pick(dice, asked);
}

static void server_draw(struct servers *servers, struct server_flight *flight, enum server_mood mood)
{
	struct dice *dice = &servers->dice;
	int64_t now = servers->world->now.mono_ms, wait_ms = dice_between(dice, 0, 3) * 1000;
	bool is_taken = dice_chance(dice, 500);
	flight->will_take = mood == SERVER_WELL || mood == SERVER_SLOW;
	server_reply(flight, CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 250, "ok");
	switch (mood) {
	case SERVER_DOWN:
		server_reply(flight, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 0, "connection refused");
		break;
	case SERVER_NOT_NOW:
		server_reply(flight, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 451, "greylisted, try " CONFIG_SECRET);
		break;
	case SERVER_CLOSING:
		server_reply(flight, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 421, "too busy");
		break;
	case SERVER_THROTTLING:
		server_reply(flight, CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, "too many, bot" CONFIG_SECRET);
		flight->result.retry_after_s = server_retry_after_s(dice);
		break;
	case SERVER_SILENT:
	case SERVER_LOSSY:
		flight->will_take = is_taken;
		server_reply(flight, CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 0, "no reply");
		wait_ms += mood == SERVER_SILENT ? 600000 : 0;
		break;
	case SERVER_SLOW:
		wait_ms += dice_between(dice, 5, 500) * 1000;
		break;
	default:
		break;
	}
	flight->take_mono_ms = now + dice_between(dice, 0, wait_ms / 1000) * 1000;
	flight->reply_mono_ms = now + wait_ms;
}

/* The only refusal for good that is this message's own, and not its server's. */
static void server_refuse_some(struct servers *servers, struct server_flight *flight, const char *address)
{
	bool is_unknown = strncmp(address, "gone", 4) == 0;
	if (!flight->will_take || servers->is_kind || (!is_unknown && !dice_chance(&servers->dice, 8)))
		return;
	flight->will_take = false;
	server_reply(flight, CHANNEL_PERMANENT, is_unknown ? CHANNEL_BLAME_RECIPIENT : CHANNEL_BLAME_MESSAGE, 550,
		     "no such mailbox");
}

/* ---- the channel --------------------------------------------------------------------------------------------------- */

static struct server_flight *server_free_place(struct servers *servers)
{
	for (size_t i = 0; i < SERVER_FLIGHTS; i++)
		if (servers->flights[i].channel == NULL)
			return &servers->flights[i];
	return NULL;
}

static void server_note_start(struct server *server)
{
	server->starts[server->n_starts++ % SERVER_STARTS] = server->world->now.mono_ms;
}

static void server_send(struct channel *channel, const struct channel_message *message)
{
	struct server *server = ((struct server_link *)channel)->server;
	struct servers *servers = &server->world->servers;
	struct server_flight *flight = server_free_place(servers);
	assert(flight != NULL);
	*flight = (struct server_flight){.channel = channel, .server = server, .id = message->id};
	flight->is_ghost = vfs_is_dead() || server->world->is_watching_ruin;
	if (server->world->is_watching_ruin)
		world_fail(server->world, "I10: the database is damaged, and the daemon sends %s", message->key);
	flight->take_mono_ms = flight->reply_mono_ms = INT64_MAX;
	if (flight->is_ghost)
		return;
	flight->reader = hash_text(message->to_address);
	invariants_check_reader(server, flight, message);
	flight->message = invariants_on_send(server, message);
	server_note_start(server);
	server_draw(servers, flight, server_mood_of_message(servers, server));
	server_refuse_some(servers, flight, message->to_address);
	trace_say(&server->world->trace, "%s gets %s for %s, \"%.60s\": will %s", server->name, message->key,
		  message->to_address, message->subject, channel_verdict_name(flight->result.verdict));
	for (const char *text = message->text; *text != '\0'; text++)
		trace_mix(&server->world->trace, (unsigned char)*text);
}

static bool server_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	return strncmp(address, "bad", 3) != 0 || err_set(err, 0, "a bad address") != 0;
}

static unsigned server_room(const struct channel *channel)
{
	const struct server_link *link = (const struct server_link *)channel;
	const struct servers *servers = &link->server->world->servers;
	unsigned n_free = 0;
	for (size_t i = 0; i < SERVER_FLIGHTS; i++)
		n_free += servers->flights[i].channel == NULL;
	if (link->is_stopped || channel->in_flight >= servers->room || n_free < 2 * SERVER_ROOM_MAX)
		return 0;
	return servers->room - channel->in_flight;
}

static void server_stop(struct channel *channel)
{
	((struct server_link *)channel)->is_stopped = true;
}

static void server_free(struct channel *channel)
{
	struct servers *servers = &((struct server_link *)channel)->server->world->servers;
	for (size_t i = 0; i < SERVER_FLIGHTS; i++)
		if (servers->flights[i].channel == channel)
			servers->flights[i].channel = NULL;
	free(channel);
}

static const struct channel_ops server_ops = {
	.type = "simulated",
	.check_address = server_check_address,
	.send = server_send,
	.room = server_room,
	.stop = server_stop,
	.free = server_free,
};

struct channel *server_channel(struct servers *servers, const struct channel *real)
{
	struct server_link *link = mem_zero(1, sizeof(*link));
	for (size_t i = 0; i < SERVERS; i++)
		if (strcmp(servers->items[i].name, real->name) == 0)
			link->server = &servers->items[i];
	assert(link->server != NULL);
	if (link->server->rate.count != real->rate.count || link->server->rate.per_s != real->rate.per_s)
		link->server->n_starts = 0;
	if (link->server->rate_each.count != real->rate_each.count ||
	    link->server->rate_each.per_s != real->rate_each.per_s)
		link->server->n_ends = 0;
	link->server->rate = real->rate;
	link->server->rate_each = real->rate_each;
	link->channel = (struct channel){.ops = &server_ops,
					 .name = mem_dup(real->name),
					 .domain = mem_dup("example.org"),
					 .rate = real->rate,
					 .rate_each = real->rate_each};
	return &link->channel;
}

/* ---- time goes on -------------------------------------------------------------------------------------------------- */

static void server_take(struct server_flight *flight)
{
	if (flight->is_taken || !flight->will_take)
		return;
	flight->is_taken = true;
	invariants_on_accept(flight->server->world, flight->message);
}

static void server_note_end(struct server *server, uint64_t reader)
{
	size_t at = server->n_ends++ % SERVER_ENDS;
	server->ends[at].reader = reader;
	server->ends[at].mono_ms = server->world->now.mono_ms;
}

static void server_answer(struct server_flight *flight)
{
	struct server_flight told = *flight;
	flight->channel = NULL;
	server_note_end(told.server, told.reader);
	invariants_on_answer(told.server, told.message, &told.result);
	trace_say(&told.server->world->trace, "%s answers %s: %s", told.server->name, told.message->key,
		  channel_verdict_name(told.result.verdict));
	channel_finish(told.channel, told.id, &told.result);
}

size_t servers_run(struct servers *servers)
{
	int64_t now = servers->world->now.mono_ms;
	size_t n_answers = 0;
	for (size_t i = 0; i < SERVER_FLIGHTS; i++) {
		struct server_flight *flight = &servers->flights[i];
		if (flight->channel == NULL || flight->is_ghost)
			continue;
		if (flight->take_mono_ms <= now)
			server_take(flight);
		if (flight->reply_mono_ms <= now) {
			server_answer(flight);
			n_answers++;
		}
	}
	return n_answers;
}

int64_t servers_next_mono_ms(const struct servers *servers)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < SERVER_FLIGHTS; i++)
		if (servers->flights[i].channel != NULL && servers->flights[i].reply_mono_ms < next)
			next = servers->flights[i].reply_mono_ms;
	return next;
}

void servers_death(struct servers *servers)
{
	for (size_t i = 0; i < SERVER_FLIGHTS; i++) {
		struct server_flight *flight = &servers->flights[i];
		if (flight->channel != NULL && !flight->is_ghost && dice_chance(&servers->dice, 700))
			server_take(flight);
	}
}

void servers_boot(struct servers *servers, bool is_machine)
{
	for (size_t i = 0; i < SERVERS; i++) {
		struct server *server = &servers->items[i];
		if (is_machine) {
			server->n_starts = 0;
			server->n_boots = 0;
			server->mood_until_mono_ms = 0;
		}
		server->n_ends = 0;
		server->boots[server->n_boots++ % 16] = servers->world->now.mono_ms;
	}
}

#include "invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/hash.h"
#include "remind/reader.h"
#include "world.h"

enum {
	WAIT_REFUSED_S = 240, /* the shortest pauses that the outbox promises, its jitter taken off */
	WAIT_UNREACHABLE_S = 24,
	WAIT_UNKNOWN_S = 1440,
	WAIT_ASKED_MAX_S = 86400, /* what a server asks for is followed up to that */
	WAIT_MAX_S = 15 * 86400,  /* the longest holidays, with a week-end at each end */
	DOUBT_MS = 660000,        /* so long after a start a clock that was set back may not be believed */
	STUCK_PASSES = 2,         /* a claim that reaches no server is settled by the next pass */
	HOURS_EDIT_S = 8 * 86400, /* what was planned by the hours of before has left by then */
};

/* ---- a message is handed over ---------------------------------------------------------------------------------------- */

static void invariants_identify(struct world *world, struct witness_message *seen, const char *channel,
				const struct channel_message *message)
{
	if (seen->handed == 0) {
		(void)snprintf(seen->message_id, sizeof(seen->message_id), "%s", message->message_id);
		(void)snprintf(seen->key, sizeof(seen->key), "%s", message->key);
		(void)snprintf(seen->channel, sizeof(seen->channel), "%s", channel);
	}
	if (strcmp(seen->message_id, message->message_id) != 0 || strcmp(seen->key, message->key) != 0 ||
	    strcmp(seen->channel, channel) != 0)
		world_fail(world, "I3: message %s changed its identity from %s", message->message_id, seen->message_id);
	if (seen->is_in_flight || seen->is_answered)
		world_fail(world, "I3: %s is handed over again while it is under way", message->key);
	if (seen->final_print != 0)
		world_fail(world, "I7: %s is handed over, and was final", message->key);
}

/* What the claim must have written before. */
static void invariants_check_claim(struct world *world, const struct witness_message *seen)
{
	static const char sql[] =
		"SELECT state, not_before, due_utc, epoch, (SELECT count(*) FROM attempt a WHERE a.message = m.id"
		" AND a.outcome IS NULL AND a.started_utc = ?2) FROM message m WHERE id = ?1";
	struct view *view = &world->view;
	int64_t now = world->now.wall_s;
	sqlite3_stmt *stmt = view_ask(view, sql, "ii", seen->id, now);
	bool is_there = view_row(view, stmt);
	if (view->is_broken)
		return;
	if (!is_there || sqlite3_column_int64(stmt, 3) != seen->epoch)
		world_fail(world, "I4: %s is handed over, and the disk knows nothing of it", seen->key);
	else if (strcmp(view_text(stmt, 0), "sending") != 0 || sqlite3_column_int64(stmt, 4) != 1)
		world_fail(world, "I4: %s is handed over, and on the disk it is %s with %lld open attempts", seen->key,
			   view_text(stmt, 0), (long long)sqlite3_column_int64(stmt, 4));
	else if (sqlite3_column_int64(stmt, 1) > now || sqlite3_column_int64(stmt, 2) > now)
		world_fail(world, "I5: %s is handed over %lld s before its time", seen->key,
			   (long long)(sqlite3_column_int64(stmt, 1) - now));
	view_drop(stmt);
}

/* Of a row with a task and one of its people, "p3". */
static bool *invariants_knows(struct world *world, sqlite3_stmt *stmt)
{
	int person = view_text(stmt, 1)[1] - '0';
	return &world->tasks[sqlite3_column_int64(stmt, 0)].is_known[person];
}

/* They know of a task from now on, whatever the database keeps of it. */
static void invariants_note_known(struct world *world, const struct witness_message *message)
{
	static const char sql[] = "SELECT task, coalesce(deputy_for, person) FROM reminder WHERE message = ?1"
				  " AND step NOT LIKE 'cancelled %'";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "i", message->id);
	while (view_row(view, stmt))
		*invariants_knows(world, stmt) = true;
	for (int64_t task = 1; task <= world->n_tasks && view->is_broken; task++) /* any of them */
		memset(world->tasks[task].is_known, true, sizeof(world->tasks[task].is_known));
}

/* Whether it tells, and nothing else, that a date is cancelled; then that is so, and its reader had been told the date. */
static bool invariants_is_cancellation(struct world *world, const struct witness_message *seen)
{
	static const char cancelled[] =
		"SELECT count(*) FROM reminder WHERE message = ?1 AND dropped IS NULL AND step LIKE 'cancelled %'";
	static const char untrue[] =
		"SELECT count(*) FROM reminder r JOIN task t ON t.id = r.task WHERE r.message = ?1 AND r.dropped IS NULL"
		" AND t.status <> 'cancelled' AND NOT EXISTS (SELECT 1 FROM occurrence o WHERE o.task = r.task"
		"  AND o.status = 'cancelled' AND r.occurrence IN (o.date, o.moved_key))"
		" AND NOT EXISTS (SELECT 1 FROM cancellation c WHERE c.task = r.task AND c.date = r.occurrence)";
	/* Of whom a reply was lost, or who was written to when the daemon died, nobody knows whether they know. */
	static const char readers[] =
		"SELECT r.task, coalesce(r.deputy_for, r.person) FROM reminder r WHERE r.message = ?1 AND r.dropped IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM reminder o JOIN message m ON m.id = o.message WHERE o.task = r.task"
		"  AND coalesce(o.deputy_for, o.person) = coalesce(r.deputy_for, r.person)"
		"  AND (m.uncertain > 0 OR m.crashes > 0))";
	struct view *view = &world->view;
	if (view_number(view, view_ask(view, cancelled, "i", seen->id), 0) == 0)
		return false;
	if (view_number(view, view_ask(view, untrue, "i", seen->id), 0) != 0)
		world_fail(world, "I13: %s says that something is cancelled, and it is not", seen->key);
	sqlite3_stmt *stmt = view_ask(view, readers, "i", seen->id);
	while (view_row(view, stmt))
		if (!*invariants_knows(world, stmt))
			world_fail(world, "I13: %s tells %s, who knew nothing of it, that it is cancelled", seen->key,
				   view_text(stmt, 1));
	return true;
}

/* Done, cancelled and moved means quiet, but for the notice that it is cancelled. */
static void invariants_check_reminders(struct world *world, const struct witness_message *seen)
{
	static const char sql[] =
		"SELECT count(*), coalesce(sum(t.status = 'open' AND NOT EXISTS (SELECT 1 FROM occurrence o"
		" WHERE o.task = r.task AND o.date = r.occurrence AND (o.status <> 'open' OR o.moved_key IS NOT NULL)"
		" AND NOT EXISTS (SELECT 1 FROM occurrence m"
		" WHERE m.task = r.task AND m.moved_key = r.occurrence AND m.status = 'open'))), 0)" /* moved to that day */
		" FROM reminder r JOIN task t ON t.id = r.task"
		" WHERE r.message = ?1 AND r.dropped IS NULL AND r.step NOT LIKE 'cancelled %'";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "i", seen->id);
	if (!view_row(view, stmt))
		return;
	int64_t n = sqlite3_column_int64(stmt, 0), n_open = sqlite3_column_int64(stmt, 1);
	view_drop(stmt);
	if (n == 0 && invariants_is_cancellation(world, seen))
		return;
	if (n == 0)
		world_fail(world, "I5: %s is handed over, and nothing is left to say in it", seen->key);
	else if (n_open != n)
		world_fail(world, "I5: %s is handed over, and %lld of its %lld dates are over", seen->key,
			   (long long)(n - n_open), (long long)n);
}

static bool invariants_is_disturbing(struct world *world, const char *person)
{
	static const char sql[] = "SELECT zone, calendar, quiet, work FROM person WHERE id = ?1";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "t", person);
	struct reader reader;
	if (!view_row(view, stmt))
		return false;
	const struct person facts = {.id = (char *)person,
				     .zone = (char *)view_text(stmt, 0),
				     .calendar = (char *)view_text(stmt, 1),
				     .quiet = (char *)view_text(stmt, 2),
				     .work = (char *)view_text(stmt, 3)};
	reader_init(&reader, &facts, app_setup(world->app)->calendars, app_setup(world->app)->zone);
	view_drop(stmt);
	return hours_open_utc(&reader.time, world->now.wall_s, false, NULL) > world->now.wall_s;
}

static void invariants_check_hours(struct world *world, const struct witness_message *seen,
				   const struct channel_message *message)
{
	static const char sql[] = "SELECT urgent FROM message WHERE id = ?1";
	bool is_free = world->hours_edited_utc != 0 && world->now.wall_s - world->hours_edited_utc < HOURS_EDIT_S;
	if (is_free || view_number(&world->view, view_ask(&world->view, sql, "i", seen->id), 1) != 0)
		return;
	if (invariants_is_disturbing(world, message->person))
		world_fail(world, "I5: %s disturbs %s", seen->key, message->person);
}

static void invariants_check_waits(const struct server *server, const struct witness_message *seen)
{
	struct world *world = server->world;
	int64_t now = world->now.wall_s;
	if (world->now.is_unset)
		world_fail(world, "I5: %s is handed over, and nobody knows what time it is", seen->key);
	if (now < seen->earliest_utc)
		world_fail(world, "I5: %s is tried again %lld s too early", seen->key,
			   (long long)(seen->earliest_utc - now));
	if (now < server->pause_until_utc)
		world_fail(world, "I5: %s is handed over, and %s had asked for a pause of another %lld s", seen->key,
			   server->name, (long long)(server->pause_until_utc - now));
}

/* ---- how many -------------------------------------------------------------------------------------------------------- */

static size_t invariants_count_since(const int64_t *ring, size_t size, size_t n, int64_t since_mono_ms)
{
	size_t count = 0;
	for (size_t i = n > size ? n - size : 0; i < n; i++)
		count += ring[i % size] > since_mono_ms;
	return count;
}

/* The allowance that is saved up may leave at once, after each start anew. */
static void invariants_check_rate(const struct server *server)
{
	const struct option_rate *rate = &server->rate;
	if (rate->count == 0 || rate->count * 2 > SERVER_STARTS)
		return;
	int64_t since = server->world->now.mono_ms - rate->per_s * 1000;
	int64_t saved = rate->count / (rate->per_s < 10 ? rate->per_s : 10);
	size_t n = invariants_count_since(server->starts, SERVER_STARTS, server->n_starts, since) + 1;
	size_t boots = invariants_count_since(server->boots, 16, server->n_boots, since);
	int64_t limit = rate->count + (saved > 1 ? saved : 1) * (1 + (int64_t)boots);
	if ((int64_t)n > limit)
		world_fail(server->world, "I6: %s gets %zu messages in %lld s, %lld are allowed", server->name, n,
			   (long long)rate->per_s, (long long)rate->count);
}

void invariants_check_reader(struct server *server, const struct server_flight *flight,
			     const struct channel_message *message)
{
	const struct option_rate *rate = &server->rate_each;
	struct world *world = server->world;
	if (rate->count == 0)
		return;
	for (size_t i = 0; i < SERVER_FLIGHTS; i++) {
		const struct server_flight *other = &world->servers.flights[i];
		if (other != flight && other->channel != NULL && other->server == server &&
		    other->reader == flight->reader && !other->is_ghost)
			world_fail(world, "I6: %s is handed over, and another is under way to its reader",
				   message->key);
	}
	for (size_t i = server->n_ends > SERVER_ENDS ? server->n_ends - SERVER_ENDS : 0; i < server->n_ends; i++) {
		int64_t passed_ms = world->now.mono_ms - server->ends[i % SERVER_ENDS].mono_ms;
		if (server->ends[i % SERVER_ENDS].reader == flight->reader &&
		    passed_ms * rate->count < rate->per_s * 1000)
			world_fail(world, "I6: %s is handed over %lld ms after another to its reader", message->key,
				   (long long)passed_ms);
	}
}

/* A brake that holds lets nothing pass until the operator releases it, notices and tests apart. */
static void invariants_check_brake(struct world *world, struct witness_message *seen,
				   const struct channel_message *message)
{
	static const char held[] =
		"SELECT count(*) FROM brake WHERE tripped_utc < ?1 AND (scope = 'all' OR (scope = 'channel' AND name = ?2)"
		" OR (scope = 'person' AND name = ?3))";
	struct view *view = &world->view;
	int64_t n_held =
		view_number(view, view_ask(view, held, "itt", world->now.wall_s, seen->channel, message->person), 0);
	int64_t hour = world->now.wall_s / 3600, limit = app_setup(world->app)->conf->messages_per_hour;
	world->hour_count = hour == world->hour ? world->hour_count + 1 : 1;
	world->hour = hour;
	seen->counted_hour = hour;
	if (n_held != 0)
		world_fail(world, "I5: %s is handed over, and a brake holds it", seen->key);
	if (world->hour_count > limit)
		world_fail(world, "I6: %lld messages in one hour, the brake is at %lld", (long long)world->hour_count,
			   (long long)limit);
}

struct witness_message *invariants_on_send(struct server *server, const struct channel_message *message)
{
	struct world *world = server->world;
	int64_t id = 0, epoch = 0;
	if (!witness_read_id(message->message_id, &id, &epoch) || id != message->id)
		world_fail(world, "I3: message %lld has the Message-ID %s", (long long)message->id,
			   message->message_id);
	struct witness_message *seen = witness_find(&world->witness, message->id, epoch);
	bool is_task = strcmp(message->kind, "notice") != 0 && strcmp(message->kind, "test") != 0;
	invariants_identify(world, seen, server->name, message);
	invariants_check_claim(world, seen);
	invariants_check_waits(server, seen);
	invariants_check_rate(server);
	if (is_task)
		invariants_check_brake(world, seen, message);
	if (is_task && strcmp(message->kind, "digest") != 0)
		invariants_check_reminders(world, seen);
	if (is_task)
		invariants_check_hours(world, seen, message);
	seen->handed++;
	seen->is_in_flight = true;
	world->n_messages++;
	return seen;
}

/* ---- what becomes of it ------------------------------------------------------------------------------------------------ */

/* The same reminder in two messages is one too many, unless nobody could know what became of the first. */
static void invariants_note_said(struct world *world, const struct witness_message *message)
{
	static const char said[] = "SELECT task || ' ' || occurrence || ' ' || step || ' ' || person || ' ' || channel"
				   " FROM reminder WHERE message = ?1";
	static const char state[] = "SELECT 1 FROM message WHERE id = ?1 AND state = 'sent'";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, said, "i", message->id);
	while (view_row(view, stmt)) {
		const char *text = view_text(stmt, 0);
		int64_t first = witness_say(&world->witness, hash_text(text), message->id);
		if (first != 0 && first != message->id && view_number(view, view_ask(view, state, "i", first), 0) != 0)
			world_fail(world, "I11: '%s' is said by %s, and was by message %lld", text, message->key,
				   (long long)first);
	}
}

void invariants_on_accept(struct world *world, struct witness_message *message)
{
	message->accepted++;
	trace_say(&world->trace, "%s takes %s", message->channel, message->key);
	if (message->accepted > witness_copies_allowed(message))
		world_fail(world, "I3: %s was taken %u times: %u deaths, %u lost replies", message->key,
			   message->accepted, message->deaths, message->unknown);
	invariants_note_said(world, message);
	invariants_note_known(world, message);
}

static int64_t invariants_wait_s(const struct channel_result *result)
{
	int64_t asked = result->retry_after_s < WAIT_ASKED_MAX_S ? result->retry_after_s : WAIT_ASKED_MAX_S;
	switch (result->verdict) {
	case CHANNEL_THROTTLED:
		return asked;
	case CHANNEL_UNKNOWN:
		return WAIT_UNKNOWN_S;
	case CHANNEL_TEMPORARY:
		return result->code == 0 ? WAIT_UNREACHABLE_S : WAIT_REFUSED_S;
	default:
		return 0;
	}
}

void invariants_on_answer(struct server *server, struct witness_message *message, const struct channel_result *result)
{
	struct world *world = server->world;
	int64_t wait = invariants_wait_s(result);
	witness_answer(&world->witness, message, result);
	if (result->verdict == CHANNEL_THROTTLED && message->counted_hour == world->hour && world->hour_count > 0)
		world->hour_count--; /* it did not leave */
	message->earliest_utc = wait != 0 ? world->now.wall_s + wait : 0;
	if (result->verdict == CHANNEL_THROTTLED && message->earliest_utc > server->pause_until_utc)
		server->pause_until_utc = message->earliest_utc;
}

void invariants_on_death(struct world *world)
{
	struct witness *witness = &world->witness;
	for (size_t i = 0; i < witness->n_answered; i++)
		for (size_t j = 0; j < SERVERS && witness->answered[i]->verdict == CHANNEL_THROTTLED; j++)
			if (strcmp(world->servers.items[j].name, witness->answered[i]->channel) == 0)
				world->servers.items[j].pause_until_utc = 0;
	witness_death(witness);
}

/* ---- after a pass ------------------------------------------------------------------------------------------------------ */

static bool invariants_is_outcome_true(enum channel_verdict verdict, const char *state)
{
	bool is_over = strcmp(state, "cancelled") == 0 || strcmp(state, "stale") == 0;
	bool is_waiting = strcmp(state, "pending") == 0 || is_over;
	switch (verdict) {
	case CHANNEL_ACCEPTED:
		return strcmp(state, "sent") == 0;
	case CHANNEL_PERMANENT:
		return strcmp(state, "dead") == 0;
	case CHANNEL_UNKNOWN:
		return is_waiting || strcmp(state, "dead") == 0;
	default:
		return is_waiting;
	}
}

/* Whether the disk says what the daemon was told. */
static bool invariants_is_recorded(struct world *world, const struct witness_message *message)
{
	static const char sql[] = "SELECT a.outcome, m.state FROM attempt a JOIN message m ON m.id = a.message"
				  " WHERE a.message = ?1 ORDER BY a.number DESC LIMIT 1";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "i", message->id);
	if (!view_row(view, stmt))
		return view->is_broken &&
		       world->last_status == 0; /* the disk fails for us, and did not for the daemon */
	bool is_recorded = sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	if (is_recorded && (strcmp(view_text(stmt, 0), channel_verdict_name(message->verdict)) != 0 ||
			    !invariants_is_outcome_true(message->verdict, view_text(stmt, 1))))
		world_fail(world, "I4: %s was %s, and the disk says %s, %s", message->key,
			   channel_verdict_name(message->verdict), view_text(stmt, 0), view_text(stmt, 1));
	view_drop(stmt);
	return is_recorded;
}

static void invariants_check_answers(struct world *world)
{
	struct witness *witness = &world->witness;
	size_t left = 0;
	for (size_t i = 0; i < witness->n_answered; i++) {
		struct witness_message *message = witness->answered[i];
		bool is_recorded = invariants_is_recorded(world, message);
		message->is_answered = !is_recorded;
		if (!is_recorded)
			witness->answered[left++] = message;
		if (!is_recorded && !world->view.is_broken && world->last_status == 0)
			world_fail(world, "I4: the pass was committed, and says nothing of what became of %s",
				   message->key);
	}
	witness->n_answered = left;
}

static void invariants_check_sending(struct world *world, struct witness_message *message, bool is_sending)
{
	if (!is_sending || message->is_in_flight || message->is_answered)
		message->sending_since = 0;
	else if (message->sending_since == 0)
		message->sending_since = world->n_passes;
	else if (world->last_status == 0 && world->n_passes - message->sending_since > STUCK_PASSES)
		world_fail(world, "I8: message %lld is 'sending', and no server has it", (long long)message->id);
}

static void invariants_check_open(struct world *world)
{
	static const char sql[] = "SELECT id, epoch, state, due_utc, not_before FROM message WHERE state IN ('pending',"
				  " 'sending', 'held')";
	struct view *view = &world->view;
	int64_t latest = world->now.wall_s + WAIT_MAX_S;
	bool is_settled = world->now.mono_ms - world->started_mono_ms > DOUBT_MS && world->last_status == 0;
	sqlite3_stmt *stmt = view_ask(view, sql, "");
	while (view_row(view, stmt)) {
		struct witness_message *message =
			witness_find(&world->witness, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1));
		int64_t due = sqlite3_column_int64(stmt, 3), next = sqlite3_column_int64(stmt, 4);
		bool is_sending = strcmp(view_text(stmt, 2), "sending") == 0;
		invariants_check_sending(world, message, is_sending);
		if (!is_sending && message->is_in_flight)
			world_fail(world, "I3: %s is %s, and a server has it", message->key, view_text(stmt, 2));
		if (message->final_print != 0)
			world_fail(world, "I7: message %lld is %s, and was final", (long long)message->id,
				   view_text(stmt, 2));
		if (next > due && next > latest && is_settled && !world->now.is_unset)
			world_fail(world, "I8: message %lld waits for another %lld s", (long long)message->id,
				   (long long)(next - world->now.wall_s));
	}
}

void invariants_check_pass(struct world *world)
{
	invariants_check_answers(world);
	invariants_check_open(world);
}

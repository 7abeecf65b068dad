#include "audit.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "expect.h"
#include "logbook.h"
#include "world.h"

enum { AUDIT_DATABASE_EVERY = 3, AUDIT_STALE_S = 3 * 86400 }; /* the least catch_up_max_age of config.c */

/* ---- the database ---------------------------------------------------------------------------------------------------- */

static void audit_pragma(struct world *world, const char *sql, const char *sound)
{
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "");
	if (!view_row(view, stmt))
		return;
	if (sound == NULL || strcmp(view_text(stmt, 0), sound) != 0)
		world_fail(world, "I10: %s: %s", sql, view_text(stmt, 0));
	view_drop(stmt);
}

/* A query that must find nothing; its first column says what it found. */
static void audit_none(struct world *world, const char *what, const char *sql)
{
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "");
	if (!view_row(view, stmt))
		return;
	world_fail(world, "%s: %s", what, view_text(stmt, 0));
	view_drop(stmt);
}

void audit_pages(struct world *world)
{
	audit_pragma(world, "PRAGMA integrity_check", "ok");
	audit_pragma(world, "PRAGMA foreign_key_check", NULL);
}

static void audit_database(struct world *world)
{
	audit_none(world, "I10: the tally is wrong",
		   "SELECT state || ' ' || n FROM tally WHERE n <> (SELECT count(*) FROM message m WHERE m.state = "
		   "tally.state)");
	audit_none(
		world, "I1: a reminder is there twice",
		"SELECT task || ' ' || occurrence || ' ' || step FROM reminder GROUP BY task, occurrence, step, person,"
		" channel HAVING count(*) > 1");
	audit_none(world, "I2: a reminder is in no message, and nobody knows why",
		   "SELECT task || ' ' || occurrence || ' ' || step FROM reminder WHERE message IS NULL AND"
		   " coalesce(dropped, '') = ''");
	audit_none(
		world, "I2: a reminder was dropped, and the reason is none",
		"SELECT dropped FROM reminder WHERE dropped NOT IN ('a later step replaced it', 'only in the digest',"
		" 'the notice of the new date says it', 'task moved', 'task done', 'task cancelled', 'task deleted',"
		" 'task reopened', 'takes no part', 'person inactive', 'no address', 'address suspended', 'acknowledged', 'snoozed')"
		" AND dropped NOT LIKE 'silenced by %' AND dropped NOT LIKE '% (details removed)'"
		" AND dropped NOT LIKE 'sent by % instead'");
	audit_none(world, "I2: a reminder waits in a message that is over",
		   "SELECT m.id || ' ' || m.state || ' ' || r.step FROM reminder r JOIN message m ON m.id = r.message"
		   " WHERE m.state = 'cancelled' AND r.dropped IS NULL");
	audit_none(world, "I4: attempts are counted wrongly",
		   "SELECT id || ': ' || attempts FROM message m WHERE attempts <> (SELECT count(*) FROM attempt a"
		   " WHERE a.message = m.id AND a.outcome IS NOT 'throttled')");
	audit_none(world, "I4: an attempt is open and its message is not under way",
		   "SELECT m.id || ' ' || m.state FROM message m JOIN attempt a ON a.message = m.id"
		   " WHERE a.outcome IS NULL AND m.state <> 'sending'");
	audit_none(world, "I9: a secret is in the database",
		   "SELECT 'a reply' FROM attempt WHERE instr(reply, '" CONFIG_SECRET "') UNION ALL"
		   " SELECT 'a last reply' FROM message WHERE instr(last_reply, '" CONFIG_SECRET "')");
}

/* ---- each message ---------------------------------------------------------------------------------------------------- */

struct audit_row {
	int64_t id, epoch, due_utc, uncertain, crashes;
	int64_t step_due_utc; /* of what is in it; a hold makes the message due later */
	const char *state, *reason, *address;
};

static void audit_end(struct world *world, const struct audit_row *row, const struct witness_message *seen)
{
	bool is_bad_address = strncmp(row->address, "bad", 3) == 0;
	if ((int64_t)(seen->accepted - seen->accepted_before) > 1 + row->crashes + row->uncertain)
		world_fail(world, "I3: message %lld was taken %u times, and counts %lld crashes and %lld lost replies",
			   (long long)row->id, seen->accepted, (long long)row->crashes, (long long)row->uncertain);
	if (strcmp(row->state, "sent") == 0) {
		if (seen->accepted == 0)
			world_fail(world, "I2: message %lld counts as sent, and nobody has it", (long long)row->id);
		return;
	}
	if (row->reason[0] == '\0')
		world_fail(world, "I2: message %lld is %s, and nobody knows why", (long long)row->id, row->state);
	/* The daemon may have been stopped while a server had it, which is no reply either. */
	bool is_lost = seen->unknown + seen->deaths >= 3;
	if (strcmp(row->state, "dead") == 0 && seen->refused == 0 && !is_lost && !is_bad_address)
		world_fail(world, "I2: message %lld is dead (%s), and nobody refused it", (long long)row->id,
			   row->reason);
	bool is_missed = strncmp(row->reason, "missed", 6) == 0;
	int64_t due = is_missed ? row->step_due_utc : row->due_utc;
	if (strcmp(row->state, "stale") == 0 && strncmp(row->reason, "the moment", 10) != 0 &&
	    due + AUDIT_STALE_S > world->highest_utc)
		world_fail(world, "I2: message %lld is stale (%s), and was due only %lld s ago", (long long)row->id,
			   row->reason, (long long)(world->highest_utc - due));
}

static uint64_t audit_print(sqlite3_stmt *stmt, int n_columns)
{
	uint64_t print = 0;
	for (int i = 0; i < n_columns; i++)
		print = hash_mix(print ^ hash_text(view_text(stmt, i)));
	return print | 1;
}

static void audit_messages(struct world *world)
{
	static const char sql[] =
		"SELECT id, epoch, state, reason, attempts, uncertain, crashes, due_utc, not_before, last_reply,"
		" coalesce((SELECT address FROM address a WHERE a.person = m.person AND a.channel = m.channel), ''),"
		" (SELECT min(r.due_utc) FROM reminder r WHERE r.message = m.id) FROM message m WHERE state NOT IN ('pending', 'sending', 'held')";
	enum { FINAL_COLUMNS = 10 };
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "");
	while (view_row(view, stmt)) {
		const struct audit_row row = {.id = sqlite3_column_int64(stmt, 0),
					      .epoch = sqlite3_column_int64(stmt, 1),
					      .uncertain = sqlite3_column_int64(stmt, 5),
					      .crashes = sqlite3_column_int64(stmt, 6),
					      .due_utc = sqlite3_column_int64(stmt, 7),
					      .step_due_utc = sqlite3_column_int64(stmt, 11),
					      .state = view_text(stmt, 2),
					      .reason = view_text(stmt, 3),
					      .address = view_text(stmt, 10)};
		struct witness_message *seen = witness_find(&world->witness, row.id, row.epoch);
		uint64_t print = audit_print(stmt, FINAL_COLUMNS);
		trace_mix(&world->trace, print);
		if (seen->final_print == 0)
			audit_end(world, &row, seen);
		else if (seen->final_print != print)
			world_fail(world, "I7: message %lld was final, and is now %s (%s)", (long long)row.id,
				   row.state, row.reason);
		seen->final_print = print;
	}
}

void audit(struct world *world)
{
	if (world->is_disk_failing)
		return; /* looking would fail, too */
	if (world->n_audits++ % AUDIT_DATABASE_EVERY == 0 || world->is_calm)
		audit_database(world);
	audit_messages(world);
	expect_all(world);
	if (logbook_has(CONFIG_SECRET))
		world_fail(world, "I9: a secret is in the log");
}

/* ---- the end --------------------------------------------------------------------------------------------------------- */

void audit_is_at_rest(struct world *world)
{
	static const char sql[] = "SELECT id, state, due_utc, not_before, attempts FROM message"
				  " WHERE state IN ('pending', 'sending') AND max(due_utc, not_before) < ?1";
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, sql, "i", world->now.wall_s - 3600);
	if (!view_row(view, stmt))
		return;
	world_fail(world, "I8: nothing has gone wrong for days, and message %lld is still %s, due %lld s ago",
		   (long long)sqlite3_column_int64(stmt, 0), view_text(stmt, 1),
		   (long long)(world->now.wall_s - sqlite3_column_int64(stmt, 2)));
	view_drop(stmt);
}

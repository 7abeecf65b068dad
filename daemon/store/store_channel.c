#include "store/store_channel.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"

void store_channel_done(struct store_channel *channel)
{
	free(channel->failure);
	free(channel->unheard_reason);
	*channel = (struct store_channel){0};
}

int store_channel_load(struct store *store, const char *name, struct store_channel *ret_channel, struct err *err)
{
	static const char sql[] =
		"SELECT paused_until_utc, sent_utc, failed_utc, failure, certificate_until_utc, CAST(f.value AS INTEGER),"
		" CAST(u.value AS INTEGER), substr(u.value, instr(u.value, ' ') + 1) FROM (SELECT ?1 AS known)"
		" LEFT JOIN channel ON name = known LEFT JOIN meta f ON f.key = 'failing ' || known"
		" LEFT JOIN meta u ON u.key = 'unheard ' || known";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", name);
	int status = store_row(store, stmt, "reading what is known of a channel", err);
	if (status < 0)
		return status;
	*ret_channel = (struct store_channel){
		.paused_until_utc = sqlite3_column_int64(stmt, 0),
		.sent_utc = sqlite3_column_int64(stmt, 1),
		.failed_utc = sqlite3_column_int64(stmt, 2),
		.failure = store_text(stmt, 3),
		.certificate_until_utc = sqlite3_column_int64(stmt, 4),
		.failing_since_utc = sqlite3_column_int64(stmt, 5),
		.unheard_since_utc = sqlite3_column_int64(stmt, 6),
		.unheard_reason = store_text(stmt, 7),
	};
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_channel_note_sent(struct store *store, const char *name, int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"INSERT INTO channel (name, sent_utc) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE"
		" SET sent_utc = ?2,"
		"  paused_until_utc = iif(paused_until_utc - ?2 BETWEEN 1 AND 86400, paused_until_utc, NULL)"
		" WHERE sent_utc IS NULL OR sent_utc / 60 <> ?2 / 60"
		"  OR paused_until_utc - ?2 NOT BETWEEN 1 AND 86400";
	static const char works[] = "DELETE FROM meta WHERE key = 'failing ' || ?1";
	int status = store_exec(store, sql, "noting that a channel works", err, "ti", name, now_utc);
	return status < 0 ? status : store_exec(store, works, "noting that a channel works", err, "t", name);
}

int store_channel_note_failure(struct store *store, const char *name, const char *failure, bool is_failing,
			       int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"INSERT INTO channel (name, failed_utc, failure) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE"
		" SET failed_utc = ?2, failure = ?3"
		" WHERE failed_utc IS NULL OR failed_utc / 60 <> ?2 / 60 OR failure IS NOT ?3";
	static const char fails[] = "INSERT OR IGNORE INTO meta VALUES ('failing ' || ?1, ?2)";
	int status = store_exec(store, sql, "noting that a channel fails", err, "tit", name, now_utc, failure);
	if (status < 0 || !is_failing)
		return status;
	return store_exec(store, fails, "noting that a channel fails", err, "ti", name, now_utc);
}

static int store_channel_set(struct store *store, const char *sql, const char *name, int64_t utc, struct err *err)
{
	return store_exec(store, sql, "noting the state of a channel", err, "ti", name, utc);
}

int store_channel_note_unheard(struct store *store, const char *name, int64_t since_utc, const char *reason,
			       struct err *err)
{
	static const char sql[] =
		"INSERT INTO meta (key, value) VALUES ('unheard ' || ?1, ?2 || ' ' || ?3) ON CONFLICT (key)"
		" DO UPDATE SET value = substr(value, 1, instr(value, ' ')) || ?3"
		" WHERE substr(value, instr(value, ' ') + 1) <> ?3";
	return store_exec(store, sql, "noting that a channel is not heard", err, "tit", name, since_utc, reason);
}

int store_channel_note_heard(struct store *store, const char *name, struct err *err)
{
	static const char sql[] = "DELETE FROM meta WHERE key = 'unheard ' || ?1";
	return store_exec(store, sql, "noting that a channel is heard", err, "t", name);
}

int store_channel_note_pause(struct store *store, const char *name, int64_t until_utc, struct err *err)
{
	static const char sql[] =
		"INSERT INTO channel (name, paused_until_utc) VALUES (?1, ?2) ON CONFLICT (name)"
		" DO UPDATE SET paused_until_utc = ?2 WHERE paused_until_utc IS NULL OR paused_until_utc < ?2"
		"  OR paused_until_utc > ?2 + 86400";
	return store_channel_set(store, sql, name, until_utc, err);
}

int store_channel_shift_pauses(struct store *store, int64_t back_s, struct err *err)
{
	static const char sql[] =
		"UPDATE channel SET paused_until_utc = paused_until_utc - ?1 WHERE paused_until_utc IS NOT NULL";
	return store_exec(store, sql, "bringing pauses back", err, "i", back_s);
}

int store_channel_note_certificate(struct store *store, const char *name, int64_t until_utc, struct err *err)
{
	static const char sql[] = "INSERT INTO channel (name, certificate_until_utc) VALUES (?1, ?2) ON CONFLICT (name)"
				  " DO UPDATE SET certificate_until_utc = ?2 WHERE certificate_until_utc IS NOT ?2";
	return store_channel_set(store, sql, name, until_utc, err);
}

int store_channel_waiting(struct store *store, struct strlist *ret_names, struct err *err)
{
	return store_names(store, STORE_WITH_WAITING_CHANNELS "SELECT name FROM c WHERE name IS NOT NULL",
			   "listing channels", ret_names, err);
}

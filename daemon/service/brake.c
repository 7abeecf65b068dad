#include "service/brake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

/* ---- limits ------------------------------------------------------------------------------------------------------- */

int64_t brake_limit(const struct conf *conf, enum store_scope scope)
{
	const int64_t limits[] = {
		[STORE_SCOPE_ALL] = conf->messages_per_hour,
		[STORE_SCOPE_CHANNEL] = conf->messages_per_hour_per_channel,
		[STORE_SCOPE_PERSON] = conf->messages_per_hour_per_person,
	};
	return limits[scope];
}

const char *brake_limit_key(enum store_scope scope)
{
	static const char *const keys[] = {
		[STORE_SCOPE_ALL] = "messages_per_hour",
		[STORE_SCOPE_CHANNEL] = "messages_per_hour_per_channel",
		[STORE_SCOPE_PERSON] = "messages_per_hour_per_person",
	};
	return keys[scope];
}

void brake_set_limits(struct brake *brake, const struct conf *conf)
{
	for (int scope = 0; scope < STORE_SCOPE_MAX; scope++)
		brake->limits[scope] = brake_limit(conf, (enum store_scope)scope);
}

void brake_done(struct brake *brake)
{
	free(brake->excesses);
	brake->excesses = NULL;
	brake->n_excesses = 0;
	free(brake->counted);
	brake->counted = NULL;
	brake->n_counted = brake->size_counted = 0;
}

/* ---- counting ----------------------------------------------------------------------------------------------------- */

static void brake_turn(struct store_brake *row, int64_t now_utc)
{
	int64_t hour = now_utc / 3600;
	if (hour == row->hour)
		return;
	row->count_before = hour == row->hour + 1 ? row->count : 0;
	row->count = 0;
	row->hour = hour;
}

int64_t brake_sent(const struct store_brake *row, int64_t now_utc)
{
	struct store_brake turned = *row;
	brake_turn(&turned, now_utc);
	return turned.count + turned.count_before * (3600 - now_utc % 3600) / 3600;
}

/* A lifted brake remembers what it would have held. */
static void brake_note_excess(struct brake *brake, const struct store_brake *row, int64_t sent, int64_t now_utc)
{
	struct brake_excess *at = brake->excesses, *end = at + brake->n_excesses;
	while (at < end && (at->scope != row->scope || strcmp(at->name, row->name) != 0))
		at++;
	if (at == end && brake->n_excesses == BRAKE_EXCESSES_MAX)
		return;
	if (at == end) {
		brake->excesses = mem_grow(brake->excesses, brake->n_excesses + 1, sizeof(*brake->excesses));
		at = &brake->excesses[brake->n_excesses++];
		*at = (struct brake_excess){.scope = row->scope, .at_utc = now_utc, .limit = brake->limits[row->scope]};
		(void)snprintf(at->name, sizeof(at->name), "%s", row->name);
	}
	if (sent > at->peak)
		at->peak = sent;
}

/* Old counts would only make the table long. */
static int brake_prune(struct brake *brake, struct store *store, int64_t now_utc, struct err *err)
{
	int64_t hour = now_utc / 3600;
	if (brake->pruned_hour == hour)
		return 0;
	int status = store_brake_prune(store, hour - 1, err);
	brake->pruned_hour = status == 0 ? hour : 0;
	return status;
}

void brake_forget(struct brake *brake)
{
	brake->n_counted = 0;
}

int brake_write(struct brake *brake, struct store *store, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < brake->n_counted && status == 0; i++)
		status = store_brake_save(store, &brake->counted[i], err);
	brake_forget(brake);
	return status;
}

/* The row of a scope that many messages share: read once in a transaction. Borrowed until the next call. */
static int brake_find(struct brake *brake, struct store *store, enum store_scope scope, const char *name,
		      struct store_brake **ret_row, struct err *err)
{
	struct store_brake *at = brake->counted, *end = at + brake->n_counted;
	int status = 0;
	while (at < end && (at->scope != scope || strcmp(at->name, name) != 0))
		at++;
	if (at == end) {
		if (brake->n_counted == brake->size_counted) {
			brake->size_counted = brake->size_counted * 2 + 2;
			brake->counted = mem_grow(brake->counted, brake->size_counted, sizeof(*brake->counted));
			at = brake->counted + brake->n_counted;
		}
		status = store_brake_load(store, scope, name, at, err);
		brake->n_counted += status == 0;
	}
	*ret_row = at;
	return status;
}

/* Whether a scope lets one more message start; when it does not, its brake holds, since now or before. */
static bool brake_lets(const struct brake *brake, struct store_brake *row, int64_t now_utc, bool *ret_has_tripped)
{
	*ret_has_tripped = false;
	if (brake->is_lifted)
		return true;
	if (row->tripped_utc == STORE_NEVER && brake_sent(row, now_utc) >= brake->limits[row->scope]) {
		row->tripped_utc = now_utc;
		*ret_has_tripped = true;
	}
	return row->tripped_utc == STORE_NEVER;
}

static void brake_count(struct brake *brake, struct store_brake *row, int64_t now_utc)
{
	brake_turn(row, now_utc);
	row->count++;
	int64_t sent = brake_sent(row, now_utc);
	if (sent > brake->limits[row->scope])
		brake_note_excess(brake, row, sent, now_utc);
}

/* Reads the rows of a message's scopes; those that are shared must not move while they are held. */
static int brake_look(struct brake *brake, struct store *store, const char *channel, struct store_brake *person,
		      struct store_brake *ret_rows[STORE_SCOPE_MAX], struct err *err)
{
	struct store_brake *row;
	int status = brake_find(brake, store, STORE_SCOPE_CHANNEL, channel, &row, err);
	size_t at = status == 0 ? (size_t)(row - brake->counted) : 0;
	if (status == 0)
		status = brake_find(brake, store, STORE_SCOPE_ALL, "", &ret_rows[STORE_SCOPE_ALL], err);
	ret_rows[STORE_SCOPE_CHANNEL] = brake->counted + at;
	ret_rows[STORE_SCOPE_PERSON] = person;
	return status;
}

int brake_take(struct brake *brake, struct store *store, const char *channel, const char *person, int64_t now_utc,
	       bool *ret_may, struct brake_stop *ret_stop, struct err *err)
{
	struct store_brake own, *rows[STORE_SCOPE_MAX];
	int status = brake_prune(brake, store, now_utc, err);
	if (status == 0)
		status = brake_look(brake, store, channel, &own, rows, err);
	if (status == 0)
		status = store_brake_load(store, STORE_SCOPE_PERSON, person, &own, err);
	if (status != 0)
		return status;
	*ret_may = true;
	for (int scope = 0; scope < STORE_SCOPE_MAX && *ret_may; scope++)
		if (!brake_lets(brake, rows[scope], now_utc, &ret_stop->is_new)) {
			*ret_may = false;
			ret_stop->row = *rows[scope];
		}
	if (!*ret_may) /* a trip is written at once: what is ready is looked for by it */
		return ret_stop->is_new ? store_brake_save(store, &ret_stop->row, err) : 0;
	for (int scope = 0; scope < STORE_SCOPE_MAX; scope++)
		brake_count(brake, rows[scope], now_utc);
	return store_brake_save(store, &own, err);
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

char *brake_describe(enum store_scope scope, const char *name)
{
	return scope == STORE_SCOPE_ALL ? mem_dup("all messages") : mem_printf("%s %s", store_scope_name(scope), name);
}

char *brake_notice(const struct brake *brake, const struct store_brake *row, int64_t waiting, bool is_last)
{
	const char *scope = store_scope_name(row->scope), *blank = row->name[0] != '\0' ? " " : "";
	char *what = brake_describe(row->scope, row->name);
	char *text = mem_printf("The brake on %s is on: %s = %" PRId64 " is reached, and %" PRId64 "%s more %s "
				"until you decide. If they are right: deadlinectl brake resume %s%s%s. If they are a "
				"mistake: correct it, then deadlinectl brake purge %s%s%s, then resume.%s",
				what, brake_limit_key(row->scope), brake->limits[row->scope], waiting,
				waiting >= BRAKE_COUNT_MAX ? " or" : "", num_word(waiting, "waits", "wait"), scope,
				blank, row->name, scope, blank, row->name,
				is_last ? " Of further ones only the log and deadlinectl brake tell." : "");
	free(what);
	return text;
}

void brake_report(const struct brake *brake)
{
	for (size_t i = 0; i < brake->n_excesses; i++) {
		const struct brake_excess *excess = &brake->excesses[i];
		char at[32], *what = brake_describe(excess->scope, excess->name);
		clock_format_utc(excess->at_utc, at);
		log_warning("the brake would trip on %s at %s: %" PRId64 " %s in an hour, limit %" PRId64, what, at,
			    excess->peak, num_word(excess->peak, "message", "messages"), excess->limit);
		free(what);
	}
	if (brake->n_excesses == BRAKE_EXCESSES_MAX)
		log_warning("and there may be more brakes that would trip");
}

#include "service/forecast.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "remind/outbox.h"
#include "service/rehearse.h"

enum {
	FORECAST_S = 86400,
	FORECAST_MS = 3000,            /* how long it may take */
	FORECAST_BYTES_MAX = 64 << 20, /* of a database that is copied for it */
	FORECAST_BUSY_MS = 250,
	FORECAST_TOLD = 3,   /* limits that are told of */
	FORECAST_CAUSES = 3, /* and steps of each */
	FORECAST_TEXT_MAX = 1024,
};

/* ---- whether there is anything new -------------------------------------------------------------------------------- */

/* Changes with everything that decides how much is sent. */
static void forecast_print(const struct setup *setup, char text[24])
{
	uint64_t print = policies_fingerprint(setup->policies);
	for (int scope = 0; scope < STORE_SCOPE_MAX; scope++)
		print = hash_mix(print ^ (uint64_t)brake_limit(setup->conf, (enum store_scope)scope));
	for (size_t i = 0; i < setup->n_channels; i++)
		print = hash_mix(print ^ hash_text(setup->channels[i]->name));
	(void)snprintf(text, 24, "%016" PRIx64, print);
}

static bool forecast_is_known(struct store *store, const char *print)
{
	struct err err;
	char *known = NULL;
	int status = store_meta_load(store, "forecast", &known, &err);
	bool is_known = status == 0 && known != NULL && strcmp(known, print) == 0;
	free(known);
	return is_known;
}

/* What cannot be kept is only looked at again. */
static void forecast_keep(struct store *store, const char *print)
{
	struct err err = {0};
	int status = store_begin(store, &err);
	if (status == 0)
		status = store_meta_save(store, "forecast", print, &err);
	if (status == 0)
		status = store_commit(store, &err);
	else
		store_rollback(store);
	if (status < 0)
		log_warning("that the forecast was passed could not be kept: %s", err.text);
}

/* ---- the copy ----------------------------------------------------------------------------------------------------- */

/* What a brake holds back already waits for the operator, and not for this. */
static int forecast_drop_held(void *arg, const struct store_brake *brake)
{
	struct store *copy = arg;
	int64_t ids[256];
	size_t n = 256;
	struct err err;
	int status = 0;
	while (brake->tripped_utc != STORE_NEVER && n == 256 && status == 0) {
		status = store_brake_ids(copy, brake->scope, brake->name, STORE_NEVER, ids, 256, &n, &err);
		for (size_t i = 0; i < n && status == 0; i++) {
			bool is_purged;
			status = outbox_purge(copy, ids[i], "held back by a brake", &is_purged, &err);
		}
	}
	return status;
}

static int forecast_open_copy(const char *database, struct store **ret_copy, struct err *err)
{
	int status = store_open(database, STORE_MEMORY, FORECAST_BUSY_MS, ret_copy, err);
	if (status == 0)
		status = store_begin(*ret_copy, err);
	if (status == 0)
		status = store_brake_each(*ret_copy, forecast_drop_held, *ret_copy, err);
	if (status == 0)
		status = store_brake_remove_all(*ret_copy, err);
	return status == 0 ? store_commit(*ret_copy, err) : status;
}

static bool forecast_is_too_large(const char *database)
{
	struct stat file;
	return stat(database, &file) == 0 && file.st_size > FORECAST_BYTES_MAX;
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

static int forecast_add_cause(void *arg, const char *policy, const char *step, int64_t n)
{
	struct buf *text = arg;
	buf_printf(text, "%s", text->len > 0 ? ", " : "");
	if (policy[0] == '\0')
		buf_printf(text, "%" PRId64 " %s", n, num_word(n, "digest", "digests"));
	else
		buf_printf(text, "%" PRId64 " by '%s' of [policy %s]", n, step, policy);
	return 0;
}

static unsigned forecast_line(const struct conf *conf, enum store_scope scope)
{
	const struct ini_section *section = ini_section(conf->ini, "limits", NULL);
	const struct ini_entry *entry = section != NULL ? ini_find(section, brake_limit_key(scope)) : NULL;
	if (entry != NULL)
		return entry->line;
	return section != NULL ? section->line : 0;
}

/* What was sent before now is in the copy, too, and no cause of what is to come. */
static void forecast_tell(const struct setup *setup, const struct brake_excess *excess, bool is_cut, int64_t now_utc,
			  struct store *copy, struct problems *problems)
{
	int64_t from_utc = excess->at_utc - 3600 < now_utc ? now_utc - 1 : excess->at_utc - 3600;
	char at[ZONE_TEXT_SIZE], *what = brake_describe(excess->scope, excess->name);
	struct buf causes;
	struct err err;
	buf_init(&causes, FORECAST_TEXT_MAX);
	int status = store_brake_causes(copy, excess->scope, excess->name, from_utc, excess->at_utc + 3600,
					FORECAST_CAUSES, forecast_add_cause, &causes, &err);
	(void)status; /* without them the rest is still true */
	zone_format(setup->zone, excess->at_utc, at);
	problems_add(
		problems, setup->conf->file, forecast_line(setup->conf, excess->scope),
		"too many messages in the next 24 hours: %s: %s%" PRId64 " in the hour around %s, and %s is %" PRId64
		"; most: %s. Correct the policy, raise the limit, or start once with --accept-volume if this is meant",
		what, is_cut ? "at least " : "", excess->peak, at, brake_limit_key(excess->scope), excess->limit,
		buf_str(&causes));
	buf_done(&causes);
	free(what);
}

/* ---- the forecast ------------------------------------------------------------------------------------------------- */

/* Time may be up while everything is still being planned: what is ready by then would go at once. */
static int forecast_note_ready(struct store *copy, const struct setup *setup, int64_t now_utc,
			       struct rehearse_volume *volume, struct err *err)
{
	int64_t ready = 0, limit = brake_limit(setup->conf, STORE_SCOPE_ALL);
	if (!volume->is_cut || volume->n_excesses > 0)
		return 0;
	int status = store_brake_waiting(copy, STORE_SCOPE_ALL, "", now_utc, INT64_MAX, &ready, err);
	if (status < 0 || ready <= limit)
		return status;
	volume->excesses = mem_zero(1, sizeof(*volume->excesses));
	volume->excesses[volume->n_excesses++] =
		(struct brake_excess){.scope = STORE_SCOPE_ALL, .at_utc = now_utc, .peak = ready, .limit = limit};
	return 0;
}

static int forecast_run(struct store *copy, const char *config, const struct setup *setup, const struct clock *clock,
			struct rehearse_volume *ret_volume, struct err *err)
{
	struct problems problems = {0};
	int64_t now_utc = clock_now(clock).wall_s;
	struct setup *own = setup_load(config, &problems); /* a rehearsal uses its channels up */
	problems_done(&problems);
	if (own == NULL)
		return err_set(err, -EAGAIN, "%s has changed meanwhile", config);
	int status = rehearse_volume(copy, own, now_utc, now_utc + FORECAST_S, clock, FORECAST_MS, ret_volume, err);
	return status == 0 ? forecast_note_ready(copy, setup, now_utc, ret_volume, err) : status;
}

/* Adds to problems what is too much. */
static int forecast_look(const char *config, const struct setup *setup, const struct clock *clock,
			 struct problems *problems, struct err *err)
{
	struct store *copy = NULL;
	struct rehearse_volume volume = {0};
	const int64_t now_utc = clock_now(clock).wall_s;
	enum log_level level = log_set_level(LOG_LEVEL_ERROR); /* what happens to the copy is nobody's business */
	int status = forecast_open_copy(setup->conf->database, &copy, err);
	if (status == 0)
		status = forecast_run(copy, config, setup, clock, &volume, err);
	(void)log_set_level(level);
	for (size_t i = 0; i < volume.n_excesses && i < FORECAST_TOLD; i++)
		forecast_tell(setup, &volume.excesses[i], volume.is_cut, now_utc, copy, problems);
	if (status == 0 && volume.is_cut && volume.n_excesses == 0)
		log_warning("there is too much to plan for a forecast of the next 24 hours: only the brakes stand by");
	free(volume.excesses);
	store_close(copy);
	return status;
}

bool forecast_allows(struct store *store, const char *config, const struct setup *setup, bool accepts_volume,
		     const struct clock *clock, struct problems *problems)
{
	char print[24];
	struct err err = {0};
	struct problems found = {0};
	forecast_print(setup, print);
	if (forecast_is_known(store, print))
		return true;
	if (forecast_is_too_large(setup->conf->database))
		log_warning("the database is too large for a forecast of the next 24 hours: only the brakes stand by");
	else if (forecast_look(config, setup, clock, accepts_volume ? &found : problems, &err) < 0)
		log_warning("there is no forecast of the next 24 hours, only the brakes stand by: %s", err.text);
	for (size_t i = 0; i < found.n; i++)
		log_warning("accepted: %s", found.items[i].text);
	problems_done(&found);
	if (problems->n != 0)
		return false;
	forecast_keep(store, print);
	return true;
}

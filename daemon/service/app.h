/* app: owns what the daemon knows and does one pass of its work at a time. No clock, no event loop, no network of its
 * own: the caller gives the instant and runs the channels, so a rehearsal and the simulator drive the same code.
 *
 * Happy path: app_tick() settles the results that came in, plans what fell due, claims what may be sent, commits all of
 * it as one transaction, and only then hands the claimed messages to their channels. app_next_wake_utc() says when to
 * come again; the wake callback asks for a pass at once, because a result came in.
 * Failure modes: a pass that cannot be committed leaves no trace in the database; the results it held are kept and
 * settled by a later pass, and nothing new is claimed until that succeeds.
 * On shutdown: app_stop(), passes until app_is_idle(), or else app_abandon(), and app_free(). */
#ifndef DEADLINED_SERVICE_APP_H
#define DEADLINED_SERVICE_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "service/setup.h"
#include "store/store.h"

struct app;
struct brake;
struct transfer;
struct upkeep;

typedef void (*app_wake_cb)(void *arg);

/* store is borrowed; setup is taken. transfer (borrowed, may be NULL when every channel is local) carries the channels'
 * transfers. wake is called when a result has come in and a pass is wanted, from any callback of a channel. */
struct app *app_new(struct store *store, struct setup *setup, struct transfer *transfer, struct instant now,
		    app_wake_cb wake, void *wake_arg);
void app_free(struct app *app);

/* Once, after the lock was taken and before the first pass: messages that were in flight when the process died go back
 * into the queue. Errors: those of the store. */
MUSTCHECK int app_start(struct app *app, struct instant now, struct err *err);

/* Before app_start(), when the last process on this database ended by a fault of its own (a signal like SIGSEGV,
 * SIGABRT by the watchdog), and was not killed or cut off: any message in flight then may be what it died of. */
void app_note_crash(struct app *app);

/* Before the first pass: passes see to the daily copy of the database. Borrowed; without it, as in a rehearsal, nobody
 * does. */
void app_use_upkeep(struct app *app, struct upkeep *upkeep);

/* Before the first pass: a pass that claims at least so many messages begins their letters while the disk still writes
 * it; 1 unless it is set. Nothing leaves before the disk has. */
void app_write_ahead_from(struct app *app, size_t n_letters);

/* Before the first pass: from now on the app audits itself once an hour, and sends the heartbeats that are configured.
 * Not in a rehearsal. */
void app_use_audit(struct app *app, struct instant now);

/* One pass. Errors: -EUCLEAN the database is damaged: give up; everything else (-EBUSY, -ENOSPC, -EIO ...) was logged
 * and is tried again at app_next_wake_utc(). */
MUSTCHECK int app_tick(struct app *app, struct instant now, struct err *err);

/* When the next pass is due; an instant not after now means at once. Set by app_tick(). */
int64_t app_next_wake_utc(const struct app *app);

/* Puts a new configuration in place of the old one, which goes when its last transfer has ended. setup is taken. What
 * is in flight stays in flight; database and state_dir keep their old values, with a warning when they differ. */
void app_reload(struct app *app, struct setup *setup, struct instant now);

/* For a rehearsal, right after app_new(): the brakes count but hold nothing back. */
void app_lift_brakes(struct app *app);
/* Likewise: messages are counted as accepted without being written or handed to a channel. */
void app_only_count(struct app *app);
/* The brakes, and in them what they would have held; borrowed. */
const struct brake *app_brakes(const struct app *app);
/* For a rehearsal, too: what the operator is told again each month goes to the log once. */
void app_log_once(struct app *app);

/* Somebody else has committed, or was heard: what waits in a channel for its turn, and is done or moved by now, is
 * taken back. */
void app_recall(struct app *app);

/* Claims nothing more and lets the channels finish. */
void app_stop(struct app *app);
/* Writes down until when everything is planned, for whoever foretells what an edit or another configuration makes
 * due. */
MUSTCHECK int app_keep_look(struct app *app, struct err *err);
/* After app_stop(), instead of waiting on: what is in flight still is settled, as unknown when it may have been
 * accepted, and back in the queue when it certainly was not; so the next start does not take it for what the process
 * died of. app_free() follows. Errors: those of app_tick(); what could not be recorded is for the next start. */
MUSTCHECK int app_abandon(struct app *app, struct instant now, struct err *err);
/* Nothing is in flight and every result has been settled. */
bool app_is_idle(const struct app *app);

/* Why nothing can be recorded, and so nothing is sent; NULL when all is well. Borrowed until the next pass. */
const char *app_trouble(const struct app *app);
/* Since when; 0 when all is well. */
int64_t app_trouble_utc(const struct app *app);

const struct setup *app_setup(const struct app *app);
/* Messages sent since the start, and messages in flight now, on replaced channels, too. */
void app_counts(const struct app *app, int64_t *ret_sent, int64_t *ret_in_flight);

#endif

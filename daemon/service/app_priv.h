/* app_priv: what the files of the app share: app.c is its life, app_pass.c one pass of it, whose parts stand in
 * app_settle.c, app_watch.c, app_clock.c, app_health.c, app_listen.c, app_hear_alone.c, app_show.c, app_thread.c,
 * app_address.c, app_each.c, app_claim.c and app_send.c. */
#ifndef DEADLINED_SERVICE_APP_PRIV_H
#define DEADLINED_SERVICE_APP_PRIV_H

#include <stddef.h>

#include "remind/gate.h"
#include "remind/gate_each.h"
#include "remind/outbox.h"
#include "remind/planner.h"
#include "service/app.h"
#include "service/audit.h"
#include "service/brake.h"
#include "store/store_message.h"
#include "store/store_retain.h"

struct app_editor;
struct app_flights;
struct app_listener;
struct app_result;
struct app_threads;

/* What the results of one pass say of a channel. */
struct app_news {
	bool is_accepted;
	const struct app_result *failure; /* the last one after that; NULL = none */
	bool is_failing;                  /* not only asked to wait */
	int64_t paused_until_utc, certificate_until_utc;
};

/* A channel with the app's own knowledge of it. */
struct app_channel {
	struct app *app;
	struct channel *channel;
	const struct setup *setup; /* that the channel is of */
	struct gate gate;
	struct gate_each each;
	struct app_news news;
	struct app_listener *listener; /* NULL: nobody is heard on it */
	struct app_editor *editor;     /* NULL: what it shows is never changed */
	struct app_threads *threads;   /* NULL: its service has none */
	struct app_flights *flights;
	int64_t asked_s;      /* to wait, by the answer to an edit or to an answer, and not kept yet; 0 = it did not */
	int64_t heard_utc;    /* last result, or since when the channel is there */
	int64_t works_minute; /* in which the database was told last that it works; 0 = it need not know */
	struct app_channel *next; /* older ones, of configurations that were replaced, follow the current ones */
};

struct app_result {
	int64_t id;
	struct channel_result result;
	struct app_channel *from;
	uint64_t address;         /* hash of where it went; 0 = it was not handed over */
	bool is_judged;           /* the gate has heard of it */
	bool is_empty;            /* nothing was left to say */
	enum message_state state; /* filled by settling, said after the commit */
	int64_t next_utc;
};

/* Why passes cannot be committed. */
struct trouble {
	int status; /* of the last pass; 0 = there is none */
	struct instant since;
	bool is_said;    /* this one */
	int said_status; /* of what was said last; 0 = nothing was yet */
	int64_t said_mono_ms;
	int64_t lasted_s; /* it is over, and the operator has not heard of it; 0 = nothing to tell */
	struct err err;
};

struct app {
	struct store *store;
	struct setup *setup;
	struct setup **retired;
	size_t n_retired;
	struct app_channel **channels; /* as in setup->channels */
	struct app_channel *retired_channels;
	struct planner_channel *planner_channels;
	struct transfer *transfer;
	struct store_retain retain;
	char retained_day[CIVIL_DATE_SIZE]; /* on which everything that is over was looked through */
	struct upkeep *upkeep;              /* NULL: there is none; likewise the next two */
	struct audit *audit;
	struct heartbeat *heartbeat;
	app_wake_cb wake;
	void *wake_arg;

	struct app_result *results; /* came in, not settled yet */
	size_t n_results, size_results;
	bool has_refusals; /* of the pass: some address has refused the last message to it */
	struct brake brake;
	int64_t last_wall_s, last_up_s; /* of the last pass that was committed */
	int64_t back_s;                 /* found by this pass: the clock was set back by so much */
	int64_t next_expiry_utc, next_wake_utc;
	int64_t n_sent;
	struct trouble trouble;
	char *template_problem; /* what a letter could not be made of, and the operator has not heard; NULL = nothing */
	int watched_month;      /* year * 12 + month in which the calendars were last looked at */
	int64_t seen_utc;       /* latest time known to have been: kept in the database */
	int64_t noted_utc;      /* what this pass has made of it; 0 = it has not */
	int64_t looked_utc; /* as in struct planner; the database keeps one that is seldom newer than its seen_utc */
	bool has_looked;    /* this pass has planned everything that was due */
	bool must_follow_clock; /* it was not believed at the start: what was written ahead of it is still there */
	int64_t distrusted_until_mono_ms; /* until then the clock, earlier than it can be, is not believed */
	bool was_crash;                   /* the last process ended by a fault of its own */
	bool hears_alone;                 /* so what people wrote first is applied one at a time */
	bool has_suspects;                /* some message may be what killed the process before */
	bool is_draining;                 /* a suspect waits for, or is, the only message in flight */
	bool is_stopping;
	bool must_show_anew;    /* edits were under way that nobody waits for any more */
	size_t ahead_min;       /* see app_write_ahead_from() */
	bool only_counts;       /* a forecast: nothing is written or handed over */
	struct strlist *logged; /* as in struct planner */
	bool has_noticed_rules; /* the plan was made with the policies and calendars of setup */
};

/* A result came in: from a channel, or because there was nothing to hand to it. */
void app_note_result(struct app_channel *from, int64_t message_id, const struct channel_result *result);
/* Frees each configuration whose last transfer has ended and whose last result is settled. */
void app_free_retired(struct app *app);

/* ---- the parts of a pass; all inside its transaction, but where it is said otherwise ---- */

enum { APP_CLAIM_SLICE = 256 }; /* messages claimed for one channel in one pass */

struct app_letter;

struct app_claim {
	struct app_channel *channel;
	int64_t ids[APP_CLAIM_SLICE];
	size_t n;
	struct app_letter *letters; /* of the first n_letters of them */
	size_t n_letters;
};

/* What planning needs; borrows from the app. */
struct planner app_planner(const struct app *app);

/* The peer's code and words, as people quote them. */
enum { APP_QUOTE_SIZE = sizeof(((struct channel_result *)0)->reply) + 16 };
void app_quote(const struct channel_result *result, char text[APP_QUOTE_SIZE]);

/* Records the results that came in. */
MUSTCHECK int app_settle(struct app *app, int64_t now_utc, struct err *err);
/* After the commit: says what was recorded and forgets it. */
void app_announce(struct app *app);

/* Everything besides reminders that wants looking after. *ret_more is set when there is more to do at once. */
MUSTCHECK int app_watch(struct app *app, struct instant now, bool *ret_more, struct err *err);
/* After the commit: what the operator was to hear of is told. */
void app_keep_told(struct app *app);

/* The clock, in app_clock.c. What was written under a clock that was ahead must not wait until that clock's time comes.
 * Before anything is written by the new one; after a commit app_keep_clock() follows, after a rollback
 * app_unnotice_clock(). */
MUSTCHECK int app_notice_clock(struct app *app, struct instant now, struct err *err);
void app_keep_clock(struct app *app, struct instant now);
void app_unnotice_clock(struct app *app);
/* At the start; *ret_is_same_boot: the last process ran on the machine as it is up now. */
MUSTCHECK int app_start_clock(struct app *app, struct instant now, bool *ret_is_same_boot, struct err *err);
/* Keeps the time, now and then, for the next start to compare with, and when the plan was last complete. */
MUSTCHECK int app_note_time(struct app *app, int64_t now_utc, struct err *err);
/* Keeps until when everything is planned. */
MUSTCHECK int app_note_look(struct app *app, struct err *err);
/* Whether the wall clock cannot be believed yet: nothing is planned and nothing claimed then. */
bool app_distrusts_clock(const struct app *app, struct instant now);
/* Ends the doubts of the start, when there are none any more. */
void app_trust_clock(struct app *app, struct instant now);

/* Health, in app_health.c. At the start: pauses that servers asked for before it. */
MUSTCHECK int app_load_pauses(struct app *app, struct err *err);
/* Keeps what the results that came in say of their channels. */
MUSTCHECK int app_note_channels(struct app *app, int64_t now_utc, struct err *err);
/* What was kept of channels that work may not be there any more. */
void app_forget_works(struct app *app);
MUSTCHECK int app_audit(struct app *app, struct instant now, bool *ret_more, struct err *err);
/* Once the pass is durable: an audit that passed is followed by a heartbeat. */
void app_take_audit(struct app *app);

/* Hearing people, in app_listen.c. NULL for a channel on which nobody is heard. */
struct app_listener *app_listener_new(const struct channel *channel);
void app_listener_free(struct app_listener *listener);
/* Applies what was heard; after a commit app_keep_heard() follows and, once it is durable, app_answer(); after a
 * rollback app_unhear(). */
MUSTCHECK int app_hear(struct app *app, int64_t now_utc, struct err *err);
void app_keep_heard(struct app *app);
void app_unhear(struct app *app);
/* After the commit, before app_answer(): whether something was applied. */
bool app_has_heard(const struct app *app);
/* Answers what was applied, as far as there is room; the rest waits for the next pass. */
void app_answer(struct app *app, int64_t now_utc);
/* How many answers the channel has to give. */
unsigned app_n_answers(const struct app_channel *entry);
/* Outside of a transaction: asks each channel for more that does not ask already. */
void app_listen(struct app *app, int64_t now_utc);
/* Before a pass, in transactions of its own: after a crash, applies one update of each channel. */
MUSTCHECK int app_hear_alone(struct app *app, struct instant now, struct err *err);
/* Whether more is to be applied so. */
bool app_hears_on(const struct app *app, struct instant now);
/* At the start: gives up what was being applied when the process crashed. *ret_is_blamed: there was something. */
MUSTCHECK int app_recover_updates(struct app *app, bool is_same_boot, int64_t now_utc, bool *ret_is_blamed,
				  struct err *err);
/* When to ask again; STORE_NEVER while the answers are awaited. */
int64_t app_listen_wake(const struct app *app);

/* Changing what is shown on messengers, in app_show.c. NULL for a channel that cannot. */
struct app_editor *app_editor_new(const struct channel *channel);
/* Keeps what the service calls a message that it accepted, and nothing of any other. */
MUSTCHECK int app_note_shown(struct app *app, const struct app_result *entry, struct err *err);
/* Notes which edits have ended, and how. */
MUSTCHECK int app_settle_shown(struct app *app, int64_t now_utc, struct err *err);
/* After app_claim(): notes what is going to be shown, and takes what is to be changed; after a commit app_keep_shown()
 * follows and, once it is durable, app_edit(); after a rollback app_unshow(). */
MUSTCHECK int app_show(struct app *app, const struct app_claim *claims, struct instant now, struct err *err);
void app_keep_shown(struct app *app);
void app_unshow(struct app *app);
void app_edit(struct app *app, int64_t now_utc);
/* How many edits the channel has to make: those of a pass that the disk did not keep. */
unsigned app_n_edits(const struct app_channel *entry);
/* An edit has ended. */
void app_note_edit(struct app_channel *from, int64_t message, const struct channel_result *result);
/* When to try again what failed; STORE_NEVER when nothing did. */
int64_t app_show_wake(const struct app *app, int64_t now_utc);

/* Threads on messengers, in app_thread.c. NULL for a channel that has none. */
struct app_threads *app_threads_new(const struct channel *channel);
void app_threads_free(struct app_threads *threads);
/* The message is about to be handed over. */
void app_thread_begin(struct app_channel *entry, const struct channel_message *message);
/* Whether it is tried once more without its thread, which may be why it was refused. */
bool app_thread_is_refused(const struct app_result *entry);
/* Once it is settled: it has begun its thread, or ended it. */
MUSTCHECK int app_note_thread(struct app *app, const struct app_result *entry, struct err *err);
/* After the commit. */
void app_thread_end(const struct app_result *entry);

/* Where messages in flight go, in app_address.c. */
struct app_flights *app_flights_new(void);
void app_flights_free(struct app_flights *flights);
/* The message is about to be handed over. */
void app_address_begin(struct app_channel *entry, const struct channel_message *message);
/* Its result came in. The hash of the address; 0 = it was not handed over. */
uint64_t app_address_end(struct app_channel *entry, int64_t message);
/* Before it is settled: a refusal that names a new address is followed. *ret_goes_again: the reader has another address
 * than the one that refused it, and it goes there at once. */
MUSTCHECK int app_address_follow(struct app *app, const struct app_result *entry, int64_t now_utc, bool *ret_goes_again,
				 struct err *err);
/* Once it is settled: what it says about the recipient's address. */
MUSTCHECK int app_address_judge(struct app *app, const struct app_result *entry, const char *reply, int64_t now_utc,
				struct err *err);

/* One message to a reader at a time, in app_each.c. Whether this one may start; one that may not is postponed.
 * *ret_reader is for gate_each_take(). */
MUSTCHECK int app_each_ask(struct app *app, struct app_channel *entry, struct outbox_claiming *before,
			   const struct store_peek *message, struct instant now, uint64_t *ret_reader, bool *ret_may,
			   struct err *err);
/* The results that came in are known: before they are settled, however often that is tried. */
void app_each_end(struct app *app, struct instant now);
/* The pass is over, and what it took is kept or not. */
void app_each_close(struct app *app, bool is_kept);

/* Claims what may be sent; claims has one entry a channel. */
MUSTCHECK int app_claim(struct app *app, struct app_claim *claims, struct instant now, struct err *err);
size_t app_claimed(const struct app *app, const struct app_claim *claims);
/* After the commit: channels hear that their results are recorded. */
void app_resume(struct app *app);
/* After the commit, while the disk still writes: begins to write letters to what was claimed. */
void app_write_ahead(struct app *app, struct app_claim *claims, int64_t now_utc);
/* Once it is durable: hands the claimed messages over. */
void app_send(struct app *app, struct app_claim *claim, int64_t now_utc);
/* When it cannot be made so: what was claimed is not sent this time. */
void app_hold_back(struct app *app, struct app_claim *claims);

#endif

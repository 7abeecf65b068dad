#include "service/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "channel/transfer.h"
#include "service/app.h"
#include "service/forecast.h"
#include "service/lock.h"
#include "service/notify.h"
#include "service/refusal.h"
#include "service/upkeep.h"
#include "store/store_report.h"
#include "store/store_sync.h"

enum { LOOP_PRIORITY_SOCKETS, LOOP_PRIORITY_PASS, LOOP_PRIORITIES };
/* Writes, and everything after which a file may not be in its place any more. */
enum {
	LOOP_FOLDER_EVENTS =
		IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF
};
enum { LOOP_AHEAD_MIN = 32 }; /* letters for which to wake a thread: with fewer it takes as much as it saves */
enum { LOOP_BUSY_MS = 100 };  /* how long a pass waits for another writer: everything else waits meanwhile */
enum { LOOP_LAST_BUSY_MS = 10 * 1000 }; /* the same when it is the last: with the grace it is in TimeoutStopSec= */

struct loop {
	struct event_base *base;
	struct transfer *transfer;
	struct clock clock;
	struct store *store;
	struct app *app;
	struct upkeep *upkeep;
	struct notify *notify;
	const struct loop_start *start;

	struct event *signals[3];
	struct event *reload;  /* once a round, however often SIGHUP came */
	struct event *pass;    /* runs a pass, after all sockets of the round */
	struct event *wake;    /* wake_fd */
	struct event *commits; /* inotify_fd; not watched from a write to the look at it */
	struct event *look;    /* looks for a commit whose write was seen before it counted */
	struct event *watchdog;
	struct event *tell; /* tells the service manager again what it had no room for */
	struct event *grace;
	int wake_fd, inotify_fd;

	int64_t data_version;
	size_t n_looks;
	int64_t last_pass_mono_ms;
	int64_t armed_utc; /* when the timer is set to wake; -1: it has */
	int64_t watchdog_ms, fed_mono_ms;
	int64_t status_utc; /* next time a status is worth telling */
	struct refusal refusal;
	bool is_refusal_known; /* refusal is in the database */
	struct err noted;      /* the trouble that is in the lock file; "" = none */
	int64_t noted_utc;     /* since when */
	bool is_stopping;
	int failure; /* ends the loop */
	struct err err;
};

/* ---- passes ------------------------------------------------------------------------------------------------------- */

static void loop_want_pass(void *arg)
{
	struct loop *loop = arg;
	static const struct timeval now = {0, 0};
	if (!event_pending(loop->pass, EV_TIMEOUT, NULL))
		(void)event_add(loop->pass, &now); /* fails only without memory; the wake timer comes anyway */
}

static void loop_follow_clock(struct loop *loop)
{
	log_info("the clock was set");
	loop->armed_utc = -1;
	loop_want_pass(loop);
}

/* Wakes when the wall clock shows next_utc, and at any step of the clock. After a step that nobody has read the timer is set
 * all the same, and this error is all that tells of it: timerfd_create(2). */
static void loop_arm(struct loop *loop, int64_t next_utc)
{
	const struct itimerspec at = {.it_value = {.tv_sec = next_utc}};
	if (loop->armed_utc == next_utc)
		return;
	loop->armed_utc = next_utc;
	if (timerfd_settime(loop->wake_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) == 0)
		return;
	if (errno == ECANCELED)
		loop_follow_clock(loop);
	else
		log_error("the wake-up timer cannot be set: %s", strerror(errno));
}

/* What cannot be kept now is tried again with the next status. */
static void loop_keep_refusal(struct loop *loop)
{
	struct err err = {0};
	if (loop->is_refusal_known)
		return;
	loop->is_refusal_known = refusal_save(loop->store, &loop->refusal, &err) == 0;
	if (!loop->is_refusal_known)
		log_warning("how the last reload ended could not be kept for deadlinectl status: %s", err.text);
}

/* For deadlinectl status, which may see nothing of it in the database. */
static void loop_note_trouble(struct loop *loop)
{
	struct err now = {0};
	int64_t since_utc = app_trouble_utc(loop->app);
	const char *trouble = app_trouble(loop->app);
	if (trouble != NULL)
		(void)snprintf(now.text, sizeof(now.text), "%s", trouble);
	log_redact(now.text);
	if (since_utc == loop->noted_utc && strcmp(now.text, loop->noted.text) == 0)
		return;
	lock_note_trouble(loop->start->lock, trouble != NULL ? now.text : NULL, since_utc);
	loop->noted = now;
	loop->noted_utc = since_utc;
}

static void loop_tell_again(struct loop *loop)
{
	static const struct timeval second = {1, 0};
	if (!notify_again(loop->notify) && !event_pending(loop->tell, EV_TIMEOUT, NULL))
		(void)event_add(loop->tell, &second); /* without memory the next pass does it */
}

static void loop_on_tell(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	loop_tell_again(arg);
}

static void loop_tell_status(struct loop *loop, int64_t now_utc)
{
	struct store_counts counts;
	const char *trouble = app_trouble(loop->app);
	struct err err;
	char next[32];
	loop_note_trouble(loop);
	if (trouble != NULL) {
		notify_status(loop->notify, "nothing can be recorded, so nothing is sent: %s", trouble);
		loop->status_utc = now_utc;
		return;
	}
	if (now_utc < loop->status_utc && loop->status_utc - now_utc <= 60)
		return;
	loop->status_utc = now_utc + 60;
	loop_keep_refusal(loop);
	if (loop->refusal.why != NULL) {
		notify_status(loop->notify, "reload refused, the old configuration stays: %s", loop->refusal.why);
		return;
	}
	if (store_count(loop->store, &counts, &err) < 0)
		return;
	clock_format_utc(counts.next_wake_utc, next);
	notify_status(loop->notify, "%lld sent, %lld waiting, %lld in flight, %lld given up; next at %s",
		      (long long)counts.n[MESSAGE_SENT], (long long)counts.n[MESSAGE_PENDING],
		      (long long)counts.n[MESSAGE_SENDING], (long long)counts.n[MESSAGE_DEAD],
		      counts.next_wake_utc == STORE_NEVER ? "the next change of the plan" : next);
}

/* And has the timer wait anew. */
static void loop_feed_watchdog(struct loop *loop, int64_t mono_ms)
{
	int64_t half_ms = loop->watchdog_ms / 2;
	const struct timeval interval = {half_ms / 1000, half_ms % 1000 * 1000};
	notify_alive(loop->notify);
	loop_tell_again(loop);
	loop->fed_mono_ms = mono_ms;
	(void)event_add(loop->watchdog, &interval); /* without memory the old one stands */
}

/* Passes that come often enough feed the watchdog themselves, so that its timer wakes nobody up. */
static void loop_mark_pass(struct loop *loop, int64_t mono_ms)
{
	loop->last_pass_mono_ms = mono_ms;
	if (loop->watchdog_ms > 0 && mono_ms - loop->fed_mono_ms >= loop->watchdog_ms / 4)
		loop_feed_watchdog(loop, mono_ms);
}

/* What a ghost knows goes nowhere, but for a log that was removed alone: what it held is brought into the database at the
 * end, as at every end. */
static bool loop_is_in_place(struct loop *loop)
{
	const struct place *place = loop->start->place;
	int status = place_check(place, &loop->err);
	if (status == 0)
		return true;
	if (!place_lacks_only(place, "-wal"))
		store_leave_files(loop->store);
	loop->failure = status;
	(void)event_base_loopbreak(loop->base);
	return false;
}

static void loop_pass(struct loop *loop)
{
	if (!loop_is_in_place(loop))
		return;
	struct instant now = clock_now(&loop->clock);
	int status = app_tick(loop->app, now, &loop->err);
	loop_mark_pass(loop, now.mono_ms);
	if (status == -EUCLEAN) {
		loop->failure = status;
		(void)event_base_loopbreak(loop->base);
		return;
	}
	if (loop->is_stopping && app_is_idle(loop->app)) {
		(void)event_base_loopbreak(loop->base);
		return;
	}
	int64_t next = app_next_wake_utc(loop->app), job = upkeep_next_utc(loop->upkeep, now.wall_s);
	next = next < job ? next : job;
	if (next <= now.wall_s)
		loop_want_pass(loop);
	else
		loop_arm(loop, next);
	if (!loop->is_stopping)
		loop_tell_status(loop, now.wall_s);
	loop_tell_again(loop);
}

static void loop_on_pass(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	loop_pass(arg);
}

static void loop_on_wake(int fd, short events, void *arg)
{
	uint64_t expirations;
	struct loop *loop = arg;
	(void)events;
	loop->armed_utc = -1;
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		loop_follow_clock(loop);
	else
		loop_want_pass(loop);
}

/* ---- commits of others -------------------------------------------------------------------------------------------- */

/* inotify tells of the bytes a writer puts into the write-ahead log, which is before they count as committed: that it says
 * in shared memory, without a sound, and on a slow disk seconds later. So the version is looked at a little later, and a few
 * times more, ever later. Until the first of these looks nothing is heard: while mails go out the writer is this process,
 * a thousand times a second. */
static void loop_look_later(struct loop *loop)
{
	static const struct timeval pauses[] = {{0, 10000}, {0, 50000}, {0, 200000}, {0, 600000}, {2, 0}, {5, 0}};
	if (loop->n_looks < sizeof(pauses) / sizeof(pauses[0]))
		(void)event_add(loop->look, &pauses[loop->n_looks++]); /* without memory the next scan finds it */
}

static void loop_look(struct loop *loop)
{
	struct err err;
	int64_t version = 0;
	if (!loop_is_in_place(loop))
		return;
	int status = store_data_version(loop->store, &version, &err);
	if (status == 0 && version == loop->data_version)
		return;
	loop->data_version = version;
	app_recall(loop->app);
	loop_want_pass(loop);
}

static void loop_on_look(int fd, short events, void *arg)
{
	struct loop *loop = arg;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	(void)fd;
	(void)events;
	while (read(loop->inotify_fd, buffer, sizeof(buffer)) > 0)
		; /* which file it was does not matter: the data version tells */
	(void)event_add(loop->commits,
			NULL); /* it fails only without memory, and then the next scan finds what comes */
	loop_look_later(loop);
	loop_look(loop);
}

static void loop_on_commits(int fd, short events, void *arg)
{
	struct loop *loop = arg;
	(void)fd;
	(void)events;
	loop->n_looks = 0;
	loop_look_later(loop);
}

static int loop_watch_commits(struct loop *loop, const char *database, struct err *err)
{
	char *path = mem_dup(database);
	int status = 0;
	loop->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (loop->inotify_fd < 0 || inotify_add_watch(loop->inotify_fd, dirname(path), LOOP_FOLDER_EVENTS) < 0)
		status = err_set(err, -errno, "the folder of %s cannot be watched: %s", database, strerror(errno));
	free(path);
	return status == 0 ? store_data_version(loop->store, &loop->data_version, err) : status;
}

/* ---- signals ------------------------------------------------------------------------------------------------------ */

static struct setup *loop_load(struct loop *loop, struct problems *problems)
{
	struct err err;
	struct setup *setup = setup_load(loop->start->config, problems);
	if (setup != NULL && app_keep_look(loop->app, &err) < 0)
		log_warning("the forecast may count what is over: %s", err.text);
	if (setup == NULL || forecast_allows(loop->store, loop->start->config, setup, loop->start->accepts_volume,
					     &loop->clock, problems))
		return setup;
	setup_free(setup);
	return NULL;
}

static void loop_print(const struct problems *problems)
{
	char *text = NULL;
	size_t len;
	FILE *lines = open_memstream(&text, &len);
	if (lines == NULL)
		abort(); /* out of memory */
	problems_print(problems, lines);
	(void)fclose(lines); /* it only grows in memory */
	log_lines(text);
	free(text);
}

static void loop_refuse(struct loop *loop, const struct problems *problems)
{
	loop_print(problems);
	log_error("reload refused, the old configuration stays: %zu %s in %s", problems->n,
		  num_word((int64_t)problems->n, "problem", "problems"), loop->start->config);
	loop->refusal = (struct refusal){.why = refusal_words(problems, loop->start->config),
					 .at_utc = clock_now(&loop->clock).wall_s};
}

static void loop_on_reload(int fd, short events, void *arg)
{
	struct loop *loop = arg;
	struct problems problems = {0};
	(void)fd;
	(void)events;
	if (loop->is_stopping) {
		log_info("the configuration is not read again: stopping");
		return;
	}
	notify_reloading(loop->notify);
	struct setup *setup = loop_load(loop, &problems);
	refusal_done(&loop->refusal);
	if (setup != NULL) {
		app_reload(loop->app, setup, clock_now(&loop->clock));
		log_info("configuration %s is in place", loop->start->config);
	} else {
		loop_refuse(loop, &problems);
	}
	loop->is_refusal_known = false;
	loop->status_utc = 0;
	loop_tell_status(loop, clock_now(&loop->clock).wall_s);
	problems_done(&problems);
	notify_ready(loop->notify);
	loop_want_pass(loop);
}

static void loop_on_grace(int fd, short events, void *arg)
{
	struct loop *loop = arg;
	(void)fd;
	(void)events;
	if (!loop_is_in_place(loop))
		return;
	log_warning("some transfers did not end within %d s: they are given up", LOOP_GRACE_S);
	store_set_busy(loop->store, LOOP_LAST_BUSY_MS);
	int status = app_abandon(loop->app, clock_now(&loop->clock), &loop->err);
	loop->failure = status == -EUCLEAN ? status : 0; /* anything else was logged */
	(void)event_base_loopbreak(loop->base);
}

static void loop_stop(struct loop *loop)
{
	static const struct timeval grace = {LOOP_GRACE_S, 0};
	if (loop->is_stopping)
		return;
	loop->is_stopping = true;
	log_info("stopping: transfers may finish");
	notify_stopping(loop->notify);
	app_stop(loop->app);
	(void)event_add(loop->grace, &grace); /* without memory systemd's own limit ends us */
	loop_want_pass(loop);
}

static void loop_on_signal(int signal, short events, void *arg)
{
	(void)events;
	struct loop *loop = arg;
	if (signal != SIGHUP)
		loop_stop(loop);
	else
		event_active(loop->reload, EV_TIMEOUT, 0);
}

/* The watchdog is fed only while passes are made: a loop that turns without working is stuck, too. */
static void loop_on_watchdog(int fd, short events, void *arg)
{
	struct loop *loop = arg;
	(void)fd;
	(void)events;
	int64_t mono_ms = clock_now(&loop->clock).mono_ms;
	int64_t longest_ms = 2000 * app_setup(loop->app)->conf->scan_interval_s + loop->watchdog_ms;
	if (mono_ms - loop->last_pass_mono_ms <= longest_ms)
		loop_feed_watchdog(loop, mono_ms);
}

/* ---- set-up ------------------------------------------------------------------------------------------------------- */

static struct event *loop_event(struct loop *loop, int fd, short what, event_callback_fn callback, int priority)
{
	struct event *event = event_new(loop->base, fd, what, callback, loop);
	if (event == NULL || event_priority_set(event, priority) < 0)
		mem_lack();
	return event;
}

static void loop_add_events(struct loop *loop)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	loop->pass = loop_event(loop, -1, 0, loop_on_pass, LOOP_PRIORITY_PASS);
	loop->grace = loop_event(loop, -1, 0, loop_on_grace, LOOP_PRIORITY_SOCKETS);
	loop->reload = loop_event(loop, -1, 0, loop_on_reload, LOOP_PRIORITY_PASS);
	loop->wake = loop_event(loop, loop->wake_fd, EV_READ | EV_PERSIST, loop_on_wake, LOOP_PRIORITY_SOCKETS);
	loop->commits = loop_event(loop, loop->inotify_fd, EV_READ, loop_on_commits, LOOP_PRIORITY_SOCKETS);
	loop->look = loop_event(loop, -1, 0, loop_on_look, LOOP_PRIORITY_SOCKETS);
	loop->watchdog = loop_event(loop, -1, EV_PERSIST, loop_on_watchdog, LOOP_PRIORITY_SOCKETS);
	loop->tell = loop_event(loop, -1, 0, loop_on_tell, LOOP_PRIORITY_SOCKETS);
	(void)event_add(loop->wake, NULL); /* these fail only without memory, and then at the first epoll_ctl */
	(void)event_add(loop->commits, NULL);
	for (size_t i = 0; i < 3; i++) {
		loop->signals[i] =
			loop_event(loop, signals[i], EV_SIGNAL | EV_PERSIST, loop_on_signal, LOOP_PRIORITY_SOCKETS);
		(void)event_add(loop->signals[i], NULL);
	}
	loop->watchdog_ms = notify_watchdog_ms();
	if (loop->watchdog_ms > 0)
		loop_feed_watchdog(loop, clock_now(&loop->clock).mono_ms);
}

static struct event_base *loop_new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;
	if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	if (base != NULL && event_base_priority_init(base, LOOP_PRIORITIES) < 0) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

static int loop_set_up(struct loop *loop, const char *database, struct err *err)
{
	loop->base = loop_new_base();
	if (loop->base == NULL)
		return err_set(err, -ENOMEM, "libevent cannot make an event loop");
	int status = transfer_new(loop->base, &loop->transfer, err);
	if (status < 0)
		return status;
	loop->wake_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return err_set(err, -errno, "timerfd_create: %s", strerror(errno));
	status = loop_watch_commits(loop, database, err);
	if (status == 0)
		loop_add_events(loop);
	return status;
}

/* Without its events a second SIGTERM would kill the process, which has heard the first one and is about to end well. */
static void loop_hear_no_more(void)
{
	sigset_t all;
	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGTERM);
	(void)sigaddset(&all, SIGINT);
	(void)sigaddset(&all, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &all, NULL); /* these fail only for a wrong number */
}

static void loop_tear_down(struct loop *loop)
{
	struct event *events[] = {loop->pass,       loop->wake,       loop->commits,   loop->look,
				  loop->watchdog,   loop->tell,       loop->grace,     loop->reload,
				  loop->signals[0], loop->signals[1], loop->signals[2]};
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (loop->transfer != NULL)
		transfer_free(loop->transfer);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	if (loop->inotify_fd >= 0)
		(void)close(loop->inotify_fd);
}

/* What was held back during the start may come. */
static void loop_take_reloads(void)
{
	sigset_t reload;
	(void)sigemptyset(&reload);
	(void)sigaddset(&reload, SIGHUP);
	(void)sigprocmask(SIG_UNBLOCK, &reload, NULL); /* these fail only for a wrong number */
}

static void loop_serve(struct loop *loop)
{
	store_set_busy(loop->store, LOOP_BUSY_MS);
	loop_take_reloads();
	log_info("deadlined %s is ready: database %s", DEADLINED_VERSION, app_setup(loop->app)->conf->database);
	notify_ready(loop->notify);
	loop_tell_again(loop);
	(void)event_base_dispatch(loop->base); /* ends by loopbreak alone: there are always events */
}

/* The first pass is made before READY: what is wrong with the database shows at the start. */
static int loop_live(struct loop *loop, struct setup *setup, struct err *err)
{
	struct instant now = clock_now(&loop->clock);
	loop->app = app_new(loop->store, setup, loop->transfer, now, loop_want_pass, loop);
	loop->last_pass_mono_ms = now.mono_ms;
	if (loop->start->was_crash)
		app_note_crash(loop->app);
	app_use_upkeep(loop->app, loop->upkeep);
	store_sync_use_thread();
	app_write_ahead_from(loop->app, LOOP_AHEAD_MIN);
	app_use_audit(loop->app, now);
	int status = upkeep_start(loop->upkeep, setup->conf, err);
	if (status == 0)
		status = app_start(loop->app, now, err);
	if (status == 0) {
		loop_pass(loop); /* which takes away a refusal of the process before */
		if (loop->failure == 0)
			loop_serve(loop);
		if (loop->failure == 0) /* the end writes, too */
			(void)loop_is_in_place(loop);
		status = loop->failure;
		if (status < 0)
			*err = loop->err;
	}
	app_free(loop->app);
	return status;
}

int loop_run(struct store *store, struct setup *setup, const struct loop_start *start, struct err *err)
{
	struct loop loop = {
		.clock = clock_system(),
		.store = store,
		.upkeep = upkeep_new(),
		.notify = notify_new(),
		.start = start,
		.wake_fd = -1,
		.inotify_fd = -1,
		.armed_utc = -1,
	};
	int status = loop_set_up(&loop, setup->conf->database, err);
	if (status == 0)
		status = loop_live(&loop, setup, err);
	else
		setup_free(setup);
	refusal_done(&loop.refusal);
	upkeep_free(loop.upkeep);
	loop_hear_no_more();
	loop_tear_down(&loop);
	notify_free(loop.notify);
	return status;
}

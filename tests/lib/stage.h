/* stage: the whole app on a virtual clock, played from one instant to another. Its channels accept every message at
 * once, unless a test says otherwise, and keep what they were given and when. */
#ifndef DEADLINED_TESTS_STAGE_H
#define DEADLINED_TESTS_STAGE_H

#include "base/log.h"
#include "office.h"
#include "service/app.h"

enum { STAGE_SENT_MAX = 4096 };

struct stage_sent {
	int64_t at_utc, id;
	char person[24], channel[16], kind[16], language[8];
	char thread_id[STORE_MESSAGE_ID_SIZE], message_id[STORE_MESSAGE_ID_SIZE];
	char *subject, *text;
	char *steps; /* "uid: step" of every reminder in it, in lines */
};

struct stage {
	struct office office;
	struct app *app;
	struct instant now;
	const char *config;
	bool is_woken;
	enum channel_verdict verdict;           /* of every message */
	struct stage_sent sent[STAGE_SENT_MAX]; /* what was handed over, accepted or not */
	size_t n_sent;
};

static struct stage stage;

/* ---- channels ----------------------------------------------------------------------------------------------------- */

static inline char *stage_steps(int64_t id)
{
	return mem_dup(office_text(&stage.office,
				   "SELECT group_concat(line, char(10)) FROM (SELECT t.uid || ': ' || r.step AS line"
				   " FROM reminder r JOIN task t ON t.id = r.task WHERE r.message = %lld"
				   " AND r.dropped IS NULL ORDER BY 1)",
				   (long long)id));
}

static inline void stage_send(struct channel *channel, const struct channel_message *message)
{
	struct channel_result result;
	assert_true(stage.n_sent < STAGE_SENT_MAX);
	struct stage_sent *sent = &stage.sent[stage.n_sent++];
	*sent = (struct stage_sent){
		.at_utc = stage.now.wall_s,
		.id = message->id,
		.subject = mem_dup(message->subject),
		.text = mem_dup(message->text),
		.steps = stage_steps(message->id),
	};
	(void)snprintf(sent->person, sizeof(sent->person), "%s", message->person);
	(void)snprintf(sent->channel, sizeof(sent->channel), "%s", channel->name);
	(void)snprintf(sent->kind, sizeof(sent->kind), "%s", message->kind);
	(void)snprintf(sent->language, sizeof(sent->language), "%s", message->language);
	(void)snprintf(sent->message_id, sizeof(sent->message_id), "%s", message->message_id);
	(void)snprintf(sent->thread_id, sizeof(sent->thread_id), "%s",
		       message->thread_id != NULL ? message->thread_id : "");
	channel_result_set(&result, stage.verdict, CHANNEL_BLAME_MESSAGE, 0, "said the stage");
	channel_finish(channel, message->id, &result);
}

static inline bool stage_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	(void)err;
	return address[0] != '\0';
}

static inline unsigned stage_room(const struct channel *channel)
{
	return 256 - channel->in_flight;
}

static inline void stage_stop(struct channel *channel)
{
	(void)channel;
}

static inline void stage_free(struct channel *channel)
{
	free(channel);
}

static const struct channel_ops stage_ops = {
	.type = "stage",
	.is_local = true,
	.check_address = stage_check_address,
	.send = stage_send,
	.room = stage_room,
	.stop = stage_stop,
	.free = stage_free,
};

/* ---- the app ------------------------------------------------------------------------------------------------------ */

/* A complete setup from the text of a configuration without [daemon], and from the calendars and templates that are
 * shipped. */
static inline struct setup *stage_setup(const char *text)
{
	struct problems problems = {0};
	char folder[256];
	assert_non_null(getcwd(folder, sizeof(folder)));
	const char *path = scratch_path(&stage.office.scratch, "deadlined.ini");
	char *whole = mem_printf("[daemon]\ndatabase = plan.db\nstate_dir = .\nzone = Asia/Sakhalin\nlanguage = en\n"
				 "templates = %s/config/templates\nmessengers = %s/config/messengers\n"
				 "calendars = %s/config/calendars\nscan_interval = 1d\n%s",
				 folder, folder, folder, text);
	scratch_write(path, whole, strlen(whole));
	free(whole);
	struct setup *setup = setup_load(path, &problems);
	problems_print(&problems, stderr);
	assert_non_null(setup);
	for (size_t i = 0; i < setup->n_channels; i++) {
		struct channel *real = setup->channels[i], *fake = mem_zero(1, sizeof(*fake));
		*fake = (struct channel){
			.ops = &stage_ops, .name = mem_dup(real->name), .domain = mem_dup("example.org")};
		channel_free(real);
		setup->channels[i] = fake;
	}
	return setup;
}

static inline void stage_wake(void *arg)
{
	(void)arg;
	stage.is_woken = true;
}

/* The daemon starts; stage_down() before it, for a restart. */
static inline void stage_up(void)
{
	stage.app = app_new(stage.office.store, stage_setup(stage.config), NULL, stage.now, stage_wake, NULL);
	OK(app_start(stage.app, stage.now, ERR));
}

static inline void stage_down(void)
{
	app_free(stage.app);
	stage.app = NULL;
	office_reopen(&stage.office);
}

static inline void stage_open(const char *config, const char *now)
{
	stage = (struct stage){
		.now = {.wall_s = utc(now), .mono_ms = 1000}, .config = config, .verdict = CHANNEL_ACCEPTED};
	log_set_level(LOG_LEVEL_ERROR);
	office_open(&stage.office);
	stage_up();
}

static inline void stage_close(void)
{
	app_free(stage.app);
	office_close(&stage.office);
	for (size_t i = 0; i < stage.n_sent; i++) {
		free(stage.sent[i].subject);
		free(stage.sent[i].text);
		free(stage.sent[i].steps);
	}
}

static inline void stage_clock(int64_t to_utc)
{
	stage.now.mono_ms += (to_utc - stage.now.wall_s) * 1000;
	stage.now.wall_s = to_utc;
}

/* Passes until there is nothing more to do at this instant. */
static inline void stage_rest(void)
{
	for (int i = 0; i < 200; i++) {
		stage.is_woken = false;
		OK(app_tick(stage.app, stage.now, ERR));
		if (!stage.is_woken && app_next_wake_utc(stage.app) > stage.now.wall_s)
			return;
	}
	fail_msg("the app does not come to rest");
}

/* The daemon lives until then, waking when it wants to. */
static inline void stage_live(const char *until)
{
	int64_t end_utc = utc(until);
	assert_true(end_utc >= stage.now.wall_s);
	for (int i = 0; i < 100000; i++) {
		stage_rest();
		int64_t next = app_next_wake_utc(stage.app);
		if (stage.now.wall_s == end_utc)
			return;
		stage_clock(next < end_utc ? next : end_utc);
	}
	fail_msg("the app wakes too often");
}

/* Time passes, nobody lives. */
static inline void stage_down_until(const char *until)
{
	stage_down();
	stage_clock(utc(until));
	stage_up();
}

/* A person with e-mail; set: SQL like "work = '09:00-18:00'", or NULL. */
static inline void stage_person(const char *id, const char *zone, const char *set)
{
	office_add_person(&stage.office, id, zone, "email");
	if (set != NULL)
		office_run(&stage.office, "UPDATE person SET %s WHERE id = '%s'", set, id);
}

/* ---- what was sent ------------------------------------------------------------------------------------------------ */

/* Messages to the person (NULL: anybody) whose steps have that text (NULL: any). */
static inline size_t stage_count(const char *person, const char *steps)
{
	size_t n = 0;
	for (size_t i = 0; i < stage.n_sent; i++)
		n += (person == NULL || strcmp(stage.sent[i].person, person) == 0) &&
		     (steps == NULL || strstr(stage.sent[i].steps, steps) != NULL);
	return n;
}

static inline size_t stage_count_kind(const char *person, const char *kind)
{
	size_t n = 0;
	for (size_t i = 0; i < stage.n_sent; i++)
		n += (person == NULL || strcmp(stage.sent[i].person, person) == 0) &&
		     strcmp(stage.sent[i].kind, kind) == 0;
	return n;
}

static inline void stage_print(void)
{
	for (size_t i = 0; i < stage.n_sent; i++) {
		char at[32];
		clock_format_utc(stage.sent[i].at_utc, at);
		print_message("%s %s %s [%s]\n", at, stage.sent[i].person, stage.sent[i].kind, stage.sent[i].steps);
	}
}

/* Everything that was sent, in order: "2025-06-13T22:00 anna single". */
struct stage_expected {
	const char *at, *person, *kind, *steps;
};

static inline void stage_expect(const struct stage_expected *rows, size_t n)
{
	bool is_right = n == stage.n_sent;
	for (size_t i = 0; i < n && is_right; i++)
		is_right = stage.sent[i].at_utc == utc(rows[i].at) &&
			   strcmp(stage.sent[i].person, rows[i].person) == 0 &&
			   strcmp(stage.sent[i].kind, rows[i].kind) == 0 &&
			   strcmp(stage.sent[i].steps, rows[i].steps) == 0;
	if (is_right)
		return;
	stage_print();
	fail_msg("this is not what was expected");
}
#define STAGE_EXPECT(...)                                                                                              \
	do {                                                                                                           \
		const struct stage_expected expected_[] = {__VA_ARGS__};                                               \
		stage_expect(expected_, sizeof(expected_) / sizeof(expected_[0]));                                     \
	} while (0)

#endif

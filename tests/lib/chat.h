/* chat: an office whose people write to a messenger: what they send is heard as the daemon hears it, and what they are
 * answered is kept. */
#ifndef DEADLINED_TESTS_CHAT_H
#define DEADLINED_TESTS_CHAT_H

#include "office.h"
#include "store/store_ledger.h"
#include "store/store_person.h"
#include "talk/talk.h"

#define CHAT_NOW "2025-05-15T01:00" /* a Thursday, noon on Sakhalin */

struct chat {
	struct office office;
	struct policies *policies;
	struct planner planner;
	struct talk talk;
	int64_t now_utc;
	struct talk_reply reply;
	int64_t fair, call, report, weekly, secret;
};

static struct chat chat;
static struct catalog *chat_catalog; /* the shipped one, made once */

static const struct planner_channel chat_channels[] = {{"telegram", "example.org"}, {"max", "example.org"}};

static inline void chat_add_person(const char *id, const char *language, const char *zone, const char *address)
{
	office_add_person(&chat.office, id, zone, "");
	if (address != NULL)
		OK(store_address_set(chat.office.store, id, "telegram", address, ERR));
	office_run(&chat.office, "UPDATE person SET language = '%s' WHERE id = '%s'", language, id);
}

static inline void chat_add_people(void)
{
	chat_add_person("anna", "ru", "Asia/Sakhalin", "100");
	chat_add_person("bo", "zh", "Asia/Shanghai", "200");
	chat_add_person("carl", "en", "Europe/London", "300");
	chat_add_person("dora", "de", "Europe/Berlin", "400");
	chat_add_person("desk", "en", "Asia/Sakhalin", "-500");
	chat_add_person("left", "en", "UTC", "600");
	chat_add_person("new", "en", "UTC", NULL);
	chat_add_person("operator", "en", "UTC", "900");
	office_run(&chat.office, "UPDATE person SET active = 0 WHERE id = 'left'");
}

static inline void chat_add_tasks(void)
{
	chat.fair = office_add_task(&chat.office,
				    &(struct office_task){.uid = "fair",
							  .start = "2025-06-01",
							  .end = "2025-06-30",
							  .precision = PERIOD_MONTH,
							  .zone = "Asia/Shanghai",
							  .people = "responsible:anna supervisor:bo watcher:carl "
								    "participant:left participant:desk"});
	chat.call = office_add_task(&chat.office, &(struct office_task){.uid = "call",
									.start = "2025-05-16T14:30",
									.zone = "Asia/Shanghai",
									.people = "anna desk"});
	chat.report = office_add_task(&chat.office, &(struct office_task){.uid = "report",
									  .end = "2025-05-10",
									  .precision = PERIOD_DAY,
									  .zone = "Asia/Sakhalin",
									  .people = "anna bo"});
	chat.weekly = office_add_task(&chat.office, &(struct office_task){.uid = "weekly",
									  .start = "2025-05-05",
									  .precision = PERIOD_DAY,
									  .zone = "Asia/Sakhalin",
									  .people = "anna"});
	office_run(&chat.office, "UPDATE task SET rrule = 'FREQ=WEEKLY' WHERE uid = 'weekly'");
	chat.secret = office_add_task(
		&chat.office, &(struct office_task){.uid = "secret", .start = "2025-05-20", .people = "operator"});
	OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
}

static inline int chat_open(void **state)
{
	(void)state;
	static const char config[] = "[daemon]\n[channel telegram]\ntype = maildir\n[channel max]\ntype = maildir\n";
	struct problems problems = {0};
	chat = (struct chat){.now_utc = utc(CHAT_NOW)};
	office_open(&chat.office);
	const char *path = scratch_path(&chat.office.scratch, "deadlined.ini");
	scratch_write(path, config, strlen(config));
	struct conf *conf = conf_read(path, &problems);
	chat.policies = policies_load(conf, &problems);
	conf_free(conf);
	if (chat_catalog == NULL)
		chat_catalog = catalog_load("config/templates", NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	chat.planner = (struct planner){.policies = chat.policies,
					.channels = chat_channels,
					.n_channels = 2,
					.catch_up_max_age_s = 7 * 86400,
					.operator_id = "operator"};
	chat.talk = (struct talk){chat.office.store, &chat.planner, chat_catalog, "en", zone_find("UTC"), NULL, 0,
				  UTF8_BYTES};
	chat_add_people();
	chat_add_tasks();
	return 0;
}

static inline int chat_close(void **state)
{
	(void)state;
	talk_reply_done(&chat.reply);
	policies_free(chat.policies);
	office_close(&chat.office);
	return 0;
}

static inline int chat_free_catalog(void **state)
{
	(void)state;
	catalog_free(chat_catalog);
	return 0;
}

/* ---- what they send ----------------------------------------------------------------------------------------------- */

static inline void chat_hear(enum channel_update_kind kind, const char *channel, const char *sender, const char *where,
			     const char *text)
{
	const struct channel_update update = {
		.kind = kind, .sender = (char *)sender, .chat = (char *)where, .text = (char *)text};
	talk_reply_done(&chat.reply);
	OK(store_begin(chat.office.store, ERR));
	OK(talk_hear(&chat.talk, channel, &update, chat.now_utc, &chat.reply, ERR));
	OK(store_commit(chat.office.store, ERR));
}

static inline void chat_write(const char *sender, const char *text)
{
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", sender, sender, text);
}

/* The data of a button as talk.h describes it. */
static inline const char *chat_data(char verb, int64_t task, const char *rest)
{
	static char data[200];
	(void)snprintf(data, sizeof(data), "%c %lld %s", verb, (long long)task, rest);
	return data;
}

static inline const char *chat_press(const char *sender, char verb, int64_t task, const char *rest)
{
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", sender, sender, chat_data(verb, task, rest));
	return chat.reply.toast != NULL ? chat.reply.toast : "(nothing)";
}

/* ---- what they get ------------------------------------------------------------------------------------------------ */

static inline int64_t chat_answers(void)
{
	return office_number(&chat.office, "SELECT count(*) FROM notice WHERE subject <> ''");
}

/* "person: subject | text" of the last answer, and what its buttons carry. */
static inline const char *chat_answer(void)
{
	static char text[8192];
	char *head = mem_dup(office_text(&chat.office,
					 "SELECT m.person || ': ' || n.subject FROM notice n JOIN message m"
					 " ON m.id = n.message WHERE n.subject <> '' ORDER BY m.id DESC LIMIT 1"));
	(void)snprintf(text, sizeof(text), "%s | %s", head,
		       office_text(&chat.office, "SELECT n.text FROM notice n WHERE n.subject <> ''"
						 " ORDER BY n.message DESC LIMIT 1"));
	free(head);
	return text;
}

static inline const char *chat_buttons(void)
{
	return office_text(&chat.office,
			   "SELECT buttons FROM notice WHERE subject <> '' ORDER BY message DESC LIMIT 1");
}

/* Lines of the ledger that this test caused: "who through action task person detail", one a line. */
static inline const char *chat_ledger(void)
{
	return office_text(
		&chat.office,
		"SELECT group_concat(line, char(10)) FROM (SELECT coalesce(who, '-') || ' ' || through || ' ' ||"
		" action || coalesce(' ' || task, '') || coalesce(' ' || person, '') ||"
		" coalesce(' ' || detail, '') AS line FROM ledger WHERE through <> 'test' ORDER BY id)");
}

/* Everything that may change when somebody is heard. */
static inline int64_t chat_state(void)
{
	return office_number(&chat.office,
			     "SELECT (SELECT count(*) FROM ledger) * 1000 + (SELECT count(*) FROM message) * 100"
			     " + (SELECT count(*) FROM question) * 10 + (SELECT count(*) FROM answered)"
			     " + (SELECT count(*) FROM invite) * 10000 + (SELECT count(*) FROM suspension) * 7");
}

static inline void chat_assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
}

static inline const char *chat_task_status(const char *uid)
{
	return office_text(&chat.office, "SELECT status FROM task WHERE uid = '%s'", uid);
}

static inline const char *chat_task_end(const char *uid)
{
	return office_text(&chat.office,
			   "SELECT coalesce(start_local, '..') || ' ' || end_local || ' ' || precision"
			   " FROM task WHERE uid = '%s'",
			   uid);
}

static inline void chat_set_people(int64_t task, const char *ids)
{
	struct strlist people = {0};
	bool is_changed;
	strlist_add_words(&people, ids);
	OK(store_task_set_people(chat.office.store, task, &people, &is_changed, ERR));
	strlist_done(&people);
}

#endif

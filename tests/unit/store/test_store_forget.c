/* Forgetting a person: no byte of what names them is left, and what became of the tasks is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "office.h"
#include "store/store_forget.h"
#include "store/store_ledger.h"
#include "store/store_move.h"
#include "store/store_priv.h"

static struct office office;
static int64_t visit, sent, waiting;

/* Everything of theirs has one of these in it. */
static const char *const planted[] = {"anna-secret-id", "Anna Planted Petrova", "anna@planted.example.org",
				      "+7-924-PLANTED"};
enum { PLANTED = sizeof(planted) / sizeof(planted[0]) };

static int open_office(void **state)
{
	(void)state;
	struct person person = {.id = mem_dup(planted[0]),
				.name = mem_dup(planted[1]),
				.language = mem_dup("ru"),
				.zone = mem_dup("Asia/Sakhalin")};
	static const char *const channels[] = {"email", "sms"};
	enum store_change change;
	office_open(&office);
	person_add_address(&person, "email", planted[2]);
	person_add_address(&person, "sms", planted[3]);
	OK(store_person_put(office.store, &person, channels, 2, &change, ERR));
	person_done(&person);
	office_add_person(&office, "boris", "Europe/Moscow", "email");
	visit = office_add_task(&office, &(struct office_task){.uid = "visit",
							       .start = "2025-06-15",
							       .people = "responsible:anna-secret-id boris"});
	sent = office_add_message(&office, visit, planted[0], "email", "remind 7d before start", utc("2025-06-08"));
	waiting = office_add_message(&office, visit, planted[0], "email", "remind 1d before start", utc("2025-06-14"));
	OK(store_attempt_start(office.store, sent, utc("2025-06-08"), ERR));
	OK(store_attempt_end(office.store, sent, "accepted", 250, "ok for anna@planted.example.org", ERR));
	office_run(&office,
		   "UPDATE message SET state = 'sent', last_reply = '250 <ANNA@PLANTED.example.org>' WHERE id = %lld",
		   (long long)sent);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* In every place where words about a person can stand, put there as sqlite3(1) would. */
static void plant_everywhere(void)
{
	int64_t theirs =
		office_add_message(&office, visit, "boris", "email", "remind 3d before start", utc("2025-06-12"));
	office_run(
		&office,
		"INSERT INTO deputy VALUES ('anna-secret-id', 'boris', '2025-06-01', '2025-06-05');"
		"INSERT INTO deputy VALUES ('boris', 'anna-secret-id', '2025-07-01', '2025-07-05');"
		"INSERT INTO silence (person, until_utc, reason, author) VALUES ('anna-secret-id', 1, 'ill', 'boris');"
		"INSERT INTO silence (person, until_utc, reason, author)"
		" VALUES ('boris', 1, 'asked by Anna Planted Petrova', 'anna-secret-id');"
		"INSERT INTO brake VALUES ('person', 'anna-secret-id', 1, 1, 1, NULL);"
		"INSERT INTO suspension (person, channel, refusals, reason) VALUES ('anna-secret-id', 'sms', 3, 'no +7-924-PLANTED');"
		"INSERT INTO suspension (person, channel, refusals, reason) VALUES ('boris', 'email', 3, 'see anna@planted.example.org');"
		"INSERT INTO channel (name, failure) VALUES ('email', 'refused anna@planted.example.org');"
		"INSERT INTO meta VALUES ('notice person anna-secret-id', 'said');"
		"INSERT INTO ledger (at_utc, who, action, task, person, detail) VALUES"
		" (5, 'anna-secret-id', 'snooze', 'visit', 'anna-secret-id', 'for Anna Planted Petrova');"
		"UPDATE message SET last_reply = 'try anna@planted.example.org', reason = 'by anna-secret-id'"
		" WHERE id = %lld;"
		"INSERT INTO notice (message, text, subject, buttons) VALUES (%lld, 'The brake on anna-secret-id is on',"
		" 'For Anna Planted Petrova', '[[\"anna-secret-id\", \"d 1\"]]');"
		"INSERT INTO shown VALUES (%lld, 'planted-5', 0);"
		"INSERT INTO shown VALUES (%lld, '7', 0);"
		"INSERT INTO shown_gone VALUES (%lld, 99, '2025-06-15', 'day', 'gone', 'Ask Anna Planted Petrova', 'UTC');"
		"INSERT INTO thread VALUES (%lld, '+7-924-PLANTED', 'planted-6');"
		"INSERT INTO invite VALUES ('planted-hash', 'anna-secret-id', 'sms', 5);"
		"INSERT INTO question VALUES ('anna-secret-id', 'sms', %lld, '2025-06-15', 5);"
		"INSERT INTO answered VALUES ('anna-secret-id', 'sms', 5, 1, 5, 1);"
		"INSERT INTO meta VALUES ('notice suspended anna-secret-id sms 5', 'said');"
		"INSERT INTO attempt VALUES (%lld, 1, 5, 'temporary', 450, 'like anna@planted.example.org');"
		"INSERT INTO reminder VALUES (%lld, '2025-06-15', 'x', 'boris', 'sms', 5, NULL,"
		" 'silenced by anna-secret-id: +7-924-PLANTED', NULL, 'anna-secret-id');",
		(long long)theirs, (long long)theirs, (long long)sent, (long long)theirs, (long long)theirs,
		(long long)sent, (long long)visit, (long long)theirs, (long long)visit);
}

static struct store_forgotten forget(const char *person)
{
	struct store_forgotten forgotten;
	OK(store_begin(office.store, ERR));
	OK(store_forget(office.store, person, &forgotten, ERR));
	OK(store_commit(office.store, ERR));
	return forgotten;
}

static bool file_has(const char *ending, const char *text)
{
	size_t len = 0;
	char *path = mem_printf("%s%s", office.scratch.database, ending);
	char *bytes = access(path, F_OK) == 0 ? scratch_read(path, &len) : NULL;
	bool has = bytes != NULL && memmem(bytes, len, text, strlen(text)) != NULL;
	free(bytes);
	free(path);
	return has;
}

/* Any of the files. Closing one after reading drops this process's locks on it, so nothing is written after this. */
static bool any_file_has(const char *text)
{
	return file_has("", text) || file_has("-wal", text) || file_has("-shm", text);
}

/* The silences above have cancelled what waited. */
static void plant_waiting(void)
{
	(void)office_add_message(&office, visit, planted[0], "sms", "remind 2d before start", utc("2025-06-13"));
}

static void forget__person_with_traces_everywhere__leaves_no_byte(void **state)
{
	(void)state;
	plant_everywhere();
	plant_waiting();
	/* What was deleted before still lies in free pages. */
	office_run(&office, "PRAGMA secure_delete = OFF; INSERT INTO meta SELECT 'old', group_concat(name) FROM person;"
			    "DELETE FROM meta WHERE key = 'old'");
	struct store_forgotten forgotten = forget(planted[0]);
	assert_string_equal(forgotten.mark, "forgotten-1");
	for (size_t i = 0; i < STORE_FORGET_KINDS; i++)
		if (forgotten.kinds[i].n == 0)
			fail_msg("none: %s", forgotten.kinds[i].what);
	assert_int_equal(forgotten.tasks.n, 0);
	store_forgotten_done(&forgotten);
	OK(store_forget_clean(office.store, ERR));
	bool left[PLANTED];
	for (size_t i = 0; i < PLANTED; i++)
		left[i] = any_file_has(planted[i]) || any_file_has("PLANTED") || any_file_has("planted");
	for (size_t i = 0; i < PLANTED; i++)
		if (left[i])
			fail_msg("%s is still there", planted[i]);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_string_equal(office_text(&office, "PRAGMA integrity_check"), "ok");
}

/* The test above proves something only if the bytes were there. */
static void forget__before_it__every_byte_is_there(void **state)
{
	(void)state;
	plant_everywhere();
	for (size_t i = 0; i < PLANTED; i++)
		assert_true(any_file_has(planted[i]));
}

/* Columns with words that are new since this was written must be thought of: who writes a person's data there? */
static void forget__columns_of_text__are_all_known(void **state)
{
	(void)state;
	static const char known[] =
		"acknowledgement.occurrence,address.address,address.channel,address.person,answered.channel,answered.person,attempt.outcome,attempt.reply,"
		"brake.name,brake.scope,cancellation.date,channel.failure,channel.name,channel.updates_next,"
		"channel.updates_account,heard.channel,heard.hash,heard.kind,heard.person,deputy.deputy,deputy.from_date,deputy.person,"
		"deputy.to_date,ledger.action,ledger.detail,ledger.person,ledger.task,ledger.through,ledger.who,invite.channel,"
		"invite.hash,invite.person,question.channel,question.occurrence,question.person,shown.remote_id,"
		"shown_gone.key,shown_gone.precision,shown_gone.title,shown_gone.uid,shown_gone.zone,"
		"message.channel,message.domain,message.kind,message.last_reply,message.person,message.reason,message.state,"
		"meta.key,meta.value,moved_to.date,moved_to.key,"
		"notice.buttons,notice.subject,notice.text,occurrence.date,occurrence.end_local,occurrence.moved_key,"
		"occurrence.precision,occurrence.start_local,occurrence.status,part.person,part.role,person.*,"
		"reminder.channel,reminder.deputy_for,reminder.dropped,reminder.held,reminder.occurrence,reminder.person,"
		"reminder.step,silence.author,silence.person,silence.reason,suspension.channel,suspension.person,thread.address,thread.remote_id,"
		"suspension.reason,tally.state,task.end_local,task.exdate,task.note,task.place,task.policy,task.precision,"
		"task.priority,task.rdate,task.rrule,task.start_local,task.status,task.title,task.uid,task.zone,";
	const char *unknown = office_text(
		&office,
		"SELECT group_concat(t.name || '.' || c.name) FROM sqlite_schema t, pragma_table_info(t.name) c"
		" WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name <> 'person' AND t.name NOT LIKE 'sqlite_%%'"
		" AND instr('%s', t.name || '.' || c.name || ',') = 0",
		known);
	if (unknown[0] != '\0')
		fail_msg("store_forget.c knows nothing of %s", unknown);
}

static void forget__history__stays_under_a_mark(void **state)
{
	(void)state;
	struct store_forgotten forgotten = forget(planted[0]);
	store_forgotten_done(&forgotten);
	assert_string_equal(office_text(&office,
					"SELECT person || state || coalesce(last_reply, '') FROM message"
					" WHERE id = %lld",
					(long long)sent),
			    "forgotten-1sent");
	assert_string_equal(office_text(&office, "SELECT outcome || code || reply FROM attempt WHERE message = %lld",
					(long long)sent),
			    "accepted250(removed)");
	assert_string_equal(office_text(&office, "SELECT person FROM reminder WHERE message = %lld", (long long)sent),
			    "forgotten-1");
	assert_string_equal(office_state(&office, waiting), "cancelled");
	assert_string_equal(
		office_text(&office, "SELECT dropped FROM reminder WHERE message = %lld", (long long)waiting),
		"person forgotten");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM part WHERE task = %lld", (long long)visit), 1);
	assert_string_equal(office_text(&office, "SELECT id || active || name FROM person WHERE id LIKE 'forgotten%%'"),
			    "forgotten-10");
	assert_int_equal(office_number(&office, "SELECT sum(n) FROM tally"),
			 office_number(&office, "SELECT count(*) FROM message"));
}

static void forget__words_of_others__stay(void **state)
{
	(void)state;
	office_run(&office, "INSERT INTO ledger (action, detail) VALUES ('x', 'joanna-secret-identity');"
			    "INSERT INTO channel (name, failure) VALUES ('email', 'refused boris@email.example.org')");
	struct store_forgotten forgotten = forget(planted[0]);
	store_forgotten_done(&forgotten);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM ledger WHERE detail = 'joanna-secret-identity'"),
			 1);
	assert_string_equal(office_text(&office, "SELECT failure FROM channel"), "refused boris@email.example.org");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM address"), 1);
}

static void forget__tasks_that_name_them__are_listed_and_unchanged(void **state)
{
	(void)state;
	office_run(&office, "UPDATE task SET note = 'ask Anna Planted Petrova' WHERE id = %lld", (long long)visit);
	struct store_forgotten forgotten = forget(planted[0]);
	assert_int_equal(forgotten.tasks.n, 1);
	assert_string_equal(forgotten.tasks.items[0], "visit");
	assert_string_equal(office_text(&office, "SELECT note FROM task"), "ask Anna Planted Petrova");
	store_forgotten_done(&forgotten);
}

static void forget__marks__are_counted_on_and_known_again(void **state)
{
	(void)state;
	bool is_mark = false;
	struct err err = {0};
	struct store_forgotten first = forget(planted[0]), second = forget("boris");
	assert_string_equal(first.mark, "forgotten-1");
	assert_string_equal(second.mark, "forgotten-2");
	OK(store_forget_is_mark(office.store, "forgotten-2", &is_mark, ERR));
	assert_true(is_mark);
	OK(store_forget_is_mark(office.store, "forgotten-3", &is_mark, ERR));
	assert_false(is_mark);
	OK(store_begin(office.store, ERR));
	assert_int_equal(store_forget(office.store, "boris", &second, &err), -ENOENT);
	store_rollback(office.store);
	store_forgotten_done(&first);
	store_forgotten_done(&second);
}

static void forget__rolled_back__has_changed_nothing(void **state)
{
	(void)state;
	struct store_forgotten forgotten;
	OK(store_begin(office.store, ERR));
	OK(store_forget(office.store, planted[0], &forgotten, ERR));
	store_rollback(office.store);
	store_forgotten_done(&forgotten);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM address WHERE person = '%s'", planted[0]), 2);
	assert_string_equal(office_state(&office, waiting), "pending");
}

static const struct {
	const char *uid, *people, *status;
	bool is_only_theirs;
} tasks[] = {
	{"responsible", "responsible:anna-secret-id boris", "open", true},
	{"two responsible", "responsible:anna-secret-id responsible:boris", "open", false},
	{"participant under boris", "anna-secret-id responsible:boris", "open", false},
	{"participants", "anna-secret-id boris", "open", false},
	{"alone", "anna-secret-id", "open", true},
	{"alone with a watcher", "anna-secret-id watcher:boris", "open", true},
	{"watcher", "watcher:anna-secret-id", "open", false},
	{"done", "responsible:anna-secret-id", "done", false},
};

static void forget__open_tasks__are_those_nobody_else_answers_for(void **state)
{
	(void)state;
	office_run(&office, "DELETE FROM task");
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		struct strlist uids = {0};
		int64_t task = office_add_task(
			&office,
			&(struct office_task){.uid = tasks[i].uid, .start = "2025-06-15", .people = tasks[i].people});
		office_run(&office, "UPDATE task SET status = '%s' WHERE id = %lld", tasks[i].status, (long long)task);
		OK(store_forget_tasks(office.store, planted[0], &uids, ERR));
		if (strlist_has(&uids, tasks[i].uid) != tasks[i].is_only_theirs)
			fail_msg("%s", tasks[i].uid);
		strlist_done(&uids);
	}
}

static void forget__clean_while_somebody_reads__says_so_and_works_later(void **state)
{
	(void)state;
	struct err err = {0};
	struct store_forgotten forgotten = forget(planted[0]);
	store_forgotten_done(&forgotten);
	office_run(&office, "BEGIN; SELECT count(*) FROM person");
	assert_int_equal(store_forget_clean(office.store, &err), -EBUSY);
	office_run(&office, "COMMIT");
	OK(store_forget_clean(office.store, ERR));
	assert_false(any_file_has("planted"));
}

#define FORGET_TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests_of_it[] = {
		FORGET_TEST(forget__person_with_traces_everywhere__leaves_no_byte),
		FORGET_TEST(forget__before_it__every_byte_is_there),
		FORGET_TEST(forget__columns_of_text__are_all_known),
		FORGET_TEST(forget__history__stays_under_a_mark),
		FORGET_TEST(forget__words_of_others__stay),
		FORGET_TEST(forget__tasks_that_name_them__are_listed_and_unchanged),
		FORGET_TEST(forget__marks__are_counted_on_and_known_again),
		FORGET_TEST(forget__rolled_back__has_changed_nothing),
		FORGET_TEST(forget__open_tasks__are_those_nobody_else_answers_for),
		FORGET_TEST(forget__clean_while_somebody_reads__says_so_and_works_later),
	};
	return cmocka_run_group_tests(tests_of_it, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ctl/import_run.h"
#include "ctl/import_seen.h"
#include "store/store_person.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum { NOW_UTC = 1735700000 /* 2025-01-01T02:53:20Z */ };

static char folder[64];
static struct conf *conf;
static struct store *store;

/* ---- a site to import into ----------------------------------------------------------------------------------------
 */

static char *import_test_path(const char *name)
{
	return mem_printf("%s/%s", folder, name);
}

static void import_test_write(const char *name, const char *text)
{
	char *path = import_test_path(name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(path);
}

static int import_test_setup(void **state)
{
	static const char *const kinds[] = {"reminder", "overdue", "fix_date", "escalation", "handoff",
					    "moved",    "merged",  "catch_up", "digest",     "notice",
					    "test",     "closed",  "answer"};
	struct problems problems = {0};
	struct err err = {0};
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_import.XXXXXX");
	assert_non_null(mkdtemp(folder));
	char *path = import_test_path("ru");
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	for (size_t i = 0; i < ROWS(kinds); i++) {
		char *subject = mem_printf("ru/%s.subject.mustache", kinds[i]);
		char *text = mem_printf("ru/%s.text.mustache", kinds[i]);
		import_test_write(subject, "text");
		import_test_write(text, "text");
		free(subject);
		free(text);
	}
	path = import_test_path(".calendars");
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	import_test_write(".calendars/russia.ini", "[calendar]\nweekend = Sat Sun\nzones = Asia/Sakhalin\n"
						   "[year 2025]\noff = 01-01..01-08 Новогодние каникулы\n");
	import_test_write("deadlined.ini",
			  "[daemon]\ndatabase = db\nzone = Asia/Sakhalin\nlanguage = ru\ntemplates = .\n"
			  "calendars = .calendars\n"
			  "[channel email]\ntype = maildir\npath = mail\n"
			  "[channel digest]\ntype = maildir\npath = digests\n"
			  "[policy visit]\nremind = 1d before start\n");
	path = import_test_path("deadlined.ini");
	conf = conf_read(path, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	free(path);
	return store_open(conf->database, STORE_WRITE, 0, &store, &err);
}

static int import_test_teardown(void **state)
{
	(void)state;
	store_close(store);
	conf_free(conf);
	char *command = mem_printf("rm -r '%s'", folder);
	int status = system(command);
	free(command);
	return status;
}

/* Imports the texts as 0.csv, 1.csv ...; commits when all was right. Returns the summary, "people +1 ~0 =0 tasks ...",
 * or the problems, a line each as "0.csv:2: column: words". */
static char *import_test_run(const char *const *texts, size_t n)
{
	struct problems problems = {0}, conf_problems = {0};
	struct import_summary summary;
	struct err err = {0};
	struct buf out;
	const char **files = mem_zero(n, sizeof(*files));
	struct import_run *run = import_run_new(conf, NOW_UTC);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%zu.csv", i);
		import_test_write(name, texts[i]);
		files[i] = import_test_path(name);
	}
	assert_int_equal(import_run_open(run, files, n, &problems, &conf_problems, &err), 0);
	problems_print(&conf_problems, stderr);
	assert_int_equal(conf_problems.n, 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(import_run_write(run, store, &problems, &summary, &err), 0);
	if (problems.n == 0) {
		assert_int_equal(store_commit(store, &err), 0);
		buf_printf(&out, "people +%zu ~%zu =%zu tasks +%zu ~%zu =%zu", summary.people.by_change[STORE_ADDED],
			   summary.people.by_change[STORE_CHANGED], summary.people.by_change[STORE_UNCHANGED],
			   summary.tasks.by_change[STORE_ADDED], summary.tasks.by_change[STORE_CHANGED],
			   summary.tasks.by_change[STORE_UNCHANGED]);
	} else {
		store_rollback(store);
	}
	for (size_t i = 0; i < problems.n; i++)
		buf_printf(&out, "%s:%u: %s\n", strrchr(problems.items[i].file, '/') + 1, problems.items[i].line,
			   problems.items[i].text);
	for (size_t i = 0; i < n; i++)
		free((char *)files[i]);
	free(files);
	import_run_free(run);
	problems_done(&problems);
	return buf_take(&out);
}

static void import_test_expect(const char *const *texts, size_t n, const char *expected)
{
	char *result = import_test_run(texts, n);
	if (strstr(result, expected) == NULL)
		fail_msg("wanted: %s\ngot: %s", expected, result);
	free(result);
}

#define EXPECT(expected, ...)                                                                                          \
	import_test_expect((const char *const[]){__VA_ARGS__}, ROWS(((const char *const[]){__VA_ARGS__})), expected)

static struct task import_test_task(const char *uid)
{
	struct task task = {0};
	struct err err = {0};
	if (store_task_find(store, uid, &task, &err) < 0)
		fail_msg("%s: %s", uid, err.text);
	return task;
}

#define PEOPLE "id,name,email\ndesk,Стол,desk@example.org\nschool,Школа,school@example.org\n"
#define TASKS                                                                                                          \
	"uid,title,when,zone,place,policy,people,note\n"                                                               \
	"visit,Визит,апрель-май 2025,Asia/Shanghai,Харбин,visit,desk school,\"Две\nстроки\"\n"

/* ---- what must hold -----------------------------------------------------------------------------------------------
 */

static void import__tasks_before_people__all_arrive(void **state)
{
	(void)state;
	struct strlist people = {0};
	struct err err = {0};
	EXPECT("people +2 ~0 =0 tasks +1 ~0 =0", TASKS, PEOPLE);
	struct task task = import_test_task("visit");
	assert_string_equal(task.title, "Визит");
	assert_string_equal(task.zone, "Asia/Shanghai");
	assert_string_equal(task.policy, "visit");
	assert_string_equal(task.note, "Две\nстроки");
	assert_int_equal(task.period.start.month, 4);
	assert_int_equal(task.period.end.month, 5);
	assert_int_equal(store_task_people(store, task.id, &people, &err), 0);
	assert_int_equal(people.n, 2);
	strlist_done(&people);
	task_done(&task);
}

static void import__again__changes_nothing(void **state)
{
	(void)state;
	EXPECT("people +2 ~0 =0 tasks +1 ~0 =0", PEOPLE, TASKS);
	EXPECT("people +0 ~0 =2 tasks +0 ~0 =1", PEOPLE, TASKS);
	EXPECT("tasks +0 ~1 =0", "uid,title,when,people\nvisit,Визит,апрель-май 2025,desk\n");
	EXPECT("people +0 ~1 =1", "id,name,email\ndesk,Стол,other@example.org\nschool,Школа,school@example.org\n");
}

static void import__new_task__is_planned_from_now_on(void **state)
{
	(void)state;
	struct store_due due[4];
	size_t n = 0;
	struct err err = {0};
	EXPECT("tasks +1", PEOPLE, TASKS);
	assert_int_equal(store_task_due(store, NOW_UTC, due, 4, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(due[0].planned_until, NOW_UTC);
}

static void import__column_that_is_missing__changes_nothing(void **state)
{
	(void)state;
	struct person person = {0};
	struct err err = {0};
	EXPECT("tasks +1", PEOPLE, TASKS);
	EXPECT("people +0 ~1 =0 tasks +0 ~1 =0", "uid,title,when\nvisit,Приезд,июнь 2025\n",
	       "name,id,zone\nСтол,desk,Europe/Moscow\n");
	struct task task = import_test_task("visit");
	assert_string_equal(task.title, "Приезд");
	assert_string_equal(task.place, "Харбин");
	assert_string_equal(task.zone, "Asia/Shanghai");
	assert_string_equal(task.policy, "visit");
	task_done(&task);
	assert_int_equal(store_person_load(store, "desk", &person, &err), 0);
	assert_string_equal(person.zone, "Europe/Moscow");
	assert_string_equal(person_address(&person, "email"), "desk@example.org");
	person_done(&person);
}

static void import__empty_field__means_the_preset(void **state)
{
	(void)state;
	struct person person = {0};
	struct err err = {0};
	EXPECT("tasks +1", PEOPLE, TASKS);
	EXPECT("people +0 ~1 =0 tasks +0 ~1 =0",
	       "uid,title,when,zone,place,policy,people,note\nvisit,Визит,июнь,,,,,\n",
	       "id,name,language,zone,email\ndesk,Стол,,,\n");
	struct task task = import_test_task("visit");
	assert_string_equal(task.place, "");
	assert_string_equal(task.zone, "Asia/Sakhalin");
	assert_string_equal(task.policy, "default");
	assert_int_equal(task.period.start.year, 2025); /* the current one */
	task_done(&task);
	assert_int_equal(store_person_load(store, "desk", &person, &err), 0);
	assert_string_equal(person.zone, "Asia/Sakhalin");
	assert_string_equal(person.language, "ru");
	assert_null(person_address(&person, "email"));
	person_done(&person);
}

static void import__language_of_a_region__has_templates(void **state)
{
	(void)state;
	struct person person = {0};
	struct err err = {0};
	EXPECT("people +1", "id,name,language\ndesk,Стол,ru_RU\n");
	assert_int_equal(store_person_load(store, "desk", &person, &err), 0);
	assert_string_equal(person.language, "ru_RU");
	person_done(&person);
}

static void import__one_bad_row__keeps_everything_out(void **state)
{
	(void)state;
	struct task task;
	struct err err = {0};
	EXPECT("1.csv:4: when: ", PEOPLE, TASKS "bad,Плохо,никогда,,,,,\n");
	assert_int_equal(store_task_find(store, "visit", &task, &err), -ENOENT);
	bool exists = true;
	assert_int_equal(store_person_exists(store, "desk", &exists, &err), 0);
	assert_false(exists);
}

static void import__wrong_rows__are_told_with_line_and_column(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"uid,title,when\n,T,2025\n", "0.csv:2: uid: it is empty"},
		{"uid,title,when\na b,T,2025\n", "0.csv:2: uid: 'a b' is not allowed"},
		{"uid,title,when\na,,2025\n", "0.csv:2: title: it is empty"},
		{"uid,title,when\na,\"T\nBcc: x\",2025\n", "0.csv:2: title: it holds a control character"},
		{"uid,title,when\na,T,\n", "0.csv:2: when: it is empty"},
		{"uid,title,when\na,T,мартобря\n", "0.csv:2: when: 'мартобря'"},
		{"uid,title,when,zone\na,T,2025,Mars\n", "0.csv:2: zone: unknown time zone 'Mars'"},
		{"uid,title,when,policy\na,T,2025,visti\n",
		 "0.csv:2: policy: unknown policy 'visti', did you mean 'visit'?"},
		{"uid,title,when,people\na,T,2025,dsk\n", "0.csv:2: people: there is no 'dsk'"},
		{"uid,title,when\na,T\n", "0.csv:2: row: 2 fields, but the header has 3 columns"},
		{"uid,title,when\na,T,2025,x\n", "0.csv:2: row: 4 fields, but the header has 3 columns"},
		{"uid,title,when\n\"a\n\",T,2025\na,\"x\"y,2025\n", "0.csv:4: title: text follows the closing quote"},
		{"uid,title,when\na,T,2025\nb,T,2025\na,T,2025\n", "0.csv:4: uid: 'a' is in line 2 of "},
		{"uid,title,when\na,\xcf,2025\n", "0.csv:2: row: the text is not UTF-8"},
		{"uid,titel,when\na,T,2025\n", "0.csv:1: titel: unknown column, did you mean 'title'?"},
		{"uid,when\na,2025\n", "0.csv:1: header: the column 'title' is missing"},
		{"uid,title,when,uid\n", "0.csv:1: uid: the column is there twice"},
		{"uid,title,when,\n", "0.csv:1: header: a column has no name"},
		{"name,email\n", "0.csv:1: header: neither tasks"},
		{"UID,Title,When\n", "0.csv:1: header: found 'UID': the names of columns are written small"},
		{"id,Name\n", "0.csv:1: header: found 'Name': the names of columns are written small"},
		{"uid\ttitle\twhen\n", "0.csv:1: header: the columns are separated by tabs: use ',' or ';'"},
		{"sep=\t\nuid\ttitle\twhen\n", "0.csv:2: header: the columns are separated by tabs"},
		{"uid,Title,when\n", "0.csv:1: Title: unknown column, did you mean 'title'?"},
		{"", "0.csv:1: header: the file is empty"},
		{"id,name,pigeon\n", "calendar, quiet, work, digest, ceiling, channels, email"},
		{"id,name\n.,\n", "0.csv:2: name: it is empty"},
		{"id,name,language\nx,N,klingon\n",
		 "0.csv:2: language: there are no templates for 'klingon', only for ru"},
		{"id,name,zone\nx,N,Mars\n", "0.csv:2: zone: unknown time zone 'Mars'"},
		{"id,name,email\nx,N,nowhere\n", "0.csv:2: email: address 'nowhere'"},
		{"id,name,calendar\nx,N,rusia\n",
		 "0.csv:2: calendar: unknown calendar 'rusia', did you mean 'russia'?"},
		{"id,name,calendar\nx,N,z\n", "0.csv:2: calendar: unknown calendar 'z': give the name of a file in "},
		{"id,name,quiet\nx,N,22-8\n", "0.csv:2: quiet: "},
		{"id,name,work\nx,N,Someday\n", "0.csv:2: work: "},
		{"id,name,quiet,work\nx,N,09:00-18:00,10:00-17:00\n", "0.csv:2: quiet: "},
		{"id,name,digest\nx,N,daily\n", "0.csv:1: digest: a channel of the configuration has this name, too"},
		{"id,name,ceiling\nx,N,1001\n", "0.csv:2: ceiling: "},
		{"id,name,channels\nx,N,emial\n",
		 "0.csv:2: channels: there is no [channel emial], did you mean 'email'?"},
		{"id,name,channels\nx,N,first that works:\n", "0.csv:2: channels: name the channels"},
		{"id,name,channels\nx,N,first: email\n", "0.csv:2: channels: give channels, as in"},
		{"uid,title,when,priority\na,T,2025,hot\n", "0.csv:2: priority: unknown priority 'hot'"},
		{"uid,title,when,rrule\na,T,2025-06-15,FREQ=HOURLY\n", "0.csv:2: rrule: FREQ"},
		{"uid,title,when,rrule\na,T,каждый понедельник,FREQ=DAILY\n",
		 "0.csv:2: rrule: the date repeats by itself"},
		{"uid,title,when,people\na,T,2025,supervsor:dsk\n",
		 "0.csv:2: people: unknown role 'supervsor', did you mean 'supervisor'?"},
		{"uid,title,when,people\na,T,2025,watcher:dsk\n", "0.csv:2: people: there is no 'dsk'"},
		{"id,name\nx,N\nx,N\n", "0.csv:3: id: 'x' is in line 2 of "},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		EXPECT(rows[i].expected, rows[i].text);
}

static void import__hours_of_people__stay_unless_given(void **state)
{
	(void)state;
	struct person person = {0};
	struct err err = {0};
	EXPECT("people +1",
	       "id,name,calendar,quiet,work,ceiling\ndesk,Стол,russia,22:00-08:00,Mon-Fri 09:00-18:00,5\n");
	EXPECT("people +0 ~1 =0", "id,name,email\ndesk,Стол,desk@example.org\n");
	EXPECT("people +0 ~1 =0", "id,name,quiet\ndesk,Стол,\n");
	EXPECT("people +0 ~1 =0", "id,name,channels\ndesk,Стол,first that works: email\n");
	EXPECT("people +0 ~0 =1", "id,name,zone\ndesk,Стол,\n");
	assert_int_equal(store_person_load(store, "desk", &person, &err), 0);
	assert_string_equal(person.calendar, "russia");
	assert_string_equal(person.quiet, "");
	assert_string_equal(person.work, "Mon-Fri 09:00-18:00");
	assert_int_equal(person.ceiling, 5);
	assert_string_equal(person.channels, "first that works: email");
	assert_string_equal(person_address(&person, "email"), "desk@example.org");
	person_done(&person);
}

static void import__repeats_priorities_and_roles__arrive(void **state)
{
	(void)state;
	struct strlist parts = {0};
	struct err err = {0};
	EXPECT("tasks +2 ~0 =0", PEOPLE,
	       "uid,title,when,priority,rrule,people\n"
	       "a,T,каждый понедельник в 2025 году,urgent,,responsible:desk supervisor:school school\n"
	       "b,T,2025-06-16,,FREQ=WEEKLY;COUNT=3,desk\n");
	struct task task = import_test_task("a");
	assert_true(task.is_urgent);
	assert_non_null(strstr(task.rrule, "FREQ=WEEKLY"));
	assert_int_equal(task.period.start.day, 6); /* the first Monday of 2025 */
	assert_int_equal(store_task_parts(store, task.id, &parts, &err), 0);
	assert_int_equal(parts.n, 3);
	assert_string_equal(parts.items[0], "responsible:desk");
	assert_string_equal(parts.items[2], "supervisor:school");
	strlist_done(&parts);
	task_done(&task);
	/* a single date ends the repeats, when no rule stands beside it */
	EXPECT("tasks +0 ~2 =0", "uid,title,when\na,T,2025-06-16\nb,T,2025-06-16\n");
	task = import_test_task("b");
	assert_string_equal(task.rrule, "");
	task_done(&task);
}

static void import__same_uid_in_two_files__names_both(void **state)
{
	(void)state;
	EXPECT("1.csv:3: uid: 'a' is in line 2 of ", "uid,title,when\na,T,2025\n",
	       "uid;title;when\nb;T;2025\na;T;2025\n");
}

static void import__person_with_a_wrong_row__is_one_problem(void **state)
{
	(void)state;
	char *result =
		import_test_run((const char *const[]){"id,name\nx,\n", "uid,title,when,people\na,T,2025,x\n"}, 2);
	assert_string_equal(result, "0.csv:2: name: it is empty\n");
	free(result);
}

static void import__rows_with_nothing_in_them__are_passed_over(void **state)
{
	(void)state;
	EXPECT("tasks +1 ~0 =0", "uid,title,when\n,,\n\na,T,2025\n,,\n");
}

static void import_seen__many_names__are_all_found(void **state)
{
	(void)state;
	enum { NAMES = 10000 };
	static char names[NAMES][8];
	struct import_seen seen = {0};
	assert_null(import_seen_find(&seen, "0"));
	for (unsigned i = 0; i < NAMES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%u", i);
		assert_null(import_seen_add(&seen, names[i], "file", i));
	}
	for (unsigned i = 0; i < NAMES; i++) {
		assert_int_equal(import_seen_find(&seen, names[i])->line, i);
		assert_int_equal(import_seen_add(&seen, names[i], "other", 0)->line, i);
	}
	assert_null(import_seen_find(&seen, "x"));
	import_seen_done(&seen);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, import_test_setup, import_test_teardown)
	const struct CMUnitTest tests[] = {
		ROW(import__tasks_before_people__all_arrive),
		ROW(import__again__changes_nothing),
		ROW(import__new_task__is_planned_from_now_on),
		ROW(import__column_that_is_missing__changes_nothing),
		ROW(import__empty_field__means_the_preset),
		ROW(import__language_of_a_region__has_templates),
		ROW(import__one_bad_row__keeps_everything_out),
		ROW(import__wrong_rows__are_told_with_line_and_column),
		ROW(import__hours_of_people__stay_unless_given),
		ROW(import__repeats_priorities_and_roles__arrive),
		ROW(import__same_uid_in_two_files__names_both),
		ROW(import__person_with_a_wrong_row__is_one_problem),
		ROW(import__rows_with_nothing_in_them__are_passed_over),
		cmocka_unit_test(import_seen__many_names__are_all_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

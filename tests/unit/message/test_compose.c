#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "message/compose.h"
#include "plan/civil.h"

/* What is shipped is what is tested; the programs run in the project's folder. */
static const char shipped[] = "config/templates";

static struct catalog *catalog; /* the shipped one */

static int open_catalog(void **state)
{
	(void)state;
	struct problems problems = {0};
	catalog = catalog_load(shipped, NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	problems_done(&problems);
	return 0;
}

static int close_catalog(void **state)
{
	(void)state;
	catalog_free(catalog);
	return 0;
}

static int64_t utc(const char *text)
{
	struct civil civil;
	assert_true(civil_parse(text, &civil, NULL));
	return civil_to_seconds(&civil);
}

/* Facts are borrowed and never written to, but their structs own what they have elsewhere. */
static char *lend(const char *text)
{
	return (char *)text;
}

static const struct period june = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH};
static const struct period spring = {true, {2025, 4, 1, 0, 0, 0}, {2025, 5, 31, 0, 0, 0}, PERIOD_RANGE};
static const struct period days = {true, {2025, 10, 11, 0, 0, 0}, {2025, 10, 16, 0, 0, 0}, PERIOD_RANGE};
static const struct period month_end = {true, {2025, 10, 11, 0, 0, 0}, {2025, 10, 31, 0, 0, 0}, PERIOD_RANGE};
static const struct period night = {true, {2025, 6, 15, 23, 0, 0}, {2025, 6, 15, 23, 0, 0}, PERIOD_MINUTE};
static const struct period day = {true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY};
static const struct period limit = {false, {0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY};
static const struct period by_june = {false, {0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH};
static const struct period minute = {true, {2025, 6, 15, 14, 0, 0}, {2025, 6, 15, 14, 0, 0}, PERIOD_MINUTE};

/* A message about a task in Harbin for a reader on Sakhalin; tests change what they are about. */
struct letter {
	struct task task;
	struct person person;
	struct compose_facts facts;
	struct compose_text text;
	struct err err;
};

static void letter_init(struct letter *letter, const char *language, const struct period *period, const char *now)
{
	*letter = (struct letter){
		.task = {.uid = lend("2025-fair"),
			 .title = lend("Ярмарка"),
			 .place = lend("Харбин"),
			 .note = lend(""),
			 .zone = lend("Asia/Shanghai"),
			 .policy = lend("fair"),
			 .status = lend("open"),
			 .period = *period},
		.person = {.id = lend("desk"),
			   .name = lend("Отдел"),
			   .language = lend(language),
			   .zone = lend("Asia/Sakhalin")},
	};
	letter->facts = (struct compose_facts){
		.kind = "reminder",
		.task = &letter->task,
		.person = &letter->person,
		.default_language = "en",
		.step = "30d before start at 09:00",
		.due_utc = utc(now),
		.now_utc = utc(now),
		.channel = "email",
	};
}

static void letter_compose(struct letter *letter, const struct catalog *from)
{
	compose_text_done(&letter->text);
	(void)err_set(&letter->err, 0, "of the message before");
	compose(from, &letter->facts, &letter->text, &letter->err);
	assert_non_null(letter->text.subject);
	assert_non_null(letter->text.text);
	assert_non_null(letter->text.language);
}

static void assert_first_line(const struct letter *letter, const char *expected)
{
	char *line = mem_dup_n(letter->text.text, strcspn(letter->text.text, "\n"));
	assert_string_equal(line, expected);
	free(line);
}

static void assert_has(const struct letter *letter, const char *part)
{
	if (strstr(letter->text.text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, letter->text.text);
}

static void assert_has_not(const struct letter *letter, const char *part)
{
	if (strstr(letter->text.text, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, letter->text.text);
}

static void compose__first_line__tells_what_when_and_how_long(void **state)
{
	(void)state;
	static const struct {
		const char *language;
		const struct period *period;
		const char *now;
		const char *expected;
	} rows[] = {
		/* a month elsewhere: 30 days before it, its first day, its last one, after it */
		{"ru", &june, "2025-05-01T22:00", "Ярмарка: июнь 2025 г., период начинается через 30 дней"},
		{"ru", &june, "2025-05-30T22:00", "Ярмарка: июнь 2025 г., период начинается завтра"},
		{"ru", &june, "2025-06-01T00:00", "Ярмарка: июнь 2025 г., срок заканчивается через 29 дней"},
		{"ru", &june, "2025-06-29T22:00", "Ярмарка: июнь 2025 г., срок заканчивается сегодня"},
		{"ru", &june, "2025-07-02T22:00", "Ярмарка: июнь 2025 г., срок прошёл 3 дня назад"},
		{"en", &june, "2025-05-01T22:00", "Ярмарка: June 2025, the period begins in 30 days"},
		{"en", &june, "2025-06-28T22:00", "Ярмарка: June 2025, the period ends tomorrow"},
		{"en", &june, "2025-06-30T22:00", "Ярмарка: June 2025, the period ended yesterday"},
		{"zh", &june, "2025-05-01T22:00", "Ярмарка：2025年6月，这一时段30天后开始"},
		{"zh", &june, "2025-06-29T22:00", "Ярмарка：2025年6月，这一时段今天结束"},
		{"zh", &june, "2025-07-02T22:00", "Ярмарка：2025年6月，已于3天前到期"},
		{"ru", &spring, "2025-03-31T00:00", "Ярмарка: апрель – май 2025 г., период начинается завтра"},
		{"en", &days, "2025-10-01T00:00", "Ярмарка: October 11 – 16, 2025 (UTC+8), starts in 10 days"},
		/* one day */
		{"ru", &day, "2025-06-11T22:00", "Ярмарка: через 3 дня, воскресенье, 15 июня 2025 г. (UTC+8)"},
		{"en", &day, "2025-06-14T22:00", "Ярмарка: today, Sunday, June 15, 2025 (UTC+8)"},
		{"zh", &day, "2025-06-13T22:00", "Ярмарка：明天，2025年6月15日星期日（UTC+8）"},
		{"ru", &limit, "2025-06-11T22:00", "Ярмарка: срок — через 3 дня, воскресенье, 15 июня 2025 г. (UTC+8)"},
		{"en", &limit, "2025-06-16T22:00", "Ярмарка: was due 2 days ago, Sunday, June 15, 2025 (UTC+8)"},
		{"zh", &limit, "2025-06-11T22:00", "Ярмарка：3天后截止，2025年6月15日星期日（UTC+8）"},
		/* a time of day: on the reader's clock */
		{"ru", &minute, "2025-06-13T22:00",
		 "Ярмарка: завтра, воскресенье, 15 июня 2025 г. в 17:00, о-в Сахалин (UTC+11)"},
		{"ru", &minute, "2025-06-15T04:00",
		 "Ярмарка: через 2 часа, воскресенье, 15 июня 2025 г. в 17:00, о-в Сахалин (UTC+11)"},
		{"ru", &night, "2025-06-15T10:00", /* already the 16th there */
		 "Ярмарка: завтра, понедельник, 16 июня 2025 г. в 02:00, о-в Сахалин (UTC+11)"},
		{"en", &minute, "2025-06-15T05:45",
		 "Ярмарка: in 15 minutes, Sunday, June 15, 2025 at 5:00 PM, Sakhalin (UTC+11)"},
		{"zh", &minute, "2025-06-15T06:00", "Ярмарка：现在，2025年6月15日星期日 17:00，萨哈林 (UTC+11)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, rows[i].language, rows[i].period, rows[i].now);
		letter_compose(&letter, catalog);
		assert_string_equal(letter.err.text, "");
		assert_string_equal(letter.text.language, rows[i].language);
		assert_first_line(&letter, rows[i].expected);
		compose_text_done(&letter.text);
	}
}

/* The event's day and the reader's day are not the same one: what is over was never tomorrow, what is not was never
 * yesterday. */
static void compose__calendars_apart__never_contradict(void **state)
{
	(void)state;
	static const struct {
		const char *event, *reader, *now, *expected;
	} rows[] = {
		/* 15 June on Kiritimati ends at 10:00 UTC, when it is the 14th west of the date line */
		{"Pacific/Kiritimati", "Etc/GMT+12", "2025-06-14T12:00", "X: tomorrow, Sunday, June 15, 2025 (UTC+14)"},
		{"Pacific/Kiritimati", "Etc/GMT+12", "2025-06-15T10:00", "X: today, Sunday, June 15, 2025 (UTC+14)"},
		/* 15 June in Honolulu ends when the 16th is nearly over on Kiritimati */
		{"Pacific/Honolulu", "Pacific/Kiritimati", "2025-06-16T09:59",
		 "X: today, Sunday, June 15, 2025 (UTC-10)"},
		{"Pacific/Honolulu", "Pacific/Kiritimati", "2025-06-16T10:00",
		 "X: 2 days ago, Sunday, June 15, 2025 (UTC-10)"},
		{"Pacific/Honolulu", "Pacific/Kiritimati", "2025-06-15T09:00",
		 "X: today, Sunday, June 15, 2025 (UTC-10)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, "en", &day, rows[i].now);
		letter.task.title = lend("X");
		letter.task.zone = lend(rows[i].event);
		letter.person.zone = lend(rows[i].reader);
		letter_compose(&letter, catalog);
		assert_first_line(&letter, rows[i].expected);
		compose_text_done(&letter.text);
	}
}

static void compose__same_clock__names_no_zone(void **state)
{
	(void)state;
	static const char *const same[] = {"Asia/Sakhalin", "Asia/Magadan"}; /* another name, the same time */
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct letter letter;
		letter_init(&letter, "ru", &days, "2025-10-01T00:00");
		letter.task.zone = lend(same[i]);
		letter_compose(&letter, catalog);
		assert_first_line(&letter, "Ярмарка: 11–16 октября 2025 г., начало через 10 дней");
		assert_has_not(&letter, "UTC");
		compose_text_done(&letter.text);
	}
}

static void compose__other_clock__shows_both(void **state)
{
	(void)state;
	struct letter letter;
	letter_init(&letter, "ru", &minute, "2025-06-13T22:00");
	letter_compose(&letter, catalog);
	assert_has(&letter, "воскресенье, 15 июня 2025 г. в 17:00, о-в Сахалин (UTC+11)\n");
	assert_has(&letter, "воскресенье, 15 июня 2025 г. в 14:00, Шанхай (UTC+8)\n");
	compose_text_done(&letter.text);

	letter_init(&letter, "zh", &days, "2025-10-01T00:00");
	letter_compose(&letter, catalog);
	assert_has(&letter, "上海 (UTC+8)");
	assert_has(&letter, "萨哈林 (UTC+11)");
	compose_text_done(&letter.text);
}

/* Hours are nothing to a month. */
static void compose__window__names_no_zone(void **state)
{
	(void)state;
	static const char *const languages[] = {"ru", "en", "zh"};
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		struct letter letter;
		letter_init(&letter, languages[i], &june, "2025-05-01T22:00");
		letter_compose(&letter, catalog);
		assert_has_not(&letter, "UTC");
		compose_text_done(&letter.text);
	}
}

static void compose__subject__is_the_same_for_every_reminder_of_a_task(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *now;
	} rows[] = {{"reminder", "2025-05-01T22:00"},   {"reminder", "2025-06-29T22:00"},
		    {"overdue", "2025-07-02T22:00"},    {"fix_date", "2025-05-01T22:00"},
		    {"escalation", "2025-07-02T22:00"}, {"handoff", "2025-07-02T22:00"},
		    {"moved", "2025-05-01T22:00"}};
	static const char *const languages[] = {"ru", "en", "zh"};
	for (size_t l = 0; l < sizeof(languages) / sizeof(languages[0]); l++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct letter letter;
			letter_init(&letter, languages[l], &june, rows[i].now);
			letter.facts.kind = rows[i].kind;
			letter_compose(&letter, catalog);
			assert_string_equal(letter.err.text, "");
			assert_string_equal(letter.text.subject, "Ярмарка");
			compose_text_done(&letter.text);
		}
	}
}

static void compose__exact_date__is_asked_for_while_it_is_open(void **state)
{
	(void)state;
	static const struct {
		const struct period *period;
		const char *now;
		bool is_asked;
	} rows[] = {{&june, "2025-05-01T00:00", true},       {&spring, "2025-03-01T00:00", true},
		    {&june, "2025-06-10T00:00", false},      {&days, "2025-10-01T00:00", false},
		    {&month_end, "2025-10-01T00:00", false}, {&day, "2025-06-01T00:00", false},
		    {&minute, "2025-06-01T00:00", false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, "en", rows[i].period, rows[i].now);
		letter_compose(&letter, catalog);
		(rows[i].is_asked ? assert_has : assert_has_not)(&letter, "exact date");
		compose_text_done(&letter.text);
	}
}

static void compose__late_message__says_so(void **state)
{
	(void)state;
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.facts.due_utc = letter.facts.now_utc - 3600;
	letter_compose(&letter, catalog);
	assert_has_not(&letter, "задержка");

	letter.facts.due_utc = letter.facts.now_utc - 8100;
	letter_compose(&letter, catalog);
	assert_has(&letter, "задержка: 2 часа 15 минут");
	compose_text_done(&letter.text);
}

static void compose__paragraphs__have_one_blank_line_between(void **state)
{
	(void)state;
	static const char *const languages[] = {"ru", "en", "zh"};
	for (size_t l = 0; l < sizeof(languages) / sizeof(languages[0]); l++) {
		struct letter letter;
		letter_init(&letter, languages[l], &june, "2025-06-11T22:00");
		letter.task.place = lend("");
		letter_compose(&letter, catalog);
		assert_has_not(&letter, "\n\n\n");
		assert_has_not(&letter, " \n");
		assert_has_not(&letter, "{{");
		assert_has_not(&letter, "!");
		assert_true(letter.text.text[0] != '\n');
		size_t len = strlen(letter.text.text);
		assert_true(letter.text.text[len - 1] == '\n' && letter.text.text[len - 2] != '\n');
		compose_text_done(&letter.text);
	}
}

static void compose__hostile_title__stays_one_line(void **state)
{
	(void)state;
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.task.title = lend(" A\r\nBcc: x@example.org\t{{note}} <b>&\u202e \x7f\u2028Z ");
	letter.task.note = lend("one\r\ntwo\x01");
	letter_compose(&letter, catalog);
	assert_string_equal(letter.err.text, "");
	assert_string_equal(letter.text.subject, "A  Bcc: x@example.org {{note}} <b>&    Z");
	assert_has(&letter, "{{note}} <b>&");
	assert_has(&letter, "\none\ntwo\n");
	assert_null(strpbrk(letter.text.text, "\r\x01\x7f"));
	compose_text_done(&letter.text);
}

static void compose__broken_bytes__never_lose_a_message(void **state)
{
	(void)state;
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.task.title = lend("A\xff\xc3(B");
	letter_compose(&letter, catalog);
	assert_string_equal(letter.err.text, "");
	assert_string_equal(letter.text.subject, "A\ufffd\ufffd(B");
	compose_text_done(&letter.text);
}

static void compose__longest_values__fit(void **state)
{
	(void)state;
	char title[TASK_TITLE_MAX * 4 + 1], note[TASK_NOTE_MAX * 4 + 1];
	title[0] = note[0] = '\0';
	struct buf text;
	buf_init(&text, sizeof(note));
	while (text.len + 4 < sizeof(note))
		buf_add_str(&text, "😀");
	memcpy(note, buf_str(&text), text.len + 1);
	memcpy(title, note, sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';

	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.task.title = title;
	letter.task.note = note;
	letter_compose(&letter, catalog);
	assert_string_equal(letter.err.text, "");
	assert_string_equal(letter.text.subject, title);
	assert_has(&letter, note);
	compose_text_done(&letter.text);
	buf_done(&text);
}

static void compose__language__falls_back(void **state)
{
	(void)state;
	static const struct {
		const char *wanted, *fallback, *expected;
	} rows[] = {
		{"ru", "en", "ru"}, {"zh-CN", "ru", "zh"}, {"zh_CN", "ru", "zh"},
		{"RU", "en", "ru"}, {"fr", "ru", "ru"},    {"fr", "zh-TW", "zh"},
		{"fr", "pl", "en"}, {"", "ru", "ru"},      {"fr", NULL, "en"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, rows[i].wanted, &june, "2025-05-01T22:00");
		letter.facts.default_language = rows[i].fallback;
		letter_compose(&letter, catalog);
		assert_string_equal(letter.text.language, rows[i].expected);
		assert_string_equal(letter.err.text, "");
		compose_text_done(&letter.text);
	}
}

static void compose__test__says_that_nothing_needs_to_be_done(void **state)
{
	(void)state;
	static const struct {
		const char *language, *subject, *nothing, *sent;
	} rows[] = {
		{"ru", "deadlined: тестовое сообщение", "Делать ничего не нужно.",
		 "пятница, 2 мая 2025 г. в 09:00, о-в Сахалин (UTC+11)"},
		{"en", "deadlined: test message", "Nothing needs to be done.",
		 "Friday, May 2, 2025 at 9:00 AM, Sakhalin (UTC+11)"},
		{"zh", "deadlined：测试消息", "无需进行任何操作", "2025年5月2日星期五 09:00，萨哈林 (UTC+11)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, rows[i].language, &june, "2025-05-01T22:00");
		letter.facts.kind = "test";
		letter.facts.task = NULL;
		letter.facts.step = NULL;
		letter_compose(&letter, catalog);
		assert_string_equal(letter.err.text, "");
		assert_string_equal(letter.text.subject, rows[i].subject);
		assert_has(&letter, rows[i].nothing);
		assert_has(&letter, rows[i].sent);
		assert_has(&letter, "email");
		assert_has_not(&letter, "{{");
		compose_text_done(&letter.text);
	}
}

static void compose__test_to_a_bare_address__has_no_person(void **state)
{
	(void)state;
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.facts.kind = "test";
	letter.facts.task = NULL;
	letter.facts.person = NULL;
	letter_compose(&letter, catalog);
	assert_string_equal(letter.err.text, "");
	assert_string_equal(letter.text.language, "en");
	assert_has(&letter, "Thursday, May 1, 2025 at 10:00 PM, UTC+0");
	compose_text_done(&letter.text);
}

/* Whatever is wrong, something is sent, and the operator is told what. */
static void compose__what_fails__becomes_the_built_in_text(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *event, *reader, *said;
	} rows[] = {
		{"removed", "Asia/Shanghai", "Asia/Sakhalin", "'removed'"},
		{"reminder", "Asia/Nowhere", "Asia/Sakhalin", "ru/reminder: unknown zone 'Asia/Nowhere'"},
		{"reminder", "Asia/Shanghai", "", "unknown zone ''"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, "ru", &june, "2025-05-01T22:00");
		letter.facts.kind = rows[i].kind;
		letter.task.zone = lend(rows[i].event);
		letter.person.zone = lend(rows[i].reader);
		letter.task.note = lend("С собой: паспорт\nи виза");
		letter_compose(&letter, catalog);
		assert_non_null(strstr(letter.err.text, rows[i].said));
		assert_string_equal(letter.text.language, "und");
		assert_string_equal(letter.text.subject, "Ярмарка");
		assert_has(&letter, "Ярмарка\n2025-06-01/2025-06-30 (");
		assert_has(&letter, ")\nХарбин\nС собой: паспорт\nи виза\n");

		compose_text_done(&letter.text);
		compose(catalog, &letter.facts, &letter.text, NULL); /* nobody listens */
		compose_text_done(&letter.text);
	}
}

/* What takes the place of a reminder must not look like one. */
static void compose__closed_fails__says_by_a_sign_how_it_ended(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"done", "\u2713 Ярмарка"}, {"cancel", "\u2717 Ярмарка"}, {NULL, "\u2717 Ярмарка"}};
	for (size_t i = 0; i < 3; i++) {
		struct letter letter;
		letter_init(&letter, "ru", &june, "2025-05-01T22:00");
		letter.facts.kind = "closed";
		letter.facts.closed_how = rows[i][0];
		letter.task.zone = lend("Asia/Nowhere");
		letter_compose(&letter, catalog);
		assert_string_equal(letter.text.language, "und");
		assert_string_equal(letter.text.subject, rows[i][1]);
		assert_has(&letter, rows[i][1]);
		compose_text_done(&letter.text);
	}
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

/* A catalogue of one language and one kind, of which the templates are given; html may be NULL. */
static struct catalog *load_kind_with(const char *kind, const char *subject, const char *text, const char *html)
{
	char folder[64];
	(void)snprintf(folder, sizeof(folder), "%s/deadlined-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(folder));

	const struct {
		const char *name, *text;
	} files[] = {{"subject", subject}, {"text", text}, {"html", html}};
	char *path = mem_printf("%s/ru", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && files[i].text != NULL; i++) {
		path = mem_printf("%s/ru/%s.%s.mustache", folder, kind, files[i].name);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		assert_true(fputs(files[i].text, file) >= 0);
		assert_int_equal(fclose(file), 0);
		free(path);
	}

	struct problems problems = {0}; /* the other kinds are missing */
	struct catalog *made = catalog_load(folder, NULL, &problems);
	problems_done(&problems);
	assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	return made;
}

static struct catalog *load_catalog_with(const char *subject, const char *text, const char *html)
{
	return load_kind_with("reminder", subject, text, html);
}

static struct catalog *load_catalog_of(const char *subject, const char *text)
{
	return load_catalog_with(subject, text, NULL);
}

static void compose__questions__have_one_answer_each(void **state)
{
	(void)state;
	static const struct {
		const struct period *period;
		const char *now, *expected;
	} rows[] = {
		{&june, "2025-05-31T15:59", "span window upcoming\n"}, /* June begins at 16:00 UTC */
		{&june, "2025-05-31T16:00", "span window running\n"},
		{&june, "2025-06-30T15:59", "span window running\n"},
		{&june, "2025-06-30T16:00", "span window overdue\n"},
		{&days, "2025-10-01T00:00", "span upcoming\n"},
		{&day, "2025-06-14T15:59", "day upcoming\n"},
		{&day, "2025-06-14T16:00", "day running\n"},
		{&limit, "2025-01-01T00:00", "day limit running\n"},
		{&limit, "2025-06-15T16:00", "day limit overdue\n"},
		{&by_june, "2025-01-01T00:00", "day limit running\n"},
		{&minute, "2025-06-15T05:59", "minute upcoming\n"},
		{&minute, "2025-06-15T06:00", "minute overdue\n"},
	};
	struct catalog *made = load_catalog_of(
		"{{title}}",
		"{{#is_minute}}minute {{/is_minute}}{{#is_day}}day {{/is_day}}{{#is_span}}span {{/is_span}}"
		"{{#is_limit}}limit {{/is_limit}}{{#is_window}}window {{/is_window}}"
		"{{#is_upcoming}}upcoming {{/is_upcoming}}{{#is_running}}running {{/is_running}}"
		"{{#is_overdue}}overdue {{/is_overdue}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, "ru", rows[i].period, rows[i].now);
		letter_compose(&letter, made);
		assert_string_equal(letter.text.text, rows[i].expected);
		compose_text_done(&letter.text);
	}
	catalog_free(made);
}

static void compose__counts__are_in_the_readers_days(void **state)
{
	(void)state;
	static const struct {
		const struct period *period;
		const char *now, *expected;
	} rows[] = {
		{&june, "2025-05-31T22:00", "воскресенье, 1 июня 2025 г.|понедельник, 30 июня 2025 г.|29 дней||\n"},
		{&june, "2025-06-30T15:00", "воскресенье, 1 июня 2025 г.|понедельник, 30 июня 2025 г.|0 дней||\n"},
		{&june, "2025-06-30T18:30",
		 "воскресенье, 1 июня 2025 г.|понедельник, 30 июня 2025 г.||2 часа 30 минут|\n"},
		{&limit, "2025-06-12T18:30",
		 "|воскресенье, 15 июня 2025 г.|2 дня||понедельник, 16 июня 2025 г. в 03:00\n"},
		{&minute, "2025-06-15T08:15",
		 "воскресенье, 15 июня 2025 г.|воскресенье, 15 июня 2025 г.||2 часа 15 минут|"
		 "воскресенье, 15 июня 2025 г. в 17:00\n"},
	};
	struct catalog *made =
		load_catalog_of("{{title}}", "{{starts_on}}|{{ends_on}}|{{days_left}}|{{overdue_by}}|{{your_period}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		letter_init(&letter, "ru", rows[i].period, rows[i].now);
		letter_compose(&letter, made);
		assert_string_equal(letter.text.text, rows[i].expected);
		compose_text_done(&letter.text);
	}
	catalog_free(made);
}

static void compose__text_begins_with_empty_lines__comes_without_them(void **state)
{
	(void)state;
	struct catalog *made = load_catalog_of("{{title}}", "{{late_by}}\n \n{{title}}\n\nEnd\n\n");
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter_compose(&letter, made);
	assert_string_equal(letter.text.text, "Ярмарка\n\nEnd\n");
	compose_text_done(&letter.text);
	catalog_free(made);
}

/* A template that was good when it was loaded may still fail with the facts of one message. */
static void compose__useless_template__becomes_the_built_in_text(void **state)
{
	(void)state;
	static char twenty_notes[] = "{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}"
				     "{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}{{note}}";
	static char note[TASK_NOTE_MAX * 4];
	memset(note, 'n', sizeof(note) - 1);
	static const struct {
		const char *subject, *text, *said;
	} rows[] = {
		{"{{title}}", " \n{{#is_overdue}}over{{/is_overdue}}\n", "ru/reminder: text: nothing but blanks"},
		{"{{channel}}{{late_by}} ", "{{title}}", ""},
		{"{{late_by}}\n", "{{title}}", "ru/reminder: subject: nothing but blanks"},
		{"{{title}}", twenty_notes, "ru/reminder: text: "},
		{"{{note}}", "{{title}}", "ru/reminder: subject: "},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct catalog *made = load_catalog_of(rows[i].subject, rows[i].text);
		struct letter letter;
		letter_init(&letter, "ru", &june, "2025-05-01T22:00");
		letter.task.note = note;
		letter_compose(&letter, made);
		assert_int_equal(strncmp(letter.err.text, rows[i].said, strlen(rows[i].said)), 0);
		assert_string_equal(letter.text.language, *rows[i].said == '\0' ? "ru" : "und");
		assert_string_equal(letter.text.subject, *rows[i].said == '\0' ? "email" : "Ярмарка");
		assert_has(&letter, "Ярмарка\n");
		compose_text_done(&letter.text);
		catalog_free(made);
	}
}

static void compose__html__comes_when_it_is_wanted_and_there(void **state)
{
	(void)state;
	static char note[] = "<b>&";
	static const struct {
		const char *html;
		bool wants_html;
		const char *expected;
	} rows[] = {
		{"<p>{{title}} {{note}}</p>\n\n\n", true, "<p>Ярмарка &lt;b&gt;&amp;</p>\n"},
		{"<p>{{title}} {{note}}</p>\n", false, NULL},
		{NULL, true, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct catalog *made = load_catalog_with("{{title}}", "{{title}} {{note}}", rows[i].html);
		struct letter letter;
		letter_init(&letter, "ru", &june, "2025-05-01T22:00");
		letter.task.note = note;
		letter.facts.wants_html = rows[i].wants_html;
		letter_compose(&letter, made);
		assert_string_equal(letter.text.text, "Ярмарка <b>&\n");
		if (rows[i].expected != NULL)
			assert_string_equal(letter.text.html, rows[i].expected);
		else
			assert_null(letter.text.html);
		assert_null(letter.text.problem);
		compose_text_done(&letter.text);
		catalog_free(made);
	}
}

static void compose__html_that_fails__leaves_subject_and_text(void **state)
{
	(void)state;
	static char note[TASK_NOTE_MAX * 4];
	static char html[300];
	memset(note, '<', sizeof(note) - 1); /* each becomes four bytes */
	for (size_t i = 0; i < 20; i++)
		memcpy(html + i * 8, "{{note}}", 8);
	struct catalog *made = load_catalog_with("{{title}}", "{{title}}", html);
	struct letter letter;
	letter_init(&letter, "ru", &june, "2025-05-01T22:00");
	letter.task.note = note;
	letter.facts.wants_html = true;
	letter_compose(&letter, made);
	assert_null(letter.text.html);
	assert_string_equal(letter.text.text, "Ярмарка\n");
	assert_string_equal(letter.text.language, "ru");
	const char *said = "ru/reminder: sent without its HTML: the text is longer than ";
	assert_int_equal(strncmp(letter.text.problem, said, strlen(said)), 0);
	assert_string_equal(letter.text.problem, letter.err.text);
	compose_text_done(&letter.text);
	catalog_free(made);
}

/* ---- more than there is room for ----------------------------------------------------------------------------------- */

enum { CROWD = 1000 };

/* 1000 tasks, the first of which are overdue. */
static void crowd_init(struct letter *letter, struct compose_item items[CROWD], const char *kind, size_t n_overdue)
{
	letter_init(letter, "ru", &day, "2025-06-14T22:00");
	letter->task.title = lend("Подготовить программу пребывания делегации города-побратима");
	for (size_t i = 0; i < CROWD; i++)
		items[i] = (struct compose_item){
			.task = &letter->task,
			.section = i < n_overdue ? COMPOSE_SECTION_OVERDUE : COMPOSE_SECTION_TODAY,
		};
	letter->facts.kind = kind;
	letter->facts.task = NULL;
	letter->facts.items = items;
	letter->facts.n_items = CROWD;
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;
	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void compose__digest_of_hundreds__is_as_many_as_a_mail_program_shows(void **state)
{
	(void)state;
	static struct compose_item items[CROWD];
	struct letter letter;
	crowd_init(&letter, items, "digest", 0);
	letter.facts.wants_html = true;
	letter_compose(&letter, catalog);
	assert_string_equal(letter.err.text, "");
	size_t n = count_of(letter.text.html, "<b dir=\"auto\">");
	assert_in_range(strlen(letter.text.html), COMPOSE_HTML_SHOWN_MAX - 2000, COMPOSE_HTML_SHOWN_MAX);
	assert_in_range(n, 100, COMPOSE_ITEMS_MAX);
	assert_int_equal(count_of(letter.text.text, "• "), n);
	char *more = mem_printf("… и ещё %zu", CROWD - n);
	assert_has(&letter, more);
	assert_non_null(strstr(letter.text.html, more));
	free(more);
	assert_non_null(strstr(letter.text.subject, "1 000 "));
	compose_text_done(&letter.text);
}

/* It is said once: what is left out is told nobody. */
static void compose__hundreds_held__are_all_in_the_text(void **state)
{
	(void)state;
	static const struct {
		const char *kind;
		size_t n;
		bool has_html;
	} rows[] = {{"merged", 50, true}, {"merged", 260, false}, {"catch_up", 600, false}};
	static struct compose_item items[CROWD];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		crowd_init(&letter, items, rows[i].kind, 0);
		letter.facts.n_items = rows[i].n;
		letter.facts.wants_html = true;
		letter_compose(&letter, catalog);
		assert_string_equal(letter.err.text, "");
		assert_string_equal(letter.text.language, "ru");
		assert_int_equal(count_of(letter.text.text, "• "), rows[i].n);
		assert_null(strstr(letter.text.text, "… и ещё"));
		assert_int_equal(letter.text.html != NULL, rows[i].has_html);
		compose_text_done(&letter.text);
	}
}

/* Lists within lists take too many steps: with one task they would not. */
static void compose__html_of_several_that_fails__leaves_the_text_whole(void **state)
{
	(void)state;
	static const char *const kinds[] = {"digest", "merged"};
	static struct compose_item items[CROWD];
	for (size_t i = 0; i < 2; i++) {
		struct catalog *made = load_kind_with(
			kinds[i], "{{#items_count}}{{number}}{{/items_count}}",
			"{{#items}}• {{title}}\n{{/items}}{{#more}}… {{number}}{{/more}}",
			"{{#items}}{{#items}}{{#items}}{{#is_late}}x{{/is_late}}{{/items}}{{/items}}{{/items}}");
		struct letter letter;
		crowd_init(&letter, items, kinds[i], 0);
		letter.facts.n_items = 150;
		letter.facts.wants_html = true;
		letter_compose(&letter, made);
		assert_null(letter.text.html);
		assert_int_equal(count_of(letter.text.text, "• "), 150);
		assert_null(strstr(letter.text.text, "…"));
		assert_non_null(strstr(letter.err.text, "sent without its HTML: the template takes more than"));
		compose_text_done(&letter.text);
		catalog_free(made);
	}
}

static void compose__messenger_with_a_limit__gets_what_fits(void **state)
{
	(void)state;
	static struct compose_item items[CROWD];
	struct letter letter;
	crowd_init(&letter, items, "digest", CROWD - 3);
	letter.facts.text_max = 4096;
	letter.facts.text_unit = UTF8_UTF16;
	letter_compose(&letter, catalog);
	assert_in_range(utf8_length(letter.text.text, UTF8_UTF16), 3000, 4000);
	assert_has(&letter, "Просрочено:\n");
	assert_has(&letter, "… и ещё 9");
	const char *today = strstr(letter.text.text, "Сегодня:\n");
	assert_non_null(today);
	assert_int_equal(count_of(today, "• "), 3);
	letter.facts.text_max = 10; /* less than one: the service cuts it */
	letter_compose(&letter, catalog);
	assert_int_equal(count_of(letter.text.text, "• "), 1);
	compose_text_done(&letter.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compose__first_line__tells_what_when_and_how_long),
		cmocka_unit_test(compose__calendars_apart__never_contradict),
		cmocka_unit_test(compose__same_clock__names_no_zone),
		cmocka_unit_test(compose__other_clock__shows_both),
		cmocka_unit_test(compose__window__names_no_zone),
		cmocka_unit_test(compose__subject__is_the_same_for_every_reminder_of_a_task),
		cmocka_unit_test(compose__exact_date__is_asked_for_while_it_is_open),
		cmocka_unit_test(compose__late_message__says_so),
		cmocka_unit_test(compose__paragraphs__have_one_blank_line_between),
		cmocka_unit_test(compose__hostile_title__stays_one_line),
		cmocka_unit_test(compose__broken_bytes__never_lose_a_message),
		cmocka_unit_test(compose__longest_values__fit),
		cmocka_unit_test(compose__language__falls_back),
		cmocka_unit_test(compose__test__says_that_nothing_needs_to_be_done),
		cmocka_unit_test(compose__test_to_a_bare_address__has_no_person),
		cmocka_unit_test(compose__what_fails__becomes_the_built_in_text),
		cmocka_unit_test(compose__closed_fails__says_by_a_sign_how_it_ended),
		cmocka_unit_test(compose__questions__have_one_answer_each),
		cmocka_unit_test(compose__counts__are_in_the_readers_days),
		cmocka_unit_test(compose__text_begins_with_empty_lines__comes_without_them),
		cmocka_unit_test(compose__useless_template__becomes_the_built_in_text),
		cmocka_unit_test(compose__html__comes_when_it_is_wanted_and_there),
		cmocka_unit_test(compose__html_that_fails__leaves_subject_and_text),
		cmocka_unit_test(compose__digest_of_hundreds__is_as_many_as_a_mail_program_shows),
		cmocka_unit_test(compose__hundreds_held__are_all_in_the_text),
		cmocka_unit_test(compose__html_of_several_that_fails__leaves_the_text_whole),
		cmocka_unit_test(compose__messenger_with_a_limit__gets_what_fits),
	};
	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}

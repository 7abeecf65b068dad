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

#include "base/mem.h"
#include "message/compose.h"
#include "message/mail.h"
#include "message/mail_calendar.h"
#include "message/phrase.h"
#include "scratch.h"

/* Every kind of message in every language, about the plan of an office in 2025, as files that a person can read:
 * tests/golden/<language>/<kind>.txt, "und" being the text that is built in, and <kind>.html, the first of them as mails
 * show it, to be opened with a browser; answer.txt is all that is said on messengers. <kind>.eml is a whole mail of some
 * kinds, to be opened with a mail program. UPDATE_GOLDEN=1 writes them anew. */
static const char *const languages[] = {"ru", "en", "zh", "de", "und"};
static const char *const kinds[] = {"reminder", "overdue",  "fix_date", "escalation", "handoff", "moved",
				    "merged",   "catch_up", "digest",   "notice",     "test",    "closed"};

enum { N_LANGUAGES = sizeof(languages) / sizeof(languages[0]), N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct catalog *shipped, *empty;

static int64_t utc(const char *text)
{
	struct civil civil;
	assert_true(civil_parse(text, &civil, NULL));
	return civil_to_seconds(&civil);
}

/* ---- the plan ------------------------------------------------------------------------------------------------ */

enum { SCHOOL, FAIR, FORUM, MAYORS, REPORT, CALL, CEREMONY, GRANT, N_TASKS };

#define MONTHS(first, last, last_day, precision)                                                                       \
	{                                                                                                              \
		true, {2025, first, 1, 0, 0, 0}, {2025, last, last_day, 0, 0, 0}, precision                            \
	}
#define DAY(month, day)                                                                                                \
	{                                                                                                              \
		true, {2025, month, day, 0, 0, 0}, {2025, month, day, 0, 0, 0}, PERIOD_DAY                             \
	}
#define MINUTE(month, day, hour, minute)                                                                               \
	{                                                                                                              \
		true, {2025, month, day, hour, minute, 0}, {2025, month, day, hour, minute, 0}, PERIOD_MINUTE          \
	}

static const struct plan {
	const char *uid, *title, *place, *note, *zone;
	struct period period;
} plan[N_TASKS] = {
	[SCHOOL] = {.uid = "2025-school-visit",
		    .title = "Приезд учеников школы № 5 (район Айгунь, Хэйхэ) в школу № 22",
		    .place = "Южно-Сахалинск",
		    .note = "Поездка предусмотрена соглашением двух школ.",
		    .zone = "Asia/Sakhalin",
		    .period = MONTHS(4, 5, 31, PERIOD_RANGE)},
	[FAIR] = {.uid = "2025-harbin-fair",
		  .title = "Участие в 34-й Харбинской международной торгово-экономической ярмарке",
		  .place = "Харбин",
		  .note = "",
		  .zone = "Asia/Shanghai",
		  .period = MONTHS(6, 6, 30, PERIOD_MONTH)},
	[FORUM] = {.uid = "2025-business-forum",
		   .title = "Российско-китайский деловой форум по экономическому сотрудничеству",
		   .place = "Южно-Сахалинск",
		   .note = "",
		   .zone = "Asia/Sakhalin",
		   .period = MONTHS(6, 6, 30, PERIOD_MONTH)},
	[MAYORS] = {.uid = "2025-five-mayors",
		    .title = "Встреча мэров пяти городов",
		    .place = "Чжухай",
		    .note = "Города-участники: Благовещенск, Нижний Новгород, Южно-Сахалинск, Хэйхэ и Чжухай. "
			    "Основание: протокол о намерениях пяти городов.",
		    .zone = "Asia/Shanghai",
		    .period = MONTHS(7, 7, 31, PERIOD_MONTH)},
	[REPORT] = {.uid = "2025-q1-report",
		    .title = "Отчёт о международных связях за первый квартал",
		    .place = "",
		    .note = "",
		    .zone = "Asia/Sakhalin",
		    .period = {false, {0}, {2025, 4, 14, 0, 0, 0}, PERIOD_DAY}},
	[CALL] = {.uid = "2025-zhuhai-call",
		  .title = "Видеовстреча с Чжухаем о программе",
		  .place = "",
		  .note = "",
		  .zone = "Asia/Shanghai",
		  .period = MINUTE(4, 15, 14, 30)},
	[CEREMONY] = {.uid = "2025-opening",
		      .title = "Открытие выставки",
		      .place = "Хэйхэ",
		      .note = "",
		      .zone = "Asia/Shanghai",
		      .period = DAY(10, 1)},
	[GRANT] = {.uid = "2025-grant",
		   .title = "Заявка в фонд городов-побратимов",
		   .place = "Веллингтон",
		   .note = "",
		   .zone = "Pacific/Auckland",
		   .period = {false, {0}, {2025, 4, 14, 0, 0, 0}, PERIOD_DAY}},
};

static struct task tasks[N_TASKS];

/* Facts are borrowed and never written to, but their structs own what they have elsewhere. */
static char *lend(const char *text)
{
	return (char *)text;
}

static void fill_tasks(void)
{
	for (size_t i = 0; i < N_TASKS; i++)
		tasks[i] = (struct task){
			.uid = lend(plan[i].uid),
			.title = lend(plan[i].title),
			.place = lend(plan[i].place),
			.note = lend(plan[i].note),
			.zone = lend(plan[i].zone),
			.status = lend("open"),
			.rrule = lend(""),
			.rdate = lend(""),
			.period = plan[i].period,
		};
}

static int open_catalogs(void **state)
{
	(void)state;
	struct problems problems = {0};
	fill_tasks();
	shipped = catalog_load("config/templates", NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	empty = catalog_load("config/templates/ru", NULL, &problems); /* no folder in it, so no language */
	problems_done(&problems);
	return 0;
}

static int close_catalogs(void **state)
{
	(void)state;
	catalog_free(shipped);
	catalog_free(empty);
	return 0;
}

static const struct period old_month = MONTHS(5, 5, 31, PERIOD_MONTH);
static const struct period old_minute = MINUTE(4, 14, 10, 0);
static const struct period new_day = DAY(6, 15), new_morning = MINUTE(6, 15, 9, 0);
static const char *const one_name[] = {"Протокольный отдел"};
static const char *const three_names[] = {"Протокольный отдел", "Отдел образования", "Press desk"};

#define NAMES(list) .responsible = list, .n_responsible = sizeof(list) / sizeof(list[0])

/* ---- the scenes ---------------------------------------------------------------------------------------------- */

static const struct compose_item night_items[] = {
	{.task = &tasks[FAIR], .kind = "reminder"},
	{.task = &tasks[MAYORS], .kind = "fix_date", .deputy_for = "Протокольный отдел"},
	{.task = &tasks[CALL], .kind = "moved", .old_period = &old_minute},
	{.task = &tasks[REPORT], .kind = "handoff", NAMES(one_name)},
	{.task = &tasks[CEREMONY], .kind = "reminder", .holiday_event = "国庆节", .holiday_reader = "отпуск"},
};

static const struct compose_item past_items[] = {
	{.task = &tasks[REPORT], .kind = "overdue"},
	{.task = &tasks[CALL], .kind = "escalation", NAMES(three_names)},
	{.task = &tasks[GRANT], .kind = "overdue"},
};

static const struct compose_item late_items[] = {
	{.task = &tasks[FAIR], .kind = "reminder", .due_utc = 1744675200 - 8100},
	{.task = &tasks[REPORT], .kind = "overdue", .due_utc = 1744675200 - 2 * 86400},
};

static const struct compose_item day_items[] = {
	{.task = &tasks[REPORT], .section = COMPOSE_SECTION_OVERDUE},
	{.task = &tasks[CALL], .kind = "reminder", .section = COMPOSE_SECTION_TODAY},
	{.task = &tasks[SCHOOL], .kind = "reminder", .section = COMPOSE_SECTION_WEEK},
	{.task = &tasks[FAIR], .kind = "fix_date", .section = COMPOSE_SECTION_OPENING},
	{.task = &tasks[FORUM], .kind = "reminder", .section = COMPOSE_SECTION_OPENING},
};

/* 15 April 2025, 09:00 on Sakhalin is 14 April, 22:00 UTC. */
#define MORNING "2025-04-14T22:00"
#define ITEMS(list, n) .items = list, .n_items = n

static const struct compose_item often[] = {
	{.task = &tasks[REPORT], .section = COMPOSE_SECTION_OVERDUE, .n_overdue_dates = 61},
};

static const struct compose_unreachable gone[] = {
	{"Марина Ким", "telegram", "403 Forbidden: bot was blocked by the user", true},
	{"Press office", "email", "550 5.1.1 <press@example.org>: no such user", false},
};

static const struct scene {
	const char *title, *now;
	int64_t late_s; /* after the step was due */
	struct compose_facts facts;
} scenes[] = {
	{"школа, за 30 дней", "2025-03-01T22:00", 0, {.kind = "reminder", .task = &tasks[SCHOOL]}},
	{"школа, идёт", "2025-05-29T22:00", 0, {.kind = "reminder", .task = &tasks[SCHOOL]}},
	{"ярмарка, за 30 дней", "2025-05-01T22:00", 0, {.kind = "reminder", .task = &tasks[FAIR]}},
	{"форум, завтра", "2025-05-30T22:00", 0, {.kind = "reminder", .task = &tasks[FORUM]}},
	{"мэры, за 3 дня, с заметкой; заместителю",
	 "2025-06-27T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[MAYORS], .deputy_for = "Отдел образования"}},
	{"отчёт: только крайний день", "2025-04-10T22:00", 0, {.kind = "reminder", .task = &tasks[REPORT]}},
	{"заявка: крайний день в другом поясе", "2025-04-10T22:00", 0, {.kind = "reminder", .task = &tasks[GRANT]}},
	{"видеовстреча, в тот же день, с опозданием", MORNING, 8100, {.kind = "reminder", .task = &tasks[CALL]}},
	{"видеовстреча, ждала утра", MORNING, 9 * 3600, {.kind = "reminder", .task = &tasks[CALL], .is_held = true}},
	{"выставка, праздник на месте",
	 "2025-09-25T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[CEREMONY], .holiday_event = "国庆节"}},
	{"выставка, праздник у читателя",
	 "2025-09-25T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[CEREMONY], .holiday_reader = "выходной"}},
	{"выставка, тот же календарь у читателя",
	 "2025-09-25T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[CEREMONY], .holiday_event = "国庆节", .is_holiday_shared = true}},
	{"выставка, праздник без названия и там и там",
	 "2025-09-25T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[CEREMONY], .holiday_event = "", .holiday_reader = ""}},
	{"выставка, праздник и там и там",
	 "2025-09-25T22:00",
	 0,
	 {.kind = "reminder", .task = &tasks[CEREMONY], .holiday_event = "国庆节", .holiday_reader = "выходной"}},

	{"ярмарка, на третий день", "2025-07-02T22:00", 0, {.kind = "overdue", .task = &tasks[FAIR]}},
	{"отчёт, на следующий день, праздник",
	 MORNING,
	 0,
	 {.kind = "overdue", .task = &tasks[REPORT], .holiday_reader = "выходной"}},
	{"видеовстреча, через два часа", "2025-04-15T08:30", 0, {.kind = "overdue", .task = &tasks[CALL]}},
	{"заявка: там день прошёл, у читателя ещё нет",
	 "2025-04-14T12:30",
	 0,
	 {.kind = "overdue", .task = &tasks[GRANT]}},

	{"школа", "2025-02-15T22:00", 0, {.kind = "fix_date", .task = &tasks[SCHOOL]}},
	{"мэры", "2025-05-16T22:00", 0, {.kind = "fix_date", .task = &tasks[MAYORS], .holiday_event = "劳动节"}},

	{"ярмарка, одно имя", "2025-07-02T22:00", 0, {.kind = "escalation", .task = &tasks[FAIR], NAMES(one_name)}},
	{"видеовстреча, три имени",
	 "2025-04-16T22:00",
	 0,
	 {.kind = "escalation", .task = &tasks[CALL], NAMES(three_names), .deputy_for = "Мэр"}},
	{"школа, срок ещё не прошёл, имён нет", "2025-05-29T22:00", 0, {.kind = "escalation", .task = &tasks[SCHOOL]}},

	{"отчёт", "2025-06-14T22:00", 0, {.kind = "handoff", .task = &tasks[REPORT], NAMES(three_names)}},

	{"ярмарка, прежний срок известен",
	 "2025-03-01T22:00",
	 0,
	 {.kind = "moved", .task = &tasks[FAIR], .old_period = &old_month}},
	{"видеовстреча, время",
	 "2025-04-10T22:00",
	 0,
	 {.kind = "moved", .task = &tasks[CALL], .old_period = &old_minute}},
	{"отчёт, прежний срок неизвестен", "2025-04-10T22:00", 0, {.kind = "moved", .task = &tasks[REPORT]}},

	{"пять", MORNING, 0, {.kind = "merged", ITEMS(night_items, 5), .is_held = true}},
	{"два", MORNING, 0, {.kind = "merged", ITEMS(night_items, 2), .is_held = true}},
	{"одно", MORNING, 0, {.kind = "merged", ITEMS(late_items, 1), .is_held = true}},
	{"просрочено три", "2025-04-15T08:30", 0, {.kind = "merged", ITEMS(past_items, 3), .is_held = true}},
	{"сколько поместилось",
	 MORNING,
	 0,
	 {.kind = "merged", ITEMS(night_items, 5), .is_held = true, .text_max = 1000}},

	{"два", "2025-04-15T00:00", 0, {.kind = "catch_up", ITEMS(late_items, 2)}},
	{"одно", "2025-04-15T00:00", 0, {.kind = "catch_up", ITEMS(late_items + 1, 1)}},

	{"всё", MORNING, 0, {.kind = "digest", ITEMS(day_items, 5)}},
	{"одно дело", MORNING, 0, {.kind = "digest", ITEMS(day_items + 2, 1)}},
	{"скоро одно, заместителю",
	 MORNING,
	 0,
	 {.kind = "digest", ITEMS(day_items + 3, 1), .deputy_for = "Отдел образования"}},
	{"двое недоступны",
	 MORNING,
	 0,
	 {.kind = "digest", ITEMS(day_items + 2, 1), .unreachable = gone, .n_unreachable = 2}},
	{"по многу раз и не всё",
	 MORNING,
	 0,
	 {.kind = "digest",
	  ITEMS(often, 1),
	  .n_left_out = {[COMPOSE_SECTION_OVERDUE] = 184, [COMPOSE_SECTION_TODAY] = 1, [COMPOSE_SECTION_OPENING] = 3}}},
	{"пусто", MORNING, 0, {.kind = "digest"}},

	{"две строки",
	 MORNING,
	 0,
	 {.kind = "notice", .notice = "3 messages have waited for more than an hour\nThe oldest is 42."}},
	{"проба", MORNING, 0, {.kind = "test"}},

	{"сделано",
	 MORNING,
	 0,
	 {.kind = "closed",
	  .task = &tasks[CALL],
	  .closed_how = "done",
	  .closed_by = "Анна Ким",
	  .closed_utc = 1744664400}},
	{"отменено",
	 MORNING,
	 0,
	 {.kind = "closed", .task = &tasks[FAIR], .closed_how = "cancel", .closed_by = "Анна Ким"}},
	{"отменена одна дата",
	 MORNING,
	 0,
	 {.kind = "closed", .task = &tasks[CALL], .closed_how = "cancel", .is_one_date = true}},
	{"отменена выставка", MORNING, 0, {.kind = "closed", .task = &tasks[CEREMONY], .closed_how = "cancel"}},
	{"убрано из плана", MORNING, 0, {.kind = "closed", .task = &tasks[REPORT], .closed_how = "delete"}},
};

/* ---- comparing ----------------------------------------------------------------------------------------------- */

/* Nothing is fetched, nothing runs, and all that was opened is closed. */
static void assert_html(const char *html)
{
	static const char *const banned[] = {"http:", "https:", "src=", "url(", "<script",
					     "<link", "<form",  "{{",   "href="};
	static const char *const paired[] = {"<html", "</html>", "<table", "</table>", "<tr",   "</tr>", "<td",
					     "</td>", "<p ",     "</p>",   "<h1",      "</h1>", "<h2",   "</h2>"};
	for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++)
		if (strstr(html, banned[i]) != NULL)
			fail_msg("there is '%s' in it", banned[i]);
	for (size_t i = 0; i < sizeof(paired) / sizeof(paired[0]); i += 2) {
		int open = 0;
		for (const char *p = html; (p = strstr(p, paired[i])) != NULL; p++)
			open++;
		for (const char *p = html; (p = strstr(p, paired[i + 1])) != NULL; p++)
			open--;
		if (open != 0)
			fail_msg("%s and %s do not match", paired[i], paired[i + 1]);
	}
}

static void add_html(const struct compose_text *text, struct buf *html)
{
	if (text->html == NULL)
		return;
	assert_html(text->html);
	if (html->len == 0)
		buf_add_str(html, text->html);
}

/* A reader in Russia and one in China; the built-in text does not depend on either. */
static void add_scene(const char *language, const struct scene *scene, struct buf *out, struct buf *html)
{
	bool is_built_in = strcmp(language, "und") == 0, is_chinese = strcmp(language, "zh") == 0;
	struct person person = {.id = lend("desk"),
				.name = lend(is_chinese ? "友好城市外事办公室" : "Протокольный отдел"),
				.language = lend(language),
				.zone = lend(is_chinese ? "Asia/Shanghai" : "Asia/Sakhalin")};
	struct compose_facts facts = scene->facts;
	struct compose_text text;
	struct err err;
	facts.person = &person;
	facts.now_utc = utc(scene->now);
	facts.due_utc = facts.now_utc - scene->late_s;
	facts.channel = "email";
	facts.wants_html = true;
	compose(is_built_in ? empty : shipped, &facts, &text, &err);
	if (!is_built_in && err.text[0] != '\0')
		fail_msg("%s: %s", scene->title, err.text);
	assert_string_equal(text.language, language);
	buf_printf(out, "=== %s ===\nSubject: %s\n\n%s\n", scene->title, text.subject, text.text);
	add_html(&text, html);
	compose_text_done(&text);
}

/* Both from the line on in which they differ first. */
static void fail_with_line(const char *path, const char *expected, const char *said)
{
	unsigned line = 1;
	size_t start = 0;
	for (size_t i = 0; expected[i] == said[i]; i++)
		if (expected[i] == '\n') {
			line++;
			start = i + 1;
		}
	fail_msg("%s:%u: (UPDATE_GOLDEN=1 writes it anew)\nexpected: %.*s\nnow:      %.*s", path, line,
		 (int)strcspn(expected + start, "\n"), expected + start, (int)strcspn(said + start, "\n"),
		 said + start);
}

static void assert_golden(const char *path, const struct buf *said)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s: %s; UPDATE_GOLDEN=1 writes it", path, strerror(errno));
	assert_int_equal(fclose(file), 0);
	char *expected = scratch_read(path, NULL);
	if (strcmp(expected, buf_str(said)) != 0)
		fail_with_line(path, expected, buf_str(said));
	free(expected);
}

static void update_golden(const char *language, const char *path, const struct buf *said)
{
	char *folder = mem_printf("tests/golden/%s", language);
	assert_true(mkdir("tests/golden", 0777) == 0 || errno == EEXIST);
	assert_true(mkdir(folder, 0777) == 0 || errno == EEXIST);
	scratch_write(path, buf_str(said), said->len);
	free(folder);
}

/* The file has those words, or gets them. */
static void check_golden(const char *language, const char *kind, const char *suffix, const struct buf *said)
{
	char *path = mem_printf("tests/golden/%s/%s.%s", language, kind, suffix);
	if (getenv("UPDATE_GOLDEN") != NULL)
		update_golden(language, path, said);
	else
		assert_golden(path, said);
	free(path);
}

static void check_kind(const char *language, const char *kind)
{
	struct buf said, html;
	buf_init(&said, 256 * 1024);
	buf_init(&html, 256 * 1024);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(scenes[i].facts.kind, kind) == 0)
			add_scene(language, &scenes[i], &said, &html);
	assert_true(said.len > 0);
	check_golden(language, kind, "txt", &said);
	if (html.len > 0)
		check_golden(language, kind, "html", &html);
	buf_done(&said);
	buf_done(&html);
}

static void compose__every_kind__reads_as_in_its_file(void **state)
{
	(void)state;
	for (size_t l = 0; l < N_LANGUAGES; l++)
		for (size_t k = 0; k < N_KINDS; k++)
			check_kind(languages[l], kinds[k]);
}

/* Of a button, and of what is said when it was pressed, there is one line. */
static void add_answer(const char *language, enum phrase phrase, struct buf *out)
{
	struct person person = {.id = lend("desk"),
				.name = lend("Анна Ким"),
				.language = lend(language),
				.zone = lend("Asia/Sakhalin")};
	bool is_put_off = phrase == PHRASE_PUT_OFF || phrase == PHRASE_ALREADY_PUT_OFF;
	const struct compose_facts facts = {.kind = "answer",
					    .task = &tasks[phrase == PHRASE_DATE_KNOWN ? CALL : FAIR],
					    .person = &person,
					    .now_utc = utc(MORNING),
					    .says = phrase_names[phrase],
					    .answer_date = is_put_off ? &new_morning : &new_day};
	struct compose_text text = {0};
	struct err err = {""};
	char *line = compose_line(shipped, &facts, &err);
	if (phrase >= PHRASE_FIRST_ANSWER && err.text[0] == '\0')
		compose(shipped, &facts, &text, &err);
	if (err.text[0] != '\0')
		fail_msg("%s: %s", phrase_names[phrase], err.text);
	buf_printf(out, "=== %s ===\n%s\n%s%s\n", phrase_names[phrase], line, text.text != NULL ? "\n" : "",
		   text.text != NULL ? text.text : "");
	compose_text_done(&text);
	free(line);
}

static void compose__every_answer__reads_as_in_its_file(void **state)
{
	(void)state;
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct buf said;
		if (strcmp(languages[l], "und") == 0)
			continue;
		buf_init(&said, 256 * 1024);
		for (enum phrase phrase = 0; phrase < PHRASE_MAX; phrase++)
			add_answer(languages[l], phrase, &said);
		check_golden(languages[l], "answer", "txt", &said);
		buf_done(&said);
	}
}

/* ---- whole mails --------------------------------------------------------------------------------------------- */

/* What leaves for the reader, of one task with its date for a calendar. */
static const struct whole {
	const char *now;
	int64_t sequence;
	bool is_urgent;
	struct compose_facts facts;
} wholes[] = {
	{MORNING, 0, true, {.kind = "reminder", .task = &tasks[CALL]}},
	{"2025-07-02T22:00", 0, false, {.kind = "overdue", .task = &tasks[FAIR]}},
	{"2025-03-01T22:00", 1, false, {.kind = "moved", .task = &tasks[FAIR], .old_period = &old_month}},
	{MORNING, 2, false, {.kind = "closed", .task = &tasks[FAIR], .closed_how = "cancel", .closed_by = "Анна Ким"}},
	{MORNING, 0, false, {.kind = "digest", ITEMS(day_items, 5)}},
};

static bool whole_is_cancelled(const struct whole *whole)
{
	return strcmp(whole->facts.kind, "closed") == 0;
}

static char *whole_calendar(const struct whole *whole, int64_t now_utc)
{
	if (whole->facts.task == NULL)
		return NULL;
	struct task task = *whole->facts.task;
	task.sequence = whole->sequence;
	struct mail_event event = {.task = &task,
				   .is_cancelled = whole_is_cancelled(whole),
				   .organizer_name = "Международный отдел",
				   .organizer_address = "deadlines@example.org",
				   .instance = "0123456789abcdef",
				   .now_utc = now_utc};
	return mail_calendar(&event);
}

static void whole_build(const struct whole *whole, const struct person *person, const struct compose_text *text,
			struct buf *out)
{
	struct err err;
	int64_t now_utc = utc(whole->now);
	char *calendar = whole_calendar(whole, now_utc);
	struct mail mail = {
		.from_name = "Международный отдел",
		.from_address = "deadlines@example.org",
		.to_name = person->name,
		.to_address = "anna@example.org",
		.reply_to_name = calendar != NULL ? "Протокольный отдел" : NULL,
		.reply_to_address = calendar != NULL ? "protocol@example.org" : NULL,
		.subject = text->subject,
		.text = text->text,
		.html = text->html,
		.calendar = calendar,
		.calendar_method = calendar == NULL            ? NULL
				   : whole_is_cancelled(whole) ? "CANCEL"
							       : "PUBLISH",
		.list_domain = "example.org",
		.list_unsubscribe = "mailto:deadlines@example.org?subject=unsubscribe",
		.is_urgent = whole->is_urgent,
		.language = text->language,
		.message_id = "m7.00000001.0123456789abcdef@example.org",
		.thread_id = calendar != NULL ? "m3.00000001.0123456789abcdef@example.org" : NULL,
		.date_utc = now_utc,
		.date_offset_s = 11 * 3600,
	};
	assert_int_equal(mail_build(&mail, out, &err), 0);
	free(calendar);
}

static void check_whole(const char *language, const struct whole *whole)
{
	struct person person = {.id = lend("anna"),
				.name = lend("Анна Ким"),
				.language = lend(language),
				.zone = lend("Asia/Sakhalin")};
	struct compose_facts facts = whole->facts;
	struct compose_text text;
	struct err err;
	struct buf said;
	facts.person = &person;
	facts.now_utc = facts.due_utc = utc(whole->now);
	facts.wants_html = true;
	buf_init(&said, 256 * 1024);
	compose(shipped, &facts, &text, &err);
	whole_build(whole, &person, &text, &said);
	check_golden(language, facts.kind, "eml", &said);
	compose_text_done(&text);
	buf_done(&said);
}

static void mail__whole__is_as_in_its_file(void **state)
{
	(void)state;
	for (size_t l = 0; l < N_LANGUAGES; l++)
		for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
			if (strcmp(languages[l], "und") != 0)
				check_whole(languages[l], &wholes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compose__every_kind__reads_as_in_its_file),
		cmocka_unit_test(compose__every_answer__reads_as_in_its_file),
		cmocka_unit_test(mail__whole__is_as_in_its_file),
	};
	return cmocka_run_group_tests(tests, open_catalogs, close_catalogs);
}

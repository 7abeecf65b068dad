#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/context.h"
#include "plan/civil.h"

/* Facts are borrowed and never written to, but their structs own what they have elsewhere. */
static char *lend(const char *text)
{
	return (char *)text;
}

static int64_t utc(const char *text)
{
	struct civil civil;
	assert_true(civil_parse(text, &civil, NULL));
	return civil_to_seconds(&civil);
}

enum { MAX_ITEMS = 32 };

/* A message for a reader on Sakhalin about fairs in Harbin in June 2025; tests change what they are about. */
struct scene {
	struct task tasks[MAX_ITEMS];
	struct compose_item items[MAX_ITEMS];
	struct person person;
	struct compose_facts facts;
	struct language *language;
	json_t *data;
};

static void scene_init(struct scene *scene, const char *tag, const char *kind, size_t n_items)
{
	struct err err;
	*scene = (struct scene){.person = {.name = lend("Reader"), .zone = lend("Asia/Sakhalin")}};
	for (size_t i = 0; i < MAX_ITEMS; i++) {
		scene->tasks[i] = (struct task){
			.uid = lend("2025-fair"),
			.title = lend("Fair"),
			.place = lend("Harbin"),
			.note = lend("Note"),
			.zone = lend("Asia/Shanghai"),
			.period = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH},
		};
		scene->items[i] = (struct compose_item){.task = &scene->tasks[i], .kind = "reminder"};
	}
	scene->facts = (struct compose_facts){
		.kind = kind,
		.person = &scene->person,
		.now_utc = utc("2025-04-14T22:00"),
		.channel = "email",
		.task = n_items == 0 ? &scene->tasks[0] : NULL,
		.items = n_items > 0 ? scene->items : NULL,
		.n_items = n_items,
	};
	assert_int_equal(language_new(tag, &scene->language, &err), 0);
}

/* The names that were made and what they stand for. */
static int make(const struct scene *scene, const struct context_wanted *wanted, json_t **ret_data, struct err *err)
{
	struct context_values values;
	int status = context_values_init(&scene->facts, scene->language, wanted, &values, err);
	if (status < 0)
		return status;
	*ret_data = json_object();
	for (size_t i = 0; i < CONTEXT_NAME_MAX; i++)
		if (values.of[i] != NULL)
			json_object_set(*ret_data, context_names[i], values.of[i]);
	context_values_done(&values);
	return 0;
}

static void scene_see(struct scene *scene)
{
	struct err err = {0};
	json_decref(scene->data);
	if (make(scene, NULL, &scene->data, &err) < 0)
		fail_msg("%s", err.text);
}

static void scene_done(struct scene *scene)
{
	json_decref(scene->data);
	language_free(scene->language);
}

/* The value, "" when it is not there, "true" for a flag. */
static const char *value(const json_t *object, const char *name)
{
	const json_t *found = json_object_get(object, name);
	if (found == NULL)
		return "";
	return json_is_true(found) ? "true" : json_string_value(found);
}

static const json_t *item(const struct scene *scene, const char *list, size_t i)
{
	const json_t *found = json_array_get(json_object_get(scene->data, list), i);
	assert_non_null(found);
	return found;
}

static void context__sections__are_those_of_the_items(void **state)
{
	(void)state;
	static const char *const titles[] = {"soon", "late 1", "now", "late 2", "week"};
	static const enum compose_section sections[] = {COMPOSE_SECTION_OPENING, COMPOSE_SECTION_OVERDUE,
							COMPOSE_SECTION_TODAY, COMPOSE_SECTION_OVERDUE,
							COMPOSE_SECTION_WEEK};
	static const struct {
		const char *list, *flag, *of, *titles[3];
	} rows[] = {{"overdue", "has_overdue", "of_overdue", {"late 1", "late 2"}},
		    {"today", "has_today", "of_today", {"now"}},
		    {"this_week", "has_this_week", "of_this_week", {"week"}},
		    {"opening", "has_opening", "of_opening", {"soon"}}};
	struct scene scene;
	scene_init(&scene, "ru", "digest", 5);
	for (size_t i = 0; i < 5; i++) {
		scene.tasks[i].title = lend(titles[i]);
		scene.items[i].section = sections[i];
		scene.items[i].due_utc = 1; /* a digest is never late */
	}
	scene_see(&scene);

	assert_int_equal(json_array_size(json_object_get(scene.data, "items")), 5);
	assert_int_equal(json_array_size(json_object_get(scene.data, "counts")), 4);
	for (size_t r = 0; r < 4; r++) {
		size_t n = 0;
		for (; rows[r].titles[n] != NULL; n++)
			assert_string_equal(value(item(&scene, rows[r].list, n), "title"), rows[r].titles[n]);
		assert_int_equal(json_array_size(json_object_get(scene.data, rows[r].list)), n);
		assert_string_equal(value(scene.data, rows[r].flag), "true");

		const json_t *count = item(&scene, "counts", r);
		assert_string_equal(value(count, rows[r].of), "true");
		assert_string_equal(value(count, "number"), n == 2 ? "2" : "1");
		assert_string_equal(value(count, n == 2 ? "few" : "one"), "true");
		assert_string_equal(value(count, "is_last"), r == 3 ? "true" : "");
	}
	assert_string_equal(value(item(&scene, "items", 0), "is_late"), "");
	assert_string_equal(value(scene.data, "date"), "вторник, 15 апреля 2025 г.");
	assert_string_equal(value(scene.data, "short_date"), "15 апреля");
	assert_string_equal(value(scene.data, "title"), "");
	scene_done(&scene);
}

static void context__empty_section__is_not_there(void **state)
{
	(void)state;
	static const char *const names[] = {"overdue", "has_overdue", "this_week", "has_this_week", "opening"};
	struct scene scene;
	scene_init(&scene, "en", "digest", 1);
	scene.items[0].section = COMPOSE_SECTION_TODAY;
	scene_see(&scene);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(json_object_get(scene.data, names[i]));
	assert_int_equal(json_array_size(json_object_get(scene.data, "counts")), 1);
	assert_string_equal(value(item(&scene, "counts", 0), "is_last"), "true");
	assert_string_equal(value(item(&scene, "today", 0), "is_listed"), "true");
	scene_done(&scene);
}

/* "late 2 now 1 ..." */
static void titles_of(const struct scene *scene, const char *list, char *text, size_t size)
{
	size_t i;
	const json_t *inner;
	text[0] = '\0';
	json_array_foreach(json_object_get(scene->data, list), i, inner)
	{
		size_t len = strlen(text);
		(void)snprintf(text + len, size - len, "%s%s", i > 0 ? " " : "", value(inner, "title"));
	}
}

/* The order in which they are given up: what is overdue first, and of that the oldest. */
static void context__too_many_items__are_counted_and_overdue_ones_go_first(void **state)
{
	(void)state;
	static const char *const titles[] = {"older", "late", "now", "later", "soon"};
	static const enum compose_section sections[] = {COMPOSE_SECTION_OVERDUE, COMPOSE_SECTION_OVERDUE,
							COMPOSE_SECTION_TODAY, COMPOSE_SECTION_TODAY,
							COMPOSE_SECTION_OPENING};
	static const struct {
		const char *overdue, *more_overdue, *today, *more_today, *opening, *more_opening, *more;
	} rows[] = {
		{"", "2", "now", "1", "", "1", "4"},
		{"", "2", "now later", "", "", "1", "3"},
		{"", "2", "now later", "", "soon", "", "2"},
		{"late", "1", "now later", "", "soon", "", "1"},
		{"older late", "", "now later", "", "soon", "", ""},
	};
	struct scene scene;
	scene_init(&scene, "en", "digest", 5);
	for (size_t i = 0; i < 5; i++) {
		scene.tasks[i].title = lend(titles[i]);
		scene.items[i].section = sections[i];
	}
	for (size_t i = 0; i < 5; i++) {
		char text[64];
		scene.facts.max_items = i + 1;
		scene_see(&scene);
		titles_of(&scene, "overdue", text, sizeof(text));
		assert_string_equal(text, rows[i].overdue);
		titles_of(&scene, "today", text, sizeof(text));
		assert_string_equal(text, rows[i].today);
		titles_of(&scene, "opening", text, sizeof(text));
		assert_string_equal(text, rows[i].opening);
		assert_string_equal(value(json_object_get(scene.data, "more_overdue"), "number"), rows[i].more_overdue);
		assert_string_equal(value(json_object_get(scene.data, "more_today"), "number"), rows[i].more_today);
		assert_string_equal(value(json_object_get(scene.data, "more_opening"), "number"), rows[i].more_opening);
		assert_string_equal(value(json_object_get(scene.data, "more"), "number"), rows[i].more);
		assert_string_equal(value(json_object_get(scene.data, "items_count"), "number"), "5");
		assert_string_equal(value(item(&scene, "counts", 0), "number"), "2");
		assert_string_equal(value(scene.data, "has_overdue"), "true");
	}
	scene_done(&scene);
}

/* What cannot be said makes the built-in text, which leaves nobody out. */
static void context__item_that_would_be_lost__is_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *zone;
		enum compose_section section;
		const char *said;
	} rows[] = {
		{"digest", "Asia/Shanghai", COMPOSE_SECTION_NONE, "task '2025-fair' has no section"},
		{"digest", "Asia/Nowhere", COMPOSE_SECTION_TODAY, "task '2025-fair': unknown zone 'Asia/Nowhere'"},
		{"merged", "Asia/Nowhere", COMPOSE_SECTION_NONE, "task '2025-fair': unknown zone 'Asia/Nowhere'"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		struct err err = {0};
		scene_init(&scene, "en", rows[i].kind, 2);
		scene.items[0].section = COMPOSE_SECTION_TODAY;
		scene.items[1].section = rows[i].section;
		scene.tasks[1].zone = lend(rows[i].zone);
		assert_int_equal(make(&scene, NULL, &scene.data, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].said);
		assert_null(scene.data);
		scene_done(&scene);
	}
}

static void context__items__keep_to_themselves(void **state)
{
	(void)state;
	static const char *const names[] = {"Desk", "Press"};
	struct scene scene;
	scene_init(&scene, "en", "merged", 2);
	scene.items[0].responsible = names;
	scene.items[0].n_responsible = 2;
	scene.items[0].kind = "escalation";
	scene.items[0].deputy_for = "Head";
	scene.items[1].kind = "fix_date";
	scene.facts.deputy_for = "Clerk";
	scene.facts.task = &scene.tasks[5]; /* a list has no task of its own */
	scene_see(&scene);

	assert_string_equal(value(item(&scene, "items", 0), "responsible"), "Desk and Press");
	assert_string_equal(value(item(&scene, "items", 0), "deputy_for"), "Head");
	assert_string_equal(value(item(&scene, "items", 0), "is_escalation"), "true");
	assert_string_equal(value(item(&scene, "items", 0), "asks_date"), "");
	assert_string_equal(value(item(&scene, "items", 1), "responsible"), "");
	assert_string_equal(value(item(&scene, "items", 1), "deputy_for"), "Clerk");
	assert_string_equal(value(item(&scene, "items", 1), "asks_date"), "true");
	/* a name that stood outside would be found from inside every item */
	static const char *const inner[] = {"title", "place", "responsible", "deputy_for", "is_late", "is_escalation"};
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		assert_null(json_object_get(scene.data, inner[i]));
	scene_done(&scene);
}

static void context__overdue__is_said_of_what_is_chased_after_its_end(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *now, *expected;
	} rows[] = {
		{"overdue", "2025-07-02T22:00", "true"}, {"escalation", "2025-07-02T22:00", "true"},
		{"handoff", "2025-07-02T22:00", "true"}, {"reminder", "2025-07-02T22:00", ""},
		{"escalation", "2025-06-02T22:00", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		scene_init(&scene, "en", rows[i].kind, 0);
		scene.facts.now_utc = utc(rows[i].now);
		scene_see(&scene);
		assert_string_equal(value(scene.data, "says_overdue"), rows[i].expected);
		scene_done(&scene);
	}
}

/* The 15th of June in New York ends on Sakhalin on the 16th at 15:00. */
static void context__limit_elsewhere__ends_on_the_readers_clock(void **state)
{
	(void)state;
	static const struct {
		const char *zone, *now, *your_period, *ends_in, *overdue_by;
	} rows[] = {
		{"America/New_York", "2025-06-14T22:00", "Monday, June 16, 2025 at 3:00 PM", "today", ""},
		{"America/New_York", "2025-06-16T21:00", "Monday, June 16, 2025 at 3:00 PM", "2 days ago", "17 hours"},
		{"America/New_York", "2025-06-17T05:00", "Monday, June 16, 2025 at 3:00 PM", "2 days ago", "2 days"},
		{"Asia/Sakhalin", "2025-06-14T22:00", "", "today", ""},
		{"Asia/Sakhalin", "2025-06-16T21:00", "", "2 days ago", "2 days"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		scene_init(&scene, "en", "reminder", 0);
		scene.tasks[0].zone = lend(rows[i].zone);
		scene.tasks[0].period = (struct period){false, {0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY};
		scene.facts.now_utc = utc(rows[i].now);
		scene_see(&scene);
		assert_string_equal(value(scene.data, "your_period"), rows[i].your_period);
		assert_string_equal(value(scene.data, "ends_in"), rows[i].ends_in);
		assert_string_equal(value(scene.data, "overdue_by"), rows[i].overdue_by);
		scene_done(&scene);
	}
}

static void context__one_item__is_a_message_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *item, *expected;
	} rows[] = {{"merged", "overdue", "overdue"},
		    {"catch_up", "moved", "moved"},
		    {"merged", NULL, "reminder"},
		    {"digest", "overdue", "digest"},
		    {"reminder", NULL, "reminder"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		scene_init(&scene, "en", rows[i].kind, 1);
		scene.items[0].kind = rows[i].item;
		assert_string_equal(context_kind(&scene.facts), rows[i].expected);
		scene.facts.n_items = 2;
		assert_string_equal(context_kind(&scene.facts), rows[i].kind);
		scene_done(&scene);
	}

	struct scene scene;
	scene_init(&scene, "en", "catch_up", 1);
	scene.items[0].due_utc = scene.facts.now_utc - 600;
	scene.items[0].holiday_event = "Day off";
	scene.facts.deputy_for = "Clerk";
	scene_see(&scene);
	assert_string_equal(value(scene.data, "title"), "Fair");
	assert_string_equal(value(scene.data, "holiday_event"), "Day off");
	assert_string_equal(value(scene.data, "deputy_for"), "Clerk");
	assert_string_equal(value(scene.data, "late_by"), "10 minutes");
	assert_string_equal(value(scene.data, "is_listed"), "");
	scene_done(&scene);
}

static void context__late__depends_on_why(void **state)
{
	(void)state;
	static const struct {
		const char *kind;
		size_t n_items;
		bool is_held;
		int64_t late_s;
		const char *late_by, *held;
	} rows[] = {
		{"reminder", 0, false, 3600, "", ""},        {"reminder", 0, false, 3601, "1 hour", ""},
		{"reminder", 0, true, 60, "", ""},           {"reminder", 0, true, 61, "1 minute", "true"},
		{"merged", 1, true, 61, "1 minute", "true"}, {"catch_up", 1, false, 60, "", ""},
		{"catch_up", 1, false, 61, "1 minute", ""},  {"catch_up", 2, false, 61, "1 minute", ""},
		{"merged", 2, true, 61, "1 minute", "true"}, {"merged", 2, false, 3601, "1 hour", ""},
		{"reminder", 0, false, 1744668000, "", ""}, /* due at 0: not known */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		scene_init(&scene, "en", rows[i].kind, rows[i].n_items);
		scene.facts.is_held = rows[i].is_held;
		scene.facts.due_utc = scene.items[0].due_utc = scene.facts.now_utc - rows[i].late_s;
		scene_see(&scene);
		const json_t *seen = rows[i].n_items > 1 ? item(&scene, "items", 0) : scene.data;
		assert_string_equal(value(seen, "late_by"), rows[i].late_by);
		assert_string_equal(value(seen, "is_late"), *rows[i].late_by != '\0' ? "true" : "");
		assert_string_equal(value(seen, "is_held"), rows[i].held);
		scene_done(&scene);
	}
}

static void context__old_period__is_on_the_clock_of_the_new_one(void **state)
{
	(void)state;
	static const struct {
		struct period period;
		const char *expected;
	} rows[] = {
		{{true, {2025, 5, 1, 0, 0, 0}, {2025, 5, 31, 0, 0, 0}, PERIOD_MONTH}, "May 2025"},
		{{false, {0}, {2025, 5, 31, 0, 0, 0}, PERIOD_DAY}, "Saturday, May 31, 2025"},
		{{true, {2025, 5, 31, 23, 0, 0}, {2025, 5, 31, 23, 0, 0}, PERIOD_MINUTE},
		 "Sunday, June 1, 2025 at 2:00 AM"},
	};
	struct scene scene;
	scene_init(&scene, "en", "moved", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scene.facts.old_period = &rows[i].period;
		scene_see(&scene);
		assert_string_equal(value(scene.data, "old_period"), rows[i].expected);
		assert_string_equal(value(scene.data, "is_moved"), "true");
	}
	scene.facts.old_period = NULL;
	scene_see(&scene);
	assert_string_equal(value(scene.data, "old_period"), "");
	scene_done(&scene);
}

static void context__hostile_texts__stay_in_their_line(void **state)
{
	(void)state;
	static const char *const names[] = {"A\r\nB", "C\xff"};
	struct scene scene;
	scene_init(&scene, "en", "escalation", 0);
	scene.facts.responsible = names;
	scene.facts.n_responsible = 2;
	scene.facts.deputy_for = "D\nE";
	scene.facts.holiday_event = "F\nG";
	scene.facts.holiday_reader = "H\x01I";
	scene.facts.notice = "one\r\ntwo\x07\n";
	scene_see(&scene);
	assert_string_equal(value(scene.data, "responsible"), "A  B and C\ufffd");
	assert_string_equal(value(scene.data, "deputy_for"), "D E");
	assert_string_equal(value(scene.data, "holiday_event"), "F G");
	assert_string_equal(value(scene.data, "holiday_reader"), "H I");
	assert_string_equal(value(scene.data, "notice"), "one \ntwo \n");
	assert_string_equal(value(scene.data, "notice_line"), "one");
	scene_done(&scene);
}

static void context_add_clean__text__is_valid_and_has_no_controls(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected, *with_lines;
	} rows[] = {
		{"", "", ""},
		{"Plain text, long enough for eight bytes", "Plain text, long enough for eight bytes",
		 "Plain text, long enough for eight bytes"},
		{"Встреча 会议 é ÿ ߿ ࠀ 、 힣 😀", "Встреча 会议 é ÿ ߿ ࠀ 、 힣 😀",
		 "Встреча 会议 é ÿ ߿ ࠀ 、 힣 😀"},
		{"a\nб\r\n\tв\x7f", "a б   в ", "a\nб \n в "},
		{"ю\xc2\x85я\xc2\x9f.", "ю я .", "ю я ."},                      /* C1 */
		{"会\xe2\x80\xa8议\xe2\x80\xae.", "会 议 .", "会 议 ."},        /* U+2028, U+202E */
		{"\xe2\x81\xa6\xe2\x80\x94", " \xe2\x80\x94", " \xe2\x80\x94"}, /* U+2066, a dash */
		{"ю\xd1", "ю\xef\xbf\xbd", "ю\xef\xbf\xbd"},
		{"会\xe4\xbc", "会\xef\xbf\xbd\xef\xbf\xbd", "会\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xd1z\xe4\xbcz\xed\xa0\x80",
		 "\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		 "\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct buf out;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		context_add_clean(rows[i].text, false, &out);
		assert_string_equal(buf_str(&out), rows[i].expected);
		buf_clear(&out);
		context_add_clean(rows[i].text, true, &out);
		assert_string_equal(buf_str(&out), rows[i].with_lines);
		buf_clear(&out);
	}
	buf_done(&out);
}

static void context__wanted__is_all_that_is_made(void **state)
{
	(void)state;
	struct scene scene;
	struct err err;
	json_t *data;
	struct context_wanted wanted = {{false}};
	wanted.is_wanted[CONTEXT_TITLE] = wanted.is_wanted[CONTEXT_IS_WINDOW] = wanted.is_wanted[CONTEXT_ENDS_IN] =
		true;
	scene_init(&scene, "en", "reminder", 0);
	assert_int_equal(make(&scene, &wanted, &data, &err), 0);
	assert_int_equal(json_object_size(data), 3);
	assert_string_equal(value(data, "title"), "Fair");
	assert_string_equal(value(data, "is_window"), "true");
	assert_string_equal(value(data, "ends_in"), "in 76 days");
	json_decref(data);
	scene_done(&scene);

	scene_init(&scene, "en", "digest", 2);
	scene.items[0].section = scene.items[1].section = COMPOSE_SECTION_TODAY;
	wanted.is_wanted[CONTEXT_TODAY] = true;
	assert_int_equal(make(&scene, &wanted, &data, &err), 0);
	assert_int_equal(json_object_size(data), 1);
	assert_int_equal(json_array_size(json_object_get(data, "today")), 2);
	json_decref(data);
	scene_done(&scene);
}

static void context__lines__are_a_list(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, "en", "reminder", 0);
	scene.tasks[0].note = lend("one\n\n\ttwo\n");
	scene_see(&scene);
	const json_t *lines = json_object_get(scene.data, "note_lines");
	static const char *const expected[] = {"one", "", " two"};
	assert_int_equal(json_array_size(lines), 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(json_string_value(json_array_get(lines, i)), expected[i]);
	assert_string_equal(value(scene.data, "language"), "en");
	scene_done(&scene);
}

/* ---- the list of names --------------------------------------------------------------------------------------- */

static void see_names(const json_t *data, bool seen[CONTEXT_NAME_MAX])
{
	const char *name;
	json_t *inner;
	size_t i;
	json_array_foreach((json_t *)data, i, inner) see_names(inner, seen);
	json_object_foreach((json_t *)data, name, inner)
	{
		size_t n = 0;
		while (n < CONTEXT_NAME_MAX && strcmp(context_names[n], name) != 0)
			n++;
		if (n == CONTEXT_NAME_MAX)
			fail_msg("'%s' is not in context_names", name);
		seen[n] = true;
		if (n != CONTEXT_SAYS) /* in it is the name of a phrase */
			see_names(inner, seen);
	}
}

/* Whatever a message may have, in four languages that have all the forms of a noun between them. */
static void see_message(const char *tag, const char *kind, size_t n_items, bool seen[CONTEXT_NAME_MAX])
{
	static const char *const names[] = {"A"};
	static const struct compose_unreachable unreachable = {"A", "telegram", "x", true};
	static const char *const kinds[] = {"fix_date", "moved", "escalation", "handoff"};
	static const struct period old_period = {.end = {2025, 6, 1, 0, 0, 0}, .precision = PERIOD_DAY};
	static const char *const closings[] = {"done", "cancel", "delete"};
	static const enum period_precision precisions[] = {PERIOD_MINUTE, PERIOD_DAY, PERIOD_MONTH};
	struct scene scene;
	scene_init(&scene, tag, kind, n_items);
	scene.facts.notice = "notice";
	scene.facts.says = "done";
	scene.facts.answer_date = &old_period;
	scene.facts.is_held = true;
	scene.facts.is_one_date = true;
	scene.facts.closed_by = "A";
	scene.facts.closed_utc = 1;
	scene.facts.unreachable = &unreachable;
	scene.facts.n_unreachable = 1;
	for (size_t i = COMPOSE_SECTION_OVERDUE; i < COMPOSE_SECTION_MAX && n_items > 5; i++)
		scene.facts.n_left_out[i] = 2;
	for (size_t i = 0; i < n_items; i++) {
		struct period *period = &scene.tasks[i].period;
		period->precision = precisions[i % 3];
		if (period->precision != PERIOD_MONTH)
			period->end = period->start;
		period->has_start = i % 4 != 1;
		scene.items[i] = (struct compose_item){
			.task = &scene.tasks[i],
			.kind = kinds[i % 4],
			.step = "step",
			.due_utc = 1,
			.section = (enum compose_section)(i % 4 + 1),
			.responsible = names,
			.n_responsible = 1,
			.old_period = period,
			.holiday_event = "x",
			.holiday_reader = "x",
			.deputy_for = "x",
			.n_overdue_dates = 2,
		};
	}
	static const char *const instants[] = {"2025-04-14T22:00", "2025-06-10T00:00", "2025-08-01T00:00"};
	for (size_t i = 0; i < 3; i++) {
		scene.facts.now_utc = utc(instants[i]);
		scene.facts.closed_how = closings[i];
		scene_see(&scene);
		see_names(scene.data, seen);
	}
	scene_done(&scene);
}

static void context__names__are_all_that_there_are(void **state)
{
	(void)state;
	bool seen[CONTEXT_NAME_MAX] = {false};
	see_message("ru", "merged", 1, seen);
	see_message("ru", "merged", 3, seen);
	see_message("ru", "digest", 20, seen);
	see_message("ru", "test", 0, seen);
	see_message("en", "digest", 5, seen);
	see_message("ar", "merged", 2, seen);
	see_message("lv", "merged", 10, seen);
	for (size_t i = 0; i < CONTEXT_NAME_MAX; i++)
		if (!seen[i])
			fail_msg("'%s' is never there", context_names[i]);
}

/* As long as a list of mails shows; longer than that it ends at a blank. */
static void context__notice_line__is_its_first_sentence(void **state)
{
	(void)state;
	static const char long_line[] =
		"The daemon has not been able to write to its database for more than an hour now"
		" and nothing leaves until it can";
	static const char cut[] = "The daemon has not been able to write to its database for more than an hour now and"
				  " nothing leaves ...";
	static const struct {
		const char *notice, *line;
	} rows[] = {{"Short.", "Short."},
		    {"The disk is full. It holds nothing more.", "The disk is full"},
		    {"First line\nSecond line.", "First line"},
		    {long_line, cut}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		scene_init(&scene, "en", "notice", 0);
		scene.facts.task = NULL;
		scene.facts.notice = rows[i].notice;
		scene_see(&scene);
		assert_string_equal(value(scene.data, "notice_line"), rows[i].line);
		scene_done(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context__sections__are_those_of_the_items),
		cmocka_unit_test(context__empty_section__is_not_there),
		cmocka_unit_test(context__too_many_items__are_counted_and_overdue_ones_go_first),
		cmocka_unit_test(context__item_that_would_be_lost__is_an_error),
		cmocka_unit_test(context__items__keep_to_themselves),
		cmocka_unit_test(context__one_item__is_a_message_of_its_own),
		cmocka_unit_test(context__late__depends_on_why),
		cmocka_unit_test(context__old_period__is_on_the_clock_of_the_new_one),
		cmocka_unit_test(context__hostile_texts__stay_in_their_line),
		cmocka_unit_test(context__overdue__is_said_of_what_is_chased_after_its_end),
		cmocka_unit_test(context__limit_elsewhere__ends_on_the_readers_clock),
		cmocka_unit_test(context__names__are_all_that_there_are),
		cmocka_unit_test(context_add_clean__text__is_valid_and_has_no_controls),
		cmocka_unit_test(context__wanted__is_all_that_is_made),
		cmocka_unit_test(context__lines__are_a_list),
		cmocka_unit_test(context__notice_line__is_its_first_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

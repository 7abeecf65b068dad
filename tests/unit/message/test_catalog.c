#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "message/catalog.h"
#include "message/compose.h"
#include "message/phrase.h"
#include "message/context.h"

/* A folder of templates that is gone after the test. */
static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/deadlined-XXXXXX", P_tmpdir);
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_language(const char *tag)
{
	char *path = mem_printf("%s/%s", folder, tag);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	free(path);
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(path);
}

static void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static const char *const kinds[] = {"reminder", "overdue", "fix_date", "escalation", "handoff", "moved", "merged",
				    "catch_up", "digest",  "notice",   "test",       "closed",  "answer"};

/* A language with every kind. */
static void write_language(const char *tag)
{
	make_language(tag);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *subject = mem_printf("%s/%s.subject.mustache", tag, kinds[i]);
		char *text = mem_printf("%s/%s.text.mustache", tag, kinds[i]);
		write_file(subject, "Plan: {{title}}\n");
		write_file(text, "Plan: {{title}}\n");
		free(subject);
		free(text);
	}
}

/* Loads the folder, which must have exactly one problem: in that file (below the folder) and line, with these words. */
static void assert_problem(const char *file, unsigned line, const char *words)
{
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	if (problems.n != 1 || problems.items[0].line != line || strstr(problems.items[0].text, words) == NULL) {
		problems_print(&problems, stderr);
		fail_msg("wanted: %s:%u: %s", file, line, words);
	}
	char *path = mem_printf("%s%s", folder, file);
	assert_string_equal(problems.items[0].file, path);
	free(path);
	problems_done(&problems);
	catalog_free(catalog);
}

static void catalog__shipped_templates__have_no_problem(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct catalog *catalog = catalog_load("config/templates", NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	static const char *const tags[] = {"ru", "en", "zh", "de"};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_true(catalog_has_language(catalog, tags[i]));
	problems_done(&problems);
	catalog_free(catalog);
}

static void catalog__bad_template__is_named_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *file, *text;
		unsigned line;
		const char *words;
	} rows[] = {
		{"/ru/reminder.text.mustache", "a\n{{#place}}\nb\n", 2, "place"},
		{"/ru/reminder.text.mustache", "a\n\n{{place\n", 3, ""},
		{"/ru/reminder.text.mustache", "a\n{{titel}}\n", 2, "unknown name 'titel', did you mean 'title'?"},
		{"/ru/reminder.text.mustache", "a\n\n\n{{#is_overdo}}x{{/is_overdo}}\n", 4,
		 "did you mean 'is_overdue'?"},
		{"/ru/reminder.text.mustache", "{{title}}\n{{^wombat}}x{{/wombat}}\n", 2, "unknown name 'wombat'"},
		{"/ru/reminder.text.mustache", "{{title}} {{{ xyzzy }}}\n", 1, "unknown name 'xyzzy'"},
		{"/ru/reminder.text.mustache", "{{title.x}}\n", 1, "unknown name 'title.x'"},
		{"/ru/answer.subject.mustache", "{{title}}\n{{#says.already_doen}}x{{/says.already_doen}}\n", 2,
		 "unknown phrase 'already_doen', did you mean 'already_done'?"},
		{"/ru/answer.subject.mustache", "{{^says.done}}{{title}}{{/says.done}}\n", 0, "nothing but blanks"},
		{"/ru/answer.text.mustache", "{{^says.help}}{{title}}{{/says.help}}\n", 0, "nothing but blanks"},
		{"/ru/closed.text.mustache", "{{#is_cancelled}}x{{/is_cancelled}}{{#is_done}}x{{/is_done}}\n", 0,
		 "nothing but blanks"},
		{"/ru/reminder.text.mustache", "{{title}}\n\n{{>detials}}\n", 3, "no partial 'detials'"},
		{"/ru/details.mustache", "{{details}}", 1, "unknown name 'details'"},
		{"/ru/details.mustache", "{{title}}\n{{plaec}}\n", 2, "unknown name 'plaec', did you mean 'place'?"},
		{"/ru/remnider.text.mustache", "{{title}}", 0, "<kind>.text.mustache"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_language("ru");
		write_file(rows[i].file + 1, rows[i].text);
		struct problems problems = {0};
		struct catalog *catalog = catalog_load(folder, NULL, &problems);
		/* a template that does not compile leaves its kind incomplete: that follows in a second line */
		if (problems.n == 0 || strstr(problems.items[0].text, rows[i].words) == NULL)
			fail_msg("row %zu: %zu problems, %s", i, problems.n,
				 problems.n > 0 ? problems.items[0].text : "");
		assert_int_equal(problems.items[0].line, rows[i].line);
		assert_string_equal(problems.items[0].file + strlen(folder), rows[i].file);
		assert_int_equal(problems.n, i < 2 ? 2 : 1);
		problems_done(&problems);
		catalog_free(catalog);

		char *path = mem_printf("%s%s", folder, rows[i].file);
		assert_int_equal(unlink(path), 0);
		free(path);
	}
}

static void catalog__partial__is_known_by_its_name(void **state)
{
	(void)state;
	write_language("ru");
	write_file("ru/reminder.text.mustache", "{{title}} {{>details}}");
	write_file("ru/details.mustache", "{{place}}");
	write_file("ru/details.mustache~", "{{an editor's copy");
	write_file("ru/.hidden.mustache", "{{");
	write_file("README.md", "{{");
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);

	struct catalog_choice choice;
	assert_true(catalog_choose(catalog, "reminder", "ru", NULL, &choice));
	assert_non_null(choice.partial(choice.partial_arg, "details"));
	assert_null(choice.partial(choice.partial_arg, "nothing"));
	catalog_free(catalog);
}

static void catalog__missing_kind__is_a_problem(void **state)
{
	(void)state;
	write_language("en");
	write_language("ru");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *name = mem_printf("%s.text.mustache", kinds[i]);
		char *path = mem_printf("%s/ru/%s", folder, name);
		write_language("ru");
		assert_int_equal(unlink(path), 0);
		assert_problem("/ru", 0, name);
		free(path);
		free(name);
	}
	write_language("ru");
	char *path = mem_printf("%s/ru/overdue.text.mustache", folder);
	assert_int_equal(unlink(path), 0);
	free(path);

	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	struct catalog_choice choice;
	assert_true(catalog_choose(catalog, "overdue", "ru", NULL, &choice)); /* another language is better than none */
	assert_string_equal(language_tag(choice.language), "en");
	assert_true(catalog_choose(catalog, "reminder", "ru", NULL, &choice));
	assert_string_equal(language_tag(choice.language), "ru");
	assert_false(catalog_choose(catalog, "remind", "ru", NULL, &choice));
	assert_false(catalog_choose(catalog, "", "ru", NULL, &choice));
	problems_done(&problems);
	catalog_free(catalog);
}

static void catalog__unknown_language__is_a_problem(void **state)
{
	(void)state;
	write_language("ru");
	make_language("zz");
	assert_problem("/zz", 0, "'zz' is no language");
}

/* One problem, and not one for each kind that it has no template of. */
static void catalog__language_in_other_letters__is_a_problem(void **state)
{
	(void)state;
	write_language("RU");
	write_language("en");
	make_language("ru");
	assert_problem("/ru", 0,
		       "there are templates for 'RU', and only the case of the letters differs: did you mean RU?");
}

static void catalog__folder_without_languages__is_a_problem(void **state)
{
	(void)state;
	assert_problem("", 0, "has no language");
	assert_int_equal(rmdir(folder), 0);
	assert_problem("", 0, "cannot be read");
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void catalog__what_is_no_text__is_a_problem(void **state)
{
	(void)state;
	enum { LONG = 64 * 1024 + 1 };
	static char text[LONG];
	memset(text, 'a', LONG);
	write_language("ru");
	write_bytes("ru/part.mustache", text, LONG);
	assert_problem("/ru/part.mustache", 0, "longer than 64 KiB");
	write_bytes("ru/part.mustache", text, LONG - 1);
	write_bytes("ru/other.mustache", "a\xff", 2);
	assert_problem("/ru/other.mustache", 1, "column 2: this is not valid UTF-8");
	write_bytes("ru/other.mustache", "a\0b", 3);
	assert_problem("/ru/other.mustache", 0, "no text");
}

static void catalog__new_language__takes_files_only(void **state)
{
	(void)state;
	write_language("de");
	write_language("pt-BR");
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	assert_int_equal(problems.n, 0);
	assert_true(catalog_has_language(catalog, "de"));
	assert_true(catalog_has_language(catalog, "PT-br"));
	assert_false(catalog_has_language(catalog, "pt"));
	assert_false(catalog_has_language(catalog, "d"));
	assert_true(catalog_has_language(catalog, "de_CH"));
	assert_false(catalog_has_language(catalog, "den-CH"));
	assert_true(catalog_has_language(catalog, "de-Latn-CH-1996"));
	static const char *const malformed[] = {"",
						"de-",
						"de--CH",
						"de-<b>;!x",
						"de-Klingon!!",
						"de_CH.UTF-8",
						"de-C",
						"de CH",
						"de-\xd0\xa0\xd0\xa4",
						"de-abcdefghi",
						"-de"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_false(catalog_has_language(catalog, malformed[i]));
	char *languages = catalog_list_languages(catalog);
	assert_string_equal(languages, "de, pt-BR");
	free(languages);

	struct catalog_choice choice;
	assert_true(catalog_choose(catalog, "test", "de-AT", NULL, &choice));
	assert_string_equal(language_tag(choice.language), "de");
	catalog_free(catalog);
}

/* A region has its own dates, unless it writes them in letters that the templates are not in; the tag is the templates'. */
static void catalog__region__has_the_dates_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *tag, *language, *expected;
	} rows[] = {
		{"en", "en", "Tuesday, April 15, 2025 at 2:30 PM"},
		{"en-GB", "en", "Tuesday, 15 April 2025 at 14:30"},
		{"en_gb", "en", "Tuesday, 15 April 2025 at 14:30"},
		{"en_US", "en", "Tuesday, April 15, 2025 at 2:30 PM"},
		{"en-nonsense-x", "en", "Tuesday, April 15, 2025 at 2:30 PM"},
		{"de-AT", "de", "Dienstag, 15. April 2025 um 14:30"},
		{"zh-TW", "zh", "2025年4月15日星期二 14:30"},
		{"fr-CA", "en", "Tuesday, April 15, 2025 at 2:30 PM"},
	};
	const struct civil at = {2025, 4, 15, 14, 30, 0};
	const struct period moment = {true, at, at, PERIOD_MINUTE};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load("config/templates", NULL, &problems);
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct catalog_choice choice;
			struct buf out;
			buf_init(&out, 1000);
			assert_true(catalog_choose(catalog, "reminder", rows[i].tag, "en", &choice));
			language_add_period(choice.language, &moment, &out);
			assert_string_equal(buf_str(&out), rows[i].expected);
			assert_string_equal(language_tag(choice.language), rows[i].language);
			buf_done(&out);
		}
	assert_int_equal(problems.n, 0);
	catalog_free(catalog);
}

/* However many tags there are, no more than so many are remembered. */
static void catalog__more_regions_than_there_is_room_for__have_the_dates_of_the_language(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct catalog *catalog = catalog_load("config/templates", NULL, &problems);
	struct catalog_choice plain, choice;
	assert_true(catalog_choose(catalog, "reminder", "en", NULL, &plain));
	for (int i = 0; i < 100; i++) {
		char tag[24];
		(void)snprintf(tag, sizeof(tag), "en-x-a%d", i);
		assert_true(catalog_choose(catalog, "reminder", tag, NULL, &choice));
	}
	assert_true(catalog_choose(catalog, "reminder", "en-GB", NULL, &choice));
	assert_ptr_equal(choice.language, plain.language);
	catalog_free(catalog);
}

/* Renders the text of a reminder about a task called "T". */
static void assert_reminder(const struct catalog *catalog, const char *tag, const char *expected)
{
	struct catalog_choice choice;
	struct err err = {""};
	struct buf out;
	buf_init(&out, 1000);
	assert_true(catalog_choose(catalog, "reminder", tag, NULL, &choice));
	json_t *data = json_pack("{s:s}", "title", "T");
	assert_int_equal(
		template_render(choice.text, data, ESCAPE_PLAIN, choice.partial, choice.partial_arg, &out, &err), 0);
	assert_string_equal(buf_str(&out), expected);
	json_decref(data);
	buf_done(&out);
}

static void catalog__shared_partial__is_used_by_every_language(void **state)
{
	(void)state;
	write_language("ru");
	write_language("en");
	write_file("frame.mustache", "[{{$in}}{{/in}}]");
	write_file("ru/reminder.text.mustache", "{{<frame}}{{$in}}ru {{title}}{{/in}}{{/frame}}");
	write_file("en/reminder.text.mustache", "{{<frame}}{{$in}}en {{title}}{{/in}}{{/frame}}");
	write_file("en/frame.mustache", "<{{$in}}{{/in}}>");
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	assert_int_equal(problems.n, 0);
	assert_reminder(catalog, "ru", "[ru T]");
	assert_reminder(catalog, "en", "<en T>"); /* its own comes first */
	catalog_free(catalog);

	write_file("frame.mustache", "[{{titel}}{{$in}}{{/in}}]");
	assert_problem("/frame.mustache", 1, "unknown name 'titel'"); /* said once, not for each language */
}

static void catalog__file_of_the_administrator__takes_the_place_of_one(void **state)
{
	(void)state;
	make_language("shipped");
	make_language("own");
	char *all = mem_dup(folder), *shipped = mem_printf("%s/shipped", folder), *own = mem_printf("%s/own", folder);
	(void)snprintf(folder, sizeof(folder), "%s", shipped);
	write_language("ru");
	write_file("ru/part.mustache", "shipped");
	write_file("ru/reminder.text.mustache", "{{>part}} {{title}}");
	(void)snprintf(folder, sizeof(folder), "%s", own);
	make_language("ru");
	write_file("ru/part.mustache", "own");
	write_language("de"); /* a language more */
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(shipped, own, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	assert_reminder(catalog, "ru", "own T");
	assert_reminder(catalog, "de", "Plan: T\n");
	catalog_free(catalog);

	catalog = catalog_load(shipped, shipped, &problems); /* the same folder, as a copy of it is configured */
	assert_int_equal(problems.n, 0);
	assert_reminder(catalog, "ru", "shipped T");
	assert_false(catalog_has_language(catalog, "de"));
	catalog_free(catalog);

	write_file("ru/part.mustache", "{{#own}}");
	catalog = catalog_load(shipped, own, &problems);
	assert_int_equal(problems.n, 1);
	assert_int_equal(strncmp(problems.items[0].file, own, strlen(own)), 0);
	assert_reminder(catalog, "ru", "shipped T"); /* better than nothing */
	catalog_free(catalog);
	problems_done(&problems);
	(void)snprintf(folder, sizeof(folder), "%s", all);
	free(all);
	free(shipped);
	free(own);
}

static void catalog__noun__has_every_form_of_the_language(void **state)
{
	(void)state;
	static const struct {
		const char *tag, *subject, *words;
	} rows[] = {
		{"ru", "{{#items_count}}{{#one}}а{{/one}}{{#few}}б{{/few}}{{#many}}в{{/many}}{{/items_count}}!", NULL},
		{"ru", "{{#items_count}}{{#one}}а{{/one}}{{#few}}б{{/few}}{{/items_count}}!", "numbers like 5"},
		{"ru", "{{#items_count}}{{#one}}а{{/one}}{{#many}}в{{/many}}{{/items_count}}!", "numbers like 2"},
		{"ru", "{{#items_count}}{{#one}}а{{/one}}{{^one}}в{{/one}}{{/items_count}}!", NULL},
		{"en", "{{#items_count}}{{#other}}items{{/other}}{{/items_count}}!", "numbers like 1"},
		{"en", "{{#items_count}}{{#one}}item{{/one}}{{/items_count}}!", "numbers like 2"},
		{"en", "{{#items_count}}{{#one}}item{{/one}}{{#other}}items{{/other}}{{/items_count}}!", NULL},
		{"zh", "{{#items_count}}{{#other}}项{{/other}}{{/items_count}}!", NULL},
		{"ar",
		 "{{#items_count}}{{#one}}a{{/one}}{{#two}}b{{/two}}{{#few}}c{{/few}}{{#many}}d{{/many}}"
		 "{{/items_count}}!",
		 "numbers like 100"},
		/* each place has its own noun */
		{"en",
		 "{{#items_count}}{{#one}}a{{/one}}{{^one}}b{{/one}}{{/items_count}}"
		 "{{#counts}}{{#one}}a{{/one}}{{/counts}}!",
		 "numbers like 2"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_language(rows[i].tag);
		char *name = mem_printf("%s/digest.subject.mustache", rows[i].tag), *path = mem_printf("/%s", name);
		write_file(name, rows[i].subject);
		if (rows[i].words != NULL) {
			assert_problem(path, 1, rows[i].words);
		} else {
			struct problems problems = {0};
			catalog_free(catalog_load(folder, NULL, &problems));
			problems_print(&problems, stderr);
			assert_int_equal(problems.n, 0);
		}
		write_file(name, "Plan");
		free(name);
		free(path);
	}
}

static void catalog__template_that_fails_with_some_facts__is_found_before(void **state)
{
	(void)state;
	static const struct {
		const char *file, *text, *words;
	} rows[] = {
		{"/ru/reminder.text.mustache", "{{#place}}{{title}}{{/place}}\n", "nothing but blanks"},
		{"/ru/reminder.subject.mustache", "{{late_by}}\n", "nothing but blanks"},
		{"/ru/digest.text.mustache", "{{#items}}{{title}}{{/items}}\n",
		 "nothing but blanks"}, /* an empty one */
		{"/ru/self.mustache", "{{>self}}", NULL},
		{"/ru/reminder.html.mustache", "{{>self}}", "used within itself"},
	};
	write_language("ru");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file(rows[i].file + 1, rows[i].text);
		if (rows[i].words == NULL)
			continue;
		assert_problem(rows[i].file, 0, rows[i].words);
		write_file(rows[i].file + 1, "Plan");
	}
}

static char *lend(const char *text)
{
	return (char *)text; /* facts are borrowed and never written to */
}

/* A language that is not shipped, from files alone: its dates, counts and plurals are ICU's. */
static void catalog__language_that_nobody_thought_of__reads_well(void **state)
{
	(void)state;
	write_language("ja");
	write_file("ja/reminder.subject.mustache", "{{title}}");
	write_file("ja/reminder.text.mustache",
		   "{{title}}：{{event_period}}、{{ends_in}}（{{days_left}}）、{{your_zone}}");
	write_language("pl");
	write_file("pl/merged.subject.mustache",
		   "{{#items_count}}{{number}} {{#one}}zadanie{{/one}}{{#few}}zadania{{/few}}{{#many}}zadań{{/many}}"
		   "{{/items_count}}");
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(folder, NULL, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);

	struct task task = {.uid = lend("fair"),
			    .title = lend("商談会"),
			    .zone = lend("Asia/Tokyo"),
			    .period = {true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY}};
	task.place = task.note = lend("");
	struct person person = {
		.id = lend("desk"), .name = lend("国際課"), .language = lend("ja"), .zone = lend("Asia/Tokyo")};
	struct compose_item items[5];
	for (size_t i = 0; i < 5; i++)
		items[i] = (struct compose_item){.task = &task};
	struct compose_facts facts = {.kind = "reminder", .task = &task, .person = &person, .now_utc = 1747267200};
	struct compose_text text;
	struct err err;
	compose(catalog, &facts, &text, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(text.text, "商談会：2025年6月15日日曜日、31 日後（31 日）、東京 (UTC+9)\n");
	compose_text_done(&text);

	static const char *const said[] = {"", "", "2 zadania", "3 zadania", "4 zadania", "5 zadań"};
	person.language = lend("pl-PL");
	facts.kind = "merged";
	facts.items = items;
	for (facts.n_items = 2; facts.n_items <= 5; facts.n_items++) {
		compose(catalog, &facts, &text, &err);
		assert_string_equal(text.subject, said[facts.n_items]);
		compose_text_done(&text);
	}
	catalog_free(catalog);
}

/* Cells of the first column of the README's tables: | `title` | ... */
static bool readme_has(const char *readme, const char *name)
{
	char row[64];
	(void)snprintf(row, sizeof(row), "\n| `%s` |", name);
	return strstr(readme, row) != NULL;
}

static void context__names__are_those_of_the_readme(void **state)
{
	(void)state;
	static char readme[65536];
	FILE *file = fopen("config/templates/README.md", "r");
	assert_non_null(file);
	size_t len = fread(readme, 1, sizeof(readme) - 1, file);
	readme[len] = '\0';
	assert_int_equal(fclose(file), 0);

	for (size_t i = 0; i < CONTEXT_NAME_MAX; i++)
		if (!readme_has(readme, context_names[i]))
			fail_msg("%s is not in the README", context_names[i]);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *row = mem_printf("\n| %s |", kinds[i]);
		if (strstr(readme, row) == NULL)
			fail_msg("the kind %s is not in the README", kinds[i]);
		free(row);
	}

	for (size_t i = 0; i < PHRASE_MAX; i++) {
		char *name = mem_printf(" `%s` ", phrase_names[i]);
		if (strstr(readme, name) == NULL)
			fail_msg("the phrase %s is not in the README", phrase_names[i]);
		free(name);
	}

	size_t n_rows = 0;
	for (const char *c = readme; (c = strstr(c, "\n| `")) != NULL; c++)
		n_rows++;
	assert_int_equal(n_rows, CONTEXT_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catalog__shipped_templates__have_no_problem),
		cmocka_unit_test_setup_teardown(catalog__bad_template__is_named_with_its_line, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__partial__is_known_by_its_name, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(catalog__missing_kind__is_a_problem, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(catalog__unknown_language__is_a_problem, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(catalog__language_in_other_letters__is_a_problem, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__folder_without_languages__is_a_problem, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__what_is_no_text__is_a_problem, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(catalog__new_language__takes_files_only, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(catalog__region__has_the_dates_of_its_own, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			catalog__more_regions_than_there_is_room_for__have_the_dates_of_the_language, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(catalog__language_that_nobody_thought_of__reads_well, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__shared_partial__is_used_by_every_language, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__file_of_the_administrator__takes_the_place_of_one, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__noun__has_every_form_of_the_language, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(catalog__template_that_fails_with_some_facts__is_found_before,
						make_folder, remove_folder),
		cmocka_unit_test(context__names__are_those_of_the_readme),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"
#include "store/store_task.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static int output_test_setup(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") == NULL ? -1 : 0;
}

static void output__foreign_text__is_harmless_on_a_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"Visit", "Visit"},
		{"Южно-Сахалинск 黑河", "Южно-Сахалинск 黑河"},
		{"\x1b[31mred\x1b[0m", "?[31mred?[0m"},
		{"a\nb\tc\rd", "a b c?d"},
		{"\xff\xd0", "??"},
		{"\xc2\x9b"
		 "1m",
		 "?1m"},
		{"\xe2\x80\xae"
		 "abc",
		 "?abc"},
		{"\xef\xbf\xbd", "\xef\xbf\xbd"},
		{"", ""},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *clean = output_clean(rows[i].text);
		assert_string_equal(clean, rows[i].expected);
		free(clean);
	}
}

static void output__width__counts_columns(void **state)
{
	(void)state;
	assert_int_equal(output_width("abc", 3), 3);
	assert_int_equal(output_width("июнь", strlen("июнь")), 4);
	assert_int_equal(output_width("黑河", strlen("黑河")), 4);
	assert_int_equal(output_width("e\xcc\x81", 3), 1); /* a combining accent takes none */
}

static void output__table__lines_up(void **state)
{
	(void)state;
	static const char *const headings[] = {"NAME", "X", "END"};
	static const char *const rows[][3] = {{"黑河", "1", "a"}, {"Сахалин", "", "b\x1b"}, {"x", "12", "last"}};
	static const char expected[] = "NAME     X   END\n"
				       "黑河     1   a\n"
				       "Сахалин  -   b?\n"
				       "x        12  last\n";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct output_table *table = output_table_new(headings, 3);
	for (size_t i = 0; i < ROWS(rows); i++)
		output_table_add(table, rows[i]);
	output_table_finish(table, "nothing", out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);

	out = open_memstream(&text, &len);
	output_table_finish(output_table_new(headings, 3), "nothing", out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "nothing\n");
	free(text);
}

static void output__periods__as_people_read_them(void **state)
{
	(void)state;
	static const struct {
		struct period period;
		const char *expected, *json;
	} rows[] = {
		{{true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH},
		 "2025-06-01..2025-06-30",
		 "{\"start\":\"2025-06-01\",\"end\":\"2025-06-30\",\"precision\":\"month\"}"},
		{{true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY},
		 "2025-06-15",
		 "{\"start\":\"2025-06-15\",\"end\":\"2025-06-15\",\"precision\":\"day\"}"},
		{{true, {2025, 6, 15, 14, 0, 0}, {2025, 6, 15, 14, 0, 0}, PERIOD_MINUTE},
		 "2025-06-15 14:00",
		 "{\"start\":\"2025-06-15T14:00:00+11:00\",\"end\":\"2025-06-15T14:00:00+11:00\","
		 "\"precision\":\"minute\"}"},
		{{false, {0, 0, 0, 0, 0, 0}, {2025, 6, 1, 0, 0, 0}, PERIOD_DAY},
		 "until 2025-06-01",
		 "{\"start\":null,\"end\":\"2025-06-01\",\"precision\":\"day\"}"},
		{{false, {0, 0, 0, 0, 0, 0}, {2025, 6, 1, 9, 30, 0}, PERIOD_MINUTE},
		 "until 2025-06-01 09:30",
		 "{\"start\":null,\"end\":\"2025-06-01T09:30:00+11:00\",\"precision\":\"minute\"}"},
	};
	const struct zone *zone = zone_find("Asia/Sakhalin");
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[OUTPUT_PERIOD_SIZE];
		output_period(&rows[i].period, text);
		assert_string_equal(text, rows[i].expected);

		json_t *object = json_object();
		output_json_period(object, &rows[i].period, zone);
		char *json = json_dumps(object, JSON_COMPACT);
		assert_string_equal(json, rows[i].json);
		free(json);
		json_decref(object);
	}
}

static void output__instants__carry_their_offset(void **state)
{
	(void)state;
	char text[OUTPUT_TIME_SIZE];
	const struct zone *zone = zone_find("Asia/Sakhalin");
	output_time(zone, 1743490800, text);
	assert_string_equal(text, "2025-04-01 18:00 +11:00");
	output_time(zone, STORE_NEVER, text);
	assert_string_equal(text, "-");
	json_t *never = output_json_time(zone, STORE_NEVER), *then = output_json_time(zone, 1743490800);
	assert_true(json_is_null(never));
	assert_string_equal(json_string_value(then), "2025-04-01T18:00:00+11:00");
	json_decref(never);
	json_decref(then);
}

static void output__bytes_that_are_no_text__still_make_json(void **state)
{
	(void)state;
	json_t *text = output_json_text("a\xff\xfe z");
	assert_string_equal(json_string_value(text), "a\xef\xbf\xbd\xef\xbf\xbd z");
	json_decref(text);
}

static void output__json__has_controls_as_escapes(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	output_json(json_string("Дата\x1b \x7f \xc2\x9b \xe2\x80\xae \xe2\x80\xa8 \n"), out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "\"Дата\\u001B \\u007F \\u009B \\u202E \\u2028 \\n\"\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output__foreign_text__is_harmless_on_a_terminal),
		cmocka_unit_test(output__width__counts_columns),
		cmocka_unit_test(output__table__lines_up),
		cmocka_unit_test(output__periods__as_people_read_them),
		cmocka_unit_test(output__instants__carry_their_offset),
		cmocka_unit_test(output__json__has_controls_as_escapes),
		cmocka_unit_test(output__bytes_that_are_no_text__still_make_json),
	};
	return cmocka_run_group_tests(tests, output_test_setup, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/hours.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void hours__quiet_hours__are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int from, to;
	} rows[] = {
		{"22:00-08:00", 1320, 480},
		{"", -1, -1},
		{"  ", -1, -1},
		{" 13:00-14:30 ", 780, 870},
		{"9:05-10:00", 545, 600},
		{"00:00-00:01", 0, 1},
		{"00:00-24:00", 0, 1440},
		{"23:59-00:00", 1439, 0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hours hours = {1, 2, 3, 4, 5};
		struct err err = {""};
		if (hours_parse_quiet(rows[i].text, &hours, &err) != 0)
			fail_msg("'%s': %s", rows[i].text, err.text);
		assert_int_equal(hours.quiet_from_minute, rows[i].from);
		assert_int_equal(hours.quiet_to_minute, rows[i].to);
		assert_int_equal(hours.work_from_minute * 100 + hours.work_to_minute * 10 + (int)hours.work_days, 345);
	}
}

static void hours__working_hours__are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int from, to;
		unsigned days;
	} rows[] = {
		{"", -1, -1, 0},
		{"09:00-18:00", 540, 1080, 0},
		{"Mon-Fri 09:00-18:00", 540, 1080, 0x1f},
		{"Mon,Wed,Fri 10:00-16:00", 600, 960, 0x15},
		{" Mon, Wed ,Fri\t10:00-16:00 ", 600, 960, 0x15},
		{"Tue 8:00-24:00", 480, 1440, 0x02},
		{"Sun-Thu 09:00-18:00", 540, 1080, 0x4f},
		{"Mon-Wed,Sat 09:00-18:00", 540, 1080, 0x27},
		{"Sat-Sat 09:00-18:00", 540, 1080, 0x20},
		{"Mon-Sun 00:00-24:00", 0, 1440, 0x7f},
		{"Tue-Mon 00:00-24:00", 0, 1440, 0x7f},
		{"Mon-Fri", -1, -1, 0x1f},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hours hours = {1, 2, 3, 4, 5};
		struct err err = {""};
		if (hours_parse_work(rows[i].text, &hours, &err) != 0)
			fail_msg("'%s': %s", rows[i].text, err.text);
		assert_int_equal(hours.work_from_minute, rows[i].from);
		assert_int_equal(hours.work_to_minute, rows[i].to);
		assert_int_equal(hours.work_days, rows[i].days);
		assert_int_equal(hours.quiet_from_minute * 10 + hours.quiet_to_minute, 12);
	}
}

static void hours__digest_time__is_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct digest_time digest;
	} rows[] = {
		{"", {false, 0, -1}},
		{"daily 09:00", {false, 0, 540}},
		{" daily  0:00 ", {false, 0, 0}},
		{"weekly Mon 09:00", {true, 1, 540}},
		{"weekly Sun 23:59", {true, 7, 1439}},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct digest_time digest = {true, 99, 99};
		assert_int_equal(hours_parse_digest(rows[i].text, &digest, NULL), 0);
		assert_int_equal(digest.is_weekly, rows[i].digest.is_weekly);
		assert_int_equal(digest.weekday, rows[i].digest.weekday);
		assert_int_equal(digest.minute, rows[i].digest.minute);
	}
}

/* Each error must hold the word and the form. */
static void check_refused(int rc, const struct err *err, const char *text, const char *word, const char *form)
{
	if (rc != -EINVAL)
		fail_msg("'%s' was read", text);
	if (strstr(err->text, word) == NULL || strstr(err->text, form) == NULL)
		fail_msg("'%s': '%s' lacks %s or %s", text, err->text, word, form);
}

static void hours__what_is_not_understood__is_refused_by_its_word(void **state)
{
	(void)state;
	enum kind { QUIET, WORK, DIGEST };
	static const struct {
		enum kind kind;
		const char *text, *word;
	} rows[] = {
		{QUIET, "22:00", "'22:00'"},
		{QUIET, "25:00-08:00", "'25:00'"},
		{QUIET, "22:00-08:60", "'08:60'"},
		{QUIET, "24:00-08:00", "'24:00'"},
		{QUIET, "22:00-24:01", "'24:01'"},
		{QUIET, "22:00-", "missing"},
		{QUIET, "-08:00", "missing"},
		{QUIET, "-", "missing"},
		{QUIET, "22-08", "'22'"},
		{QUIET, "22:0-08:00", "'22:0'"},
		{QUIET, "022:00-08:00", "'022:00'"},
		{QUIET, "2200-0800", "'2200'"},
		{QUIET, ":00-08:00", "':00'"},
		{QUIET, "a:00-08:00", "'a:00'"},
		{QUIET, "22:00-+8:00", "'+8:00'"},
		{QUIET, "22:00-08:00-09:00", "'08:00-09:00'"},
		{QUIET, "22:00 - 08:00", "'22:00'"},
		{QUIET, "22:00-08:00 Mon", "'Mon'"},
		{QUIET, "22:00-22:00", "'22:00-22:00'"},
		{QUIET,
		 "22:00\xe2\x80\x93"
		 "08:00",
		 "'22:00\xe2\x80\x93"
		 "08:00'"},
		{QUIET, "off", "'off'"},
		{WORK, "09:00-09:00", "'09:00-09:00'"},
		{WORK, "18:00-09:00", "'18:00-09:00'"},
		{WORK, "Mon-Fri 18:00-00:00", "'18:00-00:00'"},
		{WORK, "Mo-Fr 09:00-18:00", "'Mo'"},
		{WORK, "Mon-Fry 09:00-18:00", "'Fry'"},
		{WORK, "mon 09:00-18:00", "'mon'"},
		{WORK, "Mon- 09:00-18:00", "missing"},
		{WORK, "Mon - Fri 09:00-18:00", "missing"},
		{WORK, "Mon-Wed-Fri 09:00-18:00", "'Wed-Fri'"},
		{WORK, "Mon-Thu 09:00-18:00, Fri 09:00-16:45", "'Fri'"},
		{WORK, "09:00-18:00 Mon-Fri", "'Mon-Fri'"},
		{WORK, "Mon 9-18", "'9'"},
		{WORK, ",", "','"},
		{WORK, "weekdays", "'weekdays'"},
		{DIGEST, "09:00", "'09:00'"},
		{DIGEST, "daily", "missing"},
		{DIGEST, "daily 24:00", "'24:00'"},
		{DIGEST, "daily Mon 09:00", "'Mon'"},
		{DIGEST, "daily 09:00 10:00", "'10:00'"},
		{DIGEST, "weekly", "missing"},
		{DIGEST, "weekly Mon", "missing"},
		{DIGEST, "weekly 09:00", "'09:00'"},
		{DIGEST, "weekly Mo 09:00", "'Mo'"},
		{DIGEST, "weekly Mon 09:00 x", "'x'"},
		{DIGEST, "Daily 09:00", "'Daily'"},
		{DIGEST, "dailyweekly 09:00", "'dailyweekly'"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hours hours = {1, 2, 3, 4, 5}, before = hours;
		struct digest_time digest = {true, 99, 99};
		struct err err = {""};
		char *text = mem_dup(rows[i].text); /* of its exact size, so that reading on is seen */
		if (rows[i].kind == QUIET)
			check_refused(hours_parse_quiet(text, &hours, &err), &err, text, rows[i].word, "'22:00-08:00'");
		else if (rows[i].kind == WORK)
			check_refused(hours_parse_work(text, &hours, &err), &err, text, rows[i].word,
				      "'Mon-Fri 09:00-18:00'");
		else
			check_refused(hours_parse_digest(text, &digest, &err), &err, text, rows[i].word,
				      "'weekly Mon 09:00'");
		free(text);
		assert_memory_equal(&hours, &before, sizeof(hours));
		assert_int_equal(digest.weekday + digest.minute, 198);
	}
}

static void hours__no_open_minute__is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *quiet, *work, *words; /* words NULL: some minute is open */
	} rows[] = {
		{"", "", NULL},
		{"22:00-08:00", "", NULL},
		{"", "09:00-18:00", NULL},
		{"18:00-10:00", "09:00-18:00", NULL},
		{"18:00-10:00", "09:00-10:01", NULL},
		{"10:01-10:00", "09:00-18:00", NULL},
		{"18:00-17:59", "Mon-Fri", NULL},
		{"18:00-10:00", "09:00-10:00",
		 "quiet hours 18:00-10:00 leave nothing of the working hours 09:00-10:00"},
		{"09:00-18:00", "Mon-Fri 10:00-12:00", "09:00-18:00"},
		{"18:00-17:00", "18:00-24:00", "18:00-24:00"},
		{"00:00-24:00", "", "leave nothing of the day"},
		{"00:00-24:00", "Mon-Fri", "leave nothing of the day"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hours hours = hours_any();
		struct err err = {""};
		assert_int_equal(hours_parse_quiet(rows[i].quiet, &hours, NULL), 0);
		assert_int_equal(hours_parse_work(rows[i].work, &hours, NULL), 0);
		int rc = hours_check(&hours, &err);
		if (rc != (rows[i].words != NULL ? -EINVAL : 0))
			fail_msg("'%s' with '%s' gives %d", rows[i].quiet, rows[i].work, rc);
		if (rows[i].words != NULL && strstr(err.text, rows[i].words) == NULL)
			fail_msg("'%s' lacks '%s'", err.text, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours__quiet_hours__are_read),
		cmocka_unit_test(hours__working_hours__are_read),
		cmocka_unit_test(hours__digest_time__is_read),
		cmocka_unit_test(hours__what_is_not_understood__is_refused_by_its_word),
		cmocka_unit_test(hours__no_open_minute__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

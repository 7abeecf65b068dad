#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "service/warnings.h"

static struct office office;
static struct calendars *calendars;
static struct conf conf;

static int open_office(void **state)
{
	static const char russia[] = "[calendar]\nweekend = Sat Sun\nzones = Asia/Sakhalin\n"
				     "[year 2025]\noff = 01-01 Новый год\n[year 2026]\noff = 01-01 Новый год\n";
	struct problems problems = {0};
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Asia/Sakhalin", "email");
	office_add_person(&office, "boris", "UTC", "email");
	scratch_write(scratch_path(&office.scratch, "russia.ini"), russia, sizeof(russia) - 1);
	conf.calendars = office.scratch.folder;
	calendars = calendars_load(office.scratch.folder, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	calendars_free(calendars);
	office_close(&office);
	return 0;
}

/* Appends what is warned of at that instant. */
static void warn(const char *now, struct strlist *warnings)
{
	OK(warnings_collect(&conf, calendars, zone_find("Asia/Sakhalin"), office.store, utc(now), warnings, ERR));
}

static void warnings__year_without_data__is_told_in_time(void **state)
{
	static const struct {
		const char *now;
		int year; /* 0: nothing is wrong */
	} rows[] = {
		{"2025-01-01T00:00", 0},    {"2026-09-30T12:59", 0},
		{"2026-09-30T13:00", 2027}, /* October in Sakhalin */
		{"2026-12-31T12:59", 2027}, {"2027-06-01T00:00", 2027},
		{"2025-12-01T00:00", 0},    {"2024-09-01T00:00", 2024},
	};
	(void)state;
	office_run(&office, "UPDATE person SET calendar = 'russia' WHERE id = 'anna'");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strlist warnings = {0};
		char year[16];
		warn(rows[i].now, &warnings);
		(void)snprintf(year, sizeof(year), "[year %d]", rows[i].year);
		assert_int_equal(warnings.n, rows[i].year != 0);
		if (warnings.n > 0)
			assert_non_null(strstr(warnings.items[0], year));
		strlist_done(&warnings);
	}
}

static void warnings__both_years__are_told(void **state)
{
	struct strlist warnings = {0};
	(void)state;
	office_run(&office, "UPDATE person SET calendar = 'russia'");
	warn("2027-11-01T00:00", &warnings);
	assert_int_equal(warnings.n, 2); /* once for a calendar, however many have it */
	strlist_done(&warnings);
}

static void warnings__calendar_that_is_not_there__is_told(void **state)
{
	struct strlist warnings = {0};
	(void)state;
	office_run(&office, "UPDATE person SET calendar = 'mars' WHERE id = 'anna'");
	warn("2025-06-01T00:00", &warnings);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.items[0], "mars.ini"));
	strlist_done(&warnings);
}

static void warnings__calendar_of_nobody_active__is_not_told(void **state)
{
	struct strlist warnings = {0};
	(void)state;
	office_run(&office, "UPDATE person SET calendar = 'russia', active = 0");
	warn("2027-06-01T00:00", &warnings);
	assert_int_equal(warnings.n, 0);
}

static void warnings__operator_nobody_knows__is_told(void **state)
{
	struct strlist warnings = {0};
	(void)state;
	conf.operator_id = (char *)"ghost";
	warn("2025-06-01T00:00", &warnings);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.items[0], "operator = ghost"));
	strlist_done(&warnings);
	conf.operator_id = (char *)"anna";
	warn("2025-06-01T00:00", &warnings);
	assert_int_equal(warnings.n, 0);
	conf.operator_id = NULL;
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(warnings__year_without_data__is_told_in_time),
		WITH_OFFICE(warnings__both_years__are_told),
		WITH_OFFICE(warnings__calendar_that_is_not_there__is_told),
		WITH_OFFICE(warnings__calendar_of_nobody_active__is_not_told),
		WITH_OFFICE(warnings__operator_nobody_knows__is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

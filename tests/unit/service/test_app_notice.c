#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "store/store_message.h"
#include "store/store_notice.h"

/* What the operator is told: once a month, on every channel they have, and in the log when there is nobody to tell. */

#define CHANNELS "[channel email]\ntype = maildir\npath = mail\n[channel telegram]\ntype = maildir\npath = phone\n"

static const char with_operator[] = "operator = anna\n" CHANNELS;
static const char without_operator[] = CHANNELS;
static const char with_stranger[] = "operator = nobody\n" CHANNELS;

static void open_desk(const char *config)
{
	desk_open(config, "2025-10-05T10:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email telegram");
	office_run(&desk.office, "UPDATE person SET calendar = 'atlantis'");
}

static void notice__calendar_is_missing__operator_hears_once_a_month(void **state)
{
	(void)state;
	open_desk(with_operator);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2); /* one on each channel */
	assert_string_equal(office_text(&desk.office, "SELECT group_concat(DISTINCT kind) FROM message"), "notice");
	assert_non_null(strstr(office_text(&desk.office, "SELECT text FROM notice LIMIT 1"), "atlantis"));
	desk_move_to("2025-10-31T10:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_move_to("2025-11-01T10:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 4);
	desk_close();
}

static void notice__restart__says_nothing_twice(void **state)
{
	(void)state;
	open_desk(with_operator);
	desk_tick();
	desk_crash(with_operator);
	desk.answers_at_once = true;
	desk_tick();
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message"), 2);
	desk_move(86400); /* another day, and the same month */
	desk_crash(with_operator);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message"), 2);
	desk_close();
}

static void notice__nobody_is_the_operator__no_message(void **state)
{
	(void)state;
	static const char *const configs[] = {without_operator, with_stranger};
	for (size_t i = 0; i < 2; i++) {
		open_desk(configs[i]);
		desk_tick();
		assert_int_equal(desk.n_sendings, 0);
		/* The calendar; and that the operator is nobody. */
		assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM meta WHERE key LIKE 'notice %%'"),
				 1 + (int64_t)i);
		desk_close();
	}
}

/* What somebody waits for comes at night, too, even when it has to wait a little; later it lets them sleep. */
static void notice__postponed_at_night__comes_for_ten_minutes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int after_s;
		size_t n_sent;
	} rows[] = {{"at once", 0, 1}, {"a little later", 5, 1}, {"much later", 601, 0}};
	for (size_t i = 0; i < 3; i++) {
		int64_t id = 0;
		open_desk(without_operator);
		desk_tick();
		office_run(&desk.office, "UPDATE person SET quiet = '00:00-23:00'");
		OK(store_message_add(desk.office.store, "anna", "email", "notice", MESSAGE_PENDING, NULL,
				     desk.now.wall_s, desk.now.wall_s + rows[i].after_s, "example.org", 0, &id, ERR));
		OK(store_notice_add(desk.office.store, id, "an answer", ERR));
		desk_move(rows[i].after_s + 1); /* nobody looks at that very second */
		desk_tick();
		if (desk.n_sendings != rows[i].n_sent)
			fail_msg("%s: %zu", rows[i].name, desk.n_sendings);
		desk_close();
	}
}

static void open_escalating_desk(void)
{
	open_desk("operator = anna\n" CHANNELS "[policy default]\nescalate = 2d after end at 09:00\n"
		  "[policy other]\nescalate = 2d after end at 10:00\n");
	office_run(&desk.office, "UPDATE person SET calendar = ''");
	office_add_person(&desk.office, "boris", "Europe/Moscow", "email");
}

/* Notices pass every brake: a thousand tasks that were imported without a supervisor must not be a thousand mails. */
static void notice__many_escalations_without_a_supervisor__are_one_notice_for_each_policy(void **state)
{
	(void)state;
	open_escalating_desk();
	for (int i = 0; i < 10; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
									  .start = i < 5 ? "2025-10-06" : "2025-10-07",
									  .zone = "Europe/Moscow",
									  .policy = i == 9 ? "other" : "default",
									  .people = "boris",
									  .planned_until = utc("2025-10-05T10:00")});
	}
	for (int day = 0; day < 7; day++) {
		desk_move(86400);
		desk_tick();
	}
	assert_string_equal(office_text(&desk.office, "SELECT group_concat(x, ' ') FROM (SELECT DISTINCT"
						      " substr(text, 1, 8) x FROM notice ORDER BY 1)"),
			    "Task t0  Task t9 ");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%policy other %%'"),
			 2);
	desk_close();
}

/* A step that speaks to a supervisor is not lost where nobody is one. */
static void notice__escalation_without_a_supervisor__operator_hears_once_a_month(void **state)
{
	(void)state;
	open_escalating_desk();
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "alone",
								  .start = "2025-10-06",
								  .zone = "Europe/Moscow",
								  .people = "boris",
								  .planned_until = utc("2025-10-05T10:00")});
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-10-06T10:00")); /* the next scan comes first */
	desk_move_to("2025-10-08T06:00");
	desk_tick();
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	const char *text = office_text(&desk.office, "SELECT text FROM notice LIMIT 1");
	assert_non_null(strstr(text, "alone"));
	assert_non_null(strstr(text, "escalate 2d after end at 09:00"));
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=DAILY'");
	for (int day = 9; day <= 31; day++) {
		desk_move(86400);
		desk_tick();
	}
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%alone%%'"), 2);
	desk_move(86400); /* the next month */
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%alone%%'"), 4);
	desk_close();
}

/* Two messages to boris on the telephone are in flight. */
static void open_with_two(void)
{
	desk_open("operator = anna\n" CHANNELS "[policy default]\nremind = 0m before start\n", "2025-10-05T10:00");
	office_add_person(&desk.office, "anna", "UTC", "email telegram");
	office_add_person(&desk.office, "boris", "UTC", "telegram");
	for (int i = 0; i < 2; i++) {
		char uid[] = {'t', (char)('0' + i), '\0'};
		(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
									  .start = "2025-10-05T11:00",
									  .precision = PERIOD_MINUTE,
									  .people = "boris",
									  .planned_until = desk.now.wall_s});
	}
	desk_move_to("2025-10-05T11:00");
	desk_tick();
	assert_int_equal(desk.n_flying, 2);
}

static int64_t count_notices(const char *words)
{
	return office_number(&desk.office, "SELECT count(DISTINCT text) FROM notice WHERE text LIKE '%%%s%%'", words);
}

static void notice__message_refused_for_its_own_sake__operator_hears_once_a_day(void **state)
{
	(void)state;
	open_with_two();
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(count_notices("on channel telegram has ended and is not known to have arrived: said the fake"),
			 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice"), 2); /* on each of her channels */
	desk_close();
}

static void notice__recipient_refused__is_told_with_the_address(void **state)
{
	(void)state;
	open_with_two();
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	desk_tick();
	assert_int_equal(count_notices("has ended"), 0);
	assert_int_equal(count_notices("a message to boris"), 1);
	desk_close();
}

static void notice__tried_until_it_is_stale__operator_hears_once_a_day(void **state)
{
	(void)state;
	open_with_two();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_RECIPIENT);
	desk.room = 0;
	desk_move_to("2025-10-12T12:00");
	desk_tick();
	assert_int_equal(desk_count("stale"), 2);
	assert_int_equal(count_notices("2 messages were tried in vain"), 1);
	desk_close();
}

static void notice__stale_without_a_try__is_not_told(void **state)
{
	(void)state;
	open_with_two();
	desk_answer(CHANNEL_THROTTLED, CHANNEL_BLAME_RECIPIENT);
	desk.room = 0;
	desk_move_to("2025-10-12T12:00");
	desk_tick();
	assert_int_equal(desk_count("stale"), 2);
	assert_int_equal(count_notices("tried in vain"), 0);
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notice__calendar_is_missing__operator_hears_once_a_month),
		cmocka_unit_test(notice__restart__says_nothing_twice),
		cmocka_unit_test(notice__nobody_is_the_operator__no_message),
		cmocka_unit_test(notice__postponed_at_night__comes_for_ten_minutes),
		cmocka_unit_test(notice__escalation_without_a_supervisor__operator_hears_once_a_month),
		cmocka_unit_test(notice__many_escalations_without_a_supervisor__are_one_notice_for_each_policy),
		cmocka_unit_test(notice__message_refused_for_its_own_sake__operator_hears_once_a_day),
		cmocka_unit_test(notice__recipient_refused__is_told_with_the_address),
		cmocka_unit_test(notice__tried_until_it_is_stale__operator_hears_once_a_day),
		cmocka_unit_test(notice__stale_without_a_try__is_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"

/* What becomes of a claimed message whose tasks end before it leaves. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d 1d before start at 09:00\n";

static void open_desk(const char *person)
{
	(void)log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_run(&desk.office, "UPDATE address SET address = '101'; UPDATE person SET %s", person);
}

static int64_t add_task(const char *uid)
{
	return office_add_task(&desk.office, &(struct office_task){.uid = uid,
								   .start = "2025-06-15",
								   .zone = "Europe/Moscow",
								   .people = "anna",
								   .planned_until = desk.now.wall_s});
}

/* Two tasks in one message, which has not begun when one of them is done: it comes without that. */
static void send__one_of_two_tasks_is_done_before_it_begins__is_taken_back_and_says_the_other(void **state)
{
	(void)state;
	open_desk("quiet = '21:00-09:30'");
	int64_t visit = add_task("visit");
	(void)add_task("fair");
	desk_tick();
	desk_move_to("2025-06-14T06:30");
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	assert_non_null(strstr(desk.sendings[0].text, "Title of visit"));
	desk.recalls = true;
	char *data = mem_printf("d %lld 2025-06-15", (long long)visit);
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", data, "cb-1", "8");
	free(data);
	desk_tick();
	assert_string_equal(office_text(&desk.office, "SELECT group_concat(state) FROM message"), "pending");
	desk_move(3600);
	desk_tick();
	const struct desk_sending *last = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(last->act, CHANNEL_SEND);
	assert_int_equal(last->id, desk.sendings[0].id);
	assert_non_null(strstr(last->text, "Title of fair"));
	assert_null(strstr(last->text, "Title of visit"));
	desk_close();
}

static void send__nothing_is_left_to_say__is_cancelled_at_once(void **state)
{
	(void)state;
	open_desk("digest = 'daily 07:00', work = '09:00-18:00'");
	(void)add_task("fair");
	desk_tick();
	desk_move_to("2025-06-12T12:00");
	desk_tick();
	desk_move_to("2025-06-13T04:00"); /* held until 09:00 in Moscow */
	desk_tick();
	assert_string_equal(office_text(&desk.office, "SELECT kind || ' ' || state FROM message"), "digest pending");
	office_run(&desk.office, "UPDATE task SET status = 'done'");
	desk_move_to("2025-06-13T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_string_equal(office_text(&desk.office, "SELECT kind || ' ' || state FROM message"), "digest cancelled");
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(send__one_of_two_tasks_is_done_before_it_begins__is_taken_back_and_says_the_other),
		cmocka_unit_test(send__nothing_is_left_to_say__is_cancelled_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A broken channel: a mail server that is busy for an hour and then refuses one of five, and a messenger that asks to wait.
 * Who can be reached is, once; who cannot is told to the operator once; nobody else waits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "store/store_report.h"

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[channel max]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 09:00\n";

static const char *const people[] = {"anna", "boris", "chen", "dora", "gone"};
enum { PEOPLE = sizeof(people) / sizeof(people[0]), BUSY_S = 3600, WAIT_S = 41 };

static size_t n_taken, n_telegram; /* accepted messages; times that telegram was called */
static int64_t busy_until_utc, wait_until_utc;

static int open_desk(void **state)
{
	(void)state;
	n_taken = n_telegram = 0;
	desk_open(config, "2025-06-01T00:00");
	for (size_t i = 0; i < PEOPLE; i++)
		office_add_person(&desk.office, people[i], "Europe/Moscow", "email telegram max");
	office_add_person(&desk.office, "op", "Europe/Moscow", "max");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "visit",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna boris chen dora gone",
								  .planned_until = desk.now.wall_s});
	desk_move_to("2025-06-14T06:00");
	busy_until_utc = desk.now.wall_s + BUSY_S;
	wait_until_utc = 0;
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static struct channel_result result(enum channel_verdict verdict, enum channel_blame blame, int code, const char *reply)
{
	struct channel_result result;
	channel_result_set(&result, verdict, blame, code, reply);
	return result;
}

static struct channel_result answer_mail(int64_t id)
{
	if (desk.now.wall_s < busy_until_utc)
		return result(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 450, "4.2.1 busy");
	if (office_number(&desk.office, "SELECT person = 'gone' FROM message WHERE id = %lld", (long long)id) == 1)
		return result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, 550, "5.1.1 no such user");
	return result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 250, "ok");
}

/* The first call is too much, and whoever does not wait then is banned. */
static struct channel_result answer_telegram(void)
{
	struct channel_result too_many = result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, "too many");
	too_many.retry_after_s = WAIT_S;
	if (n_telegram++ == 0)
		wait_until_utc = desk.now.wall_s + WAIT_S;
	else if (desk.now.wall_s != wait_until_utc - WAIT_S) /* those that were under way by then */
		assert_true(desk.now.wall_s >= wait_until_utc);
	return desk.now.wall_s < wait_until_utc ? too_many : result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 200, "ok");
}

static void answer_one(void)
{
	const char *name = desk.flying[0].channel->name;
	struct channel_result answer = strcmp(name, "email") == 0 ? answer_mail(desk.flying[0].id)
				       : strcmp(name, "telegram") == 0
					       ? answer_telegram()
					       : result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, 200, "ok");
	n_taken += answer.verdict == CHANNEL_ACCEPTED;
	desk_finish(0, &answer);
}

static void settle(void)
{
	do {
		desk_tick();
		while (desk.n_flying > 0)
			answer_one();
	} while (desk.n_wakes > 0);
	desk_tick();
}

static void live_until(int64_t end_utc)
{
	for (settle(); desk.now.wall_s < end_utc; settle()) {
		int64_t wake = app_next_wake_utc(desk.app);
		desk_move((wake < end_utc ? wake : end_utc) - desk.now.wall_s);
	}
}

static int64_t sent_on(const char *channel)
{
	return office_number(&desk.office,
			     "SELECT count(*) FROM message WHERE channel = '%s' AND state = 'sent'"
			     " AND kind <> 'notice'",
			     channel);
}

static void broken__busy_for_an_hour_then_one_refused__everybody_else_is_reached_once(void **state)
{
	(void)state;
	int64_t due_utc = desk.now.wall_s;
	settle();
	assert_int_equal(sent_on("max"), PEOPLE); /* others are not delayed */
	assert_int_equal(sent_on("email"), 0);
	live_until(due_utc + WAIT_S + 5);
	assert_int_equal(sent_on("telegram"), PEOPLE);

	struct store_counts counts;
	live_until(due_utc + BUSY_S - 1);
	OK(store_count(desk.office.store, &counts, ERR));
	assert_int_equal(counts.oldest_unsent_due_utc, due_utc);

	live_until(due_utc + 6 * BUSY_S);
	assert_int_equal(sent_on("email"), PEOPLE - 1);
	assert_string_equal(
		office_text(&desk.office, "SELECT person || ' ' || reason FROM message WHERE state = 'dead'"),
		"gone refused for good");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%gone%%550%%'"), 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice"), 1);
	assert_int_equal(n_taken, 3 * PEOPLE - 1 + 1); /* the last one to the operator */
	assert_int_equal(desk_count("pending") + desk_count("sending"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			broken__busy_for_an_hour_then_one_refused__everybody_else_is_reached_once, open_desk,
			close_desk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "channel/smtp_hello.h"

static void hear(struct smtp_hello *hello, const char *const *lines)
{
	smtp_hello_init(hello);
	for (; *lines != NULL; lines++)
		assert_true(smtp_hello_line(hello, *lines, strlen(*lines)));
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void hello__keywords__are_heard(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *line;
		bool has_pipelining, has_size;
		int64_t size_max;
	} rows[] = {
		{"250-PIPELINING\r\n", true, false, 0},   {"250-pipelining\r\n", true, false, 0},
		{"250-SIZE 1000\r\n", false, true, 1000}, {"250-size=2000\r\n", false, true, 2000},
		{"250-SIZE\r\n", false, true, 0},         {"250-SIZE 99999999999999999999\r\n", false, true, 0},
		{"250-SIZE -1\r\n", false, true, 0},      {"250-SIZEABLE 5\r\n", false, false, 0},
		{"250-XPIPELINING\r\n", false, false, 0}, {"250-8BITMIME\r\n", false, false, 0},
		{"250-Pipelining \r\n", true, false, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_hello hello;
		hear(&hello, LINES("220 mail ESMTP\r\n", "250-mail hello\r\n", rows[i].line, "250 HELP\r\n"));
		assert_int_equal(hello.features.has_pipelining, rows[i].has_pipelining);
		assert_int_equal(hello.features.has_size, rows[i].has_size);
		assert_int_equal(hello.features.size_max, rows[i].size_max);
		assert_false(hello.is_signed_in);
		assert_int_equal(hello.refusal.code, 0);
	}
}

static void hello__extensions__are_heard(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *line;
		bool has_dsn, has_8bitmime, has_smtputf8;
	} rows[] = {
		{"250-DSN\r\n", true, false, false},      {"250-dsn\r\n", true, false, false},
		{"250-8BITMIME\r\n", false, true, false}, {"250-SMTPUTF8\r\n", false, false, true},
		{"250-DSNX\r\n", false, false, false},    {"250-X8BITMIME\r\n", false, false, false},
		{"250-SMTPUTF\r\n", false, false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_hello hello;
		hear(&hello, LINES("220 mail ESMTP\r\n", "250-mail hello\r\n", rows[i].line, "250 HELP\r\n"));
		assert_int_equal(hello.features.has_dsn, rows[i].has_dsn);
		assert_int_equal(hello.features.has_8bitmime, rows[i].has_8bitmime);
		assert_int_equal(hello.features.has_smtputf8, rows[i].has_smtputf8);
	}
}

static void hello__name_of_the_server__is_no_keyword(void **cmocka)
{
	(void)cmocka;
	struct smtp_hello hello;
	hear(&hello, LINES("220-PIPELINING\r\n", "220 x\r\n", "250-PIPELINING\r\n", "250 SIZE 5\r\n"));
	assert_false(hello.features.has_pipelining);
	assert_int_equal(hello.features.size_max, 5);
}

static void hello__after_starttls__starts_anew(void **cmocka)
{
	(void)cmocka;
	struct smtp_hello hello;
	hear(&hello, LINES("220 x\r\n", "250-x\r\n", "250-PIPELINING\r\n", "250-SIZE 7\r\n", "250 STARTTLS\r\n",
			   "220 go ahead\r\n", "250-x\r\n", "250 AUTH PLAIN\r\n", "235 2.7.0 welcome\r\n"));
	assert_false(hello.features.has_pipelining);
	assert_false(hello.features.has_size);
	assert_true(hello.is_signed_in);
}

static void hello__refusal__keeps_its_words(void **cmocka)
{
	(void)cmocka;
	struct smtp_hello hello;
	hear(&hello, LINES("554-5.7.1 your address\r\n", "554 5.7.1 is on a list\r\n"));
	assert_int_equal(hello.refusal.code, 554);
	assert_string_equal(hello.refusal.text, "5.7.1 your address is on a list");

	hear(&hello, LINES("220 x\r\n", "502 what\r\n", "250 x\r\n"));
	assert_int_equal(hello.refusal.code, 0);
	hear(&hello, LINES("junk before\r\n", "220 x\r\n", "250 x\r\n", "535 5.7.8 no\r\n"));
	assert_int_equal(hello.refusal.code, 535);
	assert_false(hello.is_signed_in);
}

static void hello__endless__is_given_up(void **cmocka)
{
	(void)cmocka;
	struct smtp_hello hello;
	smtp_hello_init(&hello);
	size_t n = 0;
	while (smtp_hello_line(&hello, "250-and more\r\n", 14))
		assert_true(++n * 14 <= SMTP_HELLO_BYTES_MAX);
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello__keywords__are_heard),
		cmocka_unit_test(hello__extensions__are_heard),
		cmocka_unit_test(hello__name_of_the_server__is_no_keyword),
		cmocka_unit_test(hello__after_starttls__starts_anew),
		cmocka_unit_test(hello__refusal__keeps_its_words),
		cmocka_unit_test(hello__endless__is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

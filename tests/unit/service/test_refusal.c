#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "scratch.h"
#include "service/refusal.h"

/* What is kept of a reload that was refused. */

static struct scratch scratch;
static struct store *store, *other;
static struct err err;

static int open_store(void **state)
{
	(void)state;
	scratch_make(&scratch);
	assert_int_equal(store_open(scratch.database, STORE_WRITE, 0, &store, &err), 0);
	assert_int_equal(store_open(scratch.database, STORE_WRITE, 0, &other, &err), 0);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	store_close(store);
	store_close(other);
	scratch_remove(&scratch);
	return 0;
}

static int save(const char *why, int64_t at_utc)
{
	struct refusal refusal = {.why = why != NULL ? mem_dup(why) : NULL, .at_utc = at_utc};
	int status = refusal_save(store, &refusal, &err);
	refusal_done(&refusal);
	return status;
}

static int64_t version_of_others(void)
{
	int64_t version = 0;
	assert_int_equal(store_data_version(other, &version, &err), 0);
	return version;
}

static void assert_kept(const char *why, int64_t at_utc)
{
	struct refusal found = {0};
	assert_int_equal(refusal_load(other, &found, &err), 0);
	if (why == NULL)
		assert_null(found.why);
	else
		assert_string_equal(found.why, why);
	assert_int_equal(found.at_utc, at_utc);
	refusal_done(&found);
}

static void refusal__kept__is_read_by_others_until_it_is_taken_away(void **state)
{
	(void)state;
	assert_kept(NULL, 0);
	assert_int_equal(save("a.ini:7: wrong key", 1750000000), 0);
	assert_kept("a.ini:7: wrong key", 1750000000);
	assert_int_equal(save("a.ini:8: worse", 1750000060), 0);
	assert_kept("a.ini:8: worse", 1750000060);
	assert_int_equal(save(NULL, 0), 0);
	assert_kept(NULL, 0);
}

static void refusal__nothing_kept__none_writes_nothing(void **state)
{
	(void)state;
	int64_t before = version_of_others();
	assert_int_equal(save(NULL, 0), 0);
	assert_int_equal(version_of_others(), before);
}

static void refusal__another_writer__is_an_error_and_leaves_no_transaction(void **state)
{
	(void)state;
	assert_int_equal(store_begin(other, &err), 0);
	assert_int_equal(save("a.ini:7: wrong key", 1), -EBUSY);
	store_rollback(other);
	assert_int_equal(save("a.ini:7: wrong key", 1), 0);
	assert_kept("a.ini:7: wrong key", 1);
}

static void refusal__damaged_value__counts_as_none(void **state)
{
	(void)state;
	static const char *const values[] = {"17", "x a.ini:7: wrong key", "-1 a.ini:7: wrong key"};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(store_begin(store, &err), 0);
		assert_int_equal(store_meta_save(store, "reload_refused", values[i], &err), 0);
		assert_int_equal(store_commit(store, &err), 0);
		assert_kept(NULL, 0);
	}
}

static void refusal_words__problems__name_the_first_and_count_the_rest(void **state)
{
	(void)state;
	struct problems problems = {0};
	char *words = refusal_words(&problems, "/etc/a.ini");
	assert_string_equal(words, "/etc/a.ini cannot be read");
	free(words);
	problems_add(&problems, "a.ini", 7, "wrong key 'opensesame1234'");
	log_hide("opensesame1234");
	words = refusal_words(&problems, "/etc/a.ini");
	assert_string_equal(words, "a.ini:7: wrong key '***'");
	free(words);
	problems_add(&problems, "a.ini", 8, "worse");
	words = refusal_words(&problems, "/etc/a.ini");
	assert_string_equal(words, "a.ini:7: wrong key '***'; and 1 more problem");
	free(words);
	problems_done(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refusal__kept__is_read_by_others_until_it_is_taken_away, open_store,
						close_store),
		cmocka_unit_test_setup_teardown(refusal__nothing_kept__none_writes_nothing, open_store, close_store),
		cmocka_unit_test_setup_teardown(refusal__another_writer__is_an_error_and_leaves_no_transaction,
						open_store, close_store),
		cmocka_unit_test_setup_teardown(refusal__damaged_value__counts_as_none, open_store, close_store),
		cmocka_unit_test(refusal_words__problems__name_the_first_and_count_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What SQLite allocates once store_memory_init() has been called. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "store/store_memory.h"

static sqlite3_mem_methods system_methods;
static int largest;

static void *count_malloc(int size)
{
	if (size > largest)
		largest = size;
	return system_methods.xMalloc(size);
}

static int set_up(void **state)
{
	(void)state;
	sqlite3_mem_methods methods;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_methods), SQLITE_OK);
	methods = system_methods;
	methods.xMalloc = count_malloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
	store_memory_init();
	return 0;
}

/* Two rows that differ go through a table of their own, on a page or two. */
static void store_memory__small_table_of_its_own__takes_few_pages(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM (SELECT 1 UNION SELECT 2)", -1, &stmt, NULL),
			 SQLITE_OK);
	largest = 0;
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(stmt, 0), 2);
	assert_in_range(largest, 4096, 2 * 4096);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void store_memory__after_init__nothing_is_counted(void **state)
{
	(void)state;
	void *memory = sqlite3_malloc(100);
	assert_non_null(memory);
	assert_int_equal(sqlite3_memory_used(), 0);
	sqlite3_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_memory__small_table_of_its_own__takes_few_pages),
		cmocka_unit_test(store_memory__after_init__nothing_is_counted),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}

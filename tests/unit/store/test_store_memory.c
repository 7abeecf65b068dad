/* What SQLite allocates once store_memory_init() has been called. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include "store/store_memory.h"

static sqlite3_mem_methods system_methods;
static int largest, n_blocks; /* that the system gave and has not got back */

static void *count_malloc(int size)
{
	if (size > largest)
		largest = size;
	n_blocks++;
	return system_methods.xMalloc(size);
}

static void count_free(void *memory)
{
	n_blocks--;
	system_methods.xFree(memory);
}

static int set_up(void **state)
{
	(void)state;
	sqlite3_mem_methods methods;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_methods), SQLITE_OK);
	methods = system_methods;
	methods.xMalloc = count_malloc;
	methods.xFree = count_free;
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

enum { BLOCKS = 100, KEPT = 32, SMALL = 200, LARGE = 5000 };

static void take_and_give_back(int size)
{
	void *blocks[BLOCKS];
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = sqlite3_malloc(size);
		assert_non_null(blocks[i]);
		assert_true(sqlite3_msize(blocks[i]) >= (sqlite3_uint64)size);
		memset(blocks[i], i, (size_t)size);
	}
	for (int i = 0; i < BLOCKS; i++) {
		const unsigned char *bytes = blocks[i];
		assert_int_equal(bytes[0], i);
		assert_int_equal(bytes[size - 1], i);
		sqlite3_free(blocks[i]);
	}
}

static void store_memory__small_blocks_given_back__are_given_again(void **state)
{
	(void)state;
	take_and_give_back(SMALL);
	int before = n_blocks;
	void *blocks[KEPT];
	for (int i = 0; i < KEPT; i++) {
		blocks[i] = sqlite3_malloc(SMALL);
		assert_non_null(blocks[i]);
	}
	assert_int_equal(n_blocks, before);
	void *one_more = sqlite3_malloc(SMALL);
	assert_int_equal(n_blocks, before + 1);
	sqlite3_free(one_more);
	for (int i = 0; i < KEPT; i++)
		sqlite3_free(blocks[i]);
	assert_int_equal(n_blocks, before); /* one of them went back, so that as many are kept as before */
}

static void store_memory__large_blocks__are_not_kept(void **state)
{
	(void)state;
	int before = n_blocks;
	take_and_give_back(LARGE);
	assert_int_equal(n_blocks, before);
}

static void store_memory__block_that_grows_and_shrinks__keeps_its_bytes(void **state)
{
	(void)state;
	static const int sizes[] = {1, 15, 16, 17, 300, 2047, 2048, 2049, LARGE, 2048, 300, 17, 1};
	unsigned char *bytes = sqlite3_malloc(1);
	assert_non_null(bytes);
	bytes[0] = 7;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bytes = sqlite3_realloc(bytes, sizes[i]);
		assert_non_null(bytes);
		assert_int_equal(bytes[0], 7);
		memset(bytes, 7, (size_t)sizes[i]);
	}
	sqlite3_free(bytes);
}

static void *run_thread(void *given)
{
	int before = n_blocks;
	sqlite3_free(given);
	assert_int_equal(n_blocks, before - 1);
	take_and_give_back(SMALL);
	assert_int_equal(n_blocks, before - 1);
	return sqlite3_malloc(SMALL);
}

static void store_memory__other_thread__keeps_nothing(void **state)
{
	(void)state;
	pthread_t thread;
	void *made = NULL;
	assert_int_equal(pthread_create(&thread, NULL, run_thread, sqlite3_malloc(SMALL)), 0);
	assert_int_equal(pthread_join(thread, &made), 0);
	assert_non_null(made);
	sqlite3_free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_memory__small_table_of_its_own__takes_few_pages),
		cmocka_unit_test(store_memory__after_init__nothing_is_counted),
		cmocka_unit_test(store_memory__small_blocks_given_back__are_given_again),
		cmocka_unit_test(store_memory__large_blocks__are_not_kept),
		cmocka_unit_test(store_memory__block_that_grows_and_shrinks__keeps_its_bytes),
		cmocka_unit_test(store_memory__other_thread__keeps_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}

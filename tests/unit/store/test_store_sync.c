#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>

#include "store/store_sync.h"

/* A file whose sync ends when the test lets it. */
struct file {
	sqlite3_file base;
	sem_t may_end;
	pthread_t ran_on;
	int n_runs, flags;
};

static int run(sqlite3_file *base, int flags)
{
	struct file *file = (struct file *)base;
	while (sem_wait(&file->may_end) != 0)
		;
	file->ran_on = pthread_self();
	file->flags = flags;
	file->n_runs++;
	return SQLITE_IOERR_FSYNC;
}

static struct store_sync begin(struct file *file)
{
	*file = (struct file){.n_runs = 0};
	assert_int_equal(sem_init(&file->may_end, 0, 0), 0);
	return (struct store_sync){.file = &file->base, .run = run, .flags = SQLITE_SYNC_NORMAL};
}

static void sync__without_a_thread__runs_at_its_end(void **state)
{
	(void)state;
	struct file file;
	struct store_sync sync = begin(&file);
	store_sync_begin(&sync);
	assert_false(store_sync_is_over(&sync));
	assert_int_equal(sem_post(&file.may_end), 0);
	assert_int_equal(store_sync_end(&sync), SQLITE_IOERR_FSYNC);
	assert_int_equal(file.n_runs, 1);
	assert_int_equal(file.flags, SQLITE_SYNC_NORMAL);
	assert_true(pthread_equal(file.ran_on, pthread_self()));
}

static void sync__with_a_thread__runs_there_and_its_end_waits(void **state)
{
	(void)state;
	struct file file;
	struct store_sync sync = begin(&file);
	store_sync_use_thread();
	for (int i = 1; i <= 100; i++) {
		store_sync_begin(&sync);
		assert_false(store_sync_is_over(&sync));
		assert_int_equal(sem_post(&file.may_end), 0);
		if (i % 2 == 0)
			while (!store_sync_is_over(&sync))
				;
		assert_int_equal(store_sync_end(&sync), SQLITE_IOERR_FSYNC);
		assert_true(store_sync_is_over(&sync));
		assert_int_equal(file.n_runs, i);
		assert_false(pthread_equal(file.ran_on, pthread_self()));
	}
}

static void sync__beside_another__runs_at_its_end(void **state)
{
	(void)state;
	struct file file, other;
	struct store_sync sync = begin(&file), second = begin(&other);
	store_sync_use_thread();
	store_sync_begin(&sync);
	store_sync_begin(&second);
	assert_int_equal(sem_post(&other.may_end), 0);
	assert_int_equal(store_sync_end(&second), SQLITE_IOERR_FSYNC);
	assert_true(pthread_equal(other.ran_on, pthread_self()));
	assert_false(store_sync_is_over(&sync));
	assert_int_equal(sem_post(&file.may_end), 0);
	assert_int_equal(store_sync_end(&sync), SQLITE_IOERR_FSYNC);
	assert_false(pthread_equal(file.ran_on, pthread_self()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sync__without_a_thread__runs_at_its_end), /* before there is one */
		cmocka_unit_test(sync__with_a_thread__runs_there_and_its_end_waits),
		cmocka_unit_test(sync__beside_another__runs_at_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

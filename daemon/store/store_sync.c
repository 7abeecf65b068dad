#include "store/store_sync.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t has_begun, has_ended;
	bool is_wanted, is_there;
	struct store_sync *sync; /* that is to run, or runs; NULL: none */
} sync_thread = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.has_begun = PTHREAD_COND_INITIALIZER,
	.has_ended = PTHREAD_COND_INITIALIZER,
};

/* The calls on lock and conditions fail only when they are misused. */
static void sync_lock(void)
{
	(void)pthread_mutex_lock(&sync_thread.lock);
}

static void sync_unlock(void)
{
	(void)pthread_mutex_unlock(&sync_thread.lock);
}

/* Lives as long as the process. */
static void *sync_run(void *arg)
{
	(void)arg;
	sync_lock();
	for (;;) {
		while (sync_thread.sync == NULL)
			(void)pthread_cond_wait(&sync_thread.has_begun, &sync_thread.lock);
		struct store_sync *sync = sync_thread.sync;
		sync_unlock();
		sync->rc = sync->run(sync->file, sync->flags);
		sync_lock();
		sync_thread.sync = NULL;
		atomic_store(&sync->is_over, true);
		(void)pthread_cond_signal(&sync_thread.has_ended);
	}
	return NULL;
}

/* Signals are the loop's. */
static void sync_start_thread(void)
{
	pthread_t thread;
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails only for a wrong first argument */
	int failed = pthread_create(&thread, NULL, sync_run, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	sync_thread.is_there = failed == 0;
	if (failed == 0)
		(void)pthread_detach(thread); /* fails only for one that is not ours */
	else
		log_warning("no thread can be started, so the disk is waited for: %s", strerror(failed));
}

void store_sync_use_thread(void)
{
	sync_thread.is_wanted = true;
}

void store_sync_begin(struct store_sync *sync)
{
	atomic_store(&sync->is_over, false);
	if (sync_thread.is_wanted && !sync_thread.is_there) {
		sync_thread.is_wanted = false; /* one try */
		sync_start_thread();
	}
	sync_lock();
	sync->is_on_thread = sync_thread.is_there && sync_thread.sync == NULL;
	if (sync->is_on_thread) {
		sync_thread.sync = sync;
		(void)pthread_cond_signal(&sync_thread.has_begun);
	}
	sync_unlock();
}

bool store_sync_is_over(const struct store_sync *sync)
{
	return atomic_load(&sync->is_over);
}

int store_sync_end(struct store_sync *sync)
{
	if (!sync->is_on_thread)
		return sync->run(sync->file, sync->flags);
	sync_lock();
	while (!atomic_load(&sync->is_over))
		(void)pthread_cond_wait(&sync_thread.has_ended, &sync_thread.lock);
	sync_unlock();
	return sync->rc;
}

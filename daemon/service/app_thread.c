/* Messages about one task to one reader stand in one thread of a messenger that has threads, as mails do.
 *
 * Happy path: a message that is handed over is noted with where it goes and which thread it names, if any; when it settles as
 * sent without one, what the service calls it begins the thread, in the transaction that settles it; letter.c gives the
 * later ones that name.
 * Failure modes: a thread that is gone must cost no reminder. A message that named one and is refused goes again at once
 * without it, whatever the refusal says: only what the service says of that attempt is believed. What is in flight when the
 * process dies begins no thread; the one that goes in its place does. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "service/app_priv.h"
#include "store/store_thread.h"

/* A message in flight. */
struct app_thread {
	int64_t message;
	char *address;   /* it goes there, whatever the reader's address is by the time of its result */
	char *remote_id; /* the thread that it names; NULL = none */
};

struct app_threads {
	struct app_thread *items;
	size_t n;
};

struct app_threads *app_threads_new(const struct channel *channel)
{
	return channel->has_threads ? mem_zero(1, sizeof(struct app_threads)) : NULL;
}

void app_threads_free(struct app_threads *threads)
{
	for (size_t i = 0; threads != NULL && i < threads->n; i++) {
		free(threads->items[i].address);
		free(threads->items[i].remote_id);
	}
	if (threads != NULL)
		free(threads->items);
	free(threads);
}

/* NULL: it is none of a channel with threads, or was not handed over. */
static struct app_thread *app_find_thread(const struct app_channel *entry, int64_t message)
{
	struct app_threads *threads = entry->threads;
	for (size_t i = 0; threads != NULL && i < threads->n; i++)
		if (threads->items[i].message == message)
			return &threads->items[i];
	return NULL;
}

void app_thread_begin(struct app_channel *entry, const struct channel_message *message)
{
	struct app_threads *threads = entry->threads;
	if (threads == NULL)
		return;
	threads->items = mem_grow(threads->items, threads->n + 1, sizeof(*threads->items));
	threads->items[threads->n++] = (struct app_thread){
		.message = message->id,
		.address = mem_dup(message->to_address),
		.remote_id = message->thread_remote_id != NULL ? mem_dup(message->thread_remote_id) : NULL};
}

bool app_thread_is_refused(const struct app_result *entry)
{
	const struct app_thread *thread = app_find_thread(entry->from, entry->id);
	const struct channel_result *result = &entry->result;
	return thread != NULL && thread->remote_id != NULL &&
	       (result->verdict == CHANNEL_PERMANENT ||
		(result->verdict == CHANNEL_TEMPORARY && result->blame == CHANNEL_BLAME_MESSAGE));
}

int app_note_thread(struct app *app, const struct app_result *entry, struct err *err)
{
	const struct app_thread *thread = app_find_thread(entry->from, entry->id);
	const char *remote_id = entry->result.thread_remote_id;
	if (thread == NULL)
		return 0;
	if (app_thread_is_refused(entry))
		return store_thread_end(app->store, entry->id, thread->remote_id, err);
	if (thread->remote_id != NULL || remote_id[0] == '\0')
		return 0;
	return store_thread_begin(app->store, entry->id, thread->address, remote_id, err);
}

void app_thread_end(const struct app_result *entry)
{
	struct app_threads *threads = entry->from->threads;
	struct app_thread *thread = app_find_thread(entry->from, entry->id);
	if (thread == NULL)
		return;
	free(thread->address);
	free(thread->remote_id);
	*thread = threads->items[--threads->n];
}

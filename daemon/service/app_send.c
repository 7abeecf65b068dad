/* After the commit of a pass: what it claimed is written as letters, and these are handed to their channels. */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "service/app_priv.h"
#include "service/letter.h"

/* A letter, or why there is none. */
struct app_letter {
	struct letter letter;
	int status;
	struct err err;
};

/* Everything is read before anything is sent: no transaction is open while a channel talks to its server. Should none
 * begin, each statement reads by itself. */
static void app_write_letters(struct app *app, const struct app_claim *claim, int64_t now_utc,
			      struct app_letter *letters)
{
	struct err err;
	bool is_reading = store_begin_reading(app->store, &err) == 0;
	for (size_t i = 0; i < claim->n; i++)
		letters[i].status = letter_write(app->store, app->setup, claim->ids[i], now_utc, &letters[i].letter,
						 &letters[i].err);
	if (is_reading)
		store_end_reading(app->store);
}

static void app_note_unsent(const struct app_claim *claim, int64_t id, enum channel_verdict verdict,
			    enum channel_blame blame, const char *why)
{
	struct channel_result result;
	channel_result_set(&result, verdict, blame, 0, why);
	app_note_result(claim->channel, id, &result);
}

/* The reader got the letter all the same; the operator is told in the next pass, of one problem at a time. */
static void app_note_template(struct app *app, const struct letter *letter)
{
	if (letter->text.problem != NULL && app->template_problem == NULL)
		app->template_problem = mem_dup(letter->text.problem);
}

static void app_hand_over(struct app *app, const struct app_claim *claim, size_t i, struct app_letter *entry)
{
	if (entry->status < 0) {
		app_note_unsent(claim, claim->ids[i], CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, entry->err.text);
		app->results[app->n_results - 1].is_empty = entry->status == -ENOMSG;
		return;
	}
	app_thread_begin(claim->channel, &entry->letter.message);
	channel_send(claim->channel->channel, &entry->letter.message);
	app_note_template(app, &entry->letter);
	letter_done(&entry->letter);
}

void app_resume(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++)
		channel_resume(app->channels[i]->channel);
	for (struct app_channel *entry = app->retired_channels; entry != NULL; entry = entry->next)
		channel_resume(entry->channel);
}

/* What cannot be looked at stays: the pass that settles it says why. */
static bool app_is_over(void *arg, int64_t message)
{
	const struct app *app = arg;
	struct store_peek peek;
	struct err err;
	return store_message_peek(app->store, message, &peek, &err) == 0 && (!peek.is_live || peek.has_dropped);
}

void app_recall(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++)
		channel_recall(app->channels[i]->channel, app_is_over, app);
}

void app_send(struct app *app, const struct app_claim *claim, int64_t now_utc)
{
	if (app->only_counts) {
		for (size_t i = 0; i < claim->n; i++)
			app_note_unsent(claim, claim->ids[i], CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, "counted");
		return;
	}
	if (claim->n == 0)
		return;
	struct app_letter *letters = mem_zero(claim->n, sizeof(*letters));
	app_write_letters(app, claim, now_utc, letters);
	for (size_t i = 0; i < claim->n; i++)
		app_hand_over(app, claim, i, &letters[i]);
	free(letters);
}

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

/* Read in one piece: no transaction is open while a channel talks to its server. Should none begin, each statement reads by
 * itself. */
static void app_write_letters(struct app *app, struct app_claim *claim, int64_t now_utc, bool until_durable)
{
	struct err err;
	if (claim->n_letters == claim->n)
		return;
	if (claim->letters == NULL)
		claim->letters = mem_zero(claim->n, sizeof(*claim->letters));
	bool is_reading = store_begin_reading(app->store, &err) == 0;
	while (claim->n_letters < claim->n && !(until_durable && store_is_durable(app->store))) {
		int64_t id = claim->ids[claim->n_letters];
		struct app_letter *entry = &claim->letters[claim->n_letters++];
		entry->status = letter_write(app->store, app->setup, id, now_utc, &entry->letter, &entry->err);
	}
	if (is_reading)
		store_end_reading(app->store);
}

void app_write_ahead(struct app *app, struct app_claim *claims, int64_t now_utc)
{
	for (size_t i = 0; i < app->setup->n_channels && !app->only_counts; i++)
		app_write_letters(app, &claims[i], now_utc, true);
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

static void app_hand_over(struct app *app, const struct app_claim *claim, size_t i)
{
	struct app_letter *entry = &claim->letters[i];
	if (entry->status < 0) {
		app_note_unsent(claim, claim->ids[i], CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, entry->err.text);
		app->results[app->n_results - 1].is_empty = entry->status == -ENOMSG;
		return;
	}
	app_thread_begin(claim->channel, &entry->letter.message);
	app_address_begin(claim->channel, &entry->letter.message);
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

static void app_forget_letters(struct app_claim *claim)
{
	free(claim->letters);
	claim->letters = NULL;
	claim->n_letters = 0;
}

void app_send(struct app *app, struct app_claim *claim, int64_t now_utc)
{
	if (app->only_counts) {
		for (size_t i = 0; i < claim->n; i++)
			app_note_unsent(claim, claim->ids[i], CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, "counted");
		return;
	}
	app_write_letters(app, claim, now_utc, false);
	for (size_t i = 0; i < claim->n; i++)
		app_hand_over(app, claim, i);
	app_forget_letters(claim);
}

void app_hold_back(struct app *app, struct app_claim *claims)
{
	static const char why[] = "not sent: the disk has not kept the record of it";
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_claim *claim = &claims[i];
		for (size_t j = 0; j < claim->n_letters; j++)
			if (claim->letters[j].status == 0)
				letter_done(&claim->letters[j].letter);
		app_forget_letters(claim);
		for (size_t j = 0; j < claim->n; j++)
			app_note_unsent(claim, claim->ids[j], CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE, why);
	}
}

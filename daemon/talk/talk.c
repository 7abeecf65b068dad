#include "talk/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/store_ledger.h"
#include "store/store_person.h"
#include "store/store_suspension.h"
#include "talk/talk_priv.h"

void talk_reply_done(struct talk_reply *reply)
{
	free(reply->toast);
	free(reply->say);
	*reply = (struct talk_reply){0};
}

static void talk_ear_done(struct talk_ear *ear)
{
	strlist_done(&ear->actors);
	person_done(&ear->self);
}

/* ---- who writes --------------------------------------------------------------------------------------------------- */

static bool talk_is_address(const char *address)
{
	return address[0] != '\0' && strlen(address) <= PERSON_ADDRESS_MAX && utf8_find_control(address, false) < 0;
}

/* The first of those who have the sender's address writes; all of them may act, and so may the desk whose chat it is. */
static int talk_recognise(struct talk_ear *ear, bool *ret_is_known, struct err *err)
{
	struct store *store = ear->talk->store;
	struct strlist desks = {0};
	*ret_is_known = false;
	int status = store_address_owners(store, ear->channel, ear->update->sender, true, &ear->actors, err);
	if (status < 0 || ear->actors.n == 0)
		return status;
	if (!ear->is_private) {
		status = store_address_owners(store, ear->channel, ear->update->chat, true, &desks, err);
		if (status < 0 || desks.n == 0)
			return status;
	}
	status = store_person_load(store, ear->actors.items[0], &ear->self, err);
	for (size_t i = 0; i < desks.n; i++)
		strlist_add(&ear->actors, desks.items[i], strlen(desks.items[i]));
	strlist_done(&desks);
	*ret_is_known = status == 0;
	return status;
}

/* Who writes in private is there, whatever became of messages before. */
static int talk_end_suspension(struct talk_ear *ear, struct err *err)
{
	struct store *store = ear->talk->store;
	bool is_suspended = false;
	int64_t n = 0;
	if (!ear->is_private)
		return 0;
	int status = store_address_is_suspended(store, ear->self.id, ear->channel, &is_suspended, err);
	if (status < 0 || !is_suspended)
		return status;
	status = store_suspension_end(store, ear->self.id, ear->channel, &n, err);
	if (status == 0)
		status = talk_write_change(ear, "release", ear->self.id, err);
	if (status < 0)
		return status;
	struct person person;
	status = store_person_load(store, ear->self.id, &person, err);
	if (status < 0)
		return status;
	person_done(&ear->self);
	ear->self = person;
	return 0;
}

/* ---- what they want ----------------------------------------------------------------------------------------------- */

static int talk_obey(struct talk_ear *ear, struct err *err)
{
	const struct channel_update *update = ear->update;
	const char *text = update->text + strspn(update->text, " \t\r\n");
	if (update->kind == CHANNEL_UPDATE_BUTTON)
		return talk_press(ear, err);
	if (text[0] == '/')
		return talk_command(ear, text, err);
	/* In a group people speak to each other. */
	return ear->is_private ? talk_listen(ear, text, err) : 0;
}

/* Rows that make no sense, as SQL can write them, are no reason to hear the same update for ever, and nothing after it. What
 * cannot be done to its end is not begun, but counts among what people press in an hour. */
static int talk_obey_or_leave(struct talk_ear *ear, struct err *err)
{
	struct store *store = ear->talk->store;
	enum talk_room room;
	int status = store_savepoint(store, err);
	if (status == 0)
		status = store_savepoint_end(store, talk_obey(ear, err), err);
	if (status != -ENOENT && status != -EINVAL && status != -EEXIST)
		return status;
	log_error("channel=%s person=%s: what they ask for cannot be done: %s", ear->channel, ear->self.id, err->text);
	if (ear->update->kind == CHANNEL_UPDATE_BUTTON)
		talk_toast(ear, &(struct talk_words){.phrase = PHRASE_NO_SENSE});
	return talk_count_press(ear, &room, err);
}

/* Edits that others made before keep their way; what is done here is the sender's. */
static int talk_hear_known(struct talk_ear *ear, struct err *err)
{
	struct store *store = ear->talk->store;
	int status = store_ledger_stamp(store, NULL, NULL, ear->now_utc, err);
	if (status == 0)
		status = talk_end_suspension(ear, err);
	if (status == 0)
		status = talk_obey_or_leave(ear, err);
	return status == 0 ? store_ledger_stamp(store, ear->self.id, ear->channel, ear->now_utc, err) : status;
}

/* Every press is answered, or the button looks as if it were still at work; whoever is not known learns no more than that, in
 * the chat of somebody who is, they are not. */
static int talk_turn_away(struct talk_ear *ear, struct err *err)
{
	struct store *store = ear->talk->store;
	struct strlist owners = {0};
	log_debug("channel=%s: an update of kind %s by somebody unknown is not heard", ear->channel,
		  channel_update_name(ear->update->kind));
	if (ear->update->kind != CHANNEL_UPDATE_BUTTON)
		return 0;
	int status = store_address_owners(store, ear->channel, ear->update->chat, true, &owners, err);
	if (status == 0 && owners.n > 0)
		status = store_person_load(store, owners.items[0], &ear->self, err);
	if (status == 0 && owners.n > 0)
		talk_toast(ear, &(struct talk_words){.phrase = PHRASE_ONLY_PEOPLE});
	else if (status == 0)
		ear->reply->toast = mem_dup("");
	strlist_done(&owners);
	return status;
}

static int talk_hear_sender(struct talk_ear *ear, struct err *err)
{
	bool is_taken = false, is_known = false;
	int status = 0;
	if (ear->update->kind == CHANNEL_UPDATE_TEXT)
		status = talk_enrol(ear, &is_taken, err);
	if (status < 0 || is_taken)
		return status;
	status = talk_recognise(ear, &is_known, err);
	if (status < 0)
		return status;
	return is_known ? talk_hear_known(ear, err) : talk_turn_away(ear, err);
}

int talk_hear(const struct talk *talk, const char *channel, const struct channel_update *update, int64_t now_utc,
	      struct talk_reply *ret_reply, struct err *err)
{
	struct talk_ear ear = {
		.talk = talk,
		.channel = channel,
		.update = update,
		.now_utc = now_utc,
		.reply = ret_reply,
		.is_private = strcmp(update->sender, update->chat) == 0,
	};
	int status = 0;
	*ret_reply = (struct talk_reply){0};
	if (!talk_is_address(update->sender) || !talk_is_address(update->chat)) {
		log_debug("channel=%s: an update whose sender cannot be an address is not heard", channel);
		return 0;
	}
	switch (update->kind) {
	case CHANNEL_UPDATE_TEXT:
	case CHANNEL_UPDATE_BUTTON:
		status = talk_hear_sender(&ear, err);
		break;
	case CHANNEL_UPDATE_GONE:
		status = talk_note_gone(&ear, err);
		break;
	case CHANNEL_UPDATE_BACK:
		status = talk_note_back(&ear, err);
		break;
	case CHANNEL_UPDATE_MAX:
		break;
	}
	talk_ear_done(&ear);
	if (status < 0)
		talk_reply_done(ret_reply);
	return status;
}

/* Who comes by an invitation, who leaves, and who comes back. */
#include "store/store_ledger.h"
#include "talk/talk_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/listen.h"
#include "channel/signature.h"
#include "remind/suspend.h"
#include "store/store_person.h"
#include "store/store_suspension.h"
#include "store/store_talk.h"
#include "talk/invite.h"

#define ENROL_START "/start"
#define ENROL_LETTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"

/* The word in "/start WORD" or "/start@bot WORD"; false when it is anything else. */
static bool talk_find_word(const char *text, char word[CHANNEL_INVITE_WORD_MAX + 1])
{
	if (strncmp(text, ENROL_START, strlen(ENROL_START)) != 0)
		return false;
	text += strlen(ENROL_START);
	if (*text == '@')
		text += strcspn(text, " ");
	size_t blanks = strspn(text, " "), len = strspn(text + blanks, ENROL_LETTERS);
	if (blanks == 0 || len == 0 || len > CHANNEL_INVITE_WORD_MAX || text[blanks + len] != '\0')
		return false;
	(void)memcpy(word, text + blanks, len);
	word[len] = '\0';
	return true;
}

/* In the ledger under the one who was invited, who brought the word. */
static int talk_write_enrol(struct talk_ear *ear, const char *person, const char *what, struct err *err)
{
	struct store *store = ear->talk->store;
	char *detail = what != NULL ? mem_printf("%s: %s", ear->channel, what) : mem_dup(ear->channel);
	int status = store_ledger_add(store, "enrol", NULL, person, detail, err);
	free(detail);
	return status == 0 ? store_ledger_stamp(store, person, ear->channel, ear->now_utc, err) : status;
}

static int talk_refuse(struct talk_ear *ear, const struct person *invited, enum phrase phrase, const char *why,
		       struct err *err)
{
	talk_say(ear, invited, phrase);
	return talk_write_enrol(ear, invited->id, why, err);
}

/* Who else has the chat already, even if they are not there any more: they read what is said in it. NULL: nobody. */
static int talk_find_owner(struct talk_ear *ear, const char *person, char **ret_owner, struct err *err)
{
	struct strlist owners = {0};
	int status = store_address_owners(ear->talk->store, ear->channel, ear->update->sender, false, &owners, err);
	*ret_owner = NULL;
	for (size_t i = 0; i < owners.n && *ret_owner == NULL; i++)
		if (strcmp(owners.items[i], person) != 0)
			*ret_owner = mem_dup(owners.items[i]);
	strlist_done(&owners);
	return status;
}

static int talk_refuse_owner(struct talk_ear *ear, const struct person *invited, const char *owner, struct err *err)
{
	struct person reader;
	int status = store_person_load(ear->talk->store, owner, &reader, err);
	if (status < 0)
		return status;
	talk_say(ear, &reader, PHRASE_INVITE_TAKEN);
	person_done(&reader);
	return talk_write_enrol(ear, invited->id, "refused, the account is somebody else's", err);
}

static int talk_admit(struct talk_ear *ear, const struct person *invited, struct err *err)
{
	struct store *store = ear->talk->store;
	const char *before = person_address(invited, ear->channel);
	bool is_other = before != NULL && strcmp(before, ear->update->sender) != 0;
	const char *id = invited->id;
	int64_t n = 0;
	int status = store_address_set(store, id, ear->channel, ear->update->sender, err);
	if (status == 0)
		status = store_suspension_end(store, id, ear->channel, &n, err);
	if (status == 0)
		status = store_invite_end(store, id, ear->channel, err);
	if (status == 0)
		status = store_question_end(store, id, ear->channel, err);
	if (status == 0)
		status = talk_write_enrol(ear, id, is_other ? "in place of another address" : NULL, err);
	if (status == 0)
		status = store_person_load(store, id, &ear->self, err);
	if (status == 0)
		status = talk_answer(ear, &(struct talk_words){.phrase = PHRASE_WELCOME}, NULL, err);
	return status;
}

static int talk_enrol_person(struct talk_ear *ear, const struct person *invited, int64_t until_utc, struct err *err)
{
	struct store *store = ear->talk->store;
	char *owner = NULL;
	int status = store_ledger_stamp(store, NULL, NULL, ear->now_utc, err);
	if (status < 0)
		return status;
	bool is_over = until_utc <= ear->now_utc;
	/* One that is over is told so once; one that others have read is void, or the quickest would be taken for the person. */
	if (is_over || !ear->is_private)
		status = store_invite_end(store, invited->id, ear->channel, err);
	if (status < 0)
		return status;
	if (is_over)
		return talk_refuse(ear, invited, PHRASE_INVITE_OVER, "refused, the invitation had run out", err);
	if (!ear->is_private)
		return talk_refuse(ear, invited, PHRASE_INVITE_GROUP,
				   "refused, the invitation was shown in a group and is void", err);
	status = talk_find_owner(ear, invited->id, &owner, err);
	if (status == 0)
		status = owner != NULL ? talk_refuse_owner(ear, invited, owner, err) : talk_admit(ear, invited, err);
	free(owner);
	return status;
}

int talk_enrol(struct talk_ear *ear, bool *ret_is_taken, struct err *err)
{
	char word[CHANNEL_INVITE_WORD_MAX + 1], hash[SIGNATURE_HASH_SIZE], *id = NULL;
	struct person invited;
	int64_t until_utc = 0;
	*ret_is_taken = false;
	if (!talk_find_word(ear->update->text, word) || talk_is_for_another(ear->talk, ear->update->text))
		return 0;
	signature_hash(word, hash);
	int status = store_invite_find(ear->talk->store, hash, ear->channel, &id, &until_utc, err);
	if (status < 0 || id == NULL)
		return status;
	status = store_person_load(ear->talk->store, id, &invited, err);
	free(id);
	if (status < 0)
		return status;
	*ret_is_taken = true;
	status = talk_enrol_person(ear, &invited, until_utc, err);
	person_done(&invited);
	return status;
}

/* ---- leaving, and coming back ------------------------------------------------------------------------------------- */

typedef int (*talk_owner_cb)(struct talk_ear *ear, const char *person, struct err *err);

/* It is the chat that is concerned: a group that threw the bot out is not the one who did it. */
static int talk_each_owner(struct talk_ear *ear, talk_owner_cb each, struct err *err)
{
	struct store *store = ear->talk->store;
	struct strlist owners = {0};
	int status = store_address_owners(store, ear->channel, ear->update->chat, true, &owners, err);
	if (status == 0 && owners.n > 0)
		status = store_ledger_stamp(store, NULL, NULL, ear->now_utc, err);
	for (size_t i = 0; i < owners.n && status == 0; i++) {
		status = each(ear, owners.items[i], err);
		if (status == 0)
			status = store_ledger_stamp(store, owners.items[i], ear->channel, ear->now_utc, err);
	}
	strlist_done(&owners);
	return status;
}

int talk_write_change(struct talk_ear *ear, const char *action, const char *person, struct err *err)
{
	bool is_enough = false;
	int status = talk_count_one(ear, person, &is_enough, err);
	if (status < 0 || is_enough)
		return status;
	return store_ledger_add(ear->talk->store, action, NULL, person, ear->channel, err);
}

static int talk_suspend(struct talk_ear *ear, const char *person, struct err *err)
{
	struct store *store = ear->talk->store;
	bool is_suspended = false;
	int status = store_address_is_suspended(store, person, ear->channel, &is_suspended, err);
	if (status < 0 || is_suspended)
		return status;
	status = suspend_gone(ear->talk->planner, store, person, ear->channel, "stopped or blocked by the recipient",
			      ear->now_utc, err);
	return status == 0 ? talk_write_change(ear, "suspend", person, err) : status;
}

static int talk_resume(struct talk_ear *ear, const char *person, struct err *err)
{
	struct store *store = ear->talk->store;
	int64_t n = 0;
	int status = store_suspension_end(store, person, ear->channel, &n, err);
	return status == 0 && n > 0 ? talk_write_change(ear, "release", person, err) : status;
}

int talk_note_gone(struct talk_ear *ear, struct err *err)
{
	return talk_each_owner(ear, talk_suspend, err);
}

int talk_note_back(struct talk_ear *ear, struct err *err)
{
	return talk_each_owner(ear, talk_resume, err);
}

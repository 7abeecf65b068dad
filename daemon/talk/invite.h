/* invite: one-time words that bring a person to a messenger: "/start WORD" makes the chat it comes from theirs.
 *
 * Only signature_hash() of a word is stored, so who reads the database, or a copy of it, cannot take anybody's
 * place. */
#ifndef DEADLINED_TALK_INVITE_H
#define DEADLINED_TALK_INVITE_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

enum { INVITE_WORD_SIZE = 23, INVITE_PRESET_S = 7 * 86400 };

/* Invites the person to the channel until then: 128 random bits as 22 characters of base64url. Earlier invitations of
 * theirs to it end. Inside the caller's transaction; writes the ledger. Errors: those of the store; -errno of
 * getrandom(2). */
MUSTCHECK int invite_new(struct store *store, const char *person, const char *channel, int64_t until_utc,
			 char ret_word[INVITE_WORD_SIZE], struct err *err);

#endif

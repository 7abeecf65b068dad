#include "talk/invite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "channel/signature.h"
#include "store/store_ledger.h"
#include "store/store_talk.h"

enum { INVITE_RANDOM = 16 };

/* RFC 4648, section 5, without padding. */
static void invite_print(const unsigned char random[INVITE_RANDOM], char ret_word[INVITE_WORD_SIZE])
{
	struct buf text;
	buf_init(&text, 2 * INVITE_WORD_SIZE);
	signature_add_base64(&text, random, INVITE_RANDOM);
	(void)snprintf(ret_word, INVITE_WORD_SIZE, "%s", buf_str(&text));
	buf_done(&text);
	for (char *c = ret_word; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

int invite_new(struct store *store, const char *person, const char *channel, int64_t until_utc,
	       char ret_word[INVITE_WORD_SIZE], struct err *err)
{
	unsigned char random[INVITE_RANDOM];
	char word[INVITE_WORD_SIZE], hash[SIGNATURE_HASH_SIZE];
	ssize_t len = getrandom(random, sizeof(random), 0);
	if (len != (ssize_t)sizeof(random))
		return err_set(err, len < 0 ? -errno : -EIO, "no random numbers to be had");
	invite_print(random, word);
	signature_hash(word, hash);
	int status = store_invite_add(store, hash, person, channel, until_utc, err);
	if (status == 0)
		status = store_ledger_add(store, "invite", NULL, person, channel, err);
	if (status == 0)
		(void)memcpy(ret_word, word, sizeof(word));
	return status;
}

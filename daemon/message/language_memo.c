/* What ICU said, remembered: an office's dates are few, and ICU takes longer over one than the rest of a message takes.
 * A table of fixed size in which what is new takes the place of what was there. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "message/language_priv.h"

enum { LANGUAGE_MEMO_SLOTS = 512 };

struct language_memo {
	struct language_memo_slot {
		struct language_key key;
		char *text; /* NULL: empty */
		size_t len;
	} slots[LANGUAGE_MEMO_SLOTS];
};

struct language_memo *language_memo_new(void)
{
	return mem_zero(1, sizeof(struct language_memo));
}

void language_memo_free(struct language_memo *memo)
{
	for (size_t i = 0; i < LANGUAGE_MEMO_SLOTS; i++)
		free(memo->slots[i].text);
	free(memo);
}

static struct language_memo_slot *language_memo_slot(const struct language *language, const struct language_key *key)
{
	uint64_t sum = hash_mix((uint64_t)key->first * 31 + (uint64_t)key->second) + (uint64_t)key->form;
	return &language->memo->slots[hash_mix(sum) % LANGUAGE_MEMO_SLOTS];
}

bool language_recall(const struct language *language, const struct language_key *key, struct buf *out)
{
	const struct language_memo_slot *slot = language_memo_slot(language, key);
	if (slot->text == NULL || slot->key.form != key->form || slot->key.first != key->first ||
	    slot->key.second != key->second)
		return false;
	buf_add(out, slot->text, slot->len);
	return true;
}

void language_remember(const struct language *language, const struct language_key *key, const struct buf *out,
		       size_t from)
{
	struct language_memo_slot *slot = language_memo_slot(language, key);
	if (out->is_over)
		return;
	free(slot->text);
	slot->key = *key;
	slot->len = out->len - from;
	slot->text = mem_dup_n(buf_str(out) + from, slot->len);
}

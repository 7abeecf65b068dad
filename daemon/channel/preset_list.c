/* preset_list: what the reply to the call for updates holds. Pure.
 *
 * Whatever people write, the list is never left standing: an item that means nothing is passed over, but a reply that
 * does not say where to go on behind its items is refused, or they would come again and again. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/preset.h"

enum { PRESET_ITEM_TEXT_MAX = 256 * 1024, PRESET_NEXT_MAX = 256, PRESET_UNIT_LEN = 6 };

/* The text or number that stands there, behind the prefix; NULL when there is none. Owned. */
static char *preset_item_text(const json_t *item, const struct preset_source *source)
{
	struct buf text;
	if (source->pointer == NULL)
		return NULL;
	buf_init(&text, PRESET_ITEM_TEXT_MAX);
	buf_add_str(&text, source->prefix);
	bool is_there = preset_json_add_text(&text, preset_pointer_get(item, source->pointer)) && !text.is_over;
	char *value = is_there ? buf_take(&text) : NULL;
	buf_done(&text);
	return value;
}

static bool preset_item_fits(const struct preset_update *kind, const json_t *item)
{
	for (size_t i = 0; i < kind->n_tests; i++)
		if (!preset_test_holds(&kind->tests[i], item))
			return false;
	return true;
}

/* What came by an invitation looks like what a person would write. */
static char *preset_start_text(char *word)
{
	char *text = word != NULL && word[0] != '\0' ? mem_printf("/start %s", word) : mem_dup("/start");
	free(word);
	return text;
}

static void preset_take_item(const struct preset_update *kind, const json_t *item, struct channel_update *update)
{
	*update = (struct channel_update){.kind = kind->kind};
	update->sender = preset_item_text(item, &kind->sources[PRESET_SENDER]);
	update->chat = preset_item_text(item, &kind->sources[PRESET_CHAT]);
	update->text = preset_item_text(item, &kind->sources[PRESET_WORDS]);
	update->answer_id = preset_item_text(item, &kind->sources[PRESET_ANSWER]);
	update->message_id = preset_item_text(item, &kind->sources[PRESET_UNDER]);
	if (kind->sources[PRESET_CHAT].pointer == NULL && update->sender != NULL)
		update->chat = mem_dup(update->sender);
	if (kind->is_start)
		update->text = preset_start_text(update->text);
	else if (kind->sources[PRESET_WORDS].pointer == NULL)
		update->text = mem_dup("");
}

static bool preset_is_address(const struct preset *preset, const char *address)
{
	size_t len = address != NULL ? strlen(address) : 0;
	return len != 0 && len <= PERSON_ADDRESS_MAX && utf8_find_control(address, false) < 0 &&
	       preset_check_address(preset, address, NULL);
}

static void preset_add_item(const struct preset *preset, const json_t *item, struct channel_updates *updates)
{
	for (size_t i = 0; i < preset->updates->n_kinds; i++) {
		const struct preset_update *kind = &preset->updates->kinds[i];
		if (!preset_item_fits(kind, item))
			continue;
		struct channel_update update;
		preset_take_item(kind, item, &update);
		updates->items = mem_grow(updates->items, updates->n + 1, sizeof(*updates->items));
		updates->items[updates->n] = update;
		if (update.text != NULL && preset_is_address(preset, update.sender) &&
		    preset_is_address(preset, update.chat))
			updates->n++;
		else
			channel_update_done(&update);
	}
}

/* Where an item says that it goes on: its number and the step, or its text. NULL when it does not. */
static char *preset_item_next(const struct preset_updates *updates, const json_t *item)
{
	const json_t *value = preset_pointer_get(item, updates->next_pointer);
	if (updates->step != 0) {
		int64_t number = json_is_integer(value) ? json_integer_value(value) : INT64_MAX;
		return number <= INT64_MAX - updates->step ? mem_printf("%" PRId64, number + updates->step) : NULL;
	}
	struct buf text;
	buf_init(&text, PRESET_NEXT_MAX);
	bool is_good = preset_json_add_text(&text, value) && text.len != 0;
	char *next = is_good ? buf_take(&text) : NULL;
	buf_done(&text);
	return next;
}

/* Of the last item that says it. */
static char *preset_last_next(const struct preset_updates *updates, const json_t *items)
{
	char *next = NULL;
	for (size_t i = json_array_size(items); next == NULL && i > 0; i--)
		next = preset_item_next(updates, json_array_get(items, i - 1));
	return next;
}

static char *preset_marker_next(const struct preset_updates *updates, const json_t *root)
{
	char none[] = "";
	struct preset_source source = {.prefix = none, .pointer = updates->marker};
	return preset_item_text(root, &source);
}

static int preset_list_json(const struct preset *preset, const json_t *root, struct channel_updates *ret_updates,
			    struct err *err)
{
	const struct preset_updates *updates = preset->updates;
	const json_t *items = preset_pointer_get(root, updates->items), *item;
	size_t i;
	if (!json_is_array(items))
		return err_set(err, -EINVAL, "the reply has no list at %s", updates->items);
	char *next = updates->marker != NULL ? preset_marker_next(updates, root) : preset_last_next(updates, items);
	bool is_bad = next != NULL && (strlen(next) > PRESET_NEXT_MAX || utf8_find_control(next, false) >= 0);
	if (is_bad || (next == NULL && json_array_size(items) != 0)) {
		free(next);
		return err_set(err, -EINVAL, "the reply does not say how it goes on at %s",
			       updates->marker != NULL ? updates->marker : updates->next_pointer);
	}
	*ret_updates = (struct channel_updates){.next = next};
	json_array_foreach(items, i, item)
	{
		preset_add_item(preset, item, ret_updates);
	}
	return 0;
}

static int preset_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return digit != NULL ? (int)(digit - digits) : -1;
}

/* The number of "\uXXXX" when text begins with that, or -1. */
static int preset_unit(const char *text, const char *end)
{
	int unit = 0;
	if (end - text < PRESET_UNIT_LEN || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < PRESET_UNIT_LEN; i++) {
		int digit = preset_hex(text[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Takes one character of JSON off text. */
static const char *preset_mend_one(const char *text, const char *end, struct buf *out)
{
	const char *start = text;
	int unit = preset_unit(text, end);
	if (unit >= 0xd800 && unit < 0xe000) {
		int second = preset_unit(text + PRESET_UNIT_LEN, end);
		size_t len =
			unit < 0xdc00 && second >= 0xdc00 && second < 0xe000 ? 2 * PRESET_UNIT_LEN : PRESET_UNIT_LEN;
		buf_add(out, len > PRESET_UNIT_LEN ? text : "\\ufffd", len);
		return text + len;
	}
	if (*text == '\\' && end - text > 1 && text[1] != '\0' && (unsigned char)text[1] < 0x80) {
		buf_add(out, text, 2);
		return text + 2;
	}
	uint32_t c = utf8_next(&text, end);
	bool is_bad = c == 0xfffd || c == 0;
	buf_add(out, is_bad ? "\xef\xbf\xbd" : start, is_bad ? 3 : (size_t)(text - start));
	return text;
}

void preset_mend(struct buf *reply)
{
	struct buf mended;
	buf_init(&mended, 3 * reply->max); /* a byte becomes at most three */
	const char *text = buf_str(reply), *end = text + reply->len;
	while (text < end)
		text = preset_mend_one(text, end, &mended);
	buf_done(reply);
	*reply = mended;
}

int preset_list_updates(const struct preset *preset, const char *body, size_t len, struct channel_updates *ret_updates,
			struct err *err)
{
	json_t *root = preset_json_load(body, len);
	if (root == NULL)
		return err_set(err, -EINVAL, "the reply is no JSON, or has more than %d values",
			       PRESET_JSON_VALUES_MAX);
	int r = preset_list_json(preset, root, ret_updates, err);
	json_decref(root);
	return r;
}

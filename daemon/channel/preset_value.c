/* preset_value: [address], the forms an address may have, and [value NAME], what is computed from other values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset_section.h"
#include "channel/preset_value.h"
#include "channel/signature.h"

enum { PRESET_MADE_MAX = 512 * 1024, PRESET_PHONE_MIN = 7, PRESET_PHONE_MAX = 15 };

/* ---- [address] ----------------------------------------------------------------------------------------------------
 * */

static const struct preset_address_kind {
	const char *word, *sample, *description;
} preset_address_kinds[PRESET_ADDRESS_MAX] = {
	[PRESET_ADDRESS_TEXT] = {"text", "name", "a name"},
	[PRESET_ADDRESS_NUMBER] = {"number", "1", "a number"},
	[PRESET_ADDRESS_PHONE] = {"phone", "+15005550006", "a telephone number with '+' and the code of the country"},
	[PRESET_ADDRESS_EMAIL] = {"email", "name@example.org", "a mail address"},
};

/* "number", or "number after chat:" */
static int preset_form_parse(const char *text, struct preset_form *ret_form, struct err *err)
{
	size_t len = strcspn(text, " \t");
	const char *rest = text + len + strspn(text + len, " \t");
	for (int kind = 0; kind < PRESET_ADDRESS_MAX; kind++) {
		const char *word = preset_address_kinds[kind].word;
		if (strlen(word) != len || memcmp(word, text, len) != 0)
			continue;
		bool has_prefix = strncmp(rest, "after ", 6) == 0;
		if (*rest != '\0' && !has_prefix)
			return err_set(err, -EINVAL, "'%s' is too much: write as in   number after chat:", rest);
		ret_form->kind = (enum preset_address)kind;
		ret_form->prefix = mem_dup(has_prefix ? rest + 6 + strspn(rest + 6, " \t") : "");
		return 0;
	}
	return err_set(err, -EINVAL, "'%.*s' is no kind of address: give text, number, phone or email", (int)len, text);
}

void preset_read_forms(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "address", NULL);
	for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		struct preset_form form = {0};
		struct err err;
		if (preset_form_parse(entry->value, &form, &err) < 0 ||
		    preset_add_name(preset, entry->key, UINT64_C(1) << PRESET_TO_ADDRESS, &err) < 0) {
			problems_add(problems, section->file, entry->line, "%s", err.text);
			free(form.prefix);
			continue;
		}
		form.name = mem_dup(entry->key);
		preset->forms = mem_grow(preset->forms, preset->n_forms + 1, sizeof(*preset->forms));
		preset->forms[preset->n_forms++] = form;
	}
}

static bool preset_address_fits(const char *text, enum preset_address kind)
{
	int64_t number;
	switch (kind) {
	case PRESET_ADDRESS_NUMBER:
		return num_parse(text, INT64_MIN, INT64_MAX, &number, NULL) == 0;
	case PRESET_ADDRESS_PHONE: {
		size_t digits = text[0] == '+' ? strspn(text + 1, "0123456789") : 0;
		return digits >= PRESET_PHONE_MIN && digits <= PRESET_PHONE_MAX && text[1 + digits] == '\0';
	}
	case PRESET_ADDRESS_EMAIL: {
		const char *at = strchr(text, '@');
		return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
		       strpbrk(text, " ,;<>\"") == NULL;
	}
	case PRESET_ADDRESS_TEXT:
	case PRESET_ADDRESS_MAX:
		break;
	}
	return text[0] != '\0';
}

/* The first form that the address has; n_forms when there is none. */
static size_t preset_form_of(const struct preset *preset, const char *address)
{
	for (size_t i = 0; i < preset->n_forms; i++) {
		const struct preset_form *form = &preset->forms[i];
		size_t len = strlen(form->prefix);
		if (strncmp(address, form->prefix, len) == 0 && preset_address_fits(address + len, form->kind))
			return i;
	}
	return preset->n_forms;
}

bool preset_check_address(const struct preset *preset, const char *address, struct err *err)
{
	if (preset->n_forms == 0 || preset_form_of(preset, address) < preset->n_forms)
		return true;

	struct buf forms;
	buf_init(&forms, sizeof(err->text));
	for (size_t i = 0; i < preset->n_forms; i++) {
		const struct preset_form *form = &preset->forms[i];
		buf_printf(&forms, "%s%s%s%s", i != 0 ? ", or " : "", preset_address_kinds[form->kind].description,
			   form->prefix[0] != '\0' ? " after " : "", form->prefix);
	}
	(void)err_set(err, -EINVAL, "'%s' cannot be an address here: give %s", address, buf_str(&forms));
	buf_done(&forms);
	return false;
}

char *preset_sample_address(const struct preset *preset, size_t form)
{
	if (form >= preset->n_forms)
		return mem_dup("1");
	return mem_printf("%s%s", preset->forms[form].prefix, preset_address_kinds[preset->forms[form].kind].sample);
}

/* ---- [value NAME] -------------------------------------------------------------------------------------------------
 * */

static const char *const preset_makes[] = {
	[PRESET_MAKE_TEXT] = "text", [PRESET_MAKE_BASE64] = "base64", [PRESET_MAKE_HMAC_SHA256] = "hmac-sha256", NULL};
static const char *const preset_key_forms[] = {"text", "base64", NULL};
static const char *const preset_digits[] = {"base64", "hex", NULL};

struct preset_made_keys {
	int make, key_form, as;
	char *data, *key;
};

static const struct option preset_made_options[] = {
	{.key = "make",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct preset_made_keys, make),
	 .words = preset_makes,
	 .flags = OPTION_REQUIRED,
	 .help = "text, base64 or hmac-sha256"},
	{.key = "data",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_made_keys, data),
	 .preset = "",
	 .help = "what it is made of"},
	{.key = "key",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_made_keys, key),
	 .min = 1,
	 .help = "key of hmac-sha256"},
	{.key = "key_form",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct preset_made_keys, key_form),
	 .preset = "text",
	 .words = preset_key_forms,
	 .help = "text, or base64 for the bytes that it stands for"},
	{.key = "as",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct preset_made_keys, as),
	 .preset = "base64",
	 .words = preset_digits,
	 .help = "how hmac-sha256 is written: base64 or hex"},
};
enum { PRESET_MADE_OPTIONS = sizeof(preset_made_options) / sizeof(preset_made_options[0]) };

static int preset_made_compile(struct preset *preset, const char *name, const struct preset_made_keys *keys,
			       struct preset_made *made, struct err *err)
{
	bool is_hmac = keys->make == PRESET_MAKE_HMAC_SHA256;
	if (is_hmac != (keys->key != NULL))
		return err_set(err, -EINVAL, is_hmac ? "hmac-sha256 needs a key" : "only hmac-sha256 has a key");
	made->make = keys->make;
	made->is_key_base64 = keys->key_form != 0;
	made->is_hex = keys->as != 0;
	int r = preset_compile(preset, keys->data, PRESET_IN_VALUE, true, &made->data, err);
	if (r == 0 && is_hmac)
		r = preset_compile(preset, keys->key, PRESET_IN_VALUE, true, &made->key, err);
	if (r == 0)
		r = preset_add_name(preset, name, preset_needs(preset, &made->data) | preset_needs(preset, &made->key),
				    err);
	return r;
}

static void preset_read_one_made(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	struct preset_made_keys keys = {0};
	struct preset_made made = {0};
	struct err err;
	size_t n = problems->n;
	options_apply(preset_made_options, PRESET_MADE_OPTIONS, section, NULL, &keys, problems);
	if (problems->n == n && preset_made_compile(preset, section->name, &keys, &made, &err) < 0)
		problems_add(problems, section->file, section->line, "[value %s]: %s", section->name, err.text);
	options_done(preset_made_options, PRESET_MADE_OPTIONS, &keys);
	if (problems->n != n) {
		preset_text_done(&made.data);
		preset_text_done(&made.key);
		return;
	}
	made.name = mem_dup(section->name);
	preset->made = mem_grow(preset->made, preset->n_made + 1, sizeof(*preset->made));
	preset->made[preset->n_made++] = made;
}

void preset_read_made(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];
		if (strcmp(section->kind, "value") == 0 && section->name != NULL)
			preset_read_one_made(preset, section, problems);
	}
}

/* ---- their values -------------------------------------------------------------------------------------------------
 * */

/* Services that keep texts by language know Chinese only by its country. */
static const char *preset_locale(const char *language)
{
	return strcmp(language, "zh") == 0 ? "zh_CN" : language;
}

void preset_fill_values(struct preset_values *ret_values, const struct channel_message *message, const char *channel)
{
	const char *language = message->language != NULL ? message->language : "";
	*ret_values =
		(struct preset_values){.items = {
					       [PRESET_TO_ADDRESS] = message->to_address,
					       [PRESET_TO_NAME] = message->to_name != NULL ? message->to_name : "",
					       [PRESET_SUBJECT] = message->subject,
					       [PRESET_TEXT] = message->text,
					       [PRESET_LANGUAGE] = language,
					       [PRESET_LOCALE] = preset_locale(language),
					       [PRESET_KEY] = message->key,
					       [PRESET_MESSAGE_ID] = message->message_id,
					       [PRESET_TASK_UID] = message->task_uid,
					       [PRESET_PERSON] = message->person != NULL ? message->person : "",
					       [PRESET_KIND] = message->kind,
					       [PRESET_CHANNEL] = channel,
					       [PRESET_REMOTE_ID] = message->remote_id,
					       [PRESET_THREAD_ID] = message->thread_remote_id,
					       [PRESET_ANSWER_ID] = message->answer_id,
				       }};
}

/* Keeps the text and makes it the value of a name. */
static void preset_keep(struct preset_values *values, struct strlist *texts, size_t name, const char *text)
{
	strlist_add(texts, text, strlen(text));
	values->items[name] = texts->items[texts->n - 1];
}

static int preset_sign(const struct preset_made *made, const struct buf *data, const struct preset_values *values,
		       struct buf *out, struct err *err)
{
	unsigned char mac[SIGNATURE_SIZE];
	struct buf text, key;
	buf_init(&text, PRESET_MADE_MAX);
	buf_init(&key, PRESET_MADE_MAX);
	preset_text_add(&made->key, values, PRESET_PLAIN, &text);
	int r = 0;
	if (made->is_key_base64)
		r = signature_add_decoded(&key, buf_str(&text), err);
	else
		buf_add(&key, buf_str(&text), text.len);
	if (r == 0) {
		signature_hmac(buf_str(&key), key.len, buf_str(data), data->len, mac);
		if (made->is_hex)
			signature_add_hex(out, mac, sizeof(mac));
		else
			signature_add_base64(out, mac, sizeof(mac));
	}
	mem_free_secret(buf_take(&text));
	if (key.data != NULL)
		explicit_bzero(key.data, key.len);
	buf_done(&key);
	return r;
}

static int preset_make_one(const struct preset_made *made, struct preset_values *values, struct strlist *texts,
			   size_t name, struct err *err)
{
	struct buf data, out;
	buf_init(&data, PRESET_MADE_MAX);
	buf_init(&out, 2 * PRESET_MADE_MAX);
	preset_text_add(&made->data, values, PRESET_PLAIN, &data);
	int r = data.is_over ? err_set(err, -E2BIG, "%s is too long", made->name) : 0;
	if (r == 0 && made->make == PRESET_MAKE_HMAC_SHA256)
		r = preset_sign(made, &data, values, &out, err);
	else if (r == 0 && made->make == PRESET_MAKE_BASE64)
		signature_add_base64(&out, buf_str(&data), data.len);
	else if (r == 0)
		buf_add(&out, buf_str(&data), data.len);
	if (r == 0)
		preset_keep(values, texts, name, buf_str(&out));
	mem_free_secret(buf_take(&data));
	mem_free_secret(buf_take(&out));
	return r;
}

static void preset_set_form(const struct preset *preset, struct preset_values *values)
{
	const char *address = values->items[PRESET_TO_ADDRESS];
	size_t form = address != NULL ? preset_form_of(preset, address) : preset->n_forms;
	for (size_t i = 0; i < preset->n_forms; i++)
		values->items[PRESET_NAME_MAX + preset->n_settings + i] =
			i == form ? address + strlen(preset->forms[i].prefix) : NULL;
}

static void preset_make_ids(struct preset_values *values, struct strlist *texts)
{
	const char *key = values->items[PRESET_KEY];
	char uuid[SIGNATURE_UUID_SIZE], *number = mem_printf("%d", (int)signature_int31(key));
	signature_uuid(key, uuid);
	preset_keep(values, texts, PRESET_UUID, uuid);
	preset_keep(values, texts, PRESET_INT31, number);
	free(number);
}

int preset_make_values(const struct preset *preset, uint64_t needs, struct preset_values *values, struct strlist *texts,
		       struct err *err)
{
	bool needs_ids = (needs & (UINT64_C(1) << PRESET_UUID | UINT64_C(1) << PRESET_INT31)) != 0;
	preset_set_form(preset, values);
	if (needs_ids && values->items[PRESET_KEY] != NULL && values->items[PRESET_UUID] == NULL)
		preset_make_ids(values, texts);

	int r = 0;
	for (size_t i = 0; r == 0 && i < preset->n_made; i++) {
		const struct preset_made *made = &preset->made[i];
		size_t name = PRESET_NAME_MAX + preset->n_settings + preset->n_forms + i;
		bool is_needed = (needs >> name & 1) != 0;
		if (is_needed && values->items[name] == NULL && preset_text_is_complete(&made->data, values) &&
		    preset_text_is_complete(&made->key, values))
			r = preset_make_one(made, values, texts, name, err);
	}
	return r;
}

void preset_texts_done(struct strlist *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		mem_free_secret(texts->items[i]);
	free(texts->items);
	*texts = (struct strlist){0};
}

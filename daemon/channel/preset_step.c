/* preset_step: reads what a messenger can do beside sending: [buttons], [edit ...], [answer ...], [invite]. */
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"
#include "channel/preset_url.h"

enum { PRESET_TEMPLATE_MAX = 64 * 1024, PRESET_ROW_MAX = 16 };
enum { PRESET_LABEL, PRESET_DATA }; /* the names of a button's template */

/* Outside of strings no x can stand in JSON, and inside of one no quote. */
bool preset_is_json_template(const struct preset_text *text, struct err *err)
{
	struct preset_values values;
	for (size_t i = 0; i < PRESET_NAMES_LIMIT; i++)
		values.items[i] = "x";
	values.items[PRESET_BUTTONS] = "[[\"x\"]]";

	struct buf sample;
	buf_init(&sample, PRESET_TEMPLATE_MAX);
	preset_text_add(text, &values, PRESET_JSON, &sample);
	json_t *json = json_loadb(buf_str(&sample), sample.len, JSON_DECODE_ANY, NULL);
	if (json == NULL)
		(void)err_set(
			err, -EINVAL,
			"this is no JSON, or a name stands in it outside of a string, as in {\"text\": \"{{text}}\"}");
	json_decref(json);
	buf_done(&sample);
	return json != NULL;
}

/* ---- [buttons] ----------------------------------------------------------------------------------------------------
 * */

struct preset_buttons_keys {
	char *each;
	int64_t per_row;
};

static const struct option preset_buttons_options[] = {
	{.key = "each",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_buttons_keys, each),
	 .min = 1,
	 .flags = OPTION_REQUIRED,
	 .help = "JSON of one button with {{label}} and {{data}}"},
	{.key = "per_row",
	 .type = OPTION_COUNT,
	 .offset = offsetof(struct preset_buttons_keys, per_row),
	 .min = 1,
	 .max = PRESET_ROW_MAX,
	 .preset = "2",
	 .help = "how many stand side by side"},
};
enum { PRESET_BUTTONS_OPTIONS = sizeof(preset_buttons_options) / sizeof(preset_buttons_options[0]) };

static int preset_compile_button(const char *source, struct preset_text *ret_text, struct err *err)
{
	char label[] = "label", data[] = "data";
	char *words[] = {label, data};
	const struct strlist names = {words, 2}; /* only looked at */
	struct preset_text text;
	int r = preset_text_compile(source, &names, &text, err);
	if (r < 0)
		return r;
	if (preset_text_uses(&text, PRESET_LABEL) == 0 || preset_text_uses(&text, PRESET_DATA) == 0)
		r = err_set(err, -EINVAL, "a button shows {{label}} and sends {{data}}: both must stand in it");
	else if (!preset_is_json_template(&text, err))
		r = -EINVAL;
	if (r < 0)
		preset_text_done(&text);
	else
		*ret_text = text;
	return r;
}

void preset_read_buttons(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "buttons", NULL);
	struct preset_buttons_keys keys = {0};
	struct err err;
	if (section == NULL)
		return;
	options_apply(preset_buttons_options, PRESET_BUTTONS_OPTIONS, section, NULL, &keys, problems);
	preset->buttons = mem_zero(1, sizeof(*preset->buttons));
	preset->buttons->per_row = keys.per_row;
	if (keys.each != NULL && preset_compile_button(keys.each, &preset->buttons->each, &err) < 0)
		problems_add(problems, section->file, ini_find(section, "each")->line, "each: %s", err.text);
	options_done(preset_buttons_options, PRESET_BUTTONS_OPTIONS, &keys);
}

void preset_add_buttons(const struct preset_buttons *buttons, const struct channel_button *items, size_t n,
			struct buf *out)
{
	int64_t in_row = 0;
	for (size_t i = 0; i < n; i++) {
		const struct preset_values values = {
			.items = {[PRESET_LABEL] = items[i].label, [PRESET_DATA] = items[i].data}};
		if (strlen(items[i].data) > CHANNEL_BUTTON_DATA_MAX)
			continue;
		buf_add_str(out, out->len == 0 ? "[[" : in_row == 0 ? "],[" : ",");
		preset_text_add(&buttons->each, &values, PRESET_JSON, out);
		in_row = (in_row + 1) % buttons->per_row;
	}
	if (out->len != 0)
		buf_add_str(out, "]]");
}

static bool preset_fields_use(const struct preset_fields *fields, size_t name)
{
	for (size_t i = 0; i < fields->n; i++)
		if (preset_text_uses(&fields->items[i].text, name) != 0)
			return true;
	return false;
}

static bool preset_call_uses(const struct preset_call *call, size_t name)
{
	return preset_text_uses(&call->url, name) != 0 || preset_fields_use(&call->query, name) ||
	       preset_fields_use(&call->headers, name) || preset_fields_use(&call->fields, name);
}

static void preset_check_buttons(const struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct preset_call *call = &preset->call;
	if (preset->buttons != NULL && !preset_fields_use(&call->fields, PRESET_BUTTONS) &&
	    !preset_fields_use(&call->query, PRESET_BUTTONS))
		problems_add(problems, ini->file, ini_section(ini, "buttons", NULL)->line,
			     "the buttons are not used: put {{buttons}} into the body of the message");
}

/* ---- {{thread_id}} ------------------------------------------------------------------------------------------------
 * */

static void preset_find_threads(const struct preset *preset, const struct preset_fields *fields,
				struct problems *problems)
{
	for (size_t i = 0; i < fields->n; i++)
		if ((preset_needs(preset, &fields->items[i].text) >> PRESET_THREAD_ID & 1) != 0)
			problems_add(problems, preset->file, fields->items[i].line,
				     "{{thread_id}} needs thread_id in [capture], which says where an answer has it");
}

/* What is taken of an answer and what is made of it belong together. */
static void preset_check_threads(const struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct preset_call *call = &preset->call;
	const struct ini_section *section = ini_section(ini, "capture", NULL);
	if (call->verdict.thread_pointer == NULL) {
		preset_find_threads(preset, &call->query, problems);
		preset_find_threads(preset, &call->headers, problems);
		preset_find_threads(preset, &call->fields, problems);
	} else if (!preset_call_uses(call, PRESET_THREAD_ID)) {
		problems_add(
			problems, section->file, ini_find(section, "thread_id")->line,
			"thread_id is not used: put {{thread_id}} into the request, where it says what is answered");
	}
}

/* ---- [edit ...], [answer ...] -------------------------------------------------------------------------------------
 * */

/* must: a name without which the call could mean any message. */
static struct preset_call *preset_read_act(struct preset *preset, const struct ini *ini, enum preset_place place,
					   enum preset_name must, struct problems *problems)
{
	const struct ini_section *section = preset_part(ini, place, "request");
	if (section == NULL)
		return NULL;
	struct preset_call *call = mem_zero(1, sizeof(*call));
	size_t n = problems->n;
	preset_read_call(preset, call, ini, place, NULL, problems);
	if (problems->n == n && !preset_call_uses(call, must))
		problems_add(problems, section->file, section->line,
			     "{{%s}} is not used: the service could not know which one is meant",
			     preset->names.items[must]);
	return call;
}

/* ---- [invite] -----------------------------------------------------------------------------------------------------
 * */

static int preset_compile_invite(const struct preset *preset, const char *source, struct preset_text *ret_text,
				 struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	struct preset_text text;
	int r = preset_compile(preset, source, PRESET_IN_INVITE, false, &text, err);
	if (r < 0)
		return r;
	uint64_t needs = preset_needs(preset, &text);
	preset_url_names(preset, is_url);
	r = preset_url_check_template(&text, is_url, err);
	if (r == 0 && preset_text_uses(&text, PRESET_WORD) == 0)
		r = err_set(err, -EINVAL, "{{word}} is not used: it tells who comes by the link");
	for (size_t i = 0; r == 0 && i < preset->n_settings; i++)
		if (preset->settings[i].kind == PRESET_KIND_SECRET && (needs >> (PRESET_NAME_MAX + i) & 1) != 0)
			r = err_set(err, -EINVAL, "{{%s}} is a secret, and a link is for everybody to see",
				    preset->settings[i].name);
	if (r < 0)
		preset_text_done(&text);
	else
		*ret_text = text;
	return r;
}

static const struct option preset_invite_options[] = {
	{.key = "link",
	 .type = OPTION_TEXT,
	 .offset = 0,
	 .min = 1,
	 .max = 2048,
	 .flags = OPTION_REQUIRED,
	 .help = "the link by which a person comes, with {{word}}"},
};

static void preset_read_invite(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "invite", NULL);
	char *link = NULL;
	struct err err;
	if (section == NULL)
		return;
	options_apply(preset_invite_options, 1, section, NULL, &link, problems);
	if (link != NULL && preset_compile_invite(preset, link, &preset->invite, &err) < 0)
		problems_add(problems, section->file, ini_find(section, "link")->line, "link: %s", err.text);
	options_done(preset_invite_options, 1, &link);
}

void preset_read_steps(struct preset *preset, const struct ini *ini, bool is_good, struct problems *problems)
{
	if (is_good) {
		preset_check_buttons(preset, ini, problems);
		preset_check_threads(preset, ini, problems);
	}
	preset->edit = preset_read_act(preset, ini, PRESET_IN_EDIT, PRESET_REMOTE_ID, problems);
	preset->answer = preset_read_act(preset, ini, PRESET_IN_ANSWER, PRESET_ANSWER_ID, problems);
	preset_read_invite(preset, ini, problems);
}

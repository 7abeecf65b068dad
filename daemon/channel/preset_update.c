/* preset_update: reads [updates ...] and [update KIND]: how to ask what people write, and what the reply means. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset_section.h"

enum { PRESET_STEP_MAX = 1000 };

static void preset_update_done(struct preset_update *update)
{
	for (size_t i = 0; i < update->n_tests; i++)
		preset_test_done(&update->tests[i]);
	free(update->tests);
	for (size_t i = 0; i < PRESET_SPOT_MAX; i++) {
		free(update->sources[i].prefix);
		free(update->sources[i].pointer);
	}
}

void preset_updates_free(struct preset_updates *updates)
{
	if (updates == NULL)
		return;
	preset_call_done(&updates->call);
	for (size_t i = 0; i < updates->n_kinds; i++)
		preset_update_done(&updates->kinds[i]);
	free(updates->kinds);
	free(updates->items);
	free(updates->next_pointer);
	free(updates->marker);
	free(updates);
}

/* ---- [updates list] -----------------------------------------------------------------------------------------------
 * */

struct preset_list_keys {
	char *items, *next, *marker;
};

static const struct option preset_list_options[] = {
	{.key = "items",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_list_keys, items),
	 .flags = OPTION_REQUIRED,
	 .help = "pointer to the list of items"},
	{.key = "next",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_list_keys, next),
	 .help = "pointer inside of the last item, and + 1 where the next one is to be asked for"},
	{.key = "marker",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_list_keys, marker),
	 .help = "pointer inside of the answer to where it goes on"},
};
enum { PRESET_LIST_OPTIONS = sizeof(preset_list_options) / sizeof(preset_list_options[0]) };

/* "/update_id", or "/update_id + 1" */
static int preset_next_parse(struct preset_updates *updates, const char *text, struct err *err)
{
	size_t len = strcspn(text, " \t");
	const char *rest = text + len + strspn(text + len, " \t");
	updates->next_pointer = mem_dup_n(text, len);
	if (!preset_pointer_check(updates->next_pointer, err))
		return -EINVAL;
	if (*rest == '\0')
		return 0;
	const char *number = *rest == '+' ? rest + 1 + strspn(rest + 1, " \t") : "";
	if (num_parse(number, 1, PRESET_STEP_MAX, &updates->step, NULL) < 0)
		return err_set(err, -EINVAL, "'%s' is too much: write as in   /update_id + 1", rest);
	return 0;
}

static int preset_list_take(struct preset_updates *updates, struct preset_list_keys *keys, struct err *err)
{
	if ((keys->next != NULL) == (keys->marker != NULL))
		return err_set(err, -EINVAL,
			       "give next, where an item says how it goes on, or marker, where the answer does");
	if (keys->items != NULL && !preset_pointer_check(keys->items, err))
		return -EINVAL;
	if (keys->marker != NULL && !preset_pointer_check(keys->marker, err))
		return -EINVAL;
	int r = keys->next != NULL ? preset_next_parse(updates, keys->next, err) : 0;
	updates->items = keys->items;
	updates->marker = keys->marker;
	keys->items = keys->marker = NULL; /* they belong to updates now */
	return r;
}

/* The line of the key that is wrong is not told by options_apply(), which knows no pointers. */
static unsigned preset_list_line(const struct ini_section *section)
{
	static const char *const keys[] = {"items", "marker", "next"};
	struct err err;
	for (size_t i = 0; i < 2; i++) {
		const struct ini_entry *entry = ini_find(section, keys[i]);
		if (entry != NULL && !preset_pointer_check(entry->value, &err))
			return entry->line;
	}
	const struct ini_entry *next = ini_find(section, "next");
	return next != NULL ? next->line : section->line;
}

static void preset_read_list(struct preset_updates *updates, const struct ini *ini, unsigned line,
			     struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "updates", "list");
	struct preset_list_keys keys = {0};
	struct err err;
	if (section == NULL) {
		problems_add(problems, ini->file, line,
			     "[updates request] needs [updates list], which says where they stand");
		return;
	}
	options_apply(preset_list_options, PRESET_LIST_OPTIONS, section, NULL, &keys, problems);
	if (preset_list_take(updates, &keys, &err) < 0)
		problems_add(problems, section->file, preset_list_line(section), "%s", err.text);
	options_done(preset_list_options, PRESET_LIST_OPTIONS, &keys);
}

/* ---- [update KIND] ------------------------------------------------------------------------------------------------
 * */

static const char *const preset_spots[PRESET_SPOT_MAX] = {[PRESET_SENDER] = "sender",
							  [PRESET_CHAT] = "chat",
							  [PRESET_WORDS] = "text",
							  [PRESET_ANSWER] = "answer_id",
							  [PRESET_UNDER] = "message_id"};

#define PRESET_SPOT(spot) (1U << (spot))
#define PRESET_WHO (PRESET_SPOT(PRESET_SENDER) | PRESET_SPOT(PRESET_CHAT))
#define PRESET_BUTTON_ONLY (PRESET_SPOT(PRESET_ANSWER) | PRESET_SPOT(PRESET_UNDER))

static const struct preset_update_kind {
	const char *word;
	enum channel_update_kind kind;
	bool is_start;
	unsigned may, must; /* sets of enum preset_spot */
} preset_update_kinds[] = {
	{"text", CHANNEL_UPDATE_TEXT, false, PRESET_WHO | PRESET_SPOT(PRESET_WORDS), PRESET_SPOT(PRESET_WORDS)},
	{"start", CHANNEL_UPDATE_TEXT, true, PRESET_WHO | PRESET_SPOT(PRESET_WORDS), 0},
	{"button", CHANNEL_UPDATE_BUTTON, false, PRESET_WHO | PRESET_SPOT(PRESET_WORDS) | PRESET_BUTTON_ONLY,
	 PRESET_SPOT(PRESET_WORDS)},
	{"gone", CHANNEL_UPDATE_GONE, false, PRESET_WHO, 0},
	{"back", CHANNEL_UPDATE_BACK, false, PRESET_WHO, 0},
};
enum { PRESET_UPDATE_KINDS = sizeof(preset_update_kinds) / sizeof(preset_update_kinds[0]) };

/* The first word of the name; another may follow, to tell several of one kind apart. */
static const struct preset_update_kind *preset_find_update(const char *name)
{
	size_t len = strcspn(name, " \t");
	for (size_t i = 0; i < PRESET_UPDATE_KINDS; i++)
		if (strlen(preset_update_kinds[i].word) == len && memcmp(preset_update_kinds[i].word, name, len) == 0)
			return &preset_update_kinds[i];
	return NULL;
}

static int preset_take_when(struct preset_update *update, const char *text, struct err *err)
{
	struct preset_test test;
	int r = preset_test_parse(text, &test, err);
	if (r < 0)
		return r;
	if (test.pointer == NULL) {
		preset_test_done(&test);
		return err_set(err, -EINVAL, "an item is no text: write a JSON Pointer, as in /message/text exists");
	}
	update->tests = mem_grow(update->tests, update->n_tests + 1, sizeof(*update->tests));
	update->tests[update->n_tests++] = test;
	return 0;
}

/* "/from/id", or "chat:/chat/id": what stands before the pointer begins the address. */
static int preset_take_source(struct preset_update *update, enum preset_spot spot, const char *text, struct err *err)
{
	struct preset_source *source = &update->sources[spot];
	size_t len = spot == PRESET_SENDER || spot == PRESET_CHAT ? strcspn(text, "/") : 0;
	if (source->pointer != NULL)
		return err_set(err, -EINVAL, "it is given twice");
	if (!preset_pointer_check(text + len, err))
		return -EINVAL;
	source->prefix = mem_dup_n(text, len);
	source->pointer = mem_dup(text + len);
	return 0;
}

static int preset_take_spot(struct preset_update *update, const struct preset_update_kind *kind,
			    const struct ini_entry *entry, struct err *err)
{
	if (strcmp(entry->key, "when") == 0)
		return preset_take_when(update, entry->value, err);
	for (size_t i = 0; i < PRESET_SPOT_MAX; i++)
		if (strcmp(entry->key, preset_spots[i]) == 0 && (kind->may & PRESET_SPOT(i)) != 0)
			return preset_take_source(update, (enum preset_spot)i, entry->value, err);
	struct buf known;
	buf_init(&known, sizeof(err->text));
	for (size_t i = 0; i < PRESET_SPOT_MAX; i++)
		if ((kind->may & PRESET_SPOT(i)) != 0)
			buf_printf(&known, ", %s", preset_spots[i]);
	(void)err_set(err, -EINVAL, "there is no such key: give when%s", buf_str(&known));
	buf_done(&known);
	return -EINVAL;
}

static void preset_check_update(const struct preset_update *update, const struct preset_update_kind *kind,
				const struct ini_section *section, struct problems *problems)
{
	if (update->n_tests == 0)
		problems_add(problems, section->file, section->line,
			     "[update %s] lacks the key 'when', which says what items it is about", section->name);
	for (size_t i = 0; i < PRESET_SPOT_MAX; i++)
		if (((kind->must | PRESET_SPOT(PRESET_SENDER)) & PRESET_SPOT(i)) != 0 &&
		    update->sources[i].pointer == NULL)
			problems_add(problems, section->file, section->line, "[update %s] lacks the key '%s'",
				     section->name, preset_spots[i]);
}

static void preset_read_update(struct preset_updates *updates, const struct ini_section *section,
			       struct problems *problems)
{
	const struct preset_update_kind *kind = preset_find_update(section->name);
	struct err err;
	if (kind == NULL) {
		problems_add(problems, section->file, section->line,
			     "'%s' is no kind of update: give text, start, button, gone or back", section->name);
		return;
	}
	struct preset_update update = {.kind = kind->kind, .is_start = kind->is_start};
	size_t n = problems->n;
	for (size_t i = 0; i < section->n_entries; i++)
		if (preset_take_spot(&update, kind, &section->entries[i], &err) < 0)
			problems_add(problems, section->file, section->entries[i].line, "%s: %s",
				     section->entries[i].key, err.text);
	if (problems->n == n)
		preset_check_update(&update, kind, section, problems);
	updates->kinds = mem_grow(updates->kinds, updates->n_kinds + 1, sizeof(*updates->kinds));
	updates->kinds[updates->n_kinds++] = update;
}

/* Without the call nothing is ever an update. */
static void preset_refuse_update(const struct ini *ini, struct problems *problems)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (strcmp(ini->sections[i].kind, "update") == 0) {
			problems_add(problems, ini->file, ini->sections[i].line,
				     "[update ...] needs a section [updates request]");
			return;
		}
}

void preset_read_updates(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "updates", "request");
	if (section == NULL) {
		preset_refuse_update(ini, problems);
		return;
	}
	struct preset_updates *updates = mem_zero(1, sizeof(*updates));
	preset->updates = updates;
	preset_read_call(preset, &updates->call, ini, PRESET_IN_UPDATES, &updates->hold_s, problems);
	preset_read_list(updates, ini, section->line, problems);
	size_t n = problems->n;
	for (size_t i = 0; i < ini->n_sections; i++)
		if (strcmp(ini->sections[i].kind, "update") == 0 && ini->sections[i].name != NULL)
			preset_read_update(updates, &ini->sections[i], problems);
	if (updates->n_kinds == 0 && problems->n == n)
		problems_add(problems, ini->file, section->line,
			     "[updates request] needs a section like [update text], which says what an item means");
}

/* Bodies made from shapes are those of a tree that jansson holds and writes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset.h"
#include "channel/preset_section.h"
#include "channel/preset_shape.h"

enum { SEED = 20250315, ROUNDS = 120, TEXT_MAX = 64 * 1024, LONG_PIECES = 3000 };

static uint32_t random_state = SEED;

static uint32_t pick(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* ---- the plain way ---- */

static bool plain_is_id(const char *text)
{
	int64_t id;
	char again[24];
	if (num_parse(text, INT64_MIN, INT64_MAX, &id, NULL) < 0)
		return false;
	(void)snprintf(again, sizeof(again), "%" PRId64, id);
	return strcmp(again, text) == 0;
}

static json_t *plain_value(const char *text, enum preset_type type)
{
	int64_t number;
	switch (type) {
	case PRESET_INT:
		return num_parse(text, INT64_MIN, INT64_MAX, &number, NULL) == 0 ? json_integer(number) : NULL;
	case PRESET_BOOL:
		return strcmp(text, "true") == 0 ? json_true() : strcmp(text, "false") == 0 ? json_false() : NULL;
	case PRESET_LITERAL:
	case PRESET_TREE:
		return json_loads(text, JSON_DECODE_ANY, NULL);
	case PRESET_ID:
		return plain_is_id(text) ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
	case PRESET_STRING:
	case PRESET_TYPE_MAX:
		break;
	}
	return json_string(text);
}

/* True when a field before has this one's place. */
static bool plain_has_before(const struct preset_fields *fields, size_t i, const struct preset_values *values)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(fields->items[before].name, fields->items[i].name) == 0 &&
		    preset_text_is_complete(&fields->items[before].text, values))
			return true;
	return false;
}

static bool plain_leaf(const struct preset_field *field, const struct preset_values *values, json_t **root)
{
	struct buf text;
	int r = 0;
	buf_init(&text, TEXT_MAX);
	if (field->limit != 0 && !field->is_as_sent)
		r = preset_text_add_cut(&field->text, values, field->escape, field->limit, field->unit, &text, NULL);
	else
		preset_text_add(&field->text, values, field->escape, &text);
	json_t *value = r == 0 ? plain_value(buf_str(&text), field->type) : NULL;
	buf_done(&text);
	return value != NULL && preset_pointer_set(root, field->name, value, NULL) == 0;
}

/* The body, or NULL when it cannot be made. */
static char *plain_body(const struct preset *preset, const struct preset_call *call, const struct preset_values *given)
{
	struct preset_values values = *given;
	struct strlist texts = {0};
	json_t *root = NULL;
	bool is_good = preset_make_values(preset, UINT64_MAX, &values, &texts, NULL) == 0;
	for (size_t i = 0; is_good && i < call->fields.n; i++)
		if (preset_text_is_complete(&call->fields.items[i].text, &values) &&
		    !plain_has_before(&call->fields, i, &values))
			is_good = plain_leaf(&call->fields.items[i], &values, &root);
	char *body = !is_good ? NULL : root != NULL ? json_dumps(root, JSON_COMPACT) : strdup("{}");
	json_decref(root);
	preset_texts_done(&texts);
	return body;
}

/* ---- values ---- */

static char *random_text(uint32_t n)
{
	static const char *const pieces[] = {"a",           "Ярмарка ",
					     "\"",          "\\",
					     "\n",          "\r\n",
					     "\t",          "\x01",
					     "\x1f",        "\b",
					     "\f",          "<b>",
					     "&",           "</",
					     "漢字",        "😀",
					     "\x7f",        "\xc2\x85",
					     "\xff",        "\xed\xa0\x80",
					     "' ",          "plain words of some length ",
					     "\xe2\x80\xa8"};
	struct buf text;
	buf_init(&text, TEXT_MAX);
	for (uint32_t i = pick(n); i > 0; i--)
		buf_add_str(&text, pieces[pick(sizeof(pieces) / sizeof(pieces[0]))]);
	return buf_take(&text);
}

static char *random_number(void)
{
	static const char *const numbers[] = {"0",   "-0", "007", "42", "-1001234567890", "9223372036854775808",
					      "1e3", "@x"};
	return mem_dup(numbers[pick(sizeof(numbers) / sizeof(numbers[0]))]);
}

/* Long texts only where a field is cut by itself. */
static void random_values(const struct preset *preset, bool may_be_long, struct preset_values *values, char **owned)
{
	for (size_t i = 0; i < PRESET_NAMES_LIMIT; i++)
		owned[i] = i == PRESET_TEXT && may_be_long && pick(8) == 0 ? random_text(LONG_PIECES)
			   : pick(4) == 0                                  ? random_number()
									   : random_text(12);
	char *address = preset_sample_address(preset, pick(preset->n_forms != 0 ? (uint32_t)preset->n_forms : 1));
	free(owned[PRESET_TO_ADDRESS]);
	owned[PRESET_TO_ADDRESS] = address;
	for (size_t i = 0; i < PRESET_NAMES_LIMIT; i++)
		values->items[i] = owned[i];
	for (size_t i = 0; i < preset->n_settings; i++) {
		bool is_url = preset->settings[i].kind == PRESET_KIND_URL;
		values->items[PRESET_NAME_MAX + i] = is_url ? "https://host/path" : owned[PRESET_NAME_MAX + i];
	}
	static const enum preset_name lacking[] = {PRESET_TASK_UID, PRESET_BUTTONS, PRESET_THREAD_ID, PRESET_NEXT};
	for (size_t i = 0; i < 4; i++)
		if (pick(2) == 0)
			values->items[lacking[i]] = NULL;
	if (values->items[PRESET_BUTTONS] != NULL)
		values->items[PRESET_BUTTONS] = "[[ {\"a\": \"\\u0041 \\u2028\"}], []]";
	values->items[PRESET_BODY_TEXT] = NULL;
	values->items[PRESET_UUID] = values->items[PRESET_INT31] = NULL;
	for (size_t i = PRESET_NAME_MAX + preset->n_settings; i < PRESET_NAMES_LIMIT; i++)
		values->items[i] = NULL;
	for (size_t i = 0; i < preset->n_settings; i++)
		if (!preset->settings[i].is_required && preset->settings[i].value == NULL && pick(2) == 0)
			values->items[PRESET_NAME_MAX + i] = NULL;
}

/* ---- the tests ---- */

static bool has_whole_limit(const struct preset_call *call)
{
	for (size_t i = 0; i < call->fields.n; i++)
		if (call->fields.items[i].limit != 0 && call->fields.items[i].is_as_sent)
			return true;
	return call->body_limit != 0;
}

/* The same bytes, but for trees: those are not written anew, and so only mean the same. */
static void check_body(const struct preset *preset, const struct preset_call *call, const char *body, const char *want)
{
	bool has_tree = false;
	for (size_t i = 0; i < call->fields.n; i++)
		has_tree = has_tree || call->fields.items[i].type == PRESET_TREE;
	if (!has_tree)
		assert_string_equal(body, want);
	json_t *ours = json_loads(body, 0, NULL), *theirs = json_loads(want, 0, NULL);
	if (ours == NULL || !json_equal(ours, theirs))
		fail_msg("%s, seed %d:\n%s\nis not\n%s", preset->file, SEED, body, want);
	json_decref(ours);
	json_decref(theirs);
}

/* 1 when both ways made the body, 0 when neither could. */
static unsigned compare(const struct preset *preset, const struct preset_call *call)
{
	struct preset_values values = {{NULL}};
	struct preset_request request = {0};
	struct err err = {""};
	char *owned[PRESET_NAMES_LIMIT];
	if (call == NULL || call->body != PRESET_BODY_JSON)
		return 0;
	random_values(preset, !has_whole_limit(call), &values, owned);
	char *want = plain_body(preset, call, &values);
	int r = preset_render(preset, call, &values, &request, &err);
	bool is_elsewhere = r < 0 && err.text[0] != '/'; /* not a leaf's fault: the address', a header's */
	if (r == 0 && want != NULL)
		check_body(preset, call, buf_str(&request.body), want);
	else if (!is_elsewhere && (r == 0 || want != NULL))
		fail_msg("%s, seed %d: one way fails: %s", preset->file, SEED, err.text);
	unsigned n = r == 0;
	if (r == 0)
		preset_request_done(&request);
	free(want);
	for (size_t i = 0; i < PRESET_NAMES_LIMIT; i++)
		free(owned[i]);
	return n;
}

static unsigned compare_calls(const char *file)
{
	struct problems problems = {0};
	struct preset *preset = preset_read(file, &problems);
	assert_non_null(preset);
	problems_done(&problems);
	unsigned n = 0;
	for (int round = 0; round < ROUNDS; round++) {
		n += compare(preset, &preset->call);
		n += compare(preset, preset->edit);
		n += compare(preset, preset->answer);
		n += compare(preset, preset->token != NULL ? &preset->token->call : NULL);
	}
	bool has_json = preset->call.body == PRESET_BODY_JSON;
	preset_free(preset);
	if (has_json && n == 0)
		fail_msg("%s: no body was ever made", file);
	return n;
}

static void preset_shape__shipped_presets__make_what_jansson_writes(void **state)
{
	(void)state;
	DIR *folder = opendir("config/messengers");
	assert_non_null(folder);
	unsigned n_files = 0, n_bodies = 0;
	print_message("seed %d\n", SEED);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (strstr(entry->d_name, ".ini") == NULL)
			continue;
		char *file = mem_printf("config/messengers/%s", entry->d_name);
		n_bodies += compare_calls(file);
		n_files++;
		free(file);
	}
	(void)closedir(folder);
	assert_true(n_files >= 25);
	assert_true(n_bodies >= 1000);
}

#define GOOD                                                                                                           \
	"[settings]\nx = text optional\ny = text optional\n[request]\nurl = https://h/\nbody = json\n[success]\nstatus = 2xx\n[json]\n"

static struct preset *shape_preset(const char *leaves)
{
	struct problems problems = {0};
	char *text = mem_printf("%s%s", GOOD, leaves);
	struct preset *preset = preset_read_text("my.ini", text, strlen(text), &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	free(text);
	assert_non_null(preset);
	return preset;
}

static void preset_shape__leaves_apart_and_left_out__keep_the_order_of_the_tree(void **state)
{
	(void)state;
	static const struct {
		const char *leaves, *x, *y, *want; /* NULL: refused */
	} rows[] = {
		{"", NULL, NULL, "{}"},
		{"/a = {{x}}\n", NULL, NULL, "{}"},
		{"/a/x = 1\n/b = int:2\n/a/y = literal: [ ]\n", NULL, NULL, "{\"a\":{\"x\":\"1\",\"y\":[]},\"b\":2}"},
		{"/0 = {{key}}\n/1/a~1b = bool:true\n", NULL, NULL, "[\"k\\\"\",{\"a/b\":true}]"},
		{"/l/0/x = {{x}}\n/l/0/y = 2\n", NULL, NULL, "{\"l\":[{\"y\":\"2\"}]}"},
		{"/l/0/x = {{x}}\n/l/0/y = 2\n", "1", NULL, "{\"l\":[{\"x\":\"1\",\"y\":\"2\"}]}"},
		/* the second way to say it has the place of the second */
		{"/a = {{x}}\n/b = 2\n/a = {{key}}\n", NULL, NULL, "{\"b\":\"2\",\"a\":\"k\\\"\"}"},
		{"/a = {{x}}\n/b = 2\n/a = {{key}}\n", "1", NULL, "{\"a\":\"1\",\"b\":\"2\"}"},
		/* an element that would leave a gap */
		{"/a/0 = 0\n/a/1 = {{x}}\n/a/2 = {{y}}\n", NULL, "t", NULL},
		{"/a/0 = 0\n/a/1 = {{x}}\n/a/2 = {{y}}\n", "1", "t", "{\"a\":[\"0\",\"1\",\"t\"]}"},
		{"/n = int:12x\n", NULL, NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset *preset = shape_preset(rows[i].leaves);
		struct preset_values values = {.items = {[PRESET_KEY] = "k\"",
							 [PRESET_NAME_MAX] = rows[i].x,
							 [PRESET_NAME_MAX + 1] = rows[i].y}};
		struct preset_request request = {0};
		struct err err = {""};
		int r = preset_render(preset, &preset->call, &values, &request, &err);
		if ((r == 0) != (rows[i].want != NULL))
			fail_msg("row %zu: %d %s", i, r, err.text);
		if (r == 0)
			assert_string_equal(buf_str(&request.body), rows[i].want);
		else
			assert_int_equal(err.text[0], '/');
		preset_request_done(&request);
		preset_free(preset);
	}
}

/* More sets of leaves than are kept: the oldest is made again. */
static void preset_shape__many_sets_of_leaves__are_made_anew(void **state)
{
	(void)state;
	struct preset *preset =
		shape_preset("/a = {{subject}}\n/b = {{text}}\n/c = {{to_name}}\n/d = {{language}}\n/e = {{kind}}\n");
	for (unsigned set = 0; set < 96; set++) {
		static const enum preset_name names[] = {PRESET_SUBJECT, PRESET_TEXT, PRESET_TO_NAME, PRESET_LANGUAGE,
							 PRESET_KIND};
		struct preset_values values = {{NULL}};
		struct preset_request request;
		for (unsigned i = 0; i < 5; i++)
			values.items[names[i]] = (set >> i & 1) != 0 ? "\xc3\xa4" : NULL;
		char *want = plain_body(preset, &preset->call, &values);
		assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
		assert_string_equal(buf_str(&request.body), want);
		preset_request_done(&request);
		free(want);
	}
	preset_free(preset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_shape__shipped_presets__make_what_jansson_writes),
		cmocka_unit_test(preset_shape__leaves_apart_and_left_out__keep_the_order_of_the_tree),
		cmocka_unit_test(preset_shape__many_sets_of_leaves__are_made_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

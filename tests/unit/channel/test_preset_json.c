/* JSON Pointers, typed leaves and trees built from them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "channel/preset_json.h"

/* A document of n values in all, the text between them. */
static json_t *load_values(size_t n)
{
	struct buf text;
	buf_init(&text, 8 * PRESET_JSON_VALUES_MAX);
	buf_add_str(&text, "[\"{[,\\\"{[,\"");
	for (size_t i = 2; i < n; i++)
		buf_add_str(&text, i % 3 == 0 ? ",{}" : i % 3 == 1 ? ",[]" : ",1");
	buf_add_str(&text, "]");
	assert_false(text.is_over);
	json_t *root = preset_json_load(buf_str(&text), text.len);
	buf_done(&text);
	return root;
}

static void preset_json_load__more_values_than_are_parsed__is_none(void **state)
{
	(void)state;
	json_t *root = load_values(1000);
	assert_int_equal(json_array_size(root), 999);
	json_decref(root);
	root = load_values(PRESET_JSON_VALUES_MAX / 2);
	assert_non_null(root);
	json_decref(root);
	assert_null(load_values(PRESET_JSON_VALUES_MAX + 2));
	assert_null(preset_json_load("[\"\\", 3));
	assert_null(preset_json_load("", 0));
}

static void preset_pointer__walks_as_rfc_6901_says(void **state)
{
	(void)state;
	/* The pointers of RFC 6901, chapter 5, that this language can say. */
	static const char document[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\" \":7,\"m~n\":8}";
	static const struct {
		const char *pointer, *want; /* NULL: nothing there */
	} rows[] = {
		{"/foo", "[\"bar\",\"baz\"]"},
		{"/foo/0", "\"bar\""},
		{"/foo/1", "\"baz\""},
		{"/", "0"},
		{"/a~1b", "1"},
		{"/c%d", "2"},
		{"/ ", "7"},
		{"/m~0n", "8"},
		{"/foo/2", NULL},
		{"/foo/00", NULL},
		{"/foo/-", NULL},
		{"/foo/-1", NULL},
		{"/foo/0/x", NULL},
		{"/none", NULL},
		{"/none/x", NULL},
		{"/*/1", "\"baz\""}, /* any that has the rest */
		{"/foo/*", "\"bar\""},
		{"/*/2", NULL},
	};
	json_t *root = json_loads(document, 0, NULL);
	assert_non_null(root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(preset_pointer_check(rows[i].pointer, NULL));
		const json_t *value = preset_pointer_get(root, rows[i].pointer);
		char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
		if (rows[i].want == NULL)
			assert_null(text);
		else
			assert_string_equal(text, rows[i].want);
		free(text);
	}
	json_decref(root);
	assert_null(preset_pointer_get(NULL, "/a"));
}

static void preset_pointer__bad_form__is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "ok", "/a~", "/a~2b"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(preset_pointer_check(rows[i], NULL));
}

static void preset_pointer__leaves__make_a_tree(void **state)
{
	(void)state;
	static const struct {
		const char *pointers[4];
		const char *want; /* NULL: the last one is refused */
	} rows[] = {
		{{"/a", "/b/c", "/b/d"}, "{\"a\":true,\"b\":{\"c\":true,\"d\":true}}"},
		{{"/a/0/x", "/a/0/y", "/a/1"}, "{\"a\":[{\"x\":true,\"y\":true},true]}"},
		{{"/0", "/1"}, "[true,true]"},
		{{"/a~1b/~0"}, "{\"a/b\":{\"~\":true}}"},
		{{"/a", "/a"}, NULL},
		{{"/a", "/a/b"}, NULL},
		{{"/a/b", "/a"}, NULL},
		{{"/a/0", "/a/2"}, NULL},
		{{"/a/0", "/a/x"}, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *root = NULL;
		int r = 0;
		for (size_t k = 0; rows[i].pointers[k] != NULL; k++) {
			assert_int_equal(r, 0);
			r = preset_pointer_set(&root, rows[i].pointers[k], json_true(), NULL);
		}
		char *text = json_dumps(root, JSON_COMPACT);
		if (rows[i].want != NULL) {
			assert_int_equal(r, 0);
			assert_string_equal(text, rows[i].want);
		} else {
			assert_true(r < 0);
		}
		free(text);
		json_decref(root);
	}
}

static void preset_json__leaf__has_its_type(void **state)
{
	(void)state;
	static const struct {
		enum preset_type type;
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{PRESET_STRING, "12\n\"", "\"12\\n\\\"\""},
		{PRESET_INT, "12", "12"},
		{PRESET_INT, "12x", NULL},
		{PRESET_INT, "", NULL},
		{PRESET_BOOL, "true", "true"},
		{PRESET_BOOL, "false", "false"},
		{PRESET_BOOL, "yes", NULL},
		{PRESET_ID, "-1001234567890", "-1001234567890"},
		{PRESET_ID, "9223372036854775807", "9223372036854775807"},
		{PRESET_ID, "9223372036854775808", "\"9223372036854775808\""},
		{PRESET_ID, "007", "\"007\""},
		{PRESET_ID, "-0", "\"-0\""},
		{PRESET_ID, "@name", "\"@name\""},
		{PRESET_LITERAL, "[ 1.50, {\"a\" : null}]", "[1.5,{\"a\":null}]"},
		{PRESET_LITERAL, "[1", NULL},
		{PRESET_TREE, "[ \"\\u0041\" ]", "[ \"\\u0041\" ]"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		struct err err = {""};
		buf_init(&out, 100);
		int r = preset_json_add(&out, rows[i].text, rows[i].type, &err);
		assert_int_equal(r == 0, rows[i].want != NULL);
		assert_string_equal(buf_str(&out), r == 0 ? rows[i].want : "");
		assert_int_equal(r == 0, err.text[0] == '\0');
		buf_done(&out);
	}
}

/* Each character at each of the places that are looked at eight bytes at once. */
static void preset_json__string__is_what_jansson_writes(void **state)
{
	(void)state;
	static const char *const others[] = {"", "\x7f", "é", "\xe2\x80\xa8", "😀"};
	for (unsigned c = 1; c < 0x80 + sizeof(others) / sizeof(others[0]); c++)
		for (int before = 0; before < 10; before++) {
			char text[64], one[2] = {(char)c, '\0'};
			struct buf out;
			(void)snprintf(text, sizeof(text), "%.*s%s%.*s", before, "abcdefghij",
				       c < 0x80 ? one : others[c - 0x80], before, "klmnopqrst");
			json_t *value = json_string(text);
			char *want = json_dumps(value, JSON_ENCODE_ANY);
			buf_init(&out, 1000);
			preset_json_add_string(&out, text);
			assert_string_equal(buf_str(&out), want);
			buf_done(&out);
			free(want);
			json_decref(value);
		}
}

static void preset_json_check_long(size_t n_first, char first, size_t n_last, char last)
{
	char text[1200] = "";
	struct buf out;
	memset(text, first, n_first);
	memset(text + n_first, last, n_last);
	json_t *value = json_string(text);
	char *want = json_dumps(value, JSON_ENCODE_ANY);
	buf_init(&out, 8000);
	preset_json_add_string(&out, text);
	assert_string_equal(buf_str(&out), want);
	buf_done(&out);
	free(want);
	json_decref(value);
}

/* Of every length around what is gathered at once; what the bytes become is one, two and six bytes long. */
static void preset_json__long_string__is_whole(void **state)
{
	(void)state;
	static const char bytes[] = {'a', '\n', '\1'};
	for (size_t len = 0; len < 1100; len++)
		for (size_t i = 0; i < sizeof(bytes); i++) {
			preset_json_check_long(len, bytes[i], 0, ' ');
			preset_json_check_long(len, bytes[i], 8, '\1');
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_json_load__more_values_than_are_parsed__is_none),
		cmocka_unit_test(preset_pointer__walks_as_rfc_6901_says),
		cmocka_unit_test(preset_pointer__bad_form__is_refused),
		cmocka_unit_test(preset_pointer__leaves__make_a_tree),
		cmocka_unit_test(preset_json__leaf__has_its_type),
		cmocka_unit_test(preset_json__string__is_what_jansson_writes),
		cmocka_unit_test(preset_json__long_string__is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

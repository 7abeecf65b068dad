#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/template.h"

/* The published cases of the Mustache specification, tests/mustache/<module>.json; tests/integration/test_render.py puts
 * the same through deadlinectl. The numbers are those of the specification: a case that is lost is seen. */
static const struct module {
	const char *name;
	size_t n;
} modules[] = {
	{"comments", 12}, {"delimiters", 14}, {"interpolation", 42}, {"inverted", 22},
	{"partials", 12}, {"sections", 34},   {"dynamic-names", 21}, {"inheritance", 27},
};

enum { PARTIALS_MAX = 8 };

struct partials {
	const char *names[PARTIALS_MAX];
	struct template *compiled[PARTIALS_MAX];
	size_t n;
};

static const struct template *find_partial(void *arg, const char *name)
{
	const struct partials *partials = arg;
	for (size_t i = 0; i < partials->n; i++)
		if (strcmp(partials->names[i], name) == 0)
			return partials->compiled[i];
	return NULL;
}

static struct template *compile(const char *text)
{
	struct template *template = NULL;
	struct err err = {""};
	if (template_compile(text, &template, NULL, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return template;
}

/* With partials that are looked up when they are needed, or before. */
static void check_case(const char *module, json_t *row, bool is_linked)
{
	const char *is = json_string_value(json_object_get(row, "is")), *name;
	const char *expected = json_string_value(json_object_get(row, "expected"));
	struct partials partials = {0};
	json_t *text;
	json_object_foreach(json_object_get(row, "partials"), name, text)
	{
		assert_true(partials.n < PARTIALS_MAX);
		partials.names[partials.n] = name;
		partials.compiled[partials.n++] = compile(json_string_value(text));
	}
	struct template *template = compile(json_string_value(json_object_get(row, "template")));
	struct buf out;
	struct err err = {""};
	buf_init(&out, 4096);
	if (is_linked) {
		template_link(template, find_partial, &partials);
		for (size_t i = 0; i < partials.n; i++)
			template_link(partials.compiled[i], find_partial, &partials);
	}
	int r = template_render(template, json_object_get(row, "data"), ESCAPE_HTML, find_partial, &partials, &out,
				&err);
	if (r < 0 || strcmp(buf_str(&out), expected) != 0)
		fail_msg("%s: %s: '%s', not '%s' %s", module, is, buf_str(&out), expected, err.text);
	buf_done(&out);
	template_free(template);
	for (size_t i = 0; i < partials.n; i++)
		template_free(partials.compiled[i]);
}

static void template_render__cases_of_the_specification__give_what_it_says(void **state)
{
	(void)state;
	for (size_t m = 0; m < sizeof(modules) / sizeof(modules[0]); m++) {
		char path[64];
		json_error_t error;
		size_t i;
		json_t *row;
		(void)snprintf(path, sizeof(path), "tests/mustache/%s.json", modules[m].name);
		json_t *rows = json_load_file(path, 0, &error);
		if (rows == NULL)
			fail_msg("%s:%d: %s", path, error.line, error.text);
		assert_int_equal(json_array_size(rows), modules[m].n);
		json_array_foreach(rows, i, row)
		{
			check_case(modules[m].name, row, false);
			check_case(modules[m].name, row, true);
		}
		json_decref(rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_render__cases_of_the_specification__give_what_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "base/mem.h"
#include "message/catalog.h"
#include "scratch.h"

#define SHIPPED "config/templates"
#define UNUSED " is used by nothing: no template of that name is shipped, and none includes it"
#define UNREAD " is not read: the name of a template ends in .mustache"

/* The administrator's folder. */
static struct scratch scratch;

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(scratch_path(&scratch, name), 0700), 0);
}

static void write_file(const char *name, const char *text)
{
	scratch_write(scratch_path(&scratch, name), text, strlen(text));
}

static int open_folder(void **state)
{
	(void)state;
	scratch_make(&scratch);
	make_folder("ru");
	return 0;
}

static int close_folder(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

/* Appends what there is to say of the shipped templates and those in that folder. */
static void find_strays(const char *folder, struct strlist *warnings)
{
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(SHIPPED, folder, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	catalog_find_strays(catalog, SHIPPED, folder, warnings);
	catalog_free(catalog);
}

/* One entry of the administrator's folder has that warning, or none, and is gone then. */
static void assert_stray(const char *entry, const char *words)
{
	struct strlist warnings = {0};
	char *path = mem_dup(scratch_path(&scratch, entry));
	find_strays(scratch.folder, &warnings);
	for (size_t i = 0; i < warnings.n; i++)
		if (words == NULL || strncmp(warnings.items[i], path, strlen(path)) != 0 ||
		    strcmp(warnings.items[i] + strlen(path), words) != 0)
			fail_msg("%s", warnings.items[i]);
	assert_int_equal(warnings.n, words != NULL);
	assert_int_equal(remove(path), 0);
	free(path);
	strlist_done(&warnings);
}

static void strays__file_that_nothing_uses__is_warned_of(void **state)
{
	(void)state;
	static const struct {
		const char *entry;
		const char *words; /* NULL: it is as it should be */
	} rows[] = {
		{"ru/foter.mustache", UNUSED "; did you mean footer.mustache?"},
		{"ru/Footer.mustache", UNUSED "; did you mean footer.mustache?"},
		{"ru/xylophone.mustache", UNUSED},
		{"layuot.mustache", UNUSED "; did you mean layout.mustache?"},
		{"footer.mustache",
		 " is used by nothing: each language has a footer.mustache of its own; put it into the "
		 "folder of a language"},
		{"ru/footer.mustache.txt", UNREAD "; did you mean footer.mustache?"},
		{"ru/reminder.text.mustach", UNREAD "; did you mean reminder.text.mustache?"},
		{"ru/xylophone", UNREAD},
		{"layout.html", UNREAD "; did you mean layout.mustache?"},
		{"ru/footer.mustache", NULL},
		{"ru/layout.mustache", NULL},
		{"layout.mustache", NULL},
		{"ru/README.md", NULL},
		{"README", NULL},
		{"ru/foter.mustache~", NULL},
		{"ru/.foter.mustache.swp", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file(rows[i].entry, "Plan");
		assert_stray(rows[i].entry, rows[i].words);
	}
}

static void strays__folder_in_a_language__is_warned_of(void **state)
{
	(void)state;
	make_folder("ru/old");
	assert_stray("ru/old", " is not read: it is a folder in that of a language");
}

/* Nor what a dynamic name may stand for. */
static void strays__file_that_a_template_includes__is_not_warned_of(void **state)
{
	(void)state;
	static const struct {
		const char *footer, *words;
	} rows[] = {{"{{>kontakt}}", NULL}, {"{{>*uid}}", NULL}, {"", UNUSED}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file("ru/footer.mustache", rows[i].footer);
		write_file("ru/kontakt.mustache", "Plan");
		assert_stray("ru/kontakt.mustache", rows[i].words);
	}
}

static void strays__copy_of_what_is_shipped__is_all_used(void **state)
{
	(void)state;
	struct strlist warnings = {0};
	find_strays(SHIPPED, &warnings);
	if (warnings.n > 0)
		fail_msg("%s", warnings.items[0]);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(strays__file_that_nothing_uses__is_warned_of),
		WITH_FOLDER(strays__folder_in_a_language__is_warned_of),
		WITH_FOLDER(strays__file_that_a_template_includes__is_not_warned_of),
		cmocka_unit_test(strays__copy_of_what_is_shipped__is_all_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

static const char *const headings[] = {"ID", "NAME", "ZONE"};

/* What is printed for these cells below the headings; the caller frees it. */
static char *print(const char *const *cells, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	struct table table;
	FILE *out = open_memstream(&text, &len);
	table_init(&table, headings, 3);
	for (size_t i = 0; i < n; i++)
		table_add(&table, cells[i]);
	table_print(&table, out);
	table_done(&table);
	assert_int_equal(fclose(out), 0);
	return text;
}

static const struct {
	const char *name;
	const char *cells[9];
	const char *text;
} rows[] = {
	{"no row", {NULL}, "ID  NAME  ZONE\n"},
	{"narrow cells", {"1", "a", "UTC"}, "ID  NAME  ZONE\n1   a     UTC\n"},
	{"wide cells", {"12345", "somebody", "UTC"}, "ID     NAME      ZONE\n12345  somebody  UTC\n"},
	{"the widest of a column counts",
	 {"1", "abcdef", "x", "22222", "b", "y"},
	 "ID     NAME    ZONE\n1      abcdef  x\n22222  b       y\n"},
	{"nothing hangs behind the last cell", {"1", "a", ""}, "ID  NAME  ZONE\n1   a     \n"},
	{"empty cells keep their place", {"", "a", "x"}, "ID  NAME  ZONE\n    a     x\n"},
	{"a last row that is not complete", {"1", "a", "x", "2"}, "ID  NAME  ZONE\n1   a     x\n2\n"},
	{"letters of two bytes", {"1", "Анна", "x"}, "ID  NAME  ZONE\n1   Анна  x\n"},
	{"letters of two columns", {"1", "张丽华", "x"}, "ID  NAME    ZONE\n1   张丽华  x\n"},
	{"letters of no column", {"1", "e\xcc\x81toile", "x"}, "ID  NAME    ZONE\n1   e\xcc\x81toile  x\n"},
	{"controls become blanks", {"1", "a\tb\x1b[31m", "x\ny"}, "ID  NAME      ZONE\n1   a b [31m  x y\n"},
};

static void table__cells__stand_in_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;
		while (rows[i].cells[n] != NULL)
			n++;
		char *text = print(rows[i].cells, n);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("%s:\n%s", rows[i].name, text);
		free(text);
	}
}

static void table__cells__are_copied(void **state)
{
	(void)state;
	char cell[] = "before", *text = NULL;
	size_t len = 0;
	struct table table;
	FILE *out = open_memstream(&text, &len);
	table_init(&table, headings, 1);
	table_add(&table, cell);
	memcpy(cell, "after!", sizeof(cell));
	table_print(&table, out);
	table_done(&table);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "ID\nbefore\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table__cells__stand_in_columns),
		cmocka_unit_test(table__cells__are_copied),
	};
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

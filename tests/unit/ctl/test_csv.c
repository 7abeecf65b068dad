#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ctl/csv.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Everything a text gives, in one line: "1[a|b] 2[c|d] 3!after 1: the words". */
static char *csv_test_read(const char *text, size_t len)
{
	struct buf out;
	struct csv csv;
	struct csv_record record;
	struct err err = {0};
	unsigned line = 0;
	int status;
	char *copy = mem_alloc(len + 1); /* exactly as promised, so that the sanitizer sees one byte too many */
	memcpy(copy, text, len);
	buf_init(&out, 1 << 20);
	status = csv_open(copy, len, &csv, &line, &err);
	if (status < 0)
		buf_printf(&out, "%u!%s", line, err.text);
	while (status == 0 && (status = csv_next(&csv, &record, &err)) != 0) {
		buf_printf(&out, "%s%u", out.len != 0 ? " " : "", record.line);
		if (status < 0)
			buf_printf(&out, "!after %zu: %.20s", record.n, err.text);
		for (size_t i = 0; status == 1 && i < record.n; i++)
			buf_printf(&out, "%s%s", i == 0 ? "[" : "|", record.fields[i]);
		if (status == 1)
			buf_add_str(&out, record.is_empty ? "]empty" : "]");
		status = 0;
	}
	free(copy);
	return buf_take(&out);
}

static void csv__what_people_save__is_read(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *expected;
	} rows[] = {
		{"nothing", "", ""},
		{"plain", "a,b\n1,2\n", "1[a|b] 2[1|2]"},
		{"no last newline", "a,b\n1,2", "1[a|b] 2[1|2]"},
		{"CRLF", "a,b\r\n1,2\r\n", "1[a|b] 2[1|2]"},
		{"byte order mark",
		 "\xef\xbb\xbf"
		 "a,b\n1,2\n",
		 "1[a|b] 2[1|2]"},
		{"mark before quotes", "\xef\xbb\xbf\"a\",b\n", "1[a|b]"},
		{"semicolons", "a;b;c\n1,5;2;\n", "1[a|b|c] 2[1,5|2|]"},
		{"commas with a semicolon in quotes", "\"a;;\",b\n1;2,3\n", "1[a;;|b] 2[1;2|3]"},
		{"empty fields", ",,\na,,b\n", "1[||]empty 2[a||b]"},
		{"quoted empty", "\"\",\"\"\n", "1[|]empty"},
		{"doubled quotes", "\"School \"\"No. 5\"\"\",x\n", "1[School \"No. 5\"|x]"},
		{"only quotes", "\"\"\"\"\n", "1[\"]"},
		{"newline in quotes", "a,b\n\"one\ntwo\",x\ny,z\n", "1[a|b] 2[one\ntwo|x] 4[y|z]"},
		{"CRLF in quotes", "\"one\r\ntwo\",x\r\ny,z\r\n", "1[one\ntwo|x] 3[y|z]"},
		{"newline in quotes of the first line", "\"a\nb\";c,d;e\n", "1[a\nb|c,d|e]"},
		{"separator in quotes", "\"a,b\",c\n", "1[a,b|c]"},
		{"empty lines", "\n\r\n  \na,b\n\n\t\n1,2\n\n", "4[a|b] 7[1|2]"},
		{"semicolons after empty lines", "\n\na;b\n", "3[a|b]"},
		{"Excel's separator line", "sep=;\r\na;b\n1,5;2\n", "2[a|b] 3[1,5|2]"},
		{"the same behind a mark", "\xef\xbb\xbfsep=,\n\na,b\n", "3[a|b]"},
		{"nothing else is one", "sep=;;\na;b\n", "1[sep=||] 2[a|b]"},
		{"nothing behind it", "sep=;", ""},
		{"blanks around", " a , b\t\n \"c \" ,d\n", "1[a|b] 2[c |d]"},
		{"blanks inside", "a b,\"  \"\n", "1[a b|  ]"},
		{"Cyrillic", "апрель-май 2025,Южно-Сахалинск\n", "1[апрель-май 2025|Южно-Сахалинск]"},
		{"last field empty at the end", "a,", "1[a|]"},
		{"carriage return in quotes", "\"a\rb\"\n", "1[a\rb]"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *read = csv_test_read(rows[i].text, strlen(rows[i].text));
		if (strcmp(read, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, read);
		free(read);
	}
}

static void csv__what_is_no_csv__is_an_error_of_its_record(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *expected;
	} rows[] = {
		{"quote inside", "a,b\nx,y\"z\n1,2\n", "1[a|b] 2!after 1: a quote inside a fie 3[1|2]"},
		{"text after quotes", "\"a\" b,c\n1,2\n", "1!after 0: text follows the clo 2[1|2]"},
		{"never closed", "a,b\n1,\"2\n3,4\n", "1[a|b] 2!after 1: the quote that opens"},
		{"never closed at the end", "a,\"", "1!after 1: the quote that opens"},
		{"old carriage returns", "a,b\rc,d\n1,2\n", "1!after 1: a carriage return wi 2[1|2]"},
		{"carriage return at the end", "a,b\r", "1!after 1: a carriage return wi"},
		{"error after a newline in quotes", "\"a\nb\",c\"\n1,2\n", "1!after 1: a quote inside a fie 3[1|2]"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *read = csv_test_read(rows[i].text, strlen(rows[i].text));
		if (strcmp(read, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, read);
		free(read);
	}
}

static void csv__wrong_bytes__are_told_with_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		const char *expected;
	} rows[] = {
		{"a,b\n\xcf\xf0\xe8,2\n", 9, "2!the text is not UTF-8: save the file as CSV in UTF-8"},
		{"a,b\n1,2\nx\0y", 11, "3!the text is not UTF-8: save the file as CSV in UTF-8"},
		{"\xff\xfe"
		 "a\0,\0",
		 6, "1!the file is UTF-16: save it as CSV in UTF-8"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *read = csv_test_read(rows[i].text, rows[i].len);
		assert_string_equal(read, rows[i].expected);
		free(read);
	}
}

static void csv__too_many_fields__are_refused(void **state)
{
	(void)state;
	char text[CSV_FIELDS_MAX + 8];
	memset(text, ',', CSV_FIELDS_MAX);
	(void)snprintf(text + CSV_FIELDS_MAX, 8, "\n1,2\n");
	char *read = csv_test_read(text, strlen(text));
	assert_string_equal(read, "1!after 256: more than 256 fields 2[1|2]");
	free(read);

	char *fits = csv_test_read(text + 1, strlen(text + 1));
	assert_non_null(strstr(fits, "]empty 2[1|2]"));
	free(fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv__what_people_save__is_read),
		cmocka_unit_test(csv__what_is_no_csv__is_an_error_of_its_record),
		cmocka_unit_test(csv__wrong_bytes__are_told_with_their_line),
		cmocka_unit_test(csv__too_many_fields__are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

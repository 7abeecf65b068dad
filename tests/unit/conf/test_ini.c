#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/ini.h"

/* What was read, in one line a section or entry, with the line numbers. */
static char *describe(const struct ini *ini)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];
		buf_printf(&text, "%u [%s|%s]\n", section->line, section->kind,
			   section->name != NULL ? section->name : "-");
		for (size_t j = 0; j < section->n_entries; j++)
			buf_printf(&text, "%u %s<%s>\n", section->entries[j].line, section->entries[j].key,
				   section->entries[j].value);
	}
	return buf_take(&text);
}

static char *list(const struct problems *problems)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < problems->n; i++) {
		assert_string_equal(problems->items[i].file, "x.ini");
		buf_printf(&text, "%u: %s\n", problems->items[i].line, problems->items[i].text);
	}
	return buf_take(&text);
}

static void assert_reads_bytes(const char *text, size_t len, const char *content, const char *wrong)
{
	/* A copy of just that size, so that the sanitizer sees a read beyond it. */
	char *copy = malloc(len > 0 ? len : 1);
	memcpy(copy, text, len);
	struct problems problems = {0};
	struct ini *ini = ini_read_text("x.ini", copy, len, &problems);
	char *found = describe(ini), *said = list(&problems);
	assert_string_equal(said, wrong);
	if (content != NULL)
		assert_string_equal(found, content);
	free(found);
	free(said);
	ini_free(ini);
	problems_done(&problems);
	free(copy);
}

static void assert_reads(const char *text, const char *content, const char *wrong)
{
	assert_reads_bytes(text, strlen(text), content, wrong);
}

static void ini__good_files__are_read_with_their_lines(void **state)
{
	(void)state;
	assert_reads("", "", "");
	assert_reads("\n\n# only comments\n  ; and blanks\n", "", "");
	assert_reads("[daemon]\nzone = UTC\n\n[channel email]\ntype=maildir\npath =/m\n",
		     "1 [daemon|-]\n2 zone<UTC>\n4 [channel|email]\n5 type<maildir>\n6 path</m>\n", "");
	assert_reads("\xef\xbb\xbf[daemon]\r\nzone = UTC\r\n\r\nlanguage = ru", /* BOM, CRLF, no newline at the end */
		     "1 [daemon|-]\n2 zone<UTC>\n4 language<ru>\n", "");
	assert_reads("[ channel \t email ] ; the desk\n[empty]\n", "1 [channel|email]\n2 [empty|-]\n", "");
	assert_reads(
		"[policy a b]\n\tx\t=\t1\t\n", NULL,
		"2: the line starts with a blank: write a value in one line, and a key at the start of its line\n");
	assert_reads("[p]\nремонт = апрель-май, 3 дня\n", "1 [p|-]\n2 ремонт<апрель-май, 3 дня>\n", "");
	assert_reads("[p]\nremind = 1d\nremind = 2d\n", "1 [p|-]\n2 remind<1d>\n3 remind<2d>\n", "");
}

static void ini__values__end_where_they_are_written_to_end(void **state)
{
	(void)state;
	static const struct {
		const char *written, *value;
	} rows[] = {
		{"x = 1", "1"},
		{"x=1 ; comment", "1"},
		{"x=1\t; comment", "1"},
		{"x=1;2", "1;2"},
		{"x=1;2 ;3", "1;2"},
		{"x=;1", ";1"},
		{"x= ;1", ""},
		{"x=", ""},
		{"x =   ", ""},
		{"x=1 # no comment", "1 # no comment"},
		{"x=a=b:c", "a=b:c"},
		{"x = \"q ; r\"", "q ; r"},
		{"x = \"q ; r\" ; comment", "q ; r"},
		{"x = \" padded \"", " padded "},
		{"x = \"\"", ""},
		{"x = \"Office\" <a@b>", "\"Office\" <a@b>"},
		{"x = \"Desk ; two\" <a@b> ; comment", "\"Desk ; two\" <a@b>"},
		{"x = 5\" disk", "5\" disk"},
		{"x = say \"a ; b\"", "say \"a"},
		{"x = \"a\";b", "\"a\";b"},
		{"x = smtp://h:25", "smtp://h:25"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], content[128];
		(void)snprintf(text, sizeof(text), "[s]\n%s\n", rows[i].written);
		(void)snprintf(content, sizeof(content), "1 [s|-]\n2 x<%s>\n", rows[i].value);
		assert_reads(text, content, "");
	}
}

static void ini__bad_lines__are_each_named_and_the_rest_is_read(void **state)
{
	(void)state;
	assert_reads("zone = UTC\n[daemon]\n", "2 [daemon|-]\n",
		     "1: key 'zone' stands before the first [section]: put it into one\n");
	assert_reads("[s]\nhunter2\nx = 1\nlast", "1 [s|-]\n3 x<1>\n",
		     "2: the line is neither a [section] nor key = value\n"
		     "4: the line is neither a [section] nor key = value\n");
	assert_reads("[s]\n= 1\nx: 1\nx:y = 1\n", "1 [s|-]\n",
		     "2: the key before '=' is missing\n"
		     "3: ':' stands where '=' belongs: write key = value\n"
		     "4: ':' stands where '=' belongs: write key = value\n");
	assert_reads(
		"[s]\nx = 1\n  and more\n  y = 2\n ; fine\n", "1 [s|-]\n2 x<1>\n",
		"3: the line starts with a blank: write a value in one line, and a key at the start of its line\n"
		"4: the line starts with a blank: write a value in one line, and a key at the start of its line\n");
	assert_reads("[s]\nx = \"open ; y\ny = \"\n", "1 [s|-]\n",
		     "2: the value's second '\"' is missing\n3: the value's second '\"' is missing\n");
}

static void ini__broken_header__does_not_let_its_keys_into_the_section_before(void **state)
{
	(void)state;
	assert_reads("[a]\nx = 1\n[b\nx = 2\n[c]\ny = 3\n", "1 [a|-]\n2 x<1>\n5 [c|-]\n6 y<3>\n",
		     "3: the section's ']' is missing: write [name]\n");
	assert_reads("[a]\n[b]x = 2\nx = 3\n[ ]\nx = 4\n[]\n[d];c\n", "1 [a|-]\n",
		     "2: something stands after ']': only a comment, ' ; ...', may\n"
		     "4: the section has no name: write [name]\n"
		     "6: the section has no name: write [name]\n"
		     "7: something stands after ']': only a comment, ' ; ...', may\n");
	assert_reads("[a]\n[\xff]\nx = 1\n", "1 [a|-]\n", "2: the line is not UTF-8: save the file in that encoding\n");
}

static void ini__repeated_section__names_the_first_ones_line(void **state)
{
	(void)state;
	assert_reads("[a b]\nx = 1\n[a c]\n[a]\n[a  b]\ny = 2\n", "1 [a|b]\n2 x<1>\n6 y<2>\n3 [a|c]\n4 [a|-]\n",
		     "5: section [a b] is given again, first in line 1: write its keys there\n");
	assert_reads("[a]\n[a]\n", NULL, "2: section [a] is given again, first in line 1: write its keys there\n");
}

static void ini__bytes_that_are_no_text__are_problems(void **state)
{
	(void)state;
	static const char zero[] = "[s]\nx = 1\0y = 2\nz = 3\n";
	assert_reads_bytes(zero, sizeof(zero) - 1, "1 [s|-]\n3 z<3>\n", "2: the line holds a 0 byte: take it out\n");
	assert_reads("[s]\nx = \xcf\xf0\xe8\xe2\xe5\xf2\ny = 2\n", "1 [s|-]\n3 y<2>\n",
		     "2: the line is not UTF-8: save the file in that encoding\n");
	assert_reads("[s]\n# \xff\n", "1 [s|-]\n", "2: the line is not UTF-8: save the file in that encoding\n");
	assert_reads("[s]\nx = a\x1b[m\ny = a\rb\nz = \u202eab\n", "1 [s|-]\n",
		     "2: the line holds a control character at byte 6: take it out\n"
		     "3: the line holds a control character at byte 6: take it out\n"
		     "4: the line holds a control character at byte 5: take it out\n");
	assert_reads("[s]\n\fx = 1\n", "1 [s|-]\n", "2: the line holds a control character at byte 1: take it out\n");
}

/* "x = " and as many bytes of fill as make the line that long, in a file of two more keys. */
static char *with_line(size_t len, const char *fill)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_add_str(&text, "[s]\nx = ");
	for (size_t i = 0; i < len - strlen("x = "); i++)
		buf_add_char(&text, fill[i % strlen(fill)]);
	buf_add_str(&text, "\nz = 3\n");
	return buf_take(&text);
}

static void ini__long_lines__are_whole_or_refused(void **state)
{
	(void)state;
	static const size_t whole[] = {196, 197, 198, 199, 200, 201, 202, 203, 255, 256, 1000, 4095, 4096};
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		char *text = with_line(whole[i], "ab=[c] ");
		struct problems problems = {0};
		struct ini *ini = ini_read_text("x.ini", text, strlen(text), &problems);
		assert_int_equal(problems.n, 0);
		assert_int_equal(ini->n_sections, 1);
		assert_int_equal(ini->sections[0].n_entries, 2);
		const char *value = ini->sections[0].entries[0].value;
		assert_memory_equal(value, strstr(text, "x = ") + 4, strlen(value));
		assert_true(strlen(value) + 5 >= whole[i]); /* only a blank at the very end is taken off */
		ini_free(ini);
		free(text);
	}

	char *text = with_line(4097, "ab=[c] ");
	assert_reads(text, "1 [s|-]\n3 z<3>\n", "2: the line is 4097 bytes long: give at most 4096\n");
	free(text);
	text = with_line(20000, "день ");
	assert_reads(text, "1 [s|-]\n3 z<3>\n", "2: the line is 20000 bytes long: give at most 4096\n");
	free(text);
}

static void ini__long_names__are_not_cut(void **state)
{
	(void)state;
	char name[301], text[1024], content[1024];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "[channel %s]\n%s = 1\n", name, name);
	(void)snprintf(content, sizeof(content), "1 [channel|%s]\n2 %s<1>\n", name, name);
	assert_reads(text, content, "");
}

static void ini_find__repeated_key__gives_the_last(void **state)
{
	(void)state;
	static const char text[] = "[a b]\nx = 1\nx = 2\n[a]\nx = 3\n";
	struct problems problems = {0};
	struct ini *ini = ini_read_text("x.ini", text, strlen(text), &problems);
	assert_string_equal(ini_find(ini_section(ini, "a", "b"), "x")->value, "2");
	assert_string_equal(ini_find(ini_section(ini, "a", NULL), "x")->value, "3");
	assert_null(ini_find(ini_section(ini, "a", NULL), "y"));
	assert_null(ini_section(ini, "a", "c"));
	assert_null(ini_section(ini, "b", NULL));
	ini_free(ini);
}

static void ini_read__file__is_read_or_named(void **state)
{
	(void)state;
	char path[] = "/tmp/test-ini-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	assert_non_null(file);
	assert_true(fputs("[s]\nx = 1\n", file) >= 0);
	assert_int_equal(fflush(file), 0);

	struct problems problems = {0};
	struct ini *ini = ini_read(path, &problems);
	assert_int_equal(problems.n, 0);
	assert_string_equal(ini->file, path);
	assert_string_equal(ini->sections[0].file, path);
	assert_string_equal(ini_find(ini_section(ini, "s", NULL), "x")->value, "1");
	ini_free(ini);

	for (int i = 0; i < INI_FILE_MAX / 8; i++)
		assert_true(fputs("#234567\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_null(ini_read(path, &problems));
	assert_int_equal(unlink(path), 0);
	assert_null(ini_read(path, &problems));
	assert_null(ini_read("/tmp", &problems));
	assert_null(ini_read("/dev/zero", &problems));
	assert_int_equal(problems.n, 4);
	assert_string_equal(problems.items[0].text, "the file is larger than 1048576 bytes");
	assert_string_equal(problems.items[1].text, "the file cannot be read: No such file or directory");
	assert_string_equal(problems.items[2].text, "the file cannot be read: Is a directory");
	assert_string_equal(problems.items[3].text, "the file is larger than 1048576 bytes");
	problems_done(&problems);
}

/* What reading the bytes as a file says: its first problem, and how many there are. */
static size_t say_of_file(const void *bytes, size_t len, char said[128], bool *ret_is_read)
{
	char path[] = "/tmp/test-ini-XXXXXX";
	struct problems problems = {0};
	int fd = mkstemp(path);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
	struct ini *ini = ini_read(path, &problems);
	assert_int_equal(unlink(path), 0);
	*ret_is_read = ini != NULL;
	(void)snprintf(said, 128, "%s", problems.n > 0 ? problems.items[0].text : "");
	size_t n = problems.n;
	ini_free(ini);
	problems_done(&problems);
	return n;
}

static void ini_read__utf16__is_said_once_and_nothing_else(void **state)
{
	(void)state;
	static const char little[] = "\xff\xfe[\0s\0]\0\n\0", big[] = "\xfe\xff\0[\0s\0]\0\n";
	static const char plain[] = "[\0s\0]\0\n\0x\0=\0\x16\x04\n\0"; /* no mark, a letter of another script */
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {{little, sizeof(little) - 1}, {little, 2}, {big, sizeof(big) - 1}, {plain, sizeof(plain) - 1}};
	char said[128];
	bool is_read;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(say_of_file(rows[i].bytes, rows[i].len, said, &is_read), 1);
		assert_string_equal(said, "the file is UTF-16: save it as UTF-8");
		assert_false(is_read);
	}
}

static void ini_read__zeros_that_are_no_utf16__are_named_with_their_line(void **state)
{
	(void)state;
	static const char zeros[64] = {0}, one[] = "[s]\nx = 1\0\ny = 2\n";
	char said[128];
	bool is_read;
	assert_int_equal(say_of_file(zeros, sizeof(zeros), said, &is_read), 1);
	assert_string_equal(said, "the line holds a 0 byte: take it out");
	assert_int_equal(say_of_file(one, sizeof(one) - 1, said, &is_read), 1);
	assert_string_equal(said, "the line holds a 0 byte: take it out");
	assert_int_equal(say_of_file("", 0, said, &is_read), 0);
	assert_true(is_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ini__good_files__are_read_with_their_lines),
		cmocka_unit_test(ini__values__end_where_they_are_written_to_end),
		cmocka_unit_test(ini__bad_lines__are_each_named_and_the_rest_is_read),
		cmocka_unit_test(ini__broken_header__does_not_let_its_keys_into_the_section_before),
		cmocka_unit_test(ini__repeated_section__names_the_first_ones_line),
		cmocka_unit_test(ini__bytes_that_are_no_text__are_problems),
		cmocka_unit_test(ini__long_lines__are_whole_or_refused),
		cmocka_unit_test(ini__long_names__are_not_cut),
		cmocka_unit_test(ini_find__repeated_key__gives_the_last),
		cmocka_unit_test(ini_read__file__is_read_or_named),
		cmocka_unit_test(ini_read__utf16__is_said_once_and_nothing_else),
		cmocka_unit_test(ini_read__zeros_that_are_no_utf16__are_named_with_their_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

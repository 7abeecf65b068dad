#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/mail.h"

/* Every expected message, value and body below was read back with Python's email package (policy "default"), which
 * found no defect and gave the text that went in. */

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X70 X60 X10
#define X500 X70 X70 X70 X70 X70 X70 X70 X10
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct mail mail_sample(void)
{
	return (struct mail){
		.from_address = "deadlined@example.org",
		.to_address = "ivan@example.org",
		.subject = "Report",
		.text = "Hello\n",
		.message_id = "r.1842.3@example.org",
		.date_utc = 1767596400, /* 2026-01-05T07:00:00Z */
	};
}

/* The message as text, owned by the caller. */
static char *built(const struct mail *mail)
{
	struct buf out;
	struct err err = {""};
	buf_init(&out, 1 << 20);
	int r = mail_build(mail, &out, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_int_equal(out.len, strlen(buf_str(&out)));
	return buf_take(&out);
}

static void mail_build__russian_reminder__is_golden(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.from_name = "Напоминания";
	mail.to_name = "Протокольный отдел, мэрия";
	mail.to_address = "protocol@example.org";
	mail.subject = "Напоминание: отчёт по проекту «Альфа» нужно сдать завтра до 18:00 🔥";
	mail.text = "Завтра, 6 января 2026 г.\n\n— Отчёт\n";
	mail.language = "ru";
	mail.thread_id = "r.1842.1@example.org";
	mail.date_offset_s = 11 * 3600;
	char *text = built(&mail);
	assert_string_equal(text, "Date: Mon, 05 Jan 2026 18:00:00 +1100\r\n"
				  "From: =?UTF-8?B?0J3QsNC/0L7QvNC40L3QsNC90LjRjw==?= <deadlined@example.org>\r\n"
				  "To: =?UTF-8?B?0J/RgNC+0YLQvtC60L7Qu9GM0L3Ri9C5INC+0YLQtNC10LssINC80Y3RgNC4?=\r\n"
				  " =?UTF-8?B?0Y8=?= <protocol@example.org>\r\n"
				  "Subject: =?UTF-8?B?0J3QsNC/0L7QvNC40L3QsNC90LjQtTog0L7RgtGH0ZHRgiDQv9C+?=\r\n"
				  " =?UTF-8?B?INC/0YDQvtC10LrRgtGDIMKr0JDQu9GM0YTQsMK7INC90YPQttC90L4g0YE=?=\r\n"
				  " =?UTF-8?B?0LTQsNGC0Ywg0LfQsNCy0YLRgNCwINC00L4gMTg6MDAg8J+UpQ==?=\r\n"
				  "Message-ID: <r.1842.3@example.org>\r\n"
				  "In-Reply-To: <r.1842.1@example.org>\r\n"
				  "References: <r.1842.1@example.org>\r\n"
				  "Auto-Submitted: auto-generated\r\n"
				  "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"
				  "Content-Language: ru\r\n"
				  "MIME-Version: 1.0\r\n"
				  "Content-Type: text/plain; charset=utf-8\r\n"
				  "Content-Transfer-Encoding: base64\r\n"
				  "\r\n"
				  "0JfQsNCy0YLRgNCwLCA2INGP0L3QstCw0YDRjyAyMDI2INCzLg0KDQrigJQg0J7RgtGH0ZHRgg0K\r\n");
	free(text);
}

static void mail_build__least_of_everything__is_golden(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.from_name = "";
	mail.thread_id = mail.message_id; /* the first of its thread answers nothing */
	char *text = built(&mail);
	assert_string_equal(text, "Date: Mon, 05 Jan 2026 07:00:00 +0000\r\n"
				  "From: deadlined@example.org\r\n"
				  "To: ivan@example.org\r\n"
				  "Subject: Report\r\n"
				  "Message-ID: <r.1842.3@example.org>\r\n"
				  "Auto-Submitted: auto-generated\r\n"
				  "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"
				  "MIME-Version: 1.0\r\n"
				  "Content-Type: text/plain; charset=utf-8\r\n"
				  "Content-Transfer-Encoding: 7bit\r\n"
				  "\r\n"
				  "Hello\r\n");
	char *again = built(&mail);
	assert_string_equal(again, text);
	free(again);
	free(text);
}

/* The header lines of that name, with their continuations, or "". */
static char *header_of(const char *text, const char *name)
{
	char start[64] = "\r\n";
	(void)strncat(start, name, sizeof(start) - 3);
	const char *line = strstr(text, start);
	if (line == NULL)
		return strdup("");
	line += 2;
	const char *end = strstr(line, "\r\n");
	while (end[2] == ' ')
		end = strstr(end + 2, "\r\n");
	return strndup(line, (size_t)(end - line));
}

static void mail_build__date__has_english_names_and_the_zone(void **state)
{
	(void)state;
	static const struct {
		int64_t utc;
		int offset_s;
		const char *date;
	} rows[] = {
		{0, 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"},
		{951782400, 3 * 3600, "Date: Tue, 29 Feb 2000 03:00:00 +0300\r\n"},
		{1767596400, -(3 * 3600 + 1800), "Date: Mon, 05 Jan 2026 03:30:00 -0330\r\n"},
		{1767596400, 5 * 3600 + 2700, "Date: Mon, 05 Jan 2026 12:45:00 +0545\r\n"},
		{1735689599, 14 * 3600, "Date: Wed, 01 Jan 2025 13:59:59 +1400\r\n"},
		{1735689600, -12 * 3600, "Date: Tue, 31 Dec 2024 12:00:00 -1200\r\n"},
		{0, 2 * 3600 + 30 * 60 + 17, "Date: Thu, 01 Jan 1970 02:30:00 +0230\r\n"},
		{0, -(30 * 60 + 17), "Date: Wed, 31 Dec 1969 23:30:00 -0030\r\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail mail = mail_sample();
		mail.date_utc = rows[i].utc;
		mail.date_offset_s = rows[i].offset_s;
		char *text = built(&mail);
		text[strlen(rows[i].date)] = '\0';
		assert_string_equal(text, rows[i].date);
		free(text);
	}
}

static void mail_build__subject__is_one_safe_header(void **state)
{
	(void)state;
	static const struct {
		const char *subject, *header;
	} rows[] = {
		{"Visit to School 5", "Subject: Visit to School 5"},
		{"", "Subject:"},
		{" \r\n\t ", "Subject:"},
		{"  both ends\n", "Subject: both ends"},
		{"two  blanks", "Subject: two  blanks"},
		{"Fair\r\nBcc: eve@example.org", "Subject: Fair  Bcc: eve@example.org"},
		{"Fair\nBcc: e\x01\x7f!", "Subject: Fair Bcc: e  !"},
		{"Отчёт\r\nBcc: eve", "Subject: =?UTF-8?B?0J7RgtGH0ZHRgiAgQmNjOiBldmU=?="},
		{"Отчёт\xe2\x80\xae!\xe2\x80\xa8?", "Subject: =?UTF-8?B?0J7RgtGH0ZHRgiAhID8=?="},
		{"a \xff\xd0", "Subject: =?UTF-8?B?YSDvv73vv70=?="},
		{"=?UTF-8?B?0J7Rgg==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CPzBKN1JnZz09Pz0=?="},
		{"a = b ?", "Subject: a = b ?"},
		{"Please, do not forget that the trade fair in Harbin opens in thirty days from now, on June 15",
		 "Subject: Please, do not forget that the trade fair in Harbin opens in thirty\r\n"
		 " days from now, on June 15"},
		{X70, "Subject: " X70},
		{"see " X70, "Subject: see\r\n " X70},
		{X70 " " X70, "Subject: " X70 "\r\n " X70},
		{"会议将于明天上午九点在市政府三楼会议室举行请准时参加",
		 "Subject: "
		 "=?UTF-8?B?5Lya6K6u5bCG5LqO5piO5aSp5LiK5Y2I5Lmd54K55Zyo5biC5pS/?=\r\n"
		 " =?UTF-8?B?5bqc5LiJ5qW85Lya6K6u5a6k5Li+6KGM6K+35YeG5pe25Y+C5Yqg?="},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail mail = mail_sample();
		mail.subject = rows[i].subject;
		char *text = built(&mail), *header = header_of(text, "Subject:");
		assert_string_equal(header, rows[i].header);
		assert_null(strstr(text, "\r\nBcc"));
		free(header);
		free(text);
	}
}

static void mail_build__word_over_998__goes_into_encoded_words(void **state)
{
	(void)state;
	static const struct {
		const char *subject;
		bool is_plain;
	} rows[] = {
		{X500 X70 X70 X70 X70 X70 X70 X70 "xxxxxxxxx", false}, /* 999 */
		{X500 X70 X70 X70 X70 X70 X70 X70, false},             /* 990: fits alone, not behind "Subject: " */
		{X500 X70 X70 X70 X70 X70 X70, true},
		{"a " X500 X70 X70 X70 X70 X70 X70 X70, false},
		{"a " X500 X70 X70 X70 X70 X70 X70, true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail mail = mail_sample();
		mail.subject = rows[i].subject;
		char *text = built(&mail);
		assert_int_equal(strstr(text, "=?UTF-8?B?") == NULL, rows[i].is_plain);
		for (const char *p = text, *end; (end = strstr(p, "\r\n")) != NULL; p = end + 2)
			assert_true(end - p <= (rows[i].is_plain ? 998 : 76));
		free(text);
	}
}

static void mail_build__to__is_one_mailbox(void **state)
{
	(void)state;
	static const struct {
		const char *name, *address, *header;
	} rows[] = {
		{NULL, "a@b.example", "To: a@b.example"},
		{"", "a@b.example", "To: a@b.example"},
		{" \n ", "a@b.example", "To: a@b.example"},
		{"Ivan Petrov", "a@b.example", "To: Ivan Petrov <a@b.example>"},
		{" Ivan\tPetrov ", "a@b.example", "To: Ivan Petrov <a@b.example>"},
		{"Ivan  Petrov", "a@b.example", "To: \"Ivan  Petrov\" <a@b.example>"},
		{"Petrov, Ivan", "a@b.example", "To: \"Petrov, Ivan\" <a@b.example>"},
		{"I. Petrov", "a@b.example", "To: \"I. Petrov\" <a@b.example>"},
		{"The \"desk\" \\o/", "a@b.example", "To: \"The \\\"desk\\\" \\\\o/\" <a@b.example>"},
		{"x> , eve@e.example <", "a@b.example", "To: \"x> , eve@e.example <\" <a@b.example>"},
		{"x\r\nBcc: eve@e.example", "a@b.example", "To: \"x  Bcc: eve@e.example\" <a@b.example>"},
		{"=?UTF-8?B?eA==?=", "a@b.example", "To: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?= <a@b.example>"},
		{"外事办", "a@b.example", "To: =?UTF-8?B?5aSW5LqL5Yqe?= <a@b.example>"},
		{"Иван", "kontakt@" X10 X10 X10 ".example.org",
		 "To: =?UTF-8?B?0JjQstCw0L0=?=\r\n <kontakt@" X10 X10 X10 ".example.org>"},
		{"Desk, " X70, "a@b.example",
		 "To: =?UTF-8?B?RGVzaywgeHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4?=\r\n"
		 " =?UTF-8?B?eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==?= <a@b.example>"},
		{X60 "\"\"\"\"\"", "a@b.example",
		 "To: \"" X60 "\\\"\\\"\\\"\\\"\\\"\"\r\n <a@b.example>"}, /* 76 wide */
		{X60 "x\"\"\"\"\"", "a@b.example",
		 "To: =?UTF-8?B?eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4?=\r\n "
		 "=?UTF-8?B?eHh4eHh4eHh4eHh4eHh4eCIiIiIi?= <a@b.example>"},
		{X70 " Desk", "a@b.example", "To: " X70 "\r\n Desk <a@b.example>"},
		{"Дом", "info@пример.рф", "To: =?UTF-8?B?0JTQvtC8?= <info@xn--e1afmkfd.xn--p1ai>"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail mail = mail_sample();
		mail.to_name = rows[i].name;
		mail.to_address = rows[i].address;
		char *text = built(&mail), *header = header_of(text, "To:");
		assert_string_equal(header, rows[i].header);
		free(header);
		free(text);
	}
}

static void mail_build__body__has_the_encoding_that_fits(void **state)
{
	(void)state;
	static const struct {
		const char *text, *body;
	} rows[] = {
		{"", "7bit\r\n\r\n"},
		{"\n", "7bit\r\n\r\n\r\n"},
		{"Hello\n", "7bit\r\n\r\nHello\r\n"},
		{"no end", "7bit\r\n\r\nno end\r\n"},
		{"a\rb\r\nc\nd\n\r", "7bit\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n"},
		{"a\x01\x1b[1m\x7f!\tb\f\n", "7bit\r\n\r\na[1m!\tb\r\n"},
		{X70 "xxxxxxxx\n", "7bit\r\n\r\n" X70 "xxxxxxxx\r\n"},
		{X70 "xxxxxxxxx\n", "quoted-printable\r\n\r\n" X70 "xxxxx=\r\nxxxx\r\n"},
		/* whichever is shorter */
		{"na\xc3\xafve\n", "quoted-printable\r\n\r\nna=C3=AFve\r\n"},
		{"Отчёт\n", "base64\r\n\r\n0J7RgtGH0ZHRgg0K\r\n"},
		{"A caf\xc3\xa9 = fine, and plain otherwise\n",
		 "quoted-printable\r\n\r\nA caf=C3=A9 =3D fine, and plain otherwise\r\n"},
		/* equal: the readable one; a byte more: the other */
		{"ééabcdefghijkl\n", "quoted-printable\r\n\r\n=C3=A9=C3=A9abcdefghijkl\r\n"},
		{"ééabcdefghi\n", "base64\r\n\r\nw6nDqWFiY2RlZmdoaQ0K\r\n"},
		/* what must not stand at the end or the start of a line */
		{"long enough caf\xc3\xa9 \ttab\t\n \nx\n",
		 "quoted-printable\r\n\r\nlong enough caf=C3=A9 \ttab=09\r\n=20\r\nx\r\n"},
		{"From now on a caf\xc3\xa9 at noon\nFrom: x\n",
		 "quoted-printable\r\n\r\n=46rom now on a caf=C3=A9 at noon\r\nFrom: x\r\n"},
		{"a long enough caf\xc3\xa9, and\n.\n..\nend of it\n",
		 "quoted-printable\r\n\r\na long enough caf=C3=A9, and\r\n=2E\r\n=2E.\r\nend of it\r\n"},
		/* soft breaks: at 76 with the sign, before what would not fit, and its next line starts well, too */
		{"\xc3\xa9" X70 "\n", "quoted-printable\r\n\r\n=C3=A9" X70 "\r\n"},
		{"\xc3\xa9" X70 "x\n", "quoted-printable\r\n\r\n=C3=A9" X60 "xxxxxxxxx=\r\nxx\r\n"},
		{X70 "xxx\xc3\xa9\n", "quoted-printable\r\n\r\n" X70 "xxx=\r\n=C3=A9\r\n"},
		{X70 "xxxxxFrom \xc3\xa9\n", "quoted-printable\r\n\r\n" X70 "xxxxx=\r\n=46rom =C3=A9\r\n"},
		{X70 "xxxxx.y\xc3\xa9\n", "quoted-printable\r\n\r\n" X70 "xxxxx=\r\n=2Ey=C3=A9\r\n"},
		{X70 "xxxx   \xc3\xa9\n", "quoted-printable\r\n\r\n" X70 "xxxx =\r\n  =C3=A9\r\n"},
		{"caf\xc3\xa9\n" X70 "xxxxxx\nx\n", "quoted-printable\r\n\r\ncaf=C3=A9\r\n" X70 "xxxxxx\r\nx\r\n"},
		{"caf\xc3\xa9\n" X70 "xxxxxxx\nx\n",
		 "quoted-printable\r\n\r\ncaf=C3=A9\r\n" X70 "xxxxx=\r\nxx\r\nx\r\n"},
		{"caf\xc3\xa9 and so on\na = b\nx\n",
		 "quoted-printable\r\n\r\ncaf=C3=A9 and so on\r\na =3D b\r\nx\r\n"},
		{"x\n\nx\ncaf\xc3\xa9 and so on\n\nx\n",
		 "quoted-printable\r\n\r\nx\r\n\r\nx\r\ncaf=C3=A9 and so on\r\n\r\nx\r\n"},
		/* 57 bytes make a full line of base64; bytes that are no UTF-8 become U+FFFD */
		{"Ответственный за отчёт: Иван\nabcd\n", "base64\r\n\r\n0J7RgtCy0LXRgtGB0YLQstC10L3QvdGL0Lkg0LfQsCDQvtG"
							 "C0YfRkdGCOiDQmNCy0LDQvQ0KYWJj\r\nZA0K\r\n"},
		{"\xff\xd0\n", "base64\r\n\r\n77+977+9DQo=\r\n"},
		{"\xd0", "base64\r\n\r\n77+9DQo=\r\n"},
		{"\xc1\x80\xd0\xc0",
		 "base64\r\n\r\n77+977+977+977+9DQo=\r\n"}, /* an overlong form; a letter that is cut */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const char header[] = "Content-Transfer-Encoding: ";
		struct mail mail = mail_sample();
		mail.text = rows[i].text;
		char *text = built(&mail);
		assert_string_equal(strstr(text, header) + strlen(header), rows[i].body);
		free(text);
	}
}

static void mail_build__bad_fields__are_refused(void **state)
{
	(void)state;
	static const struct {
		struct mail mail; /* what differs from the sample */
		const char *words;
	} rows[] = {
		{{.from_address = "x"}, "sender: address 'x' has no @"},
		{{.to_address = "a@b.example\r\nBcc: c@d.example"}, "recipient: address"},
		{{.to_address = "a@b.example,c@d.example"}, "more than one @"},
		{{.message_id = "no-at"}, "message id 'no-at' is not left@right"},
		{{.message_id = "a@"}, "message id"},
		{{.message_id = "@b"}, "message id"},
		{{.message_id = "a b@c"}, "character"},
		{{.message_id = "a>@c"}, "character"},
		{{.message_id = "a@b@c"}, "message id"},
		{{.message_id = "a@b\r\nX: y"}, "character"},
		{{.message_id = "я@b"}, "character"},
		{{.message_id = "a@" X70 X70 X70 X10 X10 X10 X10}, "250"},
		{{.thread_id = "x\n@y"}, "thread id"},
		{{.language = "ru\r\nX: y"}, "language tag"},
		{{.language = ""}, "language tag"},
		{{.date_utc = INT64_MAX}, "years"},
		{{.date_utc = INT64_MIN}, "years"},
		{{.date_utc = 253402300799}, "years"},
		{{.date_offset_s = 86400}, "a day or more"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail mail = mail_sample();
		const struct mail *bad = &rows[i].mail;
		mail.from_address = bad->from_address != NULL ? bad->from_address : mail.from_address;
		mail.to_address = bad->to_address != NULL ? bad->to_address : mail.to_address;
		mail.message_id = bad->message_id != NULL ? bad->message_id : mail.message_id;
		mail.date_utc = bad->date_utc != 0 ? bad->date_utc : mail.date_utc;
		mail.thread_id = bad->thread_id;
		mail.language = bad->language;
		mail.date_offset_s = bad->date_offset_s;

		struct buf out;
		struct err err = {""};
		buf_init(&out, 4096);
		assert_int_equal(mail_build(&mail, &out, &err), -EINVAL);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("row %zu: '%s' does not say '%s'", i, err.text, rows[i].words);
		assert_int_equal(out.len, 0);
		buf_done(&out);
	}
}

static void mail_build__over_the_maximum__is_refused(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	char *text = built(&mail);
	size_t len = strlen(text);
	free(text);
	for (size_t max = 0; max <= len; max++) {
		struct buf out;
		struct err err = {""};
		buf_init(&out, max);
		assert_int_equal(mail_build(&mail, &out, &err), max < len ? -E2BIG : 0);
		assert_int_equal(err.text[0] != '\0', max < len);
		buf_done(&out);
	}
}

static void mail_check_address__table(void **state)
{
	(void)state;
	static const struct {
		const char *address, *words; /* words NULL: accepted */
	} rows[] = {
		{"a@b", NULL},
		{"first.last+tag@mail.example.org", NULL},
		{"!#$%&'*+-/=?^_`{|}~@example.org", NULL},
		{"a@[127.0.0.1]", NULL},
		{"a@[IPv6:::1]", NULL},
		{"a@my_host.example", NULL},
		{"info@пример.рф", NULL},
		{"info@bücher.example", NULL},
		{"1234567890123456789012345678901234567890123456789012345678901234@b", NULL},
		{"12345678901234567890123456789012345678901234567890123456789012345@b", "at most 64"},
		{"a@" X10 X10 X10 X10 X10 X10 "xxx.b", NULL},
		{"a@" X10 X10 X10 X10 X10 X10 "xxxx.b", "no valid domain"},
		{X10 "@" X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10
		     "." X10 X10 X10 "xxxxxxxxx",
		 NULL},
		{X10 "@" X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10 "." X10 X10 X10 X10 X10
		     "." X10 X10 X10 X10,
		 "at most 254"},
		{"", "empty"},
		{"a", "no @"},
		{"a@", "no valid domain"},
		{"@b", "nothing before the @"},
		{"a@b@c", "more than one @"},
		{"a b@c", "blank"},
		{"a@b c", "blank"},
		{"a@b\r\nRCPT TO:<c@d>", "blank or a control"},
		{"a@b\n", "blank or a control"},
		{"a\x7f@b", "blank or a control"},
		{"a@b\xe2\x80\xae.c", "blank or a control"},
		{"\xff@b", "UTF-8"},
		{"<a@b>", "'<'"},
		{"a>b@c", "'>'"},
		{"\"a\"@b", "'\"'"},
		{"a,b@c", "','"},
		{"a:b@c", "':'"},
		{"a(c)@b", "'('"},
		{"a\\b@c", "'\\'"},
		{".a@b", "misplaced dot"},
		{"a.@b", "misplaced dot"},
		{"a..b@c", "misplaced dot"},
		{"ив\"ан@example.org", "'\"'"},
		{"ива.@example.org", "misplaced dot"},
		{"ивановивановивановивановивановиванов@b", "before the @"}, /* 72 bytes */
		{"a@.b", "no valid domain"},
		{"a@b.", "no valid domain"},
		{"a@b..c", "no valid domain"},
		{"a@-b", "no valid domain"},
		{"a@b-", "no valid domain"},
		{"a@b,c", "no valid domain"},
		{"a@b>", "no valid domain"},
		{"a@[]", "no valid domain"},
		{"a@[1.2]x", "no valid domain"},
		{"a@[1 2]", "blank"},
		{"a@\xe2\x98\x83\xe2\x80\x8d.example", "cannot be written in ASCII"},
		{"a@b\xef\xbc\x8f"
		 "c.example",
		 "domain"}, /* a wide slash that IDNA maps to a plain one */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {""};
		bool is_good = mail_check_address(rows[i].address, &err);
		if (is_good != (rows[i].words == NULL) || (!is_good && strstr(err.text, rows[i].words) == NULL))
			fail_msg("'%s': %s '%s'", rows[i].address, is_good ? "accepted" : "refused:", err.text);
		assert_int_equal(mail_check_address(rows[i].address, NULL), is_good);
	}
}

static void mail_wire_address__table(void **state)
{
	(void)state;
	static const struct {
		const char *address, *wire;
	} rows[] = {
		{"Ivan@Example.org", "Ivan@Example.org"},
		{"info@пример.рф", "info@xn--e1afmkfd.xn--p1ai"},
		{"Info@Бюро.Example", "Info@xn--90a0af9c.example"},
		{"a@faß.example", "a@xn--fa-hia.example"}, /* not fass.example: nontransitional */
		{"a@例子。中国", "a@xn--fsqu00a.xn--fiqs8s"},
		{"a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {""};
		char *wire = NULL;
		assert_int_equal(mail_wire_address(rows[i].address, &wire, &err), 0);
		assert_string_equal(wire, rows[i].wire);
		free(wire);
	}

	char *untouched = NULL;
	struct err err = {""};
	assert_int_equal(mail_wire_address("a b@c", &untouched, &err), -EINVAL);
	assert_null(untouched);
	assert_string_not_equal(err.text, "");
}

static void mail_split_address__table(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *address; /* address NULL: name is what the refusal says */
	} rows[] = {
		{"a@b", "", "a@b"},
		{"  a@b\t", "", "a@b"},
		{"<a@b>", "", "a@b"},
		{"Ivan Petrov <a@b>", "Ivan Petrov", "a@b"},
		{"Отдел, мэрия<a@b>", "Отдел, мэрия", "a@b"},
		{"\"Petrov, \\\"I\\\" \\\\ <x>\" <a@b>", "Petrov, \"I\" \\ <x>", "a@b"},
		{"\"\" <a@b>", "", "a@b"},
		{"Дом <info@пример.рф>", "Дом", "info@пример.рф"},
		{"", "empty", NULL},
		{"Ivan", "no @", NULL},
		{"Ivan <>", "empty", NULL},
		{"Ivan a@b>", "no <", NULL},
		{"Ivan <a@b> x", "blank", NULL},
		{"Ivan <a@b", "blank", NULL},
		{"Ivan < a@b >", "blank", NULL},
		{"A <a@b>, C <c@d>", "not a name", NULL},
		{"\"A <a@b>", "not a name", NULL},
		{"\"A\" B <a@b>", "not a name", NULL},
		{"A\\\" B <a@b>", "not a name", NULL},
		{"\"A\\\" <a@b>", "not a name", NULL},
		{"a@b, c@d", "blank", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {""};
		char *name = NULL, *address = NULL;
		int r = mail_split_address(rows[i].text, &name, &address, &err);
		if (rows[i].address == NULL) {
			assert_int_equal(r, -EINVAL);
			assert_null(name);
			assert_null(address);
			if (strstr(err.text, rows[i].name) == NULL)
				fail_msg("'%s': '%s'", rows[i].text, err.text);
			continue;
		}
		assert_string_equal(err.text, "");
		assert_int_equal(r, 0);
		assert_string_equal(name, rows[i].name);
		assert_string_equal(address, rows[i].address);
		free(name);
		free(address);
	}
}

static void mail_add_encoded__column_already_used__decides_the_first_word(void **state)
{
	(void)state;
	static const struct {
		size_t used;
		const char *value, *text;
	} rows[] = {
		{0, "Отчёт", "=?UTF-8?B?0J7RgtGH0ZHRgg==?="},
		{60, "Отчёт", "=?UTF-8?B?0J4=?=\r\n =?UTF-8?B?0YLRh9GR0YI=?="},
		{61, "Отчёт", "\r\n =?UTF-8?B?0J7RgtGH0ZHRgg==?="},
		{500, "Отчёт", "\r\n =?UTF-8?B?0J7RgtGH0ZHRgg==?="},
		/* 75 characters is the longest word; the next letter has four bytes and stays whole */
		{0, "отчётотчётотчётотчётЖ🔥🔥",
		 "=?UTF-8?B?0L7RgtGH0ZHRgtC+0YLRh9GR0YLQvtGC0YfRkdGC0L7RgtGH0ZHRgtCW?=\r\n =?UTF-8?B?8J+UpfCflKU=?="},
		{70, "one two", "one\r\n two"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 1000);
		mail_add_encoded(&out, rows[i].value, rows[i].used, false);
		assert_string_equal(buf_str(&out), rows[i].text);
		buf_done(&out);
	}
}

static void mail_build__headers_for_readers__are_there_when_asked_for(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	char *text = built(&mail);
	static const char *const names[] = {"Reply-To", "List-Id", "List-Unsubscribe", "X-Priority", "Importance"};
	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(strstr(text, names[i]));
	free(text);

	mail.reply_to_name = "Анна";
	mail.reply_to_address = "anna@пример.рф";
	mail.list_domain = "example.org";
	mail.list_unsubscribe = "mailto:office@example.org?subject=stop";
	mail.is_urgent = true;
	text = built(&mail);
	static const char *const lines[] = {
		"Reply-To: =?UTF-8?B?0JDQvdC90LA=?= <anna@xn--e1afmkfd.xn--p1ai>\r\n",
		"List-Id: <deadlined.example.org>\r\n",
		"List-Unsubscribe: <mailto:office@example.org?subject=stop>\r\n",
		"X-Priority: 1 (Highest)\r\nImportance: high\r\nPriority: urgent\r\n",
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_non_null(strstr(text, lines[i]));
	free(text);
}

/* The mail is not for the responsible: what is wrong with their address does not keep it from its reader. */
static void mail_build__reply_address_that_cannot_be_used__is_left_out(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.reply_to_address = "anna@example.org>\r\nBcc: x@example.org";
	mail.list_domain = "[127.0.0.1]";
	char *text = built(&mail);
	assert_null(strstr(text, "Reply-To"));
	assert_null(strstr(text, "Bcc"));
	assert_null(strstr(text, "List-Id")); /* an address literal is no domain */
	free(text);
}

static void mail_build__reply_address_that_needs_smtputf8__goes_only_where_the_recipient_needs_it_too(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.reply_to_address = "пётр@example.org";
	char *text = built(&mail);
	assert_null(strstr(text, "Reply-To"));
	free(text);
	mail.to_address = "анна@example.org";
	text = built(&mail);
	assert_non_null(strstr(text, "Reply-To: пётр@example.org\r\n"));
	free(text);
}

/* RFC 6531 and 6532: as it is before the @, A-labels behind it. */
static void mail_build__address_outside_ascii__stands_in_the_header_as_it_is(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.to_name = "Иван";
	mail.to_address = "иван@пример.рф";
	char *text = built(&mail), *to = header_of(text, "To");
	assert_string_equal(to, "To: =?UTF-8?B?0JjQstCw0L0=?= <иван@xn--e1afmkfd.xn--p1ai>");
	free(to);
	free(text);
	assert_true(mail_needs_smtputf8("иван@example.org"));
	assert_false(mail_needs_smtputf8("ivan@пример.рф"));
	assert_false(mail_needs_smtputf8("ivan@example.org"));
}

static void mail_check_unsubscribe__rows(void **state)
{
	(void)state;
	static const struct {
		const char *uri;
		bool is_good;
	} rows[] = {
		{"https://example.org/u?x=1&y=%20", true},
		{"http://intranet/stop", true},
		{"mailto:office@example.org?subject=stop", true},
		{"mailto:", false},
		{"office@example.org", false},
		{"ftp://example.org/", false},
		{"https://example.org/a b", false},
		{"https://example.org/a>,<x", false},
		{"https://example.org/\r\nBcc: x@example.org", false},
		{"https://example.org/ж", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {""};
		assert_int_equal(mail_check_unsubscribe(rows[i].uri, &err) == 0, rows[i].is_good);
		assert_int_equal(err.text[0] == '\0', rows[i].is_good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_build__headers_for_readers__are_there_when_asked_for),
		cmocka_unit_test(mail_build__reply_address_that_cannot_be_used__is_left_out),
		cmocka_unit_test(
			mail_build__reply_address_that_needs_smtputf8__goes_only_where_the_recipient_needs_it_too),
		cmocka_unit_test(mail_check_unsubscribe__rows),
		cmocka_unit_test(mail_build__address_outside_ascii__stands_in_the_header_as_it_is),
		cmocka_unit_test(mail_build__russian_reminder__is_golden),
		cmocka_unit_test(mail_build__least_of_everything__is_golden),
		cmocka_unit_test(mail_build__date__has_english_names_and_the_zone),
		cmocka_unit_test(mail_build__subject__is_one_safe_header),
		cmocka_unit_test(mail_build__word_over_998__goes_into_encoded_words),
		cmocka_unit_test(mail_build__to__is_one_mailbox),
		cmocka_unit_test(mail_build__body__has_the_encoding_that_fits),
		cmocka_unit_test(mail_build__bad_fields__are_refused),
		cmocka_unit_test(mail_build__over_the_maximum__is_refused),
		cmocka_unit_test(mail_check_address__table),
		cmocka_unit_test(mail_wire_address__table),
		cmocka_unit_test(mail_split_address__table),
		cmocka_unit_test(mail_add_encoded__column_already_used__decides_the_first_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

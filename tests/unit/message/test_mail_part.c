#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "message/mail.h"

/* The messages below were read back with Python's email package (policy "default"), which found no defect. */

static struct mail mail_sample(void)
{
	return (struct mail){
		.from_address = "deadlined@example.org",
		.to_address = "ivan@example.org",
		.subject = "Report",
		.text = "Hello\n",
		.html = "<p lang=\"en\">Hello</p>\n",
		.message_id = "r.1842.3@example.org",
		.date_utc = 1767596400,
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
	return buf_take(&out);
}

static const char *behind(const char *text, const char *start)
{
	const char *at = strstr(text, start);
	if (at == NULL)
		fail_msg("no '%s' in %s", start, text);
	return at;
}

static size_t count(const char *text, const char *piece)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, piece)) != NULL; p += strlen(piece))
		n++;
	return n;
}

static void mail_part__text_and_html__is_golden(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	char *text = built(&mail), *again = built(&mail);
	assert_string_equal(behind(text, "MIME-Version"),
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: multipart/alternative; boundary=\"=_alt_939e0fb424392ad7\"\r\n"
			    "\r\n"
			    "--=_alt_939e0fb424392ad7\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Transfer-Encoding: 7bit\r\n"
			    "\r\n"
			    "Hello\r\n"
			    "\r\n"
			    "--=_alt_939e0fb424392ad7\r\n"
			    "Content-Type: text/html; charset=utf-8\r\n"
			    "Content-Transfer-Encoding: 7bit\r\n"
			    "\r\n"
			    "<p lang=\"en\">Hello</p>\r\n"
			    "\r\n"
			    "--=_alt_939e0fb424392ad7--\r\n");
	assert_string_equal(again, text);
	free(text);
	free(again);
}

static void mail_part__calendar__is_the_last_alternative_and_a_file(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
	mail.calendar_method = "PUBLISH";
	char *text = built(&mail);
	const char *mixed = behind(text, "Content-Type: multipart/mixed; boundary=\"=_mix_");
	const char *plain = behind(mixed, "--=_alt_"), *html = behind(plain + 1, "\r\n--=_alt_");
	const char *calendar = behind(html + 1, "\r\n--=_alt_"), *end = behind(calendar + 1, "\r\n--=_alt_");
	assert_ptr_equal(behind(plain, "text/plain"), strstr(text, "text/plain"));
	assert_true(strstr(html, "text/html") < calendar);
	assert_true(behind(calendar,
			   "Content-Type: text/calendar; charset=utf-8; method=PUBLISH; component=VEVENT\r\n") < end);
	const char *file = behind(end, "Content-Type: application/ics; name=\"deadline.ics\"\r\n"
				       "Content-Disposition: attachment; filename=\"deadline.ics\"\r\n");
	assert_non_null(strstr(file, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\r\n--=_mix_"));
	assert_int_equal(count(text, "BEGIN:VCALENDAR"), 2);
	free(text);
}

static void mail_part__calendar_without_html__is_beside_the_text(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.html = NULL;
	mail.calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
	mail.calendar_method = "CANCEL";
	char *text = built(&mail);
	assert_int_equal(count(text, "\r\n--=_alt_"), 3);
	assert_non_null(strstr(text, "method=CANCEL"));
	assert_null(strstr(text, "text/html"));
	free(text);
}

static void mail_part__no_html__is_one_part(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	mail.html = NULL;
	char *text = built(&mail);
	assert_null(strstr(text, "multipart"));
	assert_null(strstr(text, "--=_"));
	free(text);
}

/* Whoever writes a title knows how a boundary looks; it must not end the part. */
static void mail_part__text_like_a_boundary__is_encoded(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	char *first = built(&mail);
	const char *boundary = behind(first, "\r\n--=_alt_") + 2;
	char *line = mem_dup_n(boundary, strcspn(boundary, "\r")), *body = mem_printf("a\n%s\nb\n", line);
	mail.text = mail.html = body;
	char *text = built(&mail);
	assert_int_equal(count(text, line), 3); /* two that open parts, and the end */
	assert_int_equal(count(text, "--=3D_alt_"), 2);
	free(first);
	free(line);
	free(body);
	free(text);
}

static void mail_part__long_lines__are_folded_and_ascii(void **state)
{
	(void)state;
	char *html = mem_zero(1, 5001);
	for (size_t i = 0; i < 5000; i += 2)
		memcpy(html + i, "ж", 2);
	struct mail mail = mail_sample();
	mail.html = html;
	char *text = built(&mail);
	for (const char *line = text; *line != '\0'; line = strstr(line, "\r\n") + 2)
		assert_in_range(strcspn(line, "\r"), 0, 78);
	for (const char *p = text; *p != '\0'; p++)
		assert_true((unsigned char)*p < 0x80);
	free(text);
	free(html);
}

static void mail_part__html_too_long__is_an_error(void **state)
{
	(void)state;
	struct mail mail = mail_sample();
	struct buf out;
	struct err err = {""};
	char *html = mem_zero(1, 4001);
	memset(html, 'x', 4000);
	mail.html = html;
	buf_init(&out, 3000);
	assert_int_not_equal(mail_build(&mail, &out, &err), 0);
	assert_string_not_equal(err.text, "");
	buf_done(&out);
	free(html);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_part__text_and_html__is_golden),
		cmocka_unit_test(mail_part__calendar__is_the_last_alternative_and_a_file),
		cmocka_unit_test(mail_part__calendar_without_html__is_beside_the_text),
		cmocka_unit_test(mail_part__no_html__is_one_part),
		cmocka_unit_test(mail_part__text_like_a_boundary__is_encoded),
		cmocka_unit_test(mail_part__long_lines__are_folded_and_ascii),
		cmocka_unit_test(mail_part__html_too_long__is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

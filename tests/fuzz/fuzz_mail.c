/* Five lines (names and addresses of sender and recipient, subject) and a body. A mail has the headers it must have and no
 * others, lines that every server takes, and a decoder that shares nothing with the encoder finds in it what went in. */
#include "base/buf.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "message/mail.h"

enum { MESSAGE_MAX = 1024 * 1024, LINE_HARD = 998, WORD_MAX = 75 };

/* ---- the decoder ---- */

static int digit_of(char c, const char *digits)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

static void decode_base64(const char *text, size_t len, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, n = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = digit_of(text[i], digits);
		FUZZ_NEED(digit >= 0 || strchr("=\r\n", text[i]) != NULL, text);
		if (digit < 0)
			continue;
		bits = bits << 6 | (unsigned)digit;
		n += 6;
		if (n >= 8)
			buf_add_char(out, (char)(bits >> (n -= 8) & 255));
	}
}

static void decode_quoted_printable(const char *text, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";
	for (; *text != '\0'; text++) {
		if (*text != '=') {
			buf_add_char(out, *text);
		} else if (strncmp(text + 1, "\r\n", 2) == 0) {
			text += 2;
		} else {
			int high = digit_of(text[1], digits), low = high < 0 ? -1 : digit_of(text[2], digits);
			FUZZ_NEED(low >= 0, text);
			buf_add_char(out, (char)(high << 4 | low));
			text += 2;
		}
	}
}

/* The value of an unfolded header: encoded words with a blank between them, a quoted-string (of a phrase), or as it
 * stands. */
static void decode_value(const char *value, bool is_phrase, struct buf *out)
{
	bool is_quoted = is_phrase && *value == '"';
	if (strncmp(value, "=?", 2) != 0 && !is_quoted) {
		FUZZ_NEED(strstr(value, "=?") == NULL, value);
		buf_add_str(out, value);
		return;
	}
	if (is_quoted) {
		for (value++; *value != '"'; value++) {
			value += *value == '\\';
			FUZZ_NEED(*value != '\0', value);
			buf_add_char(out, *value);
		}
		FUZZ_NEED(value[1] == '\0', value);
		return;
	}
	for (;; value += strspn(value, " ")) {
		FUZZ_NEED(strncmp(value, "=?UTF-8?B?", 10) == 0, value);
		size_t len = strcspn(value + 10, "?"), before = out->len;
		FUZZ_NEED(strncmp(value + 10 + len, "?=", 2) == 0 && len + 12 <= WORD_MAX, value);
		decode_base64(value + 10, len, out);
		FUZZ_NEED(utf8_is_valid(out->data + before, out->len - before), value); /* whole letters in each */
		value += len + 12;
		if (*value == '\0')
			return;
		FUZZ_NEED(*value == ' ', value);
	}
}

/* ---- what should come out ---- */

static void add_letter(struct buf *out, uint32_t c)
{
	char letter[4];
	buf_add(out, letter, utf8_put(c, letter));
}

static bool is_ascii_control(uint32_t c)
{
	return c < ' ' || c == 0x7f;
}

/* Without the blanks around it, controls as blanks. */
static void sanitise_header(const char *text, struct buf *out)
{
	const char *end = text + strlen(text);
	while (text < end && (is_ascii_control((unsigned char)*text) || *text == ' '))
		text++;
	while (end > text && (is_ascii_control((unsigned char)end[-1]) || end[-1] == ' '))
		end--;
	while (text < end) {
		uint32_t c = utf8_next(&text, end);
		add_letter(out, utf8_is_control(c) ? ' ' : c);
	}
}

/* Lines that end in CRLF, without ASCII controls but tabs. */
static void sanitise_body(const char *text, struct buf *out)
{
	const char *end = text + strlen(text);
	bool is_open = false;
	while (text < end) {
		uint32_t c = utf8_next(&text, end);
		if (c == '\r' && *text == '\n')
			continue;
		if (c == '\r' || c == '\n') {
			buf_add_str(out, "\r\n");
			is_open = false;
		} else if (c == '\t' || !is_ascii_control(c)) {
			add_letter(out, c);
			is_open = true;
		}
	}
	buf_add_str(out, is_open ? "\r\n" : "");
}

/* ---- the checks ---- */

static void check_wire(const char *text, size_t len, bool is_ascii)
{
	FUZZ_NEED(strlen(text) == len, text);
	FUZZ_NEED(len >= 2 && memcmp(text + len - 2, "\r\n", 2) == 0, text);
	for (size_t line = 0, i = 0; i < len; i++) {
		if (text[i] == '\r') {
			FUZZ_NEED(text[i + 1] == '\n' && i - line <= LINE_HARD, text);
			line = i + 2;
		}
		FUZZ_NEED(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'), text);
		FUZZ_NEED(!is_ascii_control((unsigned char)text[i]) || strchr("\t\r\n", text[i]) != NULL, text);
		FUZZ_NEED((unsigned char)text[i] < 0x80 || !is_ascii, text);
	}
}

/* Unfolds the next header into out; returns what comes after it. */
static const char *take_header(const char *text, struct buf *out)
{
	bool is_first = true;
	buf_clear(out);
	while (is_first || *text == ' ' || *text == '\t') {
		size_t len = strcspn(text, "\r");
		FUZZ_NEED(strspn(text, " \t") < len, text); /* no line of blanks: it ends the headers somewhere */
		buf_add(out, text, len);
		text += len + 2;
		is_first = false;
	}
	return text;
}

static void check_value(const char *value, const char *original, bool is_phrase)
{
	struct buf decoded, expected;
	buf_init(&decoded, MESSAGE_MAX);
	buf_init(&expected, MESSAGE_MAX);
	decode_value(value, is_phrase, &decoded);
	sanitise_header(original, &expected);
	FUZZ_NEED(strcmp(buf_str(&decoded), buf_str(&expected)) == 0, value);
	buf_done(&decoded);
	buf_done(&expected);
}

/* "NAME <address>", or the address alone when there is no name. */
static void check_mailbox(char *value, const char *name, const char *address)
{
	size_t len = strlen(value);
	char *mark = strrchr(value, '<');
	if (mark == NULL) {
		FUZZ_NEED(strcmp(value, address) == 0, value);
		check_value("", name, true);
		return;
	}
	FUZZ_NEED(value[len - 1] == '>' && mark > value && mark[-1] == ' ', value);
	value[len - 1] = '\0';
	FUZZ_NEED(strcmp(mark + 1, address) == 0, value);
	mark[-1] = '\0';
	check_value(value, name, true);
}

static void check_header(size_t number, char *header, const struct mail *mail, const char *from, const char *to)
{
	static const char *const names[] = {
		"Date: ",           "From: ",      "To: ",           "Subject:",     "Message-ID: ",
		"Auto-Submitted: ", "X-Auto-Resp", "MIME-Version: ", "Content-Type", "Content-Transfer"};
	size_t n = sizeof(names) / sizeof(names[0]), len = number < n ? strlen(names[number]) : 0;
	FUZZ_NEED(number < n && strncmp(header, names[number], len) == 0, header);
	if (number == 1)
		check_mailbox(header + len, mail->from_name, from);
	else if (number == 2)
		check_mailbox(header + len, mail->to_name, to);
	else if (number == 3)
		check_value(header + len + (header[len] == ' '), mail->subject, false);
}

static void check_body(const char *encoding, const char *body, const struct mail *mail)
{
	struct buf decoded, expected;
	buf_init(&decoded, MESSAGE_MAX);
	buf_init(&expected, MESSAGE_MAX);
	sanitise_body(mail->text, &expected);
	if (strstr(encoding, "base64") != NULL)
		decode_base64(body, strlen(body), &decoded);
	else if (strstr(encoding, "quoted-printable") != NULL)
		decode_quoted_printable(body, &decoded);
	else
		buf_add_str(&decoded, body);
	FUZZ_NEED(strcmp(buf_str(&decoded), buf_str(&expected)) == 0, body);
	buf_done(&decoded);
	buf_done(&expected);
}

static void check_message(const struct mail *mail, const char *text)
{
	char *from = NULL, *to = NULL;
	struct err err;
	struct buf header;
	size_t number = 0;
	buf_init(&header, MESSAGE_MAX);
	FUZZ_NEED(mail_wire_address(mail->from_address, &from, &err) == 0, mail->from_address);
	FUZZ_NEED(mail_wire_address(mail->to_address, &to, &err) == 0, mail->to_address);
	while (*text != '\r') {
		text = take_header(text, &header);
		check_header(number++, header.data, mail, from, to);
	}
	FUZZ_NEED(number == 10, text);
	check_body(buf_str(&header), text + 2, mail);
	buf_done(&header);
	free(from);
	free(to);
}

static void check_mail(const struct mail *mail)
{
	struct buf out;
	struct err err = {""};
	buf_init(&out, MESSAGE_MAX);
	bool is_good = mail_check_address(mail->from_address, &err) && mail_check_address(mail->to_address, &err);
	int status = mail_build(mail, &out, &err);
	FUZZ_NEED((status == 0) == is_good, mail->to_address);
	FUZZ_NEED(status == 0 || (out.len == 0 && err.text[0] != '\0'), mail->to_address);
	if (status == 0) {
		check_wire(buf_str(&out), out.len,
			   !mail_needs_smtputf8(mail->from_address) && !mail_needs_smtputf8(mail->to_address));
		check_message(mail, buf_str(&out));
	}
	buf_done(&out);
}

static void check_split(const char *text)
{
	char *name = NULL, *address = NULL;
	struct err err = {""};
	int status = mail_split_address(text, &name, &address, &err);
	FUZZ_NEED(status == 0 ? mail_check_address(address, &err) : err.text[0] != '\0', text);
	free(name);
	free(address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	char *from_name = fuzz_take_line(&input), *from = fuzz_take_line(&input), *to_name = fuzz_take_line(&input),
	     *to = fuzz_take_line(&input), *subject = fuzz_take_line(&input), *text = fuzz_take_rest(&input);
	struct mail mail = {
		.from_name = from_name,
		.from_address = from[0] != '\0' ? from : "deadlined@example.org",
		.to_name = to_name,
		.to_address = to[0] != '\0' ? to : "ivan@example.org",
		.subject = subject,
		.text = text,
		.message_id = "r.1842.3@example.org",
		.date_utc = 1767596400,
	};
	check_mail(&mail);
	check_split(to_name);
	free(from_name);
	free(from);
	free(to_name);
	free(to);
	free(subject);
	free(text);
	return 0;
}

#include "message/mail.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/mail_priv.h"

static const char mail_word_start[] = "=?UTF-8?B?", mail_word_end[] = "?=";

enum {
	MAIL_WORD_COST = 12,                  /* of the two above */
	MAIL_WORD_BYTES = 45,                 /* the most that fit: RFC 2047 2 allows 75 characters */
	MAIL_BASE64_LINE = MAIL_LINE / 4 * 3, /* bytes in a full line of base64 */
};

/* Writes n bytes as base64; returns the characters written. */
static size_t mail_base64(const char *bytes, size_t n, char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes;
	char *start = text;
	for (; n >= 3; n -= 3, p += 3) {
		*text++ = digits[p[0] >> 2];
		*text++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
		*text++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
		*text++ = digits[p[2] & 63];
	}
	if (n > 0) {
		int second = n == 2 ? p[1] : 0;
		*text++ = digits[p[0] >> 2];
		*text++ = digits[(p[0] & 3) << 4 | second >> 4];
		*text++ = n == 2 ? digits[(second & 15) << 2] : '=';
		*text++ = '=';
	}
	return (size_t)(text - start);
}

/* ---- values of headers ---------------------------------------------------------------------- */

/* What decides how a value is written, found in one pass. */
struct mail_value {
	const char *start, *end; /* blanks at both ends left out */
	bool is_plain;           /* ASCII that no reader takes for an encoded word */
	bool is_atoms;           /* words of atom characters with single blanks between: a phrase without quotes */
	size_t longest;          /* word with the blanks before it: what cannot be folded */
	size_t quoted_len;       /* as a quoted-string */
};

/* ASCII controls count as blanks: they are written as such. */
static bool mail_is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static struct mail_value mail_look(const char *text)
{
	const char *end = text + strlen(text);
	while (text < end && mail_is_blank(*text))
		text++;
	while (end > text && mail_is_blank(end[-1]))
		end--;

	struct mail_value value = {
		.start = text, .end = end, .is_plain = true, .is_atoms = true, .quoted_len = (size_t)(end - text) + 2};
	const char *chunk = text;
	for (const char *p = text; p < end; p++) {
		if (mail_is_blank(*p) && !mail_is_blank(p[-1]))
			chunk = p;
		if ((size_t)(p - chunk) >= value.longest)
			value.longest = (size_t)(p - chunk) + 1;
		if ((unsigned char)*p >= 0x80 || (*p == '=' && p[1] == '?'))
			value.is_plain = false;
		if (value.is_atoms && (mail_is_blank(*p) ? mail_is_blank(p[-1]) : !mail_is_atext((unsigned char)*p)))
			value.is_atoms = false;
		value.quoted_len += *p == '"' || *p == '\\';
	}
	return value;
}

static void mail_add_blanked(struct buf *out, const char *start, const char *end)
{
	for (; start < end && mail_is_blank(*start); start++)
		buf_add_char(out, ' ');
	buf_add(out, start, (size_t)(end - start));
}

static void mail_add_folded(struct buf *out, const struct mail_value *value, size_t used)
{
	const char *p = value->start;
	while (p < value->end) {
		const char *chunk = p;
		while (p < value->end && mail_is_blank(*p))
			p++;
		while (p < value->end && !mail_is_blank(*p))
			p++;
		size_t len = (size_t)(p - chunk);
		if (chunk != value->start && used + len > MAIL_LINE) {
			buf_add_str(out, "\r\n");
			used = 0;
		}
		mail_add_blanked(out, chunk, p);
		used += len;
	}
}

static void mail_add_quoted(struct buf *out, const struct mail_value *value)
{
	buf_add_char(out, '"');
	for (const char *p = value->start; p < value->end; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, mail_is_blank(*p) ? ' ' : *p);
	}
	buf_add_char(out, '"');
}

static void mail_add_word(struct buf *out, const char *bytes, size_t n)
{
	char text[MAIL_WORD_BYTES / 3 * 4];
	buf_add_str(out, mail_word_start);
	buf_add(out, text, mail_base64(bytes, n, text));
	buf_add_str(out, mail_word_end);
}

/* How many bytes an encoded word may hold that starts in that column. */
static size_t mail_word_room(size_t column)
{
	if (column + MAIL_WORD_COST > MAIL_LINE)
		return 0;
	size_t room = (MAIL_LINE - MAIL_WORD_COST - column) / 4 * 3;
	return room < MAIL_WORD_BYTES ? room : MAIL_WORD_BYTES;
}

static void mail_add_words(struct buf *out, const struct mail_value *value, size_t used)
{
	char bytes[MAIL_WORD_BYTES];
	size_t n = 0, room = mail_word_room(used);
	for (const char *p = value->start; p < value->end;) {
		char letter[4];
		uint32_t c = utf8_next(&p, value->end);
		size_t len = utf8_put(utf8_is_control(c) ? ' ' : c, letter);
		if (n + len > room) {
			if (n > 0)
				mail_add_word(out, bytes, n);
			buf_add_str(out, "\r\n ");
			room = mail_word_room(1);
			n = 0;
		}
		memcpy(bytes + n, letter, len);
		n += len;
	}
	mail_add_word(out, bytes, n);
}

void mail_add_encoded(struct buf *out, const char *text, size_t used, bool is_phrase)
{
	struct mail_value value = mail_look(text);
	if (value.start == value.end)
		return;
	if (value.is_plain && used + value.longest <= MAIL_LINE_HARD && (!is_phrase || value.is_atoms))
		mail_add_folded(out, &value, used);
	else if (value.is_plain && is_phrase && used + value.quoted_len <= MAIL_LINE)
		mail_add_quoted(out, &value);
	else
		mail_add_words(out, &value, used);
}

/* ---- bodies ---------------------------------------------------------------------- */

/* A body ready to be encoded: valid UTF-8, every line ended by CRLF, no control but tabs. */
struct mail_text {
	char *bytes;
	size_t len;
	size_t n_lines;
	size_t longest;  /* line, without its end */
	size_t n_8bit;   /* bytes outside ASCII */
	size_t n_equals; /* "=" */
};

static void mail_end_line(struct mail_text *text, size_t *line)
{
	size_t len = text->len - *line;
	if (len > text->longest)
		text->longest = len;
	text->n_lines++;
	text->bytes[text->len++] = '\r';
	text->bytes[text->len++] = '\n';
	*line = text->len;
}

/* Copies the character outside ASCII that *p starts; moves *p behind it. */
static void mail_take_letter(struct mail_text *text, const char **p, const char *end)
{
	char *out = text->bytes + text->len;
	unsigned char lead = (unsigned char)**p;
	size_t len = 2;
	/* Two valid bytes, as nearly every letter of a Russian text: a short cut that makes its mails in half the time.
	 */
	if (lead >= 0xc2 && lead < 0xe0 && ((*p)[1] & 0xc0) == 0x80) {
		memcpy(out, *p, 2);
		*p += 2;
	} else {
		len = utf8_put(utf8_next(p, end), out);
	}
	text->len += len;
	text->n_8bit += len;
}

/* Copies what needs no look; returns its length. */
static size_t mail_take_plain(struct mail_text *text, const char *p, const char *end)
{
	size_t len = utf8_plain(p, end);
	for (const char *at = p; (at = memchr(at, '=', len - (size_t)(at - p))) != NULL; at++)
		text->n_equals++;
	memcpy(text->bytes + text->len, p, len);
	text->len += len;
	return len;
}

static struct mail_text mail_read_text(const char *p)
{
	size_t len = strlen(p), line = 0;
	const char *end = p + len;
	/* A byte that is no UTF-8 grows to three, a newline to two, and the last line may lack its end. */
	struct mail_text text = {.bytes = mem_alloc(len * 3 + 2)};
	while ((p += mail_take_plain(&text, p, end)) < end) {
		unsigned char c = (unsigned char)*p;
		if (c >= 0x80) {
			mail_take_letter(&text, &p, end);
			continue;
		}
		p++;
		if (c == '\n' || c == '\r') {
			p += c == '\r' && *p == '\n';
			mail_end_line(&text, &line);
		} else if (c == '\t') {
			text.bytes[text.len++] = '\t';
		}
	}
	if (text.len > line)
		mail_end_line(&text, &line);
	return text;
}

static size_t mail_base64_length(size_t len)
{
	size_t rest = len % MAIL_BASE64_LINE;
	return len / MAIL_BASE64_LINE * (MAIL_LINE + 2) + (rest != 0 ? (rest + 2) / 3 * 4 + 2 : 0);
}

static void mail_add_base64(struct buf *out, const struct mail_text *text)
{
	char line[MAIL_LINE + 2];
	for (size_t i = 0; i < text->len; i += MAIL_BASE64_LINE) {
		size_t left = text->len - i;
		size_t len = mail_base64(text->bytes + i, left < MAIL_BASE64_LINE ? left : MAIL_BASE64_LINE, line);
		line[len++] = '\r';
		line[len++] = '\n';
		buf_add(out, line, len);
	}
}

/* True when a line may not start like this: a dot is stuffed or, alone, ends the message in SMTP, and "From " starts
 * another message in an mbox file. */
static bool mail_starts_badly(const char *p, const char *end)
{
	return *p == '.' || (end - p >= 5 && memcmp(p, "From ", 5) == 0);
}

/* How many bytes stand for themselves within a line, at most max; the last one of a line is not among them. */
static size_t mail_quoted_run(const char *p, const char *end, size_t max)
{
	size_t left = (size_t)(end - p), len = utf8_plain(p, left < max ? end : p + max);
	const char *equals = memchr(p, '=', len);
	if (equals != NULL)
		return (size_t)(equals - p);
	return len > 0 ? len - 1 : 0;
}

/* Writes the next line in quoted-printable with its end (RFC 2045 6.7) and moves *text behind what it holds; returns
 * its length. *text is below end. */
static size_t mail_quoted_line(const char **text, const char *end, char line[MAIL_LINE + 2])
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p = *text;
	size_t n = 0;
	for (; *p != '\r'; p++) {
		size_t run = n > 0 ? mail_quoted_run(p, end, MAIL_LINE - 1 - n) : 0;
		memcpy(line + n, p, run);
		n += run;
		p += run;
		unsigned char c = (unsigned char)*p;
		bool is_last = p[1] == '\r';
		bool is_escaped = c == '=' || c >= 0x80 || (is_last && (c == ' ' || c == '\t')) ||
				  (n == 0 && mail_starts_badly(p, end));
		if (n + (is_escaped ? 3 : 1) + !is_last > MAIL_LINE) {
			line[n++] = '=';
			break;
		}
		line[n++] = is_escaped ? '=' : (char)c;
		if (is_escaped) {
			line[n++] = digits[c >> 4];
			line[n++] = digits[c & 15];
		}
	}
	*text = *p == '\r' ? p + 2 : p;
	line[n++] = '\r';
	line[n++] = '\n';
	return n;
}

static size_t mail_quoted_length(const struct mail_text *text)
{
	char line[MAIL_LINE + 2];
	const char *p = text->bytes, *end = p + text->len;
	size_t len = 0;
	while (p < end)
		len += mail_quoted_line(&p, end, line);
	return len;
}

/* How long a line is, with its end, that stands for itself as a whole; 0 for any other. */
static size_t mail_plain_line(const struct mail_text *text, const char *p, const char *end)
{
	size_t left = (size_t)(end - p), len = utf8_plain(p, left < MAIL_LINE + 1 ? end : p + MAIL_LINE + 1);
	bool is_plain = len <= MAIL_LINE && p[len] == '\r' && !mail_starts_badly(p, end) &&
			(len == 0 || p[len - 1] != ' ') && (text->n_equals == 0 || memchr(p, '=', len) == NULL);
	return is_plain ? len + 2 : 0;
}

static void mail_add_quoted_lines(struct buf *out, const struct mail_text *text)
{
	char line[MAIL_LINE + 2];
	const char *p = text->bytes, *end = p + text->len, *run = p; /* of lines that stand for themselves */
	while (p < end) {
		size_t len = mail_plain_line(text, p, end);
		if (len != 0) {
			p += len;
			continue;
		}
		buf_add(out, run, (size_t)(p - run));
		len = mail_quoted_line(&p, end, line);
		buf_add(out, line, len);
		run = p;
	}
	buf_add(out, run, (size_t)(end - run));
}

/* Two bounds settle all but the close cases, which are counted: a line in quoted-printable can have two more characters
 * at each end, and a soft break of three after at least 73. */
static bool mail_is_quoted_shorter(const struct mail_text *text)
{
	size_t base64 = mail_base64_length(text->len);
	size_t least = text->len + 2 * (text->n_8bit + text->n_equals);
	size_t most = least + 4 * text->n_lines + 7 * (least / 73);
	if (most <= base64)
		return true;
	return least <= base64 && mail_quoted_length(text) <= base64;
}

/* As it is, if no server would change it and no line of it can be taken for a boundary. */
static bool mail_is_7bit(const struct mail_text *text)
{
	static const char mark[] = "--" MAIL_BOUNDARY_MARK;
	return text->n_8bit == 0 && text->longest <= MAIL_LINE_SHORT &&
	       (text->n_equals == 0 || memmem(text->bytes, text->len, mark, strlen(mark)) == NULL);
}

void mail_add_body(struct buf *out, const char *body)
{
	struct mail_text text = mail_read_text(body);
	buf_add_str(out, "Content-Transfer-Encoding: ");
	if (mail_is_7bit(&text)) {
		buf_add_str(out, "7bit\r\n\r\n");
		buf_add(out, text.bytes, text.len);
	} else if (mail_is_quoted_shorter(&text)) {
		buf_add_str(out, "quoted-printable\r\n\r\n");
		mail_add_quoted_lines(out, &text);
	} else {
		buf_add_str(out, "base64\r\n\r\n");
		mail_add_base64(out, &text);
	}
	free(text.bytes);
}

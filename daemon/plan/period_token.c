#include "plan/period_phrase.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

enum { PERIOD_CJK_WORD_MAX = 3, PERIOD_DIGITS_MAX = 4 };

struct period_reader {
	const char *p, *end;
	struct period_phrase *phrase;
	struct period_error *error;
};

static uint32_t period_token_peek(const char *p, const char *end)
{
	return p < end ? utf8_next(&p, end) : 0;
}

static bool period_token_is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x202f || c == 0x2009 || c == 0x3000;
}

static bool period_token_is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0x400 && c <= 0x4ff);
}

static bool period_token_is_cjk(uint32_t c)
{
	return c == 0x3007 || (c >= 0x4e00 && c <= 0x9fff);
}

/* The value of a decimal digit, European or full-width, or -1. */
static int period_token_digit(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int)c - '0';
	return c >= 0xff10 && c <= 0xff19 ? (int)c - 0xff10 : -1;
}

/* The value of a Chinese numeral, ten included, or -1. */
static int period_token_numeral(uint32_t c)
{
	static const uint32_t numerals[] = {0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,
					    0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341};
	for (size_t i = 0; i < sizeof(numerals) / sizeof(numerals[0]); i++)
		if (c == numerals[i])
			return (int)i;
	return c == 0x3007 ? 0 : -1;
}

static uint32_t period_token_lower(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 'a' - 'A';
	if (c >= 0x410 && c <= 0x42f)
		return c + 0x20;
	return c == 0x401 || c == 0x451 ? 0x435 : c; /* Ё, ё: е */
}

/* Appends a token that began at start and ends where the reader stands. */
static struct period_token *period_token_add(struct period_reader *reader, const char *start,
					     enum period_token_kind kind)
{
	struct period_phrase *phrase = reader->phrase;
	struct period_token *token = &phrase->tokens[phrase->n_tokens];
	unsigned offset = (unsigned)(start - phrase->text);
	const struct period_token *last = phrase->n_tokens > 0 ? token - 1 : NULL;
	phrase->n_tokens++;
	*token = (struct period_token){
		.kind = kind,
		.is_joined = last != NULL && last->offset + last->length == offset,
		.is_ascii = (*start & 0x80) == 0,
		.offset = offset,
		.length = (unsigned)(reader->p - start),
	};
	return token;
}

static int period_token_fail(const struct period_reader *reader, const char *start, size_t len, const char *why)
{
	reader->error->offset = (unsigned)(start - reader->phrase->text);
	reader->error->length = (unsigned)len;
	return err_set(&reader->error->err, -EINVAL, "'%.*s': %s", (int)len, start, why);
}

/* A word that the tables do not know: lower is what was looked for. */
static int period_token_fail_word(const struct period_reader *reader, const char *start, const char *lower, size_t len)
{
	size_t near_len;
	const char *near = period_words_nearest(lower, len, &near_len);
	int rc =
		period_token_fail(reader, start, (size_t)(reader->p - start), "not a word of dates that is known here");
	struct err why = reader->error->err;
	if (near == NULL)
		return err_set(&reader->error->err, rc, "%s; " PERIOD_CURE, why.text);
	return err_set(&reader->error->err, rc, "%s; did you mean '%.*s'?", why.text, (int)near_len, near);
}

static int period_token_number(struct period_reader *reader)
{
	const char *start = reader->p;
	unsigned digits = 0;
	int value = 0;
	while (period_token_digit(period_token_peek(reader->p, reader->end)) >= 0) {
		int digit = period_token_digit(utf8_next(&reader->p, reader->end));
		if (++digits <= PERIOD_DIGITS_MAX)
			value = value * 10 + digit;
	}
	if (digits > PERIOD_DIGITS_MAX)
		return period_token_fail(reader, start, (size_t)(reader->p - start),
					 "too long for a number in a date; write 2025-06-15 or 15.06.2025");

	struct period_token *token = period_token_add(reader, start, TOKEN_NUMBER);
	token->value = value;
	token->digits = digits;
	return 0;
}

/* A Chinese number as dates have it: 六, 十二, 二十三, or digit by digit 二〇二五. */
static int period_token_chinese(struct period_reader *reader)
{
	const char *start = reader->p;
	int value = 0, pending = 0, n = 0, n_after_ten = -1;
	for (;;) {
		int numeral = period_token_numeral(period_token_peek(reader->p, reader->end));
		if (numeral < 0)
			break;
		(void)utf8_next(&reader->p, reader->end);
		n_after_ten += n_after_ten >= 0 ? 1 : 0;
		if (++n > PERIOD_DIGITS_MAX || (numeral == 10 && (n > 2 || n_after_ten > 0)) || n_after_ten > 1)
			return period_token_fail(reader, start, (size_t)(reader->p - start),
						 "not a number as dates have it");
		if (numeral == 10) {
			n_after_ten = 0;
			value = n == 1 ? 10 : pending * 10;
			pending = 0;
		} else {
			pending = pending * 10 + numeral;
		}
	}
	struct period_token *token = period_token_add(reader, start, TOKEN_NUMBER);
	token->value = value + pending;
	token->is_cjk = true;
	return 0;
}

static bool period_token_is_ordinal_end(const char *word, size_t len)
{
	static const char *const ends[] = {"й",  "ый",  "ой", "ий", "я", "ая", "ья", "е",  "ое", "ье", "го", "ого",
					   "му", "ому", "м",  "ом", "ю", "ую", "ей", "st", "nd", "rd", "th"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strlen(ends[i]) == len && memcmp(ends[i], word, len) == 0)
			return true;
	return false;
}

/* "2-я", "3-го", "15th": the ending becomes part of the number before it. */
static bool period_token_join_ordinal(struct period_reader *reader, const char *start, const char *word, size_t len)
{
	struct period_phrase *phrase = reader->phrase;
	size_t n = phrase->n_tokens;
	if (n > 1 && phrase->tokens[n - 1].kind == TOKEN_DASH && phrase->tokens[n - 1].is_joined)
		n--;
	if (n == 0 || phrase->tokens[n - 1].kind != TOKEN_NUMBER || !period_token_is_ordinal_end(word, len))
		return false;

	const struct period_token *last = &phrase->tokens[phrase->n_tokens - 1];
	if (last->offset + last->length != (unsigned)(start - phrase->text))
		return false;
	phrase->n_tokens = n;
	struct period_token *number = &phrase->tokens[n - 1];
	number->length = (unsigned)(reader->p - phrase->text) - number->offset;
	return true;
}

/* I..V in capitals, as quarters have them, or 0. */
static int period_token_roman(const char *text, size_t len)
{
	static const char *const numerals[] = {"I", "II", "III", "IV", "V"};
	for (size_t i = 0; i < sizeof(numerals) / sizeof(numerals[0]); i++)
		if (strlen(numerals[i]) == len && memcmp(numerals[i], text, len) == 0)
			return (int)i + 1;
	return 0;
}

static int period_token_word(struct period_reader *reader)
{
	char word[PERIOD_PHRASE_MAX];
	size_t len = 0;
	const char *start = reader->p;
	while (period_token_is_letter(period_token_peek(reader->p, reader->end)))
		len += utf8_put(period_token_lower(utf8_next(&reader->p, reader->end)), word + len);

	if (period_token_join_ordinal(reader, start, word, len))
		return 0;

	int roman = period_token_roman(start, len);
	if (roman != 0) {
		period_token_add(reader, start, TOKEN_NUMBER)->value = roman;
		return 0;
	}
	struct period_token *token = period_token_add(reader, start, TOKEN_WORD);
	if (!period_words_find(word, len, &token->word, &token->value))
		return period_token_fail_word(reader, start, word, len);
	return 0;
}

/* The longest known word at the reader, or a Chinese number: these are written without blanks. */
static int period_token_cjk(struct period_reader *reader)
{
	const char *start = reader->p, *ends[PERIOD_CJK_WORD_MAX] = {0};
	size_t n = 0;
	while (n < PERIOD_CJK_WORD_MAX && period_token_is_cjk(period_token_peek(reader->p, reader->end))) {
		(void)utf8_next(&reader->p, reader->end);
		ends[n++] = reader->p;
	}

	enum period_word word;
	int value;
	for (size_t i = n; i-- > 0;) {
		reader->p = ends[i];
		if (period_words_find(start, (size_t)(ends[i] - start), &word, &value)) {
			struct period_token *token = period_token_add(reader, start, TOKEN_WORD);
			token->word = word;
			token->value = value;
			token->is_cjk = true;
			return 0;
		}
	}
	reader->p = start;
	if (period_token_numeral(period_token_peek(start, reader->end)) >= 0)
		return period_token_chinese(reader);
	return period_token_fail(reader, start, (size_t)(ends[0] - start),
				 "not a word of dates that is known here; " PERIOD_CURE);
}

/* TOKEN_END for what is no mark. */
static enum period_token_kind period_token_mark(uint32_t c)
{
	static const struct {
		enum period_token_kind kind;
		uint32_t marks[13];
	} kinds[] = {
		{TOKEN_DASH,
		 {'-', '~', 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x301c, 0xff0d, 0xff5e}},
		{TOKEN_DOT, {'.', 0xff0e}},
		{TOKEN_DOTS, {0x2025, 0x2026}},
		{TOKEN_SLASH, {'/', 0xff0f}},
		{TOKEN_COLON, {':', 0xff1a}},
		{TOKEN_COMMA, {',', 0xff0c, 0x3001}},
		{TOKEN_OPEN, {'(', 0xff08}},
		{TOKEN_CLOSE, {')', 0xff09}},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (const uint32_t *mark = kinds[i].marks; *mark != 0; mark++)
			if (*mark == c)
				return kinds[i].kind;
	return TOKEN_END;
}

static int period_token_punctuation(struct period_reader *reader)
{
	const char *start = reader->p;
	uint32_t c = utf8_next(&reader->p, reader->end);
	enum period_token_kind kind = period_token_mark(c);
	size_t len = (size_t)(reader->p - start);
	if (kind == TOKEN_END) {
		if (c != 0xfffd && !utf8_is_control(c))
			return period_token_fail(reader, start, len, "this character has no place in a date");
		(void)period_token_fail(reader, start, len, "");
		return err_set(&reader->error->err, -EINVAL, "byte %u is no text", reader->error->offset + 1);
	}
	if (kind == TOKEN_DOT && period_token_mark(period_token_peek(reader->p, reader->end)) == TOKEN_DOT) {
		(void)utf8_next(&reader->p, reader->end);
		kind = TOKEN_DOTS;
	}
	(void)period_token_add(reader, start, kind);
	return 0;
}

static int period_token_next(struct period_reader *reader)
{
	const char *start = reader->p;
	uint32_t c = period_token_peek(reader->p, reader->end);
	if (period_token_is_blank(c)) {
		(void)utf8_next(&reader->p, reader->end);
		return 0;
	}
	if (period_token_digit(c) >= 0)
		return period_token_number(reader);
	if (c >= 0x2160 && c <= 0x2164) { /* Roman numerals as characters of their own */
		(void)utf8_next(&reader->p, reader->end);
		period_token_add(reader, start, TOKEN_NUMBER)->value = (int)(c - 0x2160) + 1;
		return 0;
	}
	if (period_token_is_letter(c))
		return period_token_word(reader);
	if (period_token_is_cjk(c))
		return period_token_cjk(reader);
	return period_token_punctuation(reader);
}

int period_token_split(const char *text, struct period_phrase *ret_phrase, struct period_error *ret_error)
{
	size_t len = strnlen(text, PERIOD_PHRASE_MAX + 1);
	ret_error->day = (struct civil){0};
	if (len > PERIOD_PHRASE_MAX) {
		ret_error->offset = PERIOD_PHRASE_MAX;
		ret_error->length = 0;
		return err_set(&ret_error->err, -EINVAL, "a date of more than %d bytes", PERIOD_PHRASE_MAX);
	}

	ret_phrase->text = text;
	ret_phrase->n_tokens = 0;
	struct period_reader reader = {.p = text, .end = text + len, .phrase = ret_phrase, .error = ret_error};
	while (reader.p < reader.end) {
		int rc = period_token_next(&reader);
		if (rc < 0)
			return rc;
	}
	(void)period_token_add(&reader, reader.p, TOKEN_END);
	return 0;
}

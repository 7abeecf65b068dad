/* Which date somebody means who writes one into a chat: plan/period reads it, once what people only say is put as they
 * would write it. */
#include "talk/talk_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "plan/zone.h"

enum { DATE_TEXT_MAX = 2 * PERIOD_PHRASE_MAX, DATE_YEARS = 4 };

bool talk_date_is_exact(const struct period *period)
{
	return period->has_start && !period_is_window(period);
}

/* ---- as it would be written --------------------------------------------------------------------------------------- */

/* Small letters, for the alphabets that have them here. */
static uint32_t talk_lower(uint32_t c)
{
	bool is_latin = (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
	bool is_russian = c >= 0x410 && c <= 0x42f;
	return is_latin || is_russian ? c + 0x20 : c == 0x401 ? 0x451 : c;
}

/* "15. Juni" and "15.06." are an ordinal, and a full stop or an exclamation mark ends a sentence. */
static bool talk_is_mark(uint32_t c, uint32_t before, uint32_t next)
{
	bool is_ordinal = c == '.' && before >= '0' && before <= '9' && (next < '0' || next > '9');
	return is_ordinal || c == '!' || c == '?' || c == 0xff01 || c == 0xff1f || c == 0x3002;
}

static void talk_tidy(const char *text, struct buf *out)
{
	const char *end = text + strlen(text);
	uint32_t before = 0;
	while (text < end) {
		char bytes[4];
		uint32_t c = utf8_next(&text, end);
		const char *ahead = text;
		uint32_t next = ahead < end ? utf8_next(&ahead, end) : 0;
		bool is_blank = c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x3000;
		c = is_blank || talk_is_mark(c, before, next) ? ' ' : talk_lower(c);
		buf_add(out, bytes, utf8_put(c, bytes));
		before = c;
	}
}

/* plan/period has no German: its words become those that it has, or nothing. */
static const char *talk_translate(const char *word, size_t len)
{
	static const struct {
		const char *german, *known;
	} words[] = {
		{"januar", "january"},
		{"jänner", "january"},
		{"februar", "february"},
		{"märz", "march"},
		{"mai", "may"},
		{"juni", "june"},
		{"juli", "july"},
		{"oktober", "october"},
		{"dezember", "december"},
		{"um", ""},
		{"uhr", ""},
		{"der", ""},
		{"den", ""},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].german) == len && strncmp(words[i].german, word, len) == 0)
			return words[i].known;
	return NULL;
}

static void talk_translate_all(const char *text, struct buf *out)
{
	while (*(text += strspn(text, " ")) != '\0') {
		size_t len = strcspn(text, " ");
		const char *known = talk_translate(text, len);
		if (out->len > 0)
			buf_add_char(out, ' ');
		if (known != NULL)
			buf_add_str(out, known);
		else
			buf_add(out, text, len);
		text += len;
	}
}

/* "завтра в 14:00" begins with a day that only the calendar on the wall can tell. *ret_rest is what follows it. */
static bool talk_find_relative(const char *text, int *ret_days, const char **ret_rest)
{
	static const struct {
		const char *word;
		int days;
	} words[] = {
		{"сегодня", 0},
		{"завтра", 1},
		{"послезавтра", 2},
		{"today", 0},
		{"tomorrow", 1},
		{"day after tomorrow", 2},
		{"the day after tomorrow", 2},
		{"heute", 0},
		{"morgen", 1},
		{"übermorgen", 2},
		{"今天", 0},
		{"今日", 0},
		{"明天", 1},
		{"明日", 1},
		{"后天", 2},
		{"後天", 2},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		bool is_chinese = (unsigned char)words[i].word[0] >= 0xe0;
		if (strncmp(text, words[i].word, len) != 0 ||
		    (!is_chinese && strchr(" ,", text[len]) == NULL && text[len] != '\0'))
			continue;
		*ret_days = words[i].days;
		*ret_rest = text + len + strspn(text + len, " ,");
		return true;
	}
	return false;
}

/* "15", "15 числа", "15日" is a day of the month that the window is. */
static bool talk_find_day(const char *text, const struct period *window, int *ret_day)
{
	static const char *const units[] = {"", " числа", "-го", "日", "号"};
	size_t digits = strspn(text, "0123456789");
	bool is_month =
		window->has_start && window->start.year == window->end.year && window->start.month == window->end.month;
	if (!is_month || digits == 0 || digits > 2)
		return false;
	int day = text[0] - '0';
	if (digits == 2)
		day = 10 * day + (text[1] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + digits, units[i]) == 0) {
			*ret_day = day;
			return day >= 1 && day <= civil_days_in_month(window->start.year, window->start.month);
		}
	return false;
}

static void talk_add_day(const struct civil *day, const char *rest, struct buf *out)
{
	char date[CIVIL_DATE_SIZE];
	civil_format_date(day, date);
	buf_printf(out, "%s%s%s", date, rest[0] != '\0' ? " " : "", rest);
}

static void talk_rewrite(const char *text, const struct period *window, const struct civil *today, struct buf *out)
{
	const char *rest = "";
	int days = 0, day = 0;
	if (talk_find_relative(text, &days, &rest)) {
		struct civil date = civil_add_days(today, days);
		talk_add_day(&date, rest, out);
	} else if (talk_find_day(text, window, &day)) {
		struct civil date = window->start;
		date.day = day;
		talk_add_day(&date, "", out);
	} else {
		buf_add_str(out, text);
	}
}

/* ---- in which year ------------------------------------------------------------------------------------------------ */

static const struct civil *talk_start(const struct period *period)
{
	return period->has_start ? &period->start : &period->end;
}

bool talk_date_lies_within(const struct period *date, const struct period *window)
{
	return civil_to_days(talk_start(date)) >= civil_to_days(talk_start(window)) &&
	       civil_to_days(&date->end) <= civil_to_days(&window->end);
}

/* Reads the phrase as of that year. TALK_READ_DATE, or TALK_READ_WEEKDAY for a day that has another one. */
static enum talk_reading talk_parse_year(const char *phrase, int year, struct period *ret_date)
{
	struct period_error error;
	if (period_parse(phrase, year, ret_date, &error) == 0)
		return TALK_READ_DATE;
	if (error.day.year == 0)
		return TALK_READ_NOTHING;
	*ret_date = (struct period){.has_start = true, .start = error.day, .end = error.day, .precision = PERIOD_DAY};
	return TALK_READ_WEEKDAY;
}

/* The first year that puts it into the window, else the first in which it is to come, else the first. A phrase that names
 * its year is the same for every year that is tried. */
static enum talk_reading talk_parse(const char *phrase, const struct period *window, const struct zone *zone,
				    int64_t now_utc, int this_year, struct period *ret_date)
{
	const int years[DATE_YEARS] = {talk_start(window)->year, window->end.year, this_year, this_year + 1};
	enum talk_reading best = TALK_READ_NOTHING;
	bool is_to_come = false;
	for (int i = 0; i < DATE_YEARS; i++) {
		struct period date;
		enum talk_reading reading = talk_parse_year(phrase, years[i], &date);
		if (reading == TALK_READ_NOTHING)
			continue;
		if (talk_date_lies_within(&date, window)) {
			*ret_date = date;
			return reading;
		}
		bool comes = period_end_utc(&date, zone) > now_utc;
		if (best != TALK_READ_NOTHING && (is_to_come || !comes))
			continue;
		*ret_date = date;
		best = reading;
		is_to_come = comes;
	}
	return best;
}

enum talk_reading talk_date_read(const char *text, const struct period *window, const struct zone *zone,
				 int64_t now_utc, struct period *ret_date)
{
	struct civil today = zone_to_civil(zone, now_utc);
	struct period date;
	struct buf tidy, known, phrase;
	if (strlen(text) > PERIOD_PHRASE_MAX)
		return TALK_READ_NOTHING;
	buf_init(&tidy, DATE_TEXT_MAX);
	buf_init(&known, DATE_TEXT_MAX);
	buf_init(&phrase, DATE_TEXT_MAX);
	talk_tidy(text, &tidy);
	talk_translate_all(buf_str(&tidy), &known);
	talk_rewrite(buf_str(&known), window, &today, &phrase);
	enum talk_reading reading = talk_parse(buf_str(&phrase), window, zone, now_utc, today.year, &date);
	buf_done(&tidy);
	buf_done(&known);
	buf_done(&phrase);
	if (reading == TALK_READ_NOTHING)
		return reading;
	if (!talk_date_is_exact(&date))
		return TALK_READ_VAGUE;
	*ret_date = date;
	return reading == TALK_READ_WEEKDAY || period_end_utc(&date, zone) > now_utc ? reading : TALK_READ_PAST;
}

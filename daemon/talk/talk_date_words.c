/* What people say of a date in a chat, put as they would write it: marks and capitals that say nothing, German, and days
 * that only the calendar on the wall can tell. */
#include "talk/talk_priv.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

/* ---- its words --------------------------------------------------------------------------------------- */

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
static const char *talk_translate(const char *word, size_t len, bool is_first)
{
	static const struct {
		const char *german, *known, *known_first; /* where it is the first word; NULL: as elsewhere */
	} words[] = {
		{"januar", "january", NULL},
		{"jänner", "january", NULL},
		{"februar", "february", NULL},
		{"märz", "march", NULL},
		{"mai", "may", NULL},
		{"juni", "june", NULL},
		{"juli", "july", NULL},
		{"okt", "october", NULL},
		{"oktober", "october", NULL},
		{"dez", "december", NULL},
		{"dezember", "december", NULL},
		{"montag", "monday", NULL},
		{"dienstag", "tuesday", NULL},
		{"mittwoch", "wednesday", NULL},
		{"donnerstag", "thursday", NULL},
		{"freitag", "friday", NULL},
		{"samstag", "saturday", NULL},
		{"sonnabend", "saturday", NULL},
		{"sonntag", "sunday", NULL},
		{"mo", "monday", NULL},
		{"di", "tuesday", NULL},
		{"mi", "wednesday", NULL},
		{"do", "thursday", NULL},
		{"fr", "friday", NULL},
		{"sa", "saturday", NULL},
		{"so", "sunday", NULL},
		{"nächsten", "next", NULL},
		{"kommenden", "", NULL},
		{"anfang", "early", NULL},
		{"mitte", "mid", NULL},
		{"ende", "end", NULL},
		{"bis", "-", "by"},
		{"am", NULL, ""}, /* elsewhere it is English */
		{"um", "at", NULL},
		{"uhr", "", NULL},
		{"vom", "", NULL},
		{"der", "", NULL},
		{"den", "", NULL},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].german) == len && strncmp(words[i].german, word, len) == 0)
			return is_first && words[i].known_first != NULL ? words[i].known_first : words[i].known;
	return NULL;
}

static bool talk_ends_in(const struct buf *out, const char *word)
{
	size_t len = strlen(word);
	const char *tail = out->len >= len ? buf_str(out) + out->len - len : "";
	return strcmp(tail, word) == 0 && (out->len == len || tail[-1] == ' ');
}

/* "14 uhr", "14.30 uhr", "um 14" */
static bool talk_is_hour(const char *word, size_t len, const struct buf *out)
{
	const char *next = word + len + strspn(word + len, " ");
	size_t digits = strspn(word, "0123456789");
	bool is_uhr = strncmp(next, "uhr", 3) == 0 && (next[3] == '\0' || next[3] == ' ' || next[3] == ',');
	if (digits == 0 || digits > 2)
		return false;
	return digits == len ? is_uhr || talk_ends_in(out, "at") : is_uhr && word[digits] == '.' && len == digits + 3;
}

static void talk_add_hour(const char *word, size_t len, struct buf *out)
{
	size_t digits = strspn(word, "0123456789");
	buf_add(out, word, digits);
	buf_add_char(out, ':');
	if (digits == len)
		buf_add_str(out, "00");
	else
		buf_add(out, word + digits + 1, len - digits - 1);
}

static void talk_add_word(const char *word, size_t len, struct buf *out)
{
	size_t bare = len > 0 && word[len - 1] == ',' ? len - 1 : len;
	size_t stem = bare > 1 && word[bare - 1] == '.' ? bare - 1 : bare; /* of "Dez." */
	const char *known = talk_translate(word, stem, out->len == 0);
	const bool is_hour = talk_is_hour(word, len, out);
	if (known != NULL && known[0] == '\0')
		return;
	if (out->len > 0)
		buf_add_char(out, ' ');
	if (is_hour)
		talk_add_hour(word, len, out);
	else if (known != NULL)
		buf_add_str(out, known);
	else
		buf_add(out, word, bare);
	if (bare < len)
		buf_add_char(out, ',');
}

/* Where the word ends that stands there, or NULL. */
static const char *talk_skip_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	return strncmp(text, word, len) == 0 && (text[len] == ' ' || text[len] == ',' || text[len] == '\0') ? text + len
													    : NULL;
}

/* "3 часа дня", "9 утра" behind "в": the hour of the day and where its words end; NULL when it is none. */
static const char *talk_take_russian_hour(const char *text, int *ret_hour)
{
	static const struct {
		const char *word;
		int first, last, later;
	} parts[] = {
		{"утра", 1, 11, 0}, {"дня", 1, 6, 12}, {"дня", 11, 12, 0}, {"вечера", 4, 11, 12}, {"ночи", 1, 5, 0}};
	static const char *const units[] = {"час", "часа", "часов", "ч"};
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 2 || text[digits] != ' ')
		return NULL;
	int hour = digits == 2 ? 10 * (text[0] - '0') + (text[1] - '0') : text[0] - '0';
	const char *rest = text + digits + 1, *end = NULL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && end == NULL; i++)
		end = talk_skip_word(rest, units[i]);
	if (end != NULL)
		rest = end + (*end == ' ');
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		end = talk_skip_word(rest, parts[i].word);
		if (end == NULL || hour < parts[i].first || hour > parts[i].last)
			continue;
		*ret_hour = hour + parts[i].later;
		return end;
	}
	return NULL;
}

static void talk_translate_all(const char *text, struct buf *out)
{
	while (*(text += strspn(text, " ")) != '\0') {
		size_t len = strcspn(text, " ");
		int hour = 0;
		const char *end = talk_ends_in(out, "в") ? talk_take_russian_hour(text, &hour) : NULL;
		if (end != NULL)
			buf_printf(out, " %d:00", hour);
		else
			talk_add_word(text, len, out);
		text = end != NULL ? end : text + len;
	}
}

/* ---- from today on ------------------------------------------------------------------------------------------------- */

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
		{"через неделю", 7},
		{"через две недели", 14},
		{"in a week", 7},
		{"in two weeks", 14},
		{"in einer woche", 7},
		{"in zwei wochen", 14},
		{"一周后", 7},
		{"两周后", 14},
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

/* "через 3 дня", "in 3 days", "3天后" */
static bool talk_find_count(const char *text, int *ret_days, const char **ret_rest)
{
	static const struct {
		const char *before, *behind;
		int days;
	} words[] = {
		{"через ", " день", 1},   {"через ", " дня", 1},    {"через ", " дней", 1}, {"через ", " неделю", 7},
		{"через ", " недели", 7}, {"через ", " недель", 7}, {"in ", " days", 1},    {"in ", " weeks", 7},
		{"in ", " tagen", 1},     {"in ", " wochen", 7},    {"", "天后", 1},        {"", "周后", 7},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t before = strlen(words[i].before), behind = strlen(words[i].behind);
		const char *number = text + (strncmp(text, words[i].before, before) == 0 ? before : strlen(text));
		size_t digits = strspn(number, "0123456789");
		if (digits == 0 || digits > 2 || strncmp(number + digits, words[i].behind, behind) != 0)
			continue;
		*ret_days =
			words[i].days * (digits == 2 ? 10 * (number[0] - '0') + (number[1] - '0') : number[0] - '0');
		*ret_rest = number + digits + behind + strspn(number + digits + behind, " ,");
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

/* "20/12/2026": with a first number that can be no month, the day stands first. */
static bool talk_add_slashed(const char *text, struct buf *out)
{
	size_t day = strspn(text, "0123456789");
	size_t month = text[day] == '/' ? strspn(text + day + 1, "0123456789") : 0;
	bool is_slashed =
		day == 2 && month > 0 && month <= 2 && text[day + 1 + month] == '/' && strncmp(text, "12", 2) > 0;
	if (!is_slashed)
		return false;
	buf_printf(out, "%.2s.%.*s.%s", text, (int)month, text + day + 1, text + day + month + 2);
	return true;
}

static void talk_write_day(const char *text, const struct period *window, const struct civil *today, struct buf *out)
{
	const char *rest = "";
	int days = 0, day = 0;
	if (talk_find_relative(text, &days, &rest) || talk_find_count(text, &days, &rest)) {
		struct civil date = civil_add_days(today, days);
		talk_add_day(&date, rest, out);
	} else if (talk_find_day(text, window, &day)) {
		struct civil date = window->start;
		date.day = day;
		talk_add_day(&date, "", out);
	} else if (!talk_add_slashed(text, out)) {
		buf_add_str(out, text);
	}
}

void talk_date_write_out(const char *text, const struct period *window, const struct civil *today, struct buf *out)
{
	struct buf tidy, known;
	buf_init(&tidy, TALK_DATE_TEXT_MAX);
	buf_init(&known, TALK_DATE_TEXT_MAX);
	talk_tidy(text, &tidy);
	talk_translate_all(buf_str(&tidy), &known);
	talk_write_day(buf_str(&known), window, today, out);
	buf_done(&tidy);
	buf_done(&known);
}

/* ---- days of the week ---------------------------------------------------------------------------------------------- */

enum talk_week { TALK_ANY_WEEK, TALK_THIS_WEEK, TALK_NEXT_WEEK_DAY };

static enum talk_week talk_take_week(const char **text)
{
	static const struct {
		const char *word;
		enum talk_week week;
	} words[] = {
		{"в следующий ", TALK_NEXT_WEEK_DAY},
		{"в следующую ", TALK_NEXT_WEEK_DAY},
		{"в следующее ", TALK_NEXT_WEEK_DAY},
		{"next ", TALK_NEXT_WEEK_DAY},
		{"下个", TALK_NEXT_WEEK_DAY},
		{"下", TALK_NEXT_WEEK_DAY},
		{"в этот ", TALK_THIS_WEEK},
		{"в эту ", TALK_THIS_WEEK},
		{"в это ", TALK_THIS_WEEK},
		{"this ", TALK_THIS_WEEK},
		{"本", TALK_THIS_WEEK},
		{"这", TALK_THIS_WEEK},
		{"во ", TALK_ANY_WEEK},
		{"в ", TALK_ANY_WEEK},
		{"on ", TALK_ANY_WEEK},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		if (strncmp(*text, words[i].word, len) != 0)
			continue;
		*text += len;
		return words[i].week;
	}
	return TALK_ANY_WEEK;
}

/* 1 to 7; 0 when no day of the week stands there. */
static int talk_take_weekday(const char **text)
{
	static const char *const days[7] = {
		"понедельник пн monday mon 周一 星期一",
		"вторник вт tuesday tue 周二 星期二",
		"среду среда ср wednesday wed 周三 星期三",
		"четверг чт thursday thu 周四 星期四",
		"пятницу пятница пт friday fri 周五 星期五",
		"субботу суббота сб saturday sat 周六 星期六",
		"воскресенье вс sunday sun 周日 周天 星期日 星期天",
	};
	for (int day = 0; day < 7; day++) {
		size_t len;
		for (const char *word = days[day]; *word != '\0'; word += len + (word[len] == ' ')) {
			len = strcspn(word, " ");
			bool is_chinese = (unsigned char)word[0] >= 0xe0;
			if (strncmp(*text, word, len) != 0 ||
			    (!is_chinese && strchr(" ,", (*text)[len]) == NULL && (*text)[len] != '\0'))
				continue;
			*text += len;
			return day + 1;
		}
	}
	return 0;
}

bool talk_date_write_weekday(const char *text, const struct civil *today, struct buf *out)
{
	enum talk_week week = talk_take_week(&text);
	int weekday = talk_take_weekday(&text), days = weekday - civil_weekday(today);
	if (weekday == 0)
		return false;
	if (week == TALK_NEXT_WEEK_DAY || (week == TALK_ANY_WEEK && days <= 0))
		days += 7;
	struct civil date = civil_add_days(today, days);
	talk_add_day(&date, text + strspn(text, " ,"), out);
	return true;
}

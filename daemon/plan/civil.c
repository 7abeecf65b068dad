#include "plan/civil.h"

#include <stddef.h>
#include <string.h>

enum { CIVIL_DAY_S = 86400, CIVIL_ERA_DAYS = 146097, CIVIL_ERA_YEARS = 400 };

static const int64_t civil_first_day = -719162; /* 0001-01-01 */
static const int64_t civil_last_day = 2932896;  /* 9999-12-31 */

static bool civil_is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int civil_days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && civil_is_leap(year) ? 29 : days[month - 1];
}

bool civil_is_valid(const struct civil *civil)
{
	if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12)
		return false;
	return civil->day >= 1 && civil->day <= civil_days_in_month(civil->year, civil->month) && civil->hour >= 0 &&
	       civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 && civil->second >= 0 &&
	       civil->second <= 59;
}

/* Days of the year before that month, in a year that begins in March, so that the leap day comes last. */
static int civil_days_before(int months_since_march)
{
	return (153 * months_since_march + 2) / 5;
}

int64_t civil_to_days(const struct civil *civil)
{
	int year = civil->month <= 2 ? civil->year - 1 : civil->year;
	int month = civil->month <= 2 ? civil->month + 9 : civil->month - 3;
	int64_t since_march_0000 =
		(int64_t)year * 365 + year / 4 - year / 100 + year / 400 + civil_days_before(month) + civil->day - 1;
	return since_march_0000 - 719468;
}

struct civil civil_from_days(int64_t days)
{
	if (days < civil_first_day)
		days = civil_first_day;
	if (days > civil_last_day)
		days = civil_last_day;

	int since_march_0000 = (int)(days + 719468);
	int era = since_march_0000 / CIVIL_ERA_DAYS;
	int day_of_era = since_march_0000 % CIVIL_ERA_DAYS;
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (5 * day_of_year + 2) / 153;

	return (struct civil){
		.year = era * CIVIL_ERA_YEARS + year_of_era + (month >= 10 ? 1 : 0),
		.month = month >= 10 ? month - 9 : month + 3,
		.day = day_of_year - civil_days_before(month) + 1,
	};
}

int64_t civil_to_seconds(const struct civil *civil)
{
	return civil_to_days(civil) * CIVIL_DAY_S + civil->hour * 3600 + civil->minute * 60 + civil->second;
}

struct civil civil_from_seconds(int64_t seconds)
{
	if (seconds < civil_first_day * CIVIL_DAY_S)
		seconds = civil_first_day * CIVIL_DAY_S;
	if (seconds >= (civil_last_day + 1) * CIVIL_DAY_S)
		seconds = (civil_last_day + 1) * CIVIL_DAY_S - 1;

	int64_t days = seconds / CIVIL_DAY_S;
	int rest = (int)(seconds % CIVIL_DAY_S);
	if (rest < 0) {
		rest += CIVIL_DAY_S;
		days--;
	}
	struct civil civil = civil_from_days(days);
	civil.hour = rest / 3600;
	civil.minute = rest / 60 % 60;
	civil.second = rest % 60;
	return civil;
}

struct civil civil_add_days(const struct civil *civil, int64_t days)
{
	struct civil moved = civil_from_days(civil_to_days(civil) + days);
	moved.hour = civil->hour;
	moved.minute = civil->minute;
	moved.second = civil->second;
	return moved;
}

struct civil civil_add_months(const struct civil *civil, int months)
{
	struct civil moved = *civil;
	int64_t count = (int64_t)civil->year * 12 + civil->month - 1 + months;
	if (count < 12)
		count = 12;
	if (count > 9999 * 12 + 11)
		count = 9999 * 12 + 11;
	moved.year = (int)(count / 12);
	moved.month = (int)(count % 12) + 1;

	int last = civil_days_in_month(moved.year, moved.month);
	if (moved.day > last)
		moved.day = last;
	return moved;
}

int civil_weekday(const struct civil *civil)
{
	int64_t since_monday = (civil_to_days(civil) - civil_first_day) % 7; /* 0001-01-01 was a Monday */
	return (int)since_monday + 1;
}

int civil_compare(const struct civil *a, const struct civil *b)
{
	int64_t difference = civil_to_seconds(a) - civil_to_seconds(b);
	return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

/* Writes value with that many digits; returns the place after them. */
static char *civil_put(char *text, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		text[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return text + digits;
}

void civil_format_date(const struct civil *civil, char text[CIVIL_DATE_SIZE])
{
	text = civil_put(text, civil->year, 4);
	*text++ = '-';
	text = civil_put(text, civil->month, 2);
	*text++ = '-';
	text = civil_put(text, civil->day, 2);
	*text = '\0';
}

void civil_format(const struct civil *civil, char text[CIVIL_TEXT_SIZE])
{
	civil_format_date(civil, text);
	text += CIVIL_DATE_SIZE - 1;
	*text++ = 'T';
	text = civil_put(text, civil->hour, 2);
	*text++ = ':';
	text = civil_put(text, civil->minute, 2);
	*text++ = ':';
	text = civil_put(text, civil->second, 2);
	*text = '\0';
}

/* Reads text that looks like the pattern, where a '0' stands for any digit, into the numbers between the other
 * characters. Returns the text after it, or NULL. */
static const char *civil_scan(const char *text, const char *pattern, int *const *numbers)
{
	int *number = NULL;
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern != '0') {
			if (*text != *pattern)
				return NULL;
			number = NULL;
			continue;
		}
		if (*text < '0' || *text > '9')
			return NULL;
		if (number == NULL) {
			number = *numbers++;
			*number = 0;
		}
		*number = *number * 10 + (*text - '0');
	}
	return text;
}

bool civil_parse(const char *text, struct civil *ret_civil, bool *ret_has_time)
{
	struct civil civil = {0};
	text = civil_scan(text, "0000-00-00", (int *const[]){&civil.year, &civil.month, &civil.day});
	if (text == NULL)
		return false;

	bool has_time = *text != '\0';
	if (has_time) {
		text = civil_scan(text, "T00:00", (int *const[]){&civil.hour, &civil.minute});
		if (text != NULL && *text != '\0')
			text = civil_scan(text, ":00", (int *const[]){&civil.second});
		if (text == NULL || *text != '\0')
			return false;
	}
	if (!civil_is_valid(&civil))
		return false;

	*ret_civil = civil;
	if (ret_has_time != NULL)
		*ret_has_time = has_time;
	return true;
}

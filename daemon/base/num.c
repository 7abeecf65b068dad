#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value, struct err *err)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	if (digits[0] < '0' || digits[0] > '9')
		return err_set(err, -EINVAL, "'%s' is not a number", text);

	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (*end != '\0')
		return err_set(err, -EINVAL, "'%s' is not a number", text);
	if (errno == ERANGE || value < min || value > max)
		return err_set(err, -ERANGE, "'%s' is out of range: give %" PRId64 " to %" PRId64, text, min, max);

	*ret_value = value;
	return 0;
}

static const struct num_unit {
	char letter;
	int64_t seconds;
} num_units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

/* The range as the largest units that divide it evenly, as in "1s to 7d". */
static const char *num_duration_text(int64_t seconds, char text[24])
{
	size_t i = 0;
	while (seconds % num_units[i].seconds != 0 && num_units[i].letter != 's')
		i++;
	(void)snprintf(text, 24, "%" PRId64 "%c", seconds / num_units[i].seconds,
		       seconds == 0 ? 's' : num_units[i].letter);
	return text;
}

int num_parse_duration_s(const char *text, int64_t min_s, int64_t max_s, int64_t *ret_s, struct err *err)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0)
		return err_set(err, -EINVAL, "'%s' is not a duration: give a number and a unit, like 30s, 15m, 36h, 7d",
			       text);
	if (text[len] == '\0')
		return err_set(err, -EINVAL, "'%s' has no unit: write %ss, %sm, %sh or %sd", text, text, text, text,
			       text);

	int64_t unit = 0;
	for (size_t i = 0; i < sizeof(num_units) / sizeof(num_units[0]); i++)
		if (text[len] == num_units[i].letter && text[len + 1] == '\0')
			unit = num_units[i].seconds;
	if (unit == 0)
		return err_set(err, -EINVAL, "'%s' has an unknown unit: give s, m, h, d or w, as in 15m", text);

	char low[24], high[24];
	errno = 0;
	long long count = strtoll(text, NULL, 10);
	if (errno == ERANGE || count > max_s / unit || count * unit < min_s)
		return err_set(err, -ERANGE, "'%s' is out of range: give %s to %s", text, num_duration_text(min_s, low),
			       num_duration_text(max_s, high));

	*ret_s = count * unit;
	return 0;
}

static unsigned num_min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

const char *num_word(int64_t n, const char *one, const char *more)
{
	return n == 1 ? one : more;
}

unsigned num_edit_distance(const char *a, const char *b, unsigned limit)
{
	enum { MAX = 64 };
	size_t a_len = strlen(a), b_len = strlen(b);
	if (a_len >= MAX || b_len >= MAX)
		return limit;

	unsigned row[3][MAX];
	for (size_t j = 0; j <= b_len; j++)
		row[0][j] = (unsigned)j;

	for (size_t i = 1; i <= a_len; i++) {
		unsigned *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = num_min(num_min(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = num_min(now[j], before[j - 2] + 1);
		}
	}
	return num_min(row[a_len % 3][b_len], limit);
}

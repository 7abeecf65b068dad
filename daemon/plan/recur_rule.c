/* libical reads rules leniently: "INTERVAL=2x" is 2 to it, 65537 is 1, and parts that it cannot combine give wrong dates
 * without a word. So each part is checked here first, and what reaches libical is what it gets right. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "plan/recur_priv.h"

enum recur_part {
	PART_FREQ,
	PART_INTERVAL,
	PART_COUNT,
	PART_UNTIL,
	PART_WKST,
	PART_BYDAY,
	PART_BYMONTHDAY,
	PART_BYMONTH,
	PART_BYYEARDAY,
	PART_BYSETPOS,
	PART_MAX,
	/* what a value may have, for the table of refusals */
	PART_POSITION = PART_MAX, /* "2MO" */
	PART_FROM_END,            /* BYMONTHDAY=-1, BYYEARDAY=-1 */
	PART_SEEN_MAX
};

enum recur_kind { KIND_FREQ, KIND_NUMBER, KIND_NUMBERS, KIND_UNTIL, KIND_WEEKDAY, KIND_WEEKDAYS };

static const struct {
	const char *name;
	enum recur_kind kind;
	int most; /* the largest number; of a list also its negative when has_negative */
	bool has_negative;
} recur_parts[PART_MAX] = {
	[PART_FREQ] = {"FREQ", KIND_FREQ, 0, false},
	[PART_INTERVAL] = {"INTERVAL", KIND_NUMBER, 1000, false},
	[PART_COUNT] = {"COUNT", KIND_NUMBER, 10000, false},
	[PART_UNTIL] = {"UNTIL", KIND_UNTIL, 0, false},
	[PART_WKST] = {"WKST", KIND_WEEKDAY, 0, false},
	[PART_BYDAY] = {"BYDAY", KIND_WEEKDAYS, 53, true},
	[PART_BYMONTHDAY] = {"BYMONTHDAY", KIND_NUMBERS, 31, true},
	[PART_BYMONTH] = {"BYMONTH", KIND_NUMBERS, 12, false},
	[PART_BYYEARDAY] = {"BYYEARDAY", KIND_NUMBERS, 366, true},
	[PART_BYSETPOS] = {"BYSETPOS", KIND_NUMBERS, 366, true},
};

enum { DAILY = 1, WEEKLY = 2, MONTHLY = 4, YEARLY = 8, ANY = 15 };
static const char *const recur_freqs[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};

/* What RFC 5545 does not allow, or what libical 3.0.16 gets wrong: it ignores a BYSETPOS of days and weeks and days from the
 * end of the month when FREQ=DAILY, counts a day twice for BYSETPOS that is named from both ends, takes the month of the
 * first occurrence where YEARLY;BYMONTHDAY means every month, and reads beyond its memory with BYWEEKNO. */
static const struct {
	unsigned freqs;
	enum recur_part part;
	enum recur_part other; /* PART_SEEN_MAX: refused by itself */
	bool is_needed;        /* other is; else it must not be there */
	const char *why;
} recur_refusals[] = {
	{DAILY | WEEKLY, PART_BYSETPOS, PART_SEEN_MAX, false, "BYSETPOS needs FREQ=MONTHLY or YEARLY"},
	{DAILY | WEEKLY, PART_POSITION, PART_SEEN_MAX, false, "BYDAY: a number needs FREQ=MONTHLY or YEARLY"},
	{DAILY, PART_FROM_END, PART_SEEN_MAX, false, "BYMONTHDAY: a day from the end of the month needs FREQ=MONTHLY"},
	{WEEKLY, PART_BYMONTHDAY, PART_SEEN_MAX, false, "BYMONTHDAY has no place in FREQ=WEEKLY"},
	{DAILY | WEEKLY | MONTHLY, PART_BYYEARDAY, PART_SEEN_MAX, false, "BYYEARDAY needs FREQ=YEARLY"},
	{YEARLY, PART_BYMONTHDAY, PART_BYMONTH, true, "BYMONTHDAY: name the months too, with BYMONTH"},
	{YEARLY, PART_BYYEARDAY, PART_BYMONTH, false, "BYYEARDAY cannot be beside BYMONTH"},
	{MONTHLY | YEARLY, PART_BYSETPOS, PART_FROM_END, false, "BYSETPOS cannot be beside days from the end"},
	{ANY, PART_UNTIL, PART_COUNT, false, "COUNT and UNTIL exclude each other"},
};

/* What has been seen of a rule. */
struct recur_reader {
	char text[RECUR_TEXT_MAX + 1];  /* in capitals; libical's copy */
	char parts[RECUR_TEXT_MAX + 1]; /* cut into names and values */
	bool has[PART_SEEN_MAX];
	unsigned freq;
	struct recur_rule rule;
	struct err *err;
};

static int recur_rule_number(struct recur_reader *reader, const char *text, enum recur_part part, int *ret_number)
{
	struct err *err = reader->err;
	int64_t number;
	const char *digits = *text == '+' && text[1] != '-' ? text + 1 : text; /* RFC 5545 allows the sign */
	int most = recur_parts[part].most;
	struct err why;
	if (num_parse(digits, recur_parts[part].has_negative ? -most : 1, most, &number, &why) < 0)
		return err_set(err, -EINVAL, "%s: %s", recur_parts[part].name, why.text);
	if (number == 0)
		return err_set(err, -EINVAL, "%s: 0 counts nothing", recur_parts[part].name);
	reader->has[PART_FROM_END] |= (part == PART_BYMONTHDAY || part == PART_BYYEARDAY) && number < 0;
	if (part == PART_INTERVAL)
		reader->rule.interval = (int)number;
	if (part == PART_COUNT)
		reader->rule.count = (unsigned)number;
	*ret_number = (int)number;
	return 0;
}

static bool recur_rule_is_weekday(const char *text)
{
	return strlen(text) == 2 && icalrecur_string_to_weekday(text) != ICAL_NO_WEEKDAY;
}

/* "MO", "2MO", "-1FR"; *ret_key is another number for each. */
static int recur_rule_weekday(struct recur_reader *reader, const char *text, int *ret_key)
{
	int number = 0;
	size_t len = strlen(text);
	char position[8];
	if (len < 2 || len - 2 >= sizeof(position) || !recur_rule_is_weekday(text + len - 2))
		return err_set(reader->err, -EINVAL,
			       "BYDAY: '%s' is no weekday; write MO, TU, WE, TH, FR, SA, SU, or -1FR for the last",
			       text);
	if (len > 2) {
		(void)snprintf(position, sizeof(position), "%.*s", (int)(len - 2), text);
		reader->has[PART_POSITION] = true;
		int rc = recur_rule_number(reader, position, PART_BYDAY, &number);
		if (rc < 0)
			return rc;
	}
	*ret_key = number * 8 + (int)icalrecur_string_to_weekday(text + len - 2);
	return 0;
}

/* A list is cut at its commas while it is checked. */
static int recur_rule_list(struct recur_reader *reader, char *list, enum recur_part part)
{
	int keys[RECUR_TEXT_MAX];
	size_t n = 0;
	for (char *item = list, *next; item != NULL; item = next) {
		next = strchr(item, ',');
		if (next != NULL)
			*next++ = '\0';
		int rc = recur_parts[part].kind == KIND_WEEKDAYS ? recur_rule_weekday(reader, item, &keys[n])
								 : recur_rule_number(reader, item, part, &keys[n]);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < n; i++)
			if (keys[i] == keys[n])
				return err_set(reader->err, -EINVAL, "%s: %s stands twice", recur_parts[part].name,
					       item);
		n++;
	}
	return 0;
}

static int recur_rule_freq(struct recur_reader *reader, const char *value)
{
	for (unsigned i = 0; i < sizeof(recur_freqs) / sizeof(recur_freqs[0]); i++)
		if (strcmp(recur_freqs[i], value) == 0) {
			reader->freq = 1U << i;
			return 0;
		}
	return err_set(reader->err, -EINVAL, "FREQ: '%s' must be DAILY, WEEKLY, MONTHLY or YEARLY", value);
}

static int recur_rule_value(struct recur_reader *reader, char *value, enum recur_part part)
{
	struct err *err = reader->err;
	int number;
	switch (recur_parts[part].kind) {
	case KIND_FREQ:
		return recur_rule_freq(reader, value);
	case KIND_NUMBER:
		return recur_rule_number(reader, value, part, &number);
	case KIND_UNTIL:
		reader->rule.has_until = recur_moment_parse(value, strlen(value), &reader->rule.until);
		if (!reader->rule.has_until)
			return err_set(err, -EINVAL, "UNTIL: '%s' must be like 20251231 or 20251231T235959Z", value);
		return 0;
	case KIND_WEEKDAY:
		if (!recur_rule_is_weekday(value))
			return err_set(err, -EINVAL, "%s: '%s' must be MO, TU, WE, TH, FR, SA or SU",
				       recur_parts[part].name, value);
		return 0;
	case KIND_NUMBERS:
	case KIND_WEEKDAYS:
		return recur_rule_list(reader, value, part);
	}
	return -EINVAL;
}

static int recur_rule_unknown(const char *name, struct err *err)
{
	static const char *const times[] = {"BYHOUR", "BYMINUTE", "BYSECOND"};
	if (strcmp(name, "BYWEEKNO") == 0)
		return err_set(err, -EINVAL, "BYWEEKNO is not supported; name months or days");
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strcmp(times[i], name) == 0)
			return err_set(err, -EINVAL, "%s: an occurrence has the time of day of the first one", name);
	return err_set(err, -EINVAL, "'%s' is no part of a rule that is known here", name);
}

static int recur_rule_part(struct recur_reader *reader, char *part)
{
	char *value = strchr(part, '=');
	if (value == NULL)
		return err_set(reader->err, -EINVAL, "'%s' must be NAME=VALUE, as in FREQ=MONTHLY;BYMONTHDAY=15", part);
	*value++ = '\0';
	for (int i = 0; i < PART_MAX; i++) {
		if (strcmp(recur_parts[i].name, part) != 0)
			continue;
		if (reader->has[i])
			return err_set(reader->err, -EINVAL, "%s stands twice", part);
		reader->has[i] = true;
		return recur_rule_value(reader, value, (enum recur_part)i);
	}
	return recur_rule_unknown(part, reader->err);
}

static int recur_rule_split(struct recur_reader *reader)
{
	for (char *part = reader->parts, *next; part != NULL; part = next) {
		next = strchr(part, ';');
		if (next != NULL)
			*next++ = '\0';
		int rc = recur_rule_part(reader, part);
		if (rc < 0)
			return rc;
	}
	if (reader->freq == 0)
		return err_set(reader->err, -EINVAL, "FREQ is missing, as in FREQ=MONTHLY;BYMONTHDAY=15");
	return 0;
}

static int recur_rule_refuse(const struct recur_reader *reader)
{
	for (size_t i = 0; i < sizeof(recur_refusals) / sizeof(recur_refusals[0]); i++) {
		enum recur_part other = recur_refusals[i].other;
		bool is_wrong = other == PART_SEEN_MAX || reader->has[other] != recur_refusals[i].is_needed;
		if ((recur_refusals[i].freqs & reader->freq) != 0 && reader->has[recur_refusals[i].part] && is_wrong)
			return err_set(reader->err, -EINVAL, "%s", recur_refusals[i].why);
	}
	return 0;
}

static int recur_rule_copy(const char *rrule, struct recur_reader *reader)
{
	size_t len = strnlen(rrule, RECUR_TEXT_MAX + 1);
	if (len > RECUR_TEXT_MAX)
		return err_set(reader->err, -EINVAL, "a rule of more than %d bytes", RECUR_TEXT_MAX);
	for (size_t i = 0; i <= len; i++) {
		if (i < len && (rrule[i] <= ' ' || rrule[i] > '~'))
			return err_set(reader->err, -EINVAL, "byte %zu has no place in a rule", i + 1);
		reader->text[i] = (char)toupper((unsigned char)rrule[i]);
	}
	memcpy(reader->parts, reader->text, len + 1);
	return 0;
}

int recur_rule_parse(const char *rrule, struct recur_rule *ret_rule, struct err *err)
{
	struct recur_reader reader = {.rule.interval = 1, .err = err};
	int rc = recur_rule_copy(rrule, &reader);
	if (rc == 0)
		rc = recur_rule_split(&reader);
	if (rc == 0)
		rc = recur_rule_refuse(&reader);
	if (rc < 0)
		return rc;
	icalerror_set_errors_are_fatal(0);
	reader.rule.ical = icalrecurrencetype_from_string(reader.text);
	if (reader.rule.ical.freq == ICAL_NO_RECURRENCE)
		return err_set(err, -EINVAL, "'%s' is no recurrence rule", reader.text);
	*ret_rule = reader.rule;
	return 0;
}

/* "20250610T140000" as civil_parse() has it; false for what is not written like that. */
static bool recur_moment_spread(const char *compact, char text[CIVIL_TEXT_SIZE])
{
	size_t len = strlen(compact);
	if (len == strlen("20250610"))
		(void)snprintf(text, CIVIL_TEXT_SIZE, "%.4s-%.2s-%.2s", compact, compact + 4, compact + 6);
	else if (len == strlen("20250610T140000") && compact[8] == 'T')
		(void)snprintf(text, CIVIL_TEXT_SIZE, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", compact, compact + 4,
			       compact + 6, compact + 9, compact + 11, compact + 13);
	else
		return false;
	return true;
}

bool recur_moment_parse(const char *text, size_t len, struct recur_moment *ret_moment)
{
	char copy[CIVIL_TEXT_SIZE + 1], spread[CIVIL_TEXT_SIZE];
	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';

	struct recur_moment moment = {.is_utc = copy[len - 1] == 'Z'};
	if (moment.is_utc)
		copy[len - 1] = '\0';
	const char *plain = strchr(copy, '-') != NULL ? copy : recur_moment_spread(copy, spread) ? spread : "";
	if (!civil_parse(plain, &moment.civil, &moment.has_time) || (moment.is_utc && !moment.has_time))
		return false;
	*ret_moment = moment;
	return true;
}

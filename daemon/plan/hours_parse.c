#include "plan/hours.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char hours_quiet_form[] = "write quiet hours like '22:00-08:00'";
static const char hours_work_form[] = "write working hours like '09:00-18:00', 'Mon-Fri 09:00-18:00' or "
				      "'Mon,Wed,Fri 10:00-16:00'";
static const char hours_digest_form[] = "write 'daily 09:00' or 'weekly Mon 09:00'";

struct hours hours_any(void)
{
	return (struct hours){
		.quiet_from_minute = -1,
		.quiet_to_minute = -1,
		.work_from_minute = -1,
		.work_to_minute = -1,
	};
}

/* A piece of the text that is read; is not terminated. */
struct hours_word {
	const char *text;
	int len;
};

/* Cuts the next word off *text; an empty one at the end. */
static struct hours_word hours_take_word(const char **text, const char *separators)
{
	struct hours_word word = {.text = *text + strspn(*text, separators)};
	word.len = (int)strcspn(word.text, separators);
	*text = word.text + word.len;
	return word;
}

static bool hours_word_is(const struct hours_word *word, const char *text)
{
	return strlen(text) == (size_t)word->len && strncmp(word->text, text, (size_t)word->len) == 0;
}

/* The word in two at its first '-'; false without one. */
static bool hours_split(const struct hours_word *word, struct hours_word *ret_left, struct hours_word *ret_right)
{
	const char *dash = memchr(word->text, '-', (size_t)word->len);
	if (dash == NULL)
		return false;
	int before = (int)(dash - word->text);
	*ret_left = (struct hours_word){.text = word->text, .len = before};
	*ret_right = (struct hours_word){.text = dash + 1, .len = word->len - before - 1};
	return true;
}

static bool hours_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "9:00", "09:00" up to the last minute that fits here */
static int hours_parse_time(const struct hours_word *word, int max_minute, const char *form, int *ret_minute,
			    struct err *err)
{
	if (word->len == 0)
		return err_set(err, -EINVAL, "a time of day is missing: %s", form);

	const char *text = word->text;
	bool is_short = word->len == 4; /* "9:00" */
	bool is_time = (is_short || word->len == 5) && text[word->len - 3] == ':';
	for (int i = 0; is_time && i < word->len; i++)
		is_time = i == word->len - 3 || hours_is_digit(text[i]);
	int hour = !is_time ? 0 : is_short ? text[0] - '0' : (text[0] - '0') * 10 + text[1] - '0';
	int minute = !is_time ? 0 : (text[word->len - 2] - '0') * 10 + text[word->len - 1] - '0';
	if (!is_time || minute > 59 || hour * 60 + minute > max_minute)
		return err_set(err, -EINVAL, "'%.*s' is no time of day here: %s", word->len, text, form);
	*ret_minute = hour * 60 + minute;
	return 0;
}

/* "22:00-08:00" */
static int hours_parse_window(const struct hours_word *word, const char *form, int *ret_from, int *ret_to,
			      struct err *err)
{
	struct hours_word left, right;
	int from = 0, to = 0;
	if (!hours_split(word, &left, &right))
		return err_set(err, -EINVAL, "'%.*s' doesn't say from when until when: %s", word->len, word->text,
			       form);

	int rc = hours_parse_time(&left, HOURS_DAY_MINUTES - 1, form, &from, err);
	if (rc == 0)
		rc = hours_parse_time(&right, HOURS_DAY_MINUTES, form, &to, err);
	if (rc < 0)
		return rc;
	if (from == to)
		return err_set(err, -EINVAL, "'%.*s' ends when it begins: %s", word->len, word->text, form);
	*ret_from = from;
	*ret_to = to;
	return 0;
}

static int hours_parse_end(const char *rest, const char *separators, const char *form, struct err *err)
{
	struct hours_word word = hours_take_word(&rest, separators);
	if (word.len > 0)
		return err_set(err, -EINVAL, "'%.*s' is not understood here: %s", word.len, word.text, form);
	return 0;
}

int hours_parse_quiet(const char *text, struct hours *hours, struct err *err)
{
	static const char separators[] = " \t";
	struct hours_word word = hours_take_word(&text, separators);
	int from = -1, to = -1;
	int rc = word.len == 0 ? 0 : hours_parse_window(&word, hours_quiet_form, &from, &to, err);
	if (rc == 0)
		rc = hours_parse_end(text, separators, hours_quiet_form, err);
	if (rc < 0)
		return rc;
	hours->quiet_from_minute = from;
	hours->quiet_to_minute = to;
	return 0;
}

static int hours_parse_weekday(const struct hours_word *word, const char *form, int *ret_weekday, struct err *err)
{
	static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	if (word->len == 0)
		return err_set(err, -EINVAL, "a day of the week is missing: %s", form);
	for (int i = 0; i < 7; i++)
		if (hours_word_is(word, names[i])) {
			*ret_weekday = i + 1;
			return 0;
		}
	return err_set(err, -EINVAL, "'%.*s' is no day of the week (Mon Tue Wed Thu Fri Sat Sun): %s", word->len,
		       word->text, form);
}

/* "Mon", "Mon-Fri" or, over the end of the week, "Sun-Thu" */
static int hours_parse_days(const struct hours_word *word, unsigned *days, struct err *err)
{
	struct hours_word left = *word, right = *word;
	int first = 0, last = 0;
	(void)hours_split(word, &left, &right); /* a single day is both ends */
	int rc = hours_parse_weekday(&left, hours_work_form, &first, err);
	if (rc == 0)
		rc = hours_parse_weekday(&right, hours_work_form, &last, err);
	if (rc < 0)
		return rc;

	for (int day = first;; day = day % 7 + 1) {
		*days |= 1U << (day - 1);
		if (day == last)
			return 0;
	}
}

int hours_parse_work(const char *text, struct hours *hours, struct err *err)
{
	static const char separators[] = " \t,";
	int from = -1, to = -1, rc = 0;
	unsigned days = 0;
	const char *begin = text;
	struct hours_word word = hours_take_word(&text, separators);

	if (word.len == 0) /* nothing but commas is not nothing */
		rc = hours_parse_end(begin, " \t", hours_work_form, err);
	for (; rc == 0 && word.len > 0 && !hours_is_digit(word.text[0]); word = hours_take_word(&text, separators))
		rc = hours_parse_days(&word, &days, err);
	if (rc == 0 && word.len > 0) {
		rc = hours_parse_window(&word, hours_work_form, &from, &to, err);
		if (rc == 0 && to < from)
			rc = err_set(err, -EINVAL, "'%.*s' ends before it begins: %s", word.len, word.text,
				     hours_work_form);
		if (rc == 0)
			rc = hours_parse_end(text, separators, hours_work_form, err);
	}
	if (rc < 0)
		return rc;
	hours->work_from_minute = from;
	hours->work_to_minute = to;
	hours->work_days = days;
	return 0;
}

static bool hours_holds(int from, int to, int minute)
{
	return from < to ? from <= minute && minute < to : minute >= from || minute < to;
}

int hours_check(const struct hours *hours, struct err *err)
{
	bool is_whole_day = hours->work_from_minute < 0;
	int from = is_whole_day ? 0 : hours->work_from_minute;
	int to = is_whole_day ? HOURS_DAY_MINUTES : hours->work_to_minute;
	int quiet_from = hours->quiet_from_minute, quiet_to = hours->quiet_to_minute;

	for (int minute = from; minute < to; minute++)
		if (quiet_from < 0 || !hours_holds(quiet_from, quiet_to, minute))
			return 0;
	return err_set(
		err, -EINVAL,
		"the quiet hours %02d:%02d-%02d:%02d leave nothing of the %s %02d:%02d-%02d:%02d: no message could "
		"ever be sent",
		quiet_from / 60, quiet_from % 60, quiet_to / 60, quiet_to % 60, is_whole_day ? "day" : "working hours",
		from / 60, from % 60, to / 60, to % 60);
}

int hours_parse_digest(const char *text, struct digest_time *ret_digest, struct err *err)
{
	static const char separators[] = " \t";
	struct digest_time digest = {.minute = -1};
	struct hours_word word = hours_take_word(&text, separators);
	if (word.len == 0) {
		*ret_digest = digest;
		return 0;
	}

	int rc = 0;
	digest.is_weekly = hours_word_is(&word, "weekly");
	if (!digest.is_weekly && !hours_word_is(&word, "daily"))
		return err_set(err, -EINVAL, "'%.*s' is neither daily nor weekly: %s", word.len, word.text,
			       hours_digest_form);
	if (digest.is_weekly) {
		word = hours_take_word(&text, separators);
		rc = hours_parse_weekday(&word, hours_digest_form, &digest.weekday, err);
	}
	if (rc == 0) {
		word = hours_take_word(&text, separators);
		rc = hours_parse_time(&word, HOURS_DAY_MINUTES - 1, hours_digest_form, &digest.minute, err);
	}
	if (rc == 0)
		rc = hours_parse_end(text, separators, hours_digest_form, err);
	if (rc < 0)
		return rc;
	*ret_digest = digest;
	return 0;
}

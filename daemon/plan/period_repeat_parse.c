/* A repeat is a clause ("каждый понедельник", "15th of every month", 每月) and, before or behind it, the window in which it
 * is meant: "в 2025 году", "in June". A word like "каждый" gives the clause away; small words and a day may stand before
 * it, so each place up to that word is tried. */
#include <string.h>

#include "plan/period_phrase.h"
#include "plan/period_repeat.h"

struct period_clause {
	struct period_repeat repeat;
	const struct period_token *first, *last, *day_token;
};

bool period_repeat_is_marker(const struct period_token *token)
{
	return token->word == WORD_REPEAT || token->word == WORD_EVERY || token->word == WORD_WEEKDAYS ||
	       token->word == WORD_TIMES;
}

/* "в", "on the", "до", "не позднее" */
static void period_repeat_lead(struct period_cursor *cursor, struct period_clause *clause)
{
	for (;;) {
		if (period_parse_limit_word(cursor))
			clause->repeat.is_limit = true;
		else if (!period_cursor_take(cursor, WORD_IN) && !period_cursor_take(cursor, WORD_THE) &&
			 !period_cursor_take(cursor, WORD_TO) && !period_cursor_take(cursor, WORD_OF))
			return;
	}
}

/* "последний день", 最后一天: how many tokens, or 0. */
static size_t period_repeat_last_day(const struct period_cursor *cursor)
{
	if (!period_cursor_has(cursor, 0, WORD_ORDINAL) || period_cursor_peek(cursor, 0)->value != PERIOD_LAST)
		return 0;
	const struct period_token *one = period_cursor_peek(cursor, 1);
	size_t n = one->is_cjk && one->kind == TOKEN_NUMBER && one->value == 1 ? 2 : 1;
	return period_cursor_has(cursor, n, WORD_DAY) || period_cursor_has(cursor, n, WORD_DAY_UNIT) ? n + 1 : 0;
}

/* "15 числа", "15th", 15日: how many tokens, or 0. */
static size_t period_repeat_numbered_day(const struct period_cursor *cursor)
{
	const struct period_token *number = period_cursor_peek(cursor, 0);
	size_t behind = period_cursor_has(cursor, 1, WORD_OF) ? 2 : 1;
	bool is_english = number->digits != 0 && number->length > number->digits && number->is_ascii &&
			  !period_cursor_has(cursor, behind, WORD_MONTH);
	if (!period_count_is(number))
		return 0;
	return period_cursor_has(cursor, 1, WORD_DAY_UNIT) ? 2 : is_english ? 1 : 0;
}

/* "последняя пятница", "2nd Tuesday", 第二个星期二: how many tokens, or 0. */
static size_t period_repeat_nth_weekday(const struct period_cursor *cursor)
{
	size_t n = period_cursor_has(cursor, 0, WORD_NTH) ? 1 : 0;
	const struct period_token *number = period_cursor_peek(cursor, n++), *one = period_cursor_peek(cursor, n);
	if (number->word != WORD_ORDINAL && !period_count_is(number))
		return 0;
	if (number->word == WORD_ORDINAL && one->is_cjk && one->kind == TOKEN_NUMBER && one->value == 1)
		n++;
	n += period_cursor_has(cursor, n, WORD_PIECE) ? 1 : 0;
	return period_cursor_has(cursor, n, WORD_WEEKDAY) ? n + 1 : 0;
}

static bool period_repeat_take_nth_weekday(struct period_cursor *cursor, struct period_clause *clause)
{
	size_t n = period_repeat_nth_weekday(cursor);
	if (n == 0)
		return false;
	(void)period_cursor_take(cursor, WORD_NTH);
	clause->day_token = period_cursor_peek(cursor, 0);
	clause->repeat.unit = REPEAT_MONTH;
	clause->repeat.nth = clause->day_token->value;
	cursor->at += n - (period_cursor_last(cursor)->word == WORD_NTH ? 2 : 1);
	clause->repeat.weekday = period_cursor_step(cursor)->value;
	period_cursor_skip_dot(cursor);
	return true;
}

static bool period_repeat_day(struct period_cursor *cursor, struct period_clause *clause)
{
	if (period_repeat_take_nth_weekday(cursor, clause))
		return true;
	size_t n = period_repeat_last_day(cursor);
	if (n == 0)
		n = period_repeat_numbered_day(cursor);
	if (n == 0)
		return false;
	clause->day_token = period_cursor_peek(cursor, 0);
	clause->repeat.unit = REPEAT_MONTH;
	clause->repeat.day = clause->day_token->value;
	cursor->at += n;
	return true;
}

static bool period_repeat_unit(struct period_cursor *cursor, struct period_clause *clause)
{
	static const struct {
		enum period_word word;
		enum period_repeat_unit unit;
	} units[] = {
		{WORD_DAY, REPEAT_DAY},          {WORD_DAY_UNIT, REPEAT_DAY},    {WORD_WEEK, REPEAT_WEEK},
		{WORD_MONTH_UNIT, REPEAT_MONTH}, {WORD_QUARTER, REPEAT_QUARTER}, {WORD_HALF, REPEAT_HALF},
		{WORD_YEAR, REPEAT_YEAR},
	};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (period_cursor_take(cursor, units[i].word)) {
			clause->repeat.unit = units[i].unit;
			if (units[i].unit == REPEAT_HALF) { /* "every half-year" */
				(void)period_cursor_take_kind(cursor, TOKEN_DASH);
				(void)period_cursor_take(cursor, WORD_YEAR);
			}
			(void)period_cursor_take(cursor, WORD_ONCE);
			return true;
		}
	return false;
}

/* Behind "каждый": 每15日 would be every 15 days, so a Chinese day has no place here. */
static bool period_repeat_every(struct period_cursor *cursor, struct period_clause *clause)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	if (period_cursor_take(cursor, WORD_WEEKDAY)) {
		clause->repeat.unit = REPEAT_WEEK;
		clause->repeat.weekday = token->value;
		period_cursor_skip_dot(cursor);
		return true;
	}
	size_t nth = period_repeat_nth_weekday(cursor), of = period_cursor_has(cursor, nth, WORD_OF) ? 1 : 0;
	of += period_cursor_has(cursor, nth + of, WORD_THE) ? 1 : 0;
	if (nth != 0 && !period_cursor_has(cursor, nth + of, WORD_MONTH_UNIT))
		return false; /* "every second Tuesday" may be every other one */
	return (!period_cursor_peek(cursor, 1)->is_cjk && period_repeat_day(cursor, clause)) ||
	       period_repeat_unit(cursor, clause);
}

/* "on the 15th" and "of the month" behind "monthly". */
static void period_repeat_day_behind(struct period_cursor *cursor, struct period_clause *clause)
{
	size_t before = cursor->at;
	if (clause->day_token == NULL) {
		struct period_clause with_day = *clause;
		(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
		period_repeat_lead(cursor, &with_day);
		if (!period_repeat_day(cursor, &with_day)) {
			cursor->at = before;
			return;
		}
		*clause = with_day;
		before = cursor->at;
	}
	(void)period_cursor_take(cursor, WORD_OF);
	(void)period_cursor_take(cursor, WORD_THE);
	if (!period_cursor_take(cursor, WORD_MONTH_UNIT))
		cursor->at = before;
}

/* Is this a clause, and what does it say? */
static bool period_repeat_clause(struct period_cursor *cursor, struct period_clause *ret_clause)
{
	struct period_clause clause = {.first = period_cursor_peek(cursor, 0)};
	period_repeat_lead(cursor, &clause);
	bool has_day = period_repeat_day(cursor, &clause);
	if (has_day && period_cursor_last(cursor)->is_cjk)
		return false; /* in 6月1日至12日每月5日 the 12日 belongs to the window */
	if (has_day)
		(void)period_cursor_take(cursor, WORD_OF);

	if (period_cursor_has(cursor, 1, WORD_TIMES) && period_cursor_peek(cursor, 0)->value == 1)
		(void)period_cursor_take_kind(cursor, TOKEN_NUMBER); /* "1 раз в квартал" */
	const struct period_token *marker = period_cursor_step(cursor);
	if (marker->word == WORD_TIMES && !period_cursor_take(cursor, WORD_IN))
		return false;
	if (marker->word == WORD_REPEAT)
		clause.repeat.unit = (enum period_repeat_unit)marker->value;
	else if (marker->word == WORD_WEEKDAYS) {
		clause.repeat.unit = REPEAT_WEEK;
		clause.repeat.weekday = marker->value;
	} else if ((marker->word != WORD_EVERY && marker->word != WORD_TIMES) ||
		   !(has_day ? period_repeat_unit(cursor, &clause) : period_repeat_every(cursor, &clause)))
		return false;

	if (clause.repeat.unit == REPEAT_MONTH)
		period_repeat_day_behind(cursor, &clause);
	else if (has_day)
		return false;
	clause.last = period_cursor_last(cursor);
	*ret_clause = clause;
	return true;
}

static int period_repeat_check_day(const struct period_cursor *cursor, const struct period_clause *clause)
{
	int day = clause->repeat.day, nth = clause->repeat.nth;
	if (clause->repeat.weekday != 0 && nth != PERIOD_LAST && (nth < 1 || nth > PERIOD_REPEAT_NTH_MAX))
		return period_cursor_fail(cursor, clause->day_token, clause->day_token,
					  "not every month has so many of them; name the last one of every month");
	if (nth != 0 || day == PERIOD_LAST || (day >= 1 && day <= PERIOD_REPEAT_DAY_MAX))
		return 0;
	return period_cursor_fail(cursor, clause->day_token, clause->day_token,
				  day < 1 || day > 31
					  ? "a day of a month is 1 to 31"
					  : "not every month has this day; name the last day of every month");
}

/* A time, and 前 behind it all. */
static int period_repeat_tail(struct period_cursor *cursor, struct period_clause *clause)
{
	struct period_part time = {0};
	struct period_repeat *repeat = &clause->repeat;
	int rc = period_time_parse(cursor, &time);
	if (rc < 0)
		return rc;
	repeat->has_time = time.has_time;
	repeat->hour = time.hour;
	repeat->minute = time.minute;
	repeat->is_limit = period_cursor_take(cursor, WORD_BEFORE) || repeat->is_limit;
	clause->last = period_cursor_last(cursor);

	bool is_day = repeat->unit == REPEAT_DAY || repeat->weekday != 0 || repeat->day != 0;
	if (repeat->has_time && !is_day)
		return period_cursor_fail(cursor, clause->first, clause->last, "a time needs a day beside it");
	if (repeat->is_limit && repeat->day == 0)
		return period_cursor_fail(cursor, clause->first, clause->last, "a limit needs a day of the month");
	return clause->day_token != NULL ? period_repeat_check_day(cursor, clause) : 0;
}

/* Leaves the cursor behind the clause; *ret_at is where it begins. */
static int period_repeat_find(struct period_cursor *cursor, struct period_clause *ret_clause, size_t *ret_at)
{
	size_t marker = 0;
	while (!period_repeat_is_marker(&cursor->phrase->tokens[marker]))
		marker++;
	for (size_t at = 0; at <= marker; at++) {
		cursor->at = at;
		if (period_repeat_clause(cursor, ret_clause) && cursor->at > marker) {
			*ret_at = at;
			return period_repeat_tail(cursor, ret_clause);
		}
	}
	cursor->at = marker + 1;
	return period_cursor_fail_here(cursor, "what is repeated should stand here: a weekday, day, week, month, "
					       "quarter, half-year or year");
}

/* The tokens from..to-1 as a phrase of their own. */
static void period_repeat_cut(const struct period_phrase *phrase, size_t from, size_t to, struct period_phrase *ret_cut)
{
	ret_cut->text = phrase->text;
	ret_cut->n_tokens = to - from + 1;
	memcpy(ret_cut->tokens, &phrase->tokens[from], (to - from) * sizeof(phrase->tokens[0]));
	const struct period_token *last = &phrase->tokens[to > 0 ? to - 1 : 0];
	ret_cut->tokens[to - from] = (struct period_token){.kind = TOKEN_END, .offset = last->offset + last->length};
}

/* What stands beside the clause, which leaves tokens 0..at-1 before it and those from the cursor on behind it. */
static int period_repeat_beside(struct period_cursor *cursor, size_t at, struct period_phrase *ret_beside)
{
	const struct period_phrase *phrase = cursor->phrase;
	size_t end = phrase->n_tokens - 1;
	if (at > 0 && phrase->tokens[at - 1].kind == TOKEN_COMMA)
		at--;
	if (!period_cursor_take_kind(cursor, TOKEN_COMMA))
		(void)period_cursor_take(cursor, WORD_OF);
	for (size_t i = cursor->at; i < end; i++)
		if (period_repeat_is_marker(&phrase->tokens[i]) || at > 0)
			return period_cursor_fail(cursor, &phrase->tokens[i], &phrase->tokens[i],
						  "not understood beside another repeat or date");
	period_repeat_cut(phrase, at > 0 ? 0 : cursor->at, at > 0 ? at : end, ret_beside);
	return 0;
}

/* What the tokens beside the clause say, or the whole default year when there are none. */
static int period_repeat_window(struct period_cursor *cursor, const struct period_clause *clause, int default_year,
				struct period *ret_window)
{
	if (cursor->phrase->n_tokens > 1)
		return period_parse_phrase(cursor, default_year, ret_window);
	struct period_part year = {.unit = UNIT_YEAR, .first = clause->first, .last = clause->last};
	return period_resolve_one(cursor, &year, default_year, ret_window);
}

/* Beside "ежегодно" stands the date itself, unless it is whole years. */
static bool period_repeat_is_date(const struct period_repeat *repeat, const struct period *beside)
{
	return repeat->unit == REPEAT_YEAR && !(beside->has_start && period_repeat_fits(repeat, beside));
}

/* Does another year have it on another date? A stretch of a month and whole months end where their month ends. */
static bool period_repeat_moves(const struct period_part *part, const struct period *date)
{
	bool ends_february = part->month == 2 && (part->number == PERIOD_LAST || part->is_end);
	bool keeps_its_end = date->precision == PERIOD_MONTH || (date->has_start && period_is_whole_months(date));
	return part->unit == UNIT_WEEK || part->unit == UNIT_WEEK_OF_DAY || part->nth != 0 ||
	       (ends_february && !keeps_its_end);
}

/* Beside "ежегодно" stands "последняя пятница июня": the rule names it, as each year has it on a date of its own. */
static int period_repeat_date(const struct period_cursor *cursor, const struct period *date,
			      struct period_repeat *repeat)
{
	const struct period_part *from = &cursor->from, *to = &cursor->to;
	bool is_day = date->precision == PERIOD_DAY || date->precision == PERIOD_MINUTE;
	if (!period_repeat_moves(from, date) && !period_repeat_moves(to, date))
		return 0;
	if (!is_day || to->first != NULL)
		return period_cursor_fail(cursor, from->first, period_cursor_last(cursor),
					  "falls on other dates every year: name a day, as in 'second Monday of "
					  "November', or its dates, as in '8-14 November'");
	if (from->nth > PERIOD_REPEAT_NTH_MAX)
		return period_cursor_fail(cursor, from->number_token, from->number_token,
					  "not every year has so many of them; name the last one of the month");
	repeat->month = date->start.month;
	repeat->nth = from->nth;
	repeat->weekday = from->nth != 0 ? from->weekday : 0;
	repeat->day = from->nth != 0 ? 0 : PERIOD_LAST;
	return 0;
}

static int period_repeat_resolve(const struct period_cursor *cursor, const struct period_repeat *repeat,
				 const struct period *window, struct period *ret_first)
{
	const struct period_token *first = cursor->phrase->tokens, *last = period_cursor_last(cursor);
	if (!window->has_start)
		return period_cursor_fail(cursor, first, last, "a repeat needs to know from when on");
	if (window->precision == PERIOD_DAY || window->precision == PERIOD_MINUTE)
		return period_cursor_fail(cursor, first, last, "a repeat needs more than one day");
	if (!period_repeat_fits(repeat, window))
		return period_cursor_fail(cursor, first, last,
					  "is not made of whole months, quarters or half-years "
					  "as the repeat is");
	if (!period_repeat_first(repeat, window, ret_first))
		return period_cursor_fail(cursor, first, last, "the repeat never falls within it");
	return 0;
}

static int period_repeat_parse(const struct period_phrase *phrase, int default_year, struct period *ret_period,
			       char ret_rrule[PERIOD_RRULE_SIZE], struct period_error *ret_error)
{
	struct period_cursor cursor = {.phrase = phrase, .error = ret_error};
	struct period_clause clause = {0};
	struct period_phrase beside = {0};
	struct period window, first;
	size_t at = 0;
	int rc = period_repeat_find(&cursor, &clause, &at);
	if (rc == 0)
		rc = period_repeat_beside(&cursor, at, &beside);
	if (rc < 0)
		return rc;

	cursor = (struct period_cursor){.phrase = &beside, .error = ret_error};
	rc = period_repeat_window(&cursor, &clause, default_year, &window);
	if (rc < 0)
		return rc;
	bool is_date = period_repeat_is_date(&clause.repeat, &window);
	first = window;
	if (is_date)
		rc = period_repeat_date(&cursor, &window, &clause.repeat);
	else
		rc = period_repeat_resolve(&cursor, &clause.repeat, &window, &first);
	if (rc < 0)
		return rc;
	*ret_period = first;
	bool goes_on = clause.repeat.unit == REPEAT_YEAR && (is_date || window.precision == PERIOD_YEAR);
	period_repeat_rule(&clause.repeat, goes_on ? NULL : &window.end, ret_rrule);
	return 0;
}

int period_parse_repeat(const char *phrase, int default_year, struct period *ret_period,
			char ret_rrule[PERIOD_RRULE_SIZE], struct period_error *ret_error)
{
	struct period_phrase split;
	int rc = period_token_split(phrase, &split, ret_error);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < split.n_tokens; i++)
		if (period_repeat_is_marker(&split.tokens[i]))
			return period_repeat_parse(&split, default_year, ret_period, ret_rrule, ret_error);

	struct period_cursor cursor = {.phrase = &split, .error = ret_error};
	rc = period_parse_phrase(&cursor, default_year, ret_period);
	if (rc == 0)
		ret_rrule[0] = '\0';
	return rc;
}

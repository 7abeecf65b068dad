/* Civil times are formatted as if they were UTC, so that ICU's own copy of the zone rules, which goes stale, is never
 * asked; offsets come from plan/zone. Every formatter is opened once with its language.
 *
 * ICU fails here only when memory is short or its data files are damaged. What was opened then still formats, and if a
 * single call should fail, the value is written the international way (ISO 8601, a bare number) instead. */
#include "message/language.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/udateintervalformat.h>
#include <unicode/udatpg.h>
#include <unicode/ulistformatter.h>
#include <unicode/uloc.h>
#include <unicode/unumberformatter.h>
#include <unicode/ureldatefmt.h>
#include <unicode/ustring.h>

#include "base/mem.h"

enum {
	LANGUAGE_TEXT_MAX = 256,    /* UTF-16 units of one date, span or name */
	LANGUAGE_NEAR_HOUR_MIN = 5, /* so little before a full hour counts as it: reminders may go out a bit late */
};

#define LANGUAGE_GMT u"UTC"
#define LANGUAGE_NO_ZONE u"Etc/Unknown" /* ICU's name for a zone that is not known */

enum language_date {
	LANGUAGE_DAY,
	LANGUAGE_CLOCK,
	LANGUAGE_MOMENT,
	LANGUAGE_MONTH,
	LANGUAGE_QUARTER,
	LANGUAGE_YEAR,
	LANGUAGE_DATE_MAX
};

static const UChar *const language_skeletons[LANGUAGE_DATE_MAX] = {
	/* clang-format off */
	[LANGUAGE_DAY] = u"yMMMMEEEEd",
	[LANGUAGE_CLOCK] = u"jm",
	[LANGUAGE_MOMENT] = u"yMMMMEEEEdjm",
	[LANGUAGE_MONTH] = u"yMMMM",
	[LANGUAGE_QUARTER] = u"yQQQQ",
	[LANGUAGE_YEAR] = u"y",
	/* clang-format on */
};

enum language_interval { LANGUAGE_DAYS, LANGUAGE_MONTHS, LANGUAGE_INTERVAL_MAX };

static const UChar *const language_interval_skeletons[LANGUAGE_INTERVAL_MAX] = {
	[LANGUAGE_DAYS] = u"yMMMMd",
	[LANGUAGE_MONTHS] = u"yMMMM",
};

enum { LANGUAGE_UNIT_DAY, LANGUAGE_UNIT_MAX = 4 };

static const struct language_unit {
	int64_t seconds;
	const UChar *skeleton;
} language_units[LANGUAGE_UNIT_MAX] = {
	[LANGUAGE_UNIT_DAY] = {86400, u"measure-unit/duration-day unit-width-full-name"},
	{3600, u"measure-unit/duration-hour unit-width-full-name"},
	{60, u"measure-unit/duration-minute unit-width-full-name"},
	{1, u"measure-unit/duration-second unit-width-full-name"},
};

/* What ICU calls a zone's place, looked up once: opening a formatter for a zone costs more than a whole message. */
struct language_place {
	const struct zone *zone;
	char *name; /* "" for a zone that is named after no place */
};

struct language_places {
	struct language_place *items;
	size_t n;
};

struct language {
	char *tag;
	char locale[ULOC_FULLNAME_CAPACITY];
	UDateFormat *dates[LANGUAGE_DATE_MAX];
	UDateIntervalFormat *intervals[LANGUAGE_INTERVAL_MAX];
	UNumberFormatter *units[LANGUAGE_UNIT_MAX];
	UFormattedNumber *number; /* room for one result */
	URelativeDateTimeFormatter *relative;
	UListFormatter *list;
	struct language_places *places;
};

/* ---- from UTF-16 --------------------------------------------------------------------------------------------- */

static bool language_is_odd_space(UChar c)
{
	return c == 0x00A0 || c == 0x2009 || c == 0x202F; /* no-break, thin, narrow no-break */
}

/* Appends what ICU wrote; false when ICU failed or the text did not fit, and then nothing is appended. */
static bool language_add_utf16(struct buf *out, UChar *text, int32_t len, UErrorCode status)
{
	if (U_FAILURE(status) || len < 0 || len > LANGUAGE_TEXT_MAX)
		return false;
	for (int32_t i = 0; i < len; i++)
		if (language_is_odd_space(text[i]))
			text[i] = u' ';

	char utf8[LANGUAGE_TEXT_MAX * 3];
	int32_t utf8_len = 0;
	u_strToUTF8(utf8, sizeof(utf8), &utf8_len, text, len, &status);
	if (U_FAILURE(status))
		return false;
	buf_add(out, utf8, (size_t)utf8_len);
	return true;
}

static UDate language_millis(const struct civil *civil)
{
	return (UDate)civil_to_seconds(civil) * 1000.0;
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

/* True when ICU has words for the language itself; a country it has no special rules for does no harm. */
static bool language_is_known(const char *locale)
{
	UErrorCode status = U_ZERO_ERROR;
	char wanted[ULOC_LANG_CAPACITY], had[ULOC_LANG_CAPACITY];
	uloc_getLanguage(locale, wanted, sizeof(wanted), &status);
	if (U_FAILURE(status) || wanted[0] == '\0')
		return false;

	for (int32_t i = 0; i < uloc_countAvailable(); i++) {
		status = U_ZERO_ERROR;
		uloc_getLanguage(uloc_getAvailable(i), had, sizeof(had), &status);
		if (U_SUCCESS(status) && strcmp(wanted, had) == 0)
			return true;
	}
	return false;
}

static bool language_set_locale(struct language *language, const char *tag)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t parsed = 0;
	int32_t len = uloc_forLanguageTag(tag, language->locale, sizeof(language->locale), &parsed, &status);
	if (U_FAILURE(status) || len == 0 || (size_t)parsed != strlen(tag) || !language_is_known(language->locale))
		return false;

	uloc_setKeywordValue("calendar", "gregorian", language->locale, sizeof(language->locale), &status);
	return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

static UDateFormat *language_open_date(UDateTimePatternGenerator *generator, const char *locale, const UChar *skeleton,
				       UErrorCode *status)
{
	UChar pattern[LANGUAGE_TEXT_MAX];
	int32_t len = udatpg_getBestPatternWithOptions(generator, skeleton, -1, UDATPG_MATCH_NO_OPTIONS, pattern,
						       LANGUAGE_TEXT_MAX, status);
	return udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, LANGUAGE_GMT, -1, pattern, len, status);
}

static void language_open_dates(struct language *language, UErrorCode *status)
{
	UDateTimePatternGenerator *generator = udatpg_open(language->locale, status);
	for (int i = 0; i < LANGUAGE_DATE_MAX; i++)
		language->dates[i] = language_open_date(generator, language->locale, language_skeletons[i], status);
	if (generator != NULL)
		udatpg_close(generator);

	for (int i = 0; i < LANGUAGE_INTERVAL_MAX; i++)
		language->intervals[i] =
			udtitvfmt_open(language->locale, language_interval_skeletons[i], -1, LANGUAGE_GMT, -1, status);
}

static void language_open_counts(struct language *language, UErrorCode *status)
{
	for (int i = 0; i < LANGUAGE_UNIT_MAX; i++)
		language->units[i] =
			unumf_openForSkeletonAndLocale(language_units[i].skeleton, -1, language->locale, status);
	language->number = unumf_openResult(status);
	language->relative =
		ureldatefmt_open(language->locale, NULL, UDAT_STYLE_LONG, UDISPCTX_CAPITALIZATION_NONE, status);
	language->list = ulistfmt_openForType(language->locale, ULISTFMT_TYPE_UNITS, ULISTFMT_WIDTH_WIDE, status);
}

int language_new(const char *tag, struct language **ret_language, struct err *err)
{
	struct language *language = mem_zero(1, sizeof(*language));
	language->tag = mem_dup(tag);
	language->places = mem_zero(1, sizeof(*language->places));

	if (!language_set_locale(language, tag)) {
		language_free(language);
		return err_set(err, -EINVAL, "'%s' is no language that ICU knows: give a tag like ru, en or zh", tag);
	}

	UErrorCode status = U_ZERO_ERROR;
	language_open_dates(language, &status);
	language_open_counts(language, &status);
	if (U_FAILURE(status)) {
		language_free(language);
		return err_set(err, -EIO, "ICU cannot format dates in '%s': %s", tag, u_errorName(status));
	}

	*ret_language = language;
	return 0;
}

static void language_free_places(struct language_places *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->items[i].name);
	free(places->items);
	free(places);
}

void language_free(struct language *language)
{
	if (language == NULL)
		return;

	for (int i = 0; i < LANGUAGE_DATE_MAX; i++)
		if (language->dates[i] != NULL)
			udat_close(language->dates[i]);
	for (int i = 0; i < LANGUAGE_INTERVAL_MAX; i++)
		udtitvfmt_close(language->intervals[i]);
	for (int i = 0; i < LANGUAGE_UNIT_MAX; i++)
		unumf_close(language->units[i]);
	unumf_closeResult(language->number);
	ureldatefmt_close(language->relative);
	ulistfmt_close(language->list);
	language_free_places(language->places);
	free(language->tag);
	free(language);
}

const char *language_tag(const struct language *language)
{
	return language->tag;
}

/* ---- dates --------------------------------------------------------------------------------------------------- */

static void language_add_civil(const struct language *language, enum language_date date, const struct civil *civil,
			       struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	int32_t len =
		udat_format(language->dates[date], language_millis(civil), text, LANGUAGE_TEXT_MAX, NULL, &status);
	if (language_add_utf16(out, text, len, status))
		return;

	char iso[CIVIL_TEXT_SIZE];
	civil_format(civil, iso);
	buf_add_str(out, iso);
}

void language_add_date(const struct language *language, const struct civil *date, struct buf *out)
{
	language_add_civil(language, LANGUAGE_DAY, date, out);
}

void language_add_time(const struct language *language, const struct civil *time, struct buf *out)
{
	language_add_civil(language, LANGUAGE_CLOCK, time, out);
}

static void language_add_interval(const struct language *language, enum language_interval interval,
				  const struct period *period, struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	int32_t len = udtitvfmt_format(language->intervals[interval], language_millis(&period->start),
				       language_millis(&period->end), text, LANGUAGE_TEXT_MAX, NULL, &status);
	if (language_add_utf16(out, text, len, status))
		return;

	char key[PERIOD_KEY_SIZE];
	period_key(period, key);
	buf_add_str(out, key);
}

static bool language_is_whole_months(const struct period *period)
{
	return period->start.day == 1 && period->end.day == civil_days_in_month(period->end.year, period->end.month);
}

void language_add_period(const struct language *language, const struct period *period, struct buf *out)
{
	if (!period->has_start) {
		bool has_time = period->precision == PERIOD_MINUTE;
		language_add_civil(language, has_time ? LANGUAGE_MOMENT : LANGUAGE_DAY, &period->end, out);
		return;
	}

	switch (period->precision) {
	case PERIOD_MINUTE:
		language_add_civil(language, LANGUAGE_MOMENT, &period->start, out);
		return;
	case PERIOD_DAY:
		language_add_civil(language, LANGUAGE_DAY, &period->start, out);
		return;
	case PERIOD_MONTH:
		language_add_civil(language, LANGUAGE_MONTH, &period->start, out);
		return;
	case PERIOD_QUARTER:
		language_add_civil(language, LANGUAGE_QUARTER, &period->start, out);
		return;
	case PERIOD_YEAR:
		language_add_civil(language, LANGUAGE_YEAR, &period->start, out);
		return;
	case PERIOD_WEEK:
	case PERIOD_HALF_YEAR: /* ICU has no words for it: "январь – июнь 2025 г." */
	case PERIOD_RANGE:
	case PERIOD_PRECISION_MAX:
		break;
	}
	language_add_interval(language, language_is_whole_months(period) ? LANGUAGE_MONTHS : LANGUAGE_DAYS, period,
			      out);
}

/* ---- counts -------------------------------------------------------------------------------------------------- */

/* The count with its unit as UTF-16, or 0 when ICU failed. */
static int32_t language_format_unit(const struct language *language, int unit, int64_t count,
				    UChar text[LANGUAGE_TEXT_MAX])
{
	UErrorCode status = U_ZERO_ERROR;
	unumf_formatInt(language->units[unit], count, language->number, &status);
	int32_t len = unumf_resultToString(language->number, text, LANGUAGE_TEXT_MAX, &status);
	return U_SUCCESS(status) && len <= LANGUAGE_TEXT_MAX ? len : 0;
}

static void language_add_unit(const struct language *language, int unit, int64_t count, struct buf *out)
{
	UChar text[LANGUAGE_TEXT_MAX];
	int32_t len = language_format_unit(language, unit, count, text);
	if (len == 0 || !language_add_utf16(out, text, len, U_ZERO_ERROR))
		buf_printf(out, "%" PRId64, count);
}

void language_add_days(const struct language *language, int64_t days, struct buf *out)
{
	language_add_unit(language, LANGUAGE_UNIT_DAY, days, out);
}

void language_add_span(const struct language *language, int64_t seconds, struct buf *out)
{
	if (seconds < 0)
		seconds = -seconds;
	int unit = 0;
	while (unit + 1 < LANGUAGE_UNIT_MAX && seconds < language_units[unit].seconds)
		unit++;

	int64_t count = seconds / language_units[unit].seconds;
	int64_t rest = seconds % language_units[unit].seconds;
	int64_t lesser = unit + 1 < LANGUAGE_UNIT_MAX ? rest / language_units[unit + 1].seconds : 0;
	if (lesser == 0) {
		language_add_unit(language, unit, count, out);
		return;
	}

	UErrorCode status = U_ZERO_ERROR;
	UChar parts[2][LANGUAGE_TEXT_MAX], text[LANGUAGE_TEXT_MAX];
	const UChar *const items[2] = {parts[0], parts[1]};
	int32_t lens[2] = {language_format_unit(language, unit, count, parts[0]),
			   language_format_unit(language, unit + 1, lesser, parts[1])};
	int32_t len = ulistfmt_format(language->list, items, lens, 2, text, LANGUAGE_TEXT_MAX, &status);
	if (!language_add_utf16(out, text, len, status))
		language_add_unit(language, unit, count, out);
}

static void language_add_relative(const struct language *language, int64_t count, URelativeDateTimeUnit unit,
				  struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	int32_t len = ureldatefmt_format(language->relative, (double)count, unit, text, LANGUAGE_TEXT_MAX, &status);
	if (!language_add_utf16(out, text, len, status))
		buf_printf(out, "%+" PRId64, count);
}

void language_add_relative_days(const struct language *language, int64_t days, struct buf *out)
{
	language_add_relative(language, days, UDAT_REL_UNIT_DAY, out);
}

void language_add_relative_seconds(const struct language *language, int64_t seconds, struct buf *out)
{
	int64_t sign = seconds < 0 ? -1 : 1;
	int64_t minutes = (sign * seconds + 30) / 60;
	int64_t hours = (minutes + LANGUAGE_NEAR_HOUR_MIN) / 60;
	if (minutes == 0)
		language_add_relative(language, 0, UDAT_REL_UNIT_SECOND, out); /* "now" */
	else if (minutes < 120 && minutes % 60 != 0)
		language_add_relative(language, sign * minutes, UDAT_REL_UNIT_MINUTE, out);
	else
		language_add_relative(language, sign * hours, UDAT_REL_UNIT_HOUR, out);
}

/* ---- zones --------------------------------------------------------------------------------------------------- */

/* The zone's exemplar city; false when ICU has none. */
static bool language_add_city(const struct language *language, const UChar *zone, struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UDateFormat *city = udat_open(UDAT_PATTERN, UDAT_PATTERN, language->locale, zone, -1, u"VVV", -1, &status);
	UChar text[LANGUAGE_TEXT_MAX];
	int32_t len = udat_format(city, 0, text, LANGUAGE_TEXT_MAX, NULL, &status);
	if (city != NULL)
		udat_close(city);
	return language_add_utf16(out, text, len, status);
}

/* "America/Argentina/Ushuaia" -> "Ushuaia"; nothing for "UTC" and "Etc/GMT-5", which lie nowhere. */
static void language_add_last_part(const char *zone, struct buf *out)
{
	const char *slash = strrchr(zone, '/');
	if (slash == NULL || strncmp(zone, "Etc/", 4) == 0)
		return;
	for (const char *c = slash + 1; *c != '\0'; c++)
		buf_add_char(out, *c == '_' ? ' ' : *c);
}

static char *language_find_place(const struct language *language, const char *zone)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar name[LANGUAGE_TEXT_MAX] = {0};
	struct buf known, unknown;
	buf_init(&known, (size_t)LANGUAGE_TEXT_MAX * 3);
	buf_init(&unknown, (size_t)LANGUAGE_TEXT_MAX * 3);

	u_strFromUTF8(name, LANGUAGE_TEXT_MAX - 1, NULL, zone, -1, &status);
	bool has_city = U_SUCCESS(status) && language_add_city(language, name, &known) &&
			language_add_city(language, LANGUAGE_NO_ZONE, &unknown) &&
			strcmp(buf_str(&known), buf_str(&unknown)) != 0;
	if (!has_city) {
		buf_clear(&known);
		language_add_last_part(zone, &known);
	}

	buf_done(&unknown);
	return buf_take(&known);
}

/* Zones live as long as the process, so their addresses identify them; there are about 600 at most. */
static const char *language_place(const struct language *language, const struct zone *zone)
{
	struct language_places *places = language->places;
	for (size_t i = 0; i < places->n; i++)
		if (places->items[i].zone == zone)
			return places->items[i].name;

	places->items = mem_grow(places->items, places->n + 1, sizeof(*places->items));
	places->items[places->n] = (struct language_place){
		.zone = zone,
		.name = language_find_place(language, zone_name(zone)),
	};
	return places->items[places->n++].name;
}

void language_add_offset(const struct zone *zone, int64_t utc, struct buf *out)
{
	int minutes = zone_offset_s(zone, utc) / 60;
	int size = abs(minutes);
	buf_printf(out, "UTC%c%d", minutes < 0 ? '-' : '+', size / 60);
	if (size % 60 != 0)
		buf_printf(out, ":%02d", size % 60);
}

void language_add_zone(const struct language *language, const struct zone *zone, int64_t utc, struct buf *out)
{
	const char *place = language_place(language, zone);
	if (*place == '\0') {
		language_add_offset(zone, utc, out);
		return;
	}
	buf_add_str(out, place);
	buf_add_str(out, " (");
	language_add_offset(zone, utc, out);
	buf_add_char(out, ')');
}

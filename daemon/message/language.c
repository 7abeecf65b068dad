/* Civil times are formatted as if they were UTC, so that ICU's own copy of the zone rules, which goes stale, is never
 * asked; offsets come from plan/zone. Every formatter is opened once with its language.
 *
 * ICU fails here only when memory is short or its data files are damaged. What was opened then still formats, and if a
 * single call should fail, the value is written the international way (ISO 8601, a bare number) instead. */
#include "message/language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/udatpg.h>
#include <unicode/ustring.h>

#include "base/mem.h"
#include "message/language_priv.h"

#define LANGUAGE_GMT u"UTC"

static const UChar *const language_skeletons[LANGUAGE_DATE_MAX] = {
	/* clang-format off */
	[LANGUAGE_DAY] = u"yMMMMEEEEd",
	[LANGUAGE_MOMENT] = u"yMMMMEEEEdjm",
	[LANGUAGE_SHORT_DAY] = u"MMMMd",
	[LANGUAGE_MONTH] = u"yMMMM",
	[LANGUAGE_QUARTER] = u"yQQQQ",
	[LANGUAGE_YEAR] = u"y",
	/* clang-format on */
};

static const UChar *const language_interval_skeletons[LANGUAGE_INTERVAL_MAX] = {
	[LANGUAGE_DAYS] = u"yMMMMd",
	[LANGUAGE_MONTHS] = u"yMMMM",
};

static const UChar *const language_unit_skeletons[LANGUAGE_UNIT_MAX] = {
	[LANGUAGE_UNIT_DAY] = u"measure-unit/duration-day unit-width-full-name",
	[LANGUAGE_UNIT_HOUR] = u"measure-unit/duration-hour unit-width-full-name",
	[LANGUAGE_UNIT_MINUTE] = u"measure-unit/duration-minute unit-width-full-name",
	[LANGUAGE_UNIT_SECOND] = u"measure-unit/duration-second unit-width-full-name",
};

/* ---- from UTF-16 --------------------------------------------------------------------------------------------- */

static bool language_is_odd_space(UChar c)
{
	return c == 0x00A0 || c == 0x2009 || c == 0x202F; /* no-break, thin, narrow no-break */
}

bool language_add_utf16(struct buf *out, UChar *text, int32_t len, UErrorCode status)
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

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

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

/* Where a year stands behind the month it stands alone likewise: "y 'г'." of "LLLL y 'г'.", for which ICU has "y". */
static UDateFormat *language_open_year(UDateTimePatternGenerator *generator, const char *locale, UErrorCode *status)
{
	UChar pattern[LANGUAGE_TEXT_MAX] = {0};
	(void)udatpg_getBestPatternWithOptions(generator, language_skeletons[LANGUAGE_MONTH], -1,
					       UDATPG_MATCH_NO_OPTIONS, pattern, LANGUAGE_TEXT_MAX - 1, status);
	const UChar *year = u_strchr(pattern, u'y');
	if (U_FAILURE(*status) || year == NULL || u_strpbrk(year, u"ML") != NULL)
		return language_open_date(generator, locale, language_skeletons[LANGUAGE_YEAR], status);
	return udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, LANGUAGE_GMT, -1, year, -1, status);
}

static void language_open_dates(struct language *language, UErrorCode *status)
{
	UDateTimePatternGenerator *generator = udatpg_open(language->locale, status);
	for (int i = 0; i < LANGUAGE_DATE_MAX; i++)
		language->dates[i] = i == LANGUAGE_YEAR ? language_open_year(generator, language->locale, status)
							: language_open_date(generator, language->locale,
									     language_skeletons[i], status);
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
			unumf_openForSkeletonAndLocale(language_unit_skeletons[i], -1, language->locale, status);
	language->number = unumf_openResult(status);
	language->relative =
		ureldatefmt_open(language->locale, NULL, UDAT_STYLE_LONG, UDISPCTX_CAPITALIZATION_NONE, status);
	language->plain = unumf_openForSkeletonAndLocale(u"", 0, language->locale, status);
	language->plurals = uplrules_openForType(language->locale, UPLURAL_TYPE_CARDINAL, status);
	language->list = ulistfmt_openForType(language->locale, ULISTFMT_TYPE_UNITS, ULISTFMT_WIDTH_WIDE, status);
	language->names = ulistfmt_openForType(language->locale, ULISTFMT_TYPE_AND, ULISTFMT_WIDTH_WIDE, status);
}

/* locale: the tag of the language, or of one of its regions. */
static int language_open(const char *tag, const char *locale, struct language **ret_language, struct err *err)
{
	struct language *language = mem_zero(1, sizeof(*language));
	language->tag = mem_dup(tag);
	language->places = language_places_new();
	language->memo = language_memo_new();

	if (!language_set_locale(language, locale)) {
		language_free(language);
		return err_set(err, -EINVAL, "'%s' is no language that ICU knows: give a tag like ru, en or zh",
			       locale);
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

int language_new(const char *tag, struct language **ret_language, struct err *err)
{
	return language_open(tag, tag, ret_language, err);
}

/* As ICU calls it: "Hans" of "zh", "Hant" of "zh-TW". */
static void language_script(const char *tag, char script[ULOC_SCRIPT_CAPACITY])
{
	UErrorCode status = U_ZERO_ERROR;
	char locale[ULOC_FULLNAME_CAPACITY];
	script[0] = '\0';
	uloc_addLikelySubtags(tag, locale, sizeof(locale), &status);
	if (U_SUCCESS(status))
		uloc_getScript(locale, script, ULOC_SCRIPT_CAPACITY, &status);
}

int language_new_region(const char *tag, const char *region, struct language **ret_language, struct err *err)
{
	char own[ULOC_SCRIPT_CAPACITY], other[ULOC_SCRIPT_CAPACITY];
	char *hyphened = mem_dup(region);
	for (char *c = hyphened; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	language_script(tag, own);
	language_script(hyphened, other);
	int status = strcmp(own, other) == 0
			     ? language_open(tag, hyphened, ret_language, err)
			     : err_set(err, -EINVAL, "'%s' is written otherwise than '%s'", region, tag);
	free(hyphened);
	return status;
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
	unumf_close(language->plain);
	uplrules_close(language->plurals);
	ulistfmt_close(language->list);
	ulistfmt_close(language->names);
	language_places_free(language->places);
	language_memo_free(language->memo);
	free(language->tag);
	free(language);
}

const char *language_tag(const struct language *language)
{
	return language->tag;
}

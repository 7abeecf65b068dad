/* Counts, spans and lists: what has a plural or an "and" in it. */
#include "message/language.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ustring.h>

#include "base/mem.h"
#include "message/language_priv.h"

enum { LANGUAGE_NEAR_HOUR_MIN = 5 }; /* so little before a full hour counts as it: reminders may go out a bit late */

static const int64_t language_unit_seconds[LANGUAGE_UNIT_MAX] = {
	[LANGUAGE_UNIT_DAY] = 86400,
	[LANGUAGE_UNIT_HOUR] = 3600,
	[LANGUAGE_UNIT_MINUTE] = 60,
	[LANGUAGE_UNIT_SECOND] = 1,
};

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
	const struct language_key key = {.form = LANGUAGE_FORM_UNIT + unit, .first = count};
	if (language_recall(language, &key, out))
		return;

	UChar text[LANGUAGE_TEXT_MAX];
	size_t from = out->len;
	int32_t len = language_format_unit(language, unit, count, text);
	if (len != 0 && language_add_utf16(out, text, len, U_ZERO_ERROR))
		language_remember(language, &key, out, from);
	else
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
	while (unit + 1 < LANGUAGE_UNIT_MAX && seconds < language_unit_seconds[unit])
		unit++;

	int64_t count = seconds / language_unit_seconds[unit];
	int64_t rest = seconds % language_unit_seconds[unit];
	int64_t lesser = unit + 1 < LANGUAGE_UNIT_MAX ? rest / language_unit_seconds[unit + 1] : 0;
	if (lesser == 0) {
		language_add_unit(language, unit, count, out);
		return;
	}

	const struct language_key key = {.form = LANGUAGE_FORM_SPAN + unit, .first = count, .second = lesser};
	if (language_recall(language, &key, out))
		return;

	UErrorCode status = U_ZERO_ERROR;
	size_t from = out->len;
	UChar parts[2][LANGUAGE_TEXT_MAX], text[LANGUAGE_TEXT_MAX];
	const UChar *const items[2] = {parts[0], parts[1]};
	int32_t lens[2] = {language_format_unit(language, unit, count, parts[0]),
			   language_format_unit(language, unit + 1, lesser, parts[1])};
	int32_t len = ulistfmt_format(language->list, items, lens, 2, text, LANGUAGE_TEXT_MAX, &status);
	if (language_add_utf16(out, text, len, status))
		language_remember(language, &key, out, from);
	else
		language_add_unit(language, unit, count, out);
}

static void language_add_relative(const struct language *language, int64_t count, URelativeDateTimeUnit unit,
				  struct buf *out)
{
	const struct language_key key = {.form = LANGUAGE_FORM_RELATIVE + (int)unit, .first = count};
	if (language_recall(language, &key, out))
		return;

	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	size_t from = out->len;
	int32_t len = ureldatefmt_format(language->relative, (double)count, unit, text, LANGUAGE_TEXT_MAX, &status);
	if (language_add_utf16(out, text, len, status))
		language_remember(language, &key, out, from);
	else
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

void language_add_number(const struct language *language, int64_t number, struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	unumf_formatInt(language->plain, number, language->number, &status);
	int32_t len = unumf_resultToString(language->number, text, LANGUAGE_TEXT_MAX, &status);
	if (!language_add_utf16(out, text, len, status))
		buf_printf(out, "%" PRId64, number);
}

/* ---- plurals ------------------------------------------------------------------------------------------------- */

static const struct language_form {
	const UChar *icu;
	const char *name;
} language_forms[] = {
	{u"zero", "zero"}, {u"one", "one"}, {u"two", "two"}, {u"few", "few"}, {u"many", "many"},
};

const char *language_plural(const struct language *language, int64_t number)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar form[8] = {0}; /* the longest is "other" */
	uplrules_select(language->plurals, (double)number, form, 7, &status);
	for (size_t i = 0; U_SUCCESS(status) && i < sizeof(language_forms) / sizeof(language_forms[0]); i++)
		if (u_strcmp(form, language_forms[i].icu) == 0)
			return language_forms[i].name;
	return "other";
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

/* As UTF-16, its length in *ret_len; NULL when it is not valid. Returns owned. */
static UChar *language_new_utf16(const char *text, int32_t *ret_len)
{
	UErrorCode status = U_ZERO_ERROR;
	size_t room = strlen(text) + 1; /* never more units than bytes */
	UChar *utf16 = mem_zero(room, sizeof(*utf16));
	u_strFromUTF8(utf16, (int32_t)room, ret_len, text, -1, &status);
	if (U_SUCCESS(status))
		return utf16;
	free(utf16);
	return NULL;
}

/* The list as ICU joins it; false when ICU failed. */
static bool language_join(const struct language *language, const UChar *const *items, const int32_t *lens, size_t n,
			  struct buf *out)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = ulistfmt_format(language->names, items, lens, (int32_t)n, NULL, 0, &status);
	if (status != U_BUFFER_OVERFLOW_ERROR)
		return false;
	status = U_ZERO_ERROR;
	UChar *joined = mem_zero((size_t)len + 1, sizeof(*joined));
	ulistfmt_format(language->names, items, lens, (int32_t)n, joined, len + 1, &status);

	size_t room = (size_t)len * 3 + 1;
	char *utf8 = mem_zero(room, 1);
	u_strToUTF8(utf8, (int32_t)room, NULL, joined, len, &status);
	if (U_SUCCESS(status))
		buf_add_str(out, utf8);
	free(utf8);
	free(joined);
	return U_SUCCESS(status);
}

void language_add_list(const struct language *language, const char *const *items, size_t n, struct buf *out)
{
	UChar **utf16 = mem_zero(n + 1, sizeof(*utf16));
	int32_t *lens = mem_zero(n + 1, sizeof(*lens));
	bool is_good = n > 0;
	for (size_t i = 0; i < n; i++) {
		utf16[i] = language_new_utf16(items[i], &lens[i]);
		is_good = is_good && utf16[i] != NULL;
	}

	if (!is_good || !language_join(language, (const UChar *const *)utf16, lens, n, out))
		for (size_t i = 0; i < n; i++)
			buf_printf(out, "%s%s", i > 0 ? ", " : "", items[i]);

	for (size_t i = 0; i < n; i++)
		free(utf16[i]);
	free(utf16);
	free(lens);
}

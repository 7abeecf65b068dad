/* Dates and periods as the language writes them. */
#include "message/language.h"

#include "message/language_priv.h"

static UDate language_millis(const struct civil *civil)
{
	return (UDate)civil_to_seconds(civil) * 1000.0;
}

static void language_add_civil(const struct language *language, enum language_date date, const struct civil *civil,
			       struct buf *out)
{
	const struct language_key key = {.form = LANGUAGE_FORM_DATE + (int)date, .first = civil_to_seconds(civil)};
	if (language_recall(language, &key, out))
		return;

	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	size_t from = out->len;
	int32_t len =
		udat_format(language->dates[date], language_millis(civil), text, LANGUAGE_TEXT_MAX, NULL, &status);
	if (language_add_utf16(out, text, len, status)) {
		language_remember(language, &key, out, from);
		return;
	}

	char iso[CIVIL_TEXT_SIZE];
	civil_format(civil, iso);
	buf_add_str(out, iso);
}

void language_add_date(const struct language *language, const struct civil *date, struct buf *out)
{
	language_add_civil(language, LANGUAGE_DAY, date, out);
}

void language_add_short_date(const struct language *language, const struct civil *date, struct buf *out)
{
	language_add_civil(language, LANGUAGE_SHORT_DAY, date, out);
}

static void language_add_interval(const struct language *language, enum language_interval interval,
				  const struct period *period, struct buf *out)
{
	const struct language_key key = {
		.form = LANGUAGE_FORM_INTERVAL + (int)interval,
		.first = civil_to_seconds(&period->start),
		.second = civil_to_seconds(&period->end),
	};
	if (language_recall(language, &key, out))
		return;

	UErrorCode status = U_ZERO_ERROR;
	UChar text[LANGUAGE_TEXT_MAX];
	size_t from = out->len;
	int32_t len = udtitvfmt_format(language->intervals[interval], language_millis(&period->start),
				       language_millis(&period->end), text, LANGUAGE_TEXT_MAX, NULL, &status);
	if (language_add_utf16(out, text, len, status)) {
		language_remember(language, &key, out, from);
		return;
	}

	char iso[PERIOD_KEY_SIZE];
	period_key(period, iso);
	buf_add_str(out, iso);
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
		if (!period_is_whole_months(period))
			break; /* "mid-June" is written as its days */
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
	language_add_interval(language, period_is_whole_months(period) ? LANGUAGE_MONTHS : LANGUAGE_DAYS, period, out);
}

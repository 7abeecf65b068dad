/* language: dates, spans and counts in the reader's language; ICU knows the words, libical the zones.
 *
 * The only room that knows ICU. All text is UTF-8 with ordinary spaces: the narrow and the unbreakable ones that ICU
 * likes come out as boxes in some messengers. Days, months and years are those of the Gregorian calendar in every
 * language. A struct language is made once per language tag; it remembers what it looked up, so it belongs to one
 * thread. */
#ifndef DEADLINED_MESSAGE_LANGUAGE_H
#define DEADLINED_MESSAGE_LANGUAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "plan/civil.h"
#include "plan/period.h"
#include "plan/zone.h"

struct language;

/* tag: BCP 47, as "ru", "en", "zh". Errors: -EINVAL ICU has no data for that language, -EIO ICU failed (the words in
 * err). Returns owned. */
MUSTCHECK int language_new(const char *tag, struct language **ret_language, struct err *err);
/* The same with the dates of a region: region is "en-GB" or "en_GB" where tag, which it keeps, is "en". Errors: the
 * same; -EINVAL as well when the region writes in another script. */
MUSTCHECK int language_new_region(const char *tag, const char *region, struct language **ret_language, struct err *err);
void language_free(struct language *language);
const char *language_tag(const struct language *language);

/* "вторник, 15 апреля 2025 г." */
void language_add_date(const struct language *language, const struct civil *date, struct buf *out);
/* "15 апреля", "April 15", "4月15日": the day of a year that needs no saying */
void language_add_short_date(const struct language *language, const struct civil *date, struct buf *out);
/* "июнь 2025 г.", "апрель – май 2025 г.", "11–16 октября 2024 г.", a single day with its weekday, a minute with its
 * time; as people write that precision. A limit is written as its day. */
void language_add_period(const struct language *language, const struct period *period, struct buf *out);
/* "1 день", "3 дня", "5 дней"; "1 day", "5 days"; "5天" */
void language_add_days(const struct language *language, int64_t days, struct buf *out);
/* A span of seconds in its one or two largest units, rounded down: "3 дня", "2 часа 15 минут", "1 hour"; the sign is
 * not written. */
void language_add_span(const struct language *language, int64_t seconds, struct buf *out);
/* Calendar days from the reader's today: -1 "вчера", 0 "сегодня", 1 "завтра", 30 "через 30 дней", -5 "5 дней назад" */
void language_add_relative_days(const struct language *language, int64_t days, struct buf *out);
/* Seconds from now, for the day itself: "через 15 минут", "2 часа назад", "сейчас". In full hours from two hours on. */
void language_add_relative_seconds(const struct language *language, int64_t seconds, struct buf *out);
/* "1 234" as the language writes a number */
void language_add_number(const struct language *language, int64_t number, struct buf *out);
/* Which form of a noun stands behind that number: "zero", "one", "two", "few", "many" or "other", as CLDR calls
 * them. */
const char *language_plural(const struct language *language, int64_t number);
/* "А", "А и Б", "А, Б и В"; nothing for no items. Items are valid UTF-8. */
void language_add_list(const struct language *language, const char *const *items, size_t n, struct buf *out);
/* The place a zone is named after, and its offset at that instant: "о-в Сахалин (UTC+11)", "上海 (UTC+8)"; a zone
 * without a place is its offset alone. */
void language_add_zone(const struct language *language, const struct zone *zone, int64_t utc, struct buf *out);
/* The offset at that instant, the same in every language: "UTC+11", "UTC-3:30", "UTC+0" */
void language_add_offset(const struct zone *zone, int64_t utc, struct buf *out);

#endif

/* The places that time zones are named after. ICU says "о-в Сахалин" for Asia/Sakhalin in Russian: it has no other name
 * for it that stands alone. */
#include "message/language.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/ustring.h>

#include "base/mem.h"
#include "message/language_priv.h"

#define LANGUAGE_NO_ZONE u"Etc/Unknown" /* ICU's name for a zone that is not known */

/* What ICU calls a zone's place, looked up once: opening a formatter for a zone costs more than a whole message. */
struct language_place {
	const struct zone *zone;
	char *name; /* "" for a zone that is named after no place */
};

struct language_places {
	struct language_place *items;
	size_t n;
};

struct language_places *language_places_new(void)
{
	return mem_zero(1, sizeof(struct language_places));
}

void language_places_free(struct language_places *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->items[i].name);
	free(places->items);
	free(places);
}

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
	int size = abs(minutes), hours = size / 60, rest = size % 60; /* hours are at most 26, by the day's length */
	buf_add_str(out, minutes < 0 ? "UTC-" : "UTC+");
	if (hours >= 10)
		buf_add_char(out, (char)('0' + hours / 10));
	buf_add_char(out, (char)('0' + hours % 10));
	if (rest != 0)
		buf_add(out, (const char[]){':', (char)('0' + rest / 10), (char)('0' + rest % 10)}, 3);
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

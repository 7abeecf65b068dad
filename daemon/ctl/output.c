#include "ctl/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/utf8.h"
#include "store/store_task.h"

void output_complain(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);
	log_redact(text);
	char *clean = output_clean(text);
	(void)fprintf(stderr, "deadlinectl: %s\n", clean); /* nobody to tell when even this fails */
	free(clean);
	free(text);
}

/* What may stand for a character on a terminal: itself, or the one given instead; lines are kept when is_text. */
static char *output_tame(const char *text, bool is_text)
{
	size_t len = strlen(text);
	const char *end = text + len;
	char *clean = mem_alloc(len + 1), *out = clean;
	while (text < end) {
		const char *start = text;
		uint32_t c = utf8_next(&text, end);
		size_t bytes = (size_t)(text - start);
		if (c == '\n' || c == '\t') {
			*out++ = is_text ? (char)c : ' ';
		} else if (utf8_is_control(c) || (c == 0xfffd && bytes == 1)) {
			*out++ = '?';
		} else {
			memcpy(out, start, bytes);
			out += bytes;
		}
	}
	*out = '\0';
	return clean;
}

char *output_clean(const char *text)
{
	return output_tame(text, false);
}

void output_print(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);
	char *clean = output_tame(text, true);
	(void)fputs(clean, stdout); /* a failed write is found when it is flushed */
	free(clean);
	free(text);
}

size_t output_width(const char *text, size_t len)
{
	size_t width = 0;
	for (const char *end = text + len; text < end;) {
		int columns = wcwidth((wchar_t)utf8_next(&text, end));
		width += columns < 0 ? 1 : (size_t)columns;
	}
	return width;
}

/* ---- a table ------------------------------------------------------------------------------------------------------
 */

struct output_table {
	struct table table;
};

struct output_table *output_table_new(const char *const *headings, size_t n)
{
	struct output_table *table = mem_zero(1, sizeof(*table));
	table_init(&table->table, headings, n);
	return table;
}

void output_table_add(struct output_table *table, const char *const *cells)
{
	for (size_t i = 0; i < table->table.columns; i++) {
		char *cell = output_clean(cells[i][0] != '\0' ? cells[i] : "-");
		table_add(&table->table, cell);
		free(cell);
	}
}

void output_table_finish(struct output_table *table, const char *nothing_text, FILE *out)
{
	if (table->table.cells.n == table->table.columns)
		(void)fprintf(out, "%s\n", nothing_text);
	else
		table_print(&table->table, out);
	table_done(&table->table);
	free(table);
}

/* ---- dates for people ---------------------------------------------------------------------------------------------
 */

void output_time(const struct zone *zone, int64_t utc, char text[OUTPUT_TIME_SIZE])
{
	char iso[ZONE_TEXT_SIZE];
	if (utc >= STORE_NEVER) {
		(void)snprintf(text, OUTPUT_TIME_SIZE, "-");
		return;
	}
	zone_format(zone, utc, iso);
	(void)snprintf(text, OUTPUT_TIME_SIZE, "%.10s %.5s %s", iso, iso + 11, iso + 19);
}

/* "2025-06-15" or "2025-06-15 14:00" */
static void output_end(const struct civil *civil, bool is_minute, char text[CIVIL_TEXT_SIZE])
{
	civil_format(civil, text);
	text[10] = is_minute ? ' ' : '\0';
	text[16] = '\0';
}

void output_period(const struct period *period, char text[OUTPUT_PERIOD_SIZE])
{
	char start[CIVIL_TEXT_SIZE], end[CIVIL_TEXT_SIZE];
	bool is_minute = period->precision == PERIOD_MINUTE;
	output_end(&period->end, is_minute, end);
	if (!period->has_start) {
		(void)snprintf(text, OUTPUT_PERIOD_SIZE, "until %s", end);
		return;
	}
	output_end(&period->start, is_minute, start);
	if (civil_compare(&period->start, &period->end) == 0)
		(void)snprintf(text, OUTPUT_PERIOD_SIZE, "%s", start);
	else
		(void)snprintf(text, OUTPUT_PERIOD_SIZE, "%s..%s", start, end);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

/* Jansson leaves C1 controls and those of direction as they are; none of them is outside of a string. */
static void output_json_tame(const char *json, FILE *out)
{
	for (const char *end = json + strlen(json); json < end;) {
		const char *start = json;
		uint32_t c = utf8_next(&json, end);
		if (utf8_is_control(c))
			(void)fprintf(out, "\\u%04X", (unsigned)c);
		else
			(void)fwrite(start, 1, (size_t)(json - start), out);
	}
}

void output_json(json_t *object, FILE *out)
{
	char *json = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
	if (json == NULL)
		mem_lack();
	output_json_tame(json, out);
	(void)fputc('\n', out); /* a failed write is found when out is flushed */
	free(json);
	json_decref(object);
}

json_t *output_json_text(const char *text)
{
	json_t *string = json_string(text);
	if (string != NULL)
		return string;

	struct buf buf;
	buf_init(&buf, strlen(text) * 3);
	for (const char *end = text + strlen(text); text < end;) {
		char utf8[4];
		buf_add(&buf, utf8, utf8_put(utf8_next(&text, end), utf8));
	}
	string = json_string(buf_str(&buf));
	buf_done(&buf);
	return string;
}

json_t *output_json_time(const struct zone *zone, int64_t utc)
{
	char text[ZONE_TEXT_SIZE];
	if (utc >= STORE_NEVER)
		return json_null();
	zone_format(zone, utc, text);
	return json_string(text);
}

void output_period_ends(const struct period *period, const struct zone *zone, char start[ZONE_TEXT_SIZE],
			char end[ZONE_TEXT_SIZE])
{
	(void)snprintf(start, ZONE_TEXT_SIZE, "-");
	if (period->precision == PERIOD_MINUTE) {
		if (period->has_start)
			zone_format(zone, zone_to_utc(zone, &period->start), start);
		zone_format(zone, zone_to_utc(zone, &period->end), end);
	} else {
		if (period->has_start)
			civil_format_date(&period->start, start);
		civil_format_date(&period->end, end);
	}
}

void output_json_period(json_t *object, const struct period *period, const struct zone *zone)
{
	char start[ZONE_TEXT_SIZE], end[ZONE_TEXT_SIZE];
	output_period_ends(period, zone, start, end);
	json_object_set_new(object, "start", period->has_start ? json_string(start) : json_null());
	json_object_set_new(object, "end", json_string(end));
	json_object_set_new(object, "precision", json_string(period_precision_name(period->precision)));
}

/* output: what the commands print: tables and dates for people, JSON for programs, complaints on standard error.
 *
 * Text from the database, from files and from servers may hold anything; nothing of it reaches the terminal as a
 * control character. Columns line up for Cyrillic and Chinese too, where a character may be two columns wide. */
#ifndef DEADLINED_CTL_OUTPUT_H
#define DEADLINED_CTL_OUTPUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "plan/period.h"
#include "plan/zone.h"

/* "deadlinectl: ..." on standard error; secrets are hidden. */
void output_complain(const char *fmt, ...) PRINTF(1, 2);

/* As printf(3), with '?' as below; lines of what is filled in stay lines. For what holds words of the database. */
void output_print(const char *fmt, ...) PRINTF(1, 2);

/* A copy of text with '?' for every control character and every byte that is no UTF-8; a newline or tab becomes a
 * blank. Returns owned. */
char *output_clean(const char *text);

/* Columns of a terminal that len bytes of clean text take. */
size_t output_width(const char *text, size_t len);

/* ---- a table ---- */

struct output_table;

/* headings: n of them, borrowed. Returns owned. */
struct output_table *output_table_new(const char *const *headings, size_t n);
/* Adds a row of n cells; copies them. */
void output_table_add(struct output_table *table, const char *const *cells);
/* Prints the headings and the rows, columns two blanks apart, or nothing_text when there is no row; frees the table. */
void output_table_finish(struct output_table *table, const char *nothing_text, FILE *out);

/* ---- dates for people ---- */

enum { OUTPUT_TIME_SIZE = 40, OUTPUT_PERIOD_SIZE = 64 };

/* "2025-04-01 09:00 +11:00"; "-" for STORE_NEVER */
void output_time(const struct zone *zone, int64_t utc, char text[OUTPUT_TIME_SIZE]);
/* "2025-06-15", "2025-06-01..2025-06-30", "2025-06-15 14:00", "until 2025-06-01" */
void output_period(const struct period *period, char text[OUTPUT_PERIOD_SIZE]);

/* ---- JSON ---- */

/* Prints one line, control characters as \uXXXX, and releases object. */
void output_json(json_t *object, FILE *out);
/* A string, whatever bytes text has. */
json_t *output_json_text(const char *text);
/* "2025-04-01T09:00:00+11:00"; null for STORE_NEVER */
json_t *output_json_time(const struct zone *zone, int64_t utc);
/* Sets "start", "end" and "precision" in object: dates, or instants with their offset when it is a minute; start is
 * null for a limit. */
void output_json_period(json_t *object, const struct period *period, const struct zone *zone);

/* One end of a period as the JSON has it, "-" for the missing start. */
void output_period_ends(const struct period *period, const struct zone *zone, char start[ZONE_TEXT_SIZE],
			char end[ZONE_TEXT_SIZE]);

#endif

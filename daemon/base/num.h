/* num: numbers and durations as people type them, whole or not at all. */
#ifndef DEADLINED_BASE_NUM_H
#define DEADLINED_BASE_NUM_H

#include <stdint.h>

#include "base/err.h"

/* A decimal integer in min..max, the whole of text, no blanks, no plus sign.
 * Errors: -EINVAL not a number, -ERANGE outside; *ret_value is untouched then and err says what would be right. */
MUSTCHECK int num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value, struct err *err);

/* A duration "90s", "15m", "36h", "7d" or "2w" in seconds. A bare number is an error: it does not say its unit.
 * Errors as num_parse(), with min_s..max_s in seconds. */
MUSTCHECK int num_parse_duration_s(const char *text, int64_t min_s, int64_t max_s, int64_t *ret_s, struct err *err);

/* The word that goes with a count in English: "1 message", "0 messages". */
const char *num_word(int64_t n, const char *one, const char *more);

/* How many edits (insert, delete, replace, swap of neighbours) turn a into b, or limit when at least so many. Both are
 * compared byte by byte; meant for keywords of at most 63 bytes, a longer one counts as limit away. */
unsigned num_edit_distance(const char *a, const char *b, unsigned limit);

#endif

/* period_print: a period told in words, to see that what is printed is understood as the same again. */
#ifndef DEADLINED_TEST_PERIOD_PRINT_H
#define DEADLINED_TEST_PERIOD_PRINT_H

#include "base/buf.h"
#include "plan/period.h"

/* Appends the period as a phrase in that language ("ru", "en", "zh"), with its year. period_parse() reads it as the same
 * period again. Another language, and what has no words, is written as in ISO 8601: 2025-06, 2025-W14; and as in EDTF, where
 * it is only about these days: 2025-06-11~/2025-06-20~. */
void period_print(const struct period *period, const char *language, struct buf *out);
/* The same of a first occurrence and its rule, for period_parse_repeat(): "каждый понедельник в 2025 году". A rule that
 * has no words, as that of a yearly weekday, is appended as it stands, behind " RRULE:", which is not read back. */
void period_print_repeat(const struct period *first, const char *rrule, const char *language, struct buf *out);

#endif

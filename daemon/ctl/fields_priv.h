/* fields_priv: what the fields of tasks and of people share. */
#ifndef DEADLINED_CTL_FIELDS_PRIV_H
#define DEADLINED_CTL_FIELDS_PRIV_H

#include "ctl/fields.h"

enum { FIELDS_SHOWN_MAX = 60 };

void fields_set(char **field, const char *value);
/* A copy of the start of a value, for a message about it. */
const char *fields_shown(const char *value, char shown[FIELDS_SHOWN_MAX + 4]);

/* NULL for given leaves the field. False after a report. */
bool fields_apply_text(const struct fields_rules *rules, const char *column, const char *given, size_t min, size_t max,
		       bool allow_lines, char **field);
bool fields_apply_zone(const struct fields_rules *rules, const char *given, char **field);

#endif

/* recur_priv: what a rule's text is turned into; for the recur*.c files alone. */
#ifndef DEADLINED_PLAN_RECUR_PRIV_H
#define DEADLINED_PLAN_RECUR_PRIV_H

#include <libical/ical.h>

#include "plan/recur.h"

/* A date or time as RDATE, EXDATE and UNTIL have it. */
struct recur_moment {
	struct civil civil;
	bool has_time;
	bool is_utc;
};

/* Reads len bytes of text. */
bool recur_moment_parse(const char *text, size_t len, struct recur_moment *ret_moment);

struct recur_rule {
	struct icalrecurrencetype ical; /* its count and until are not for use */
	int interval;
	unsigned count; /* 0 = no end */
	bool has_until;
	struct recur_moment until;
};

/* Checks and reads a rule. */
MUSTCHECK int recur_rule_parse(const char *rrule, struct recur_rule *ret_rule, struct err *err);

#endif

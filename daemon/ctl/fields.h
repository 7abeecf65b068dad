/* fields: what the fields of a task and of a person may hold, the same for a row of a CSV file and for options.
 *
 * A field that is not given (NULL) leaves what *task or *person has. Every wrong field is reported, not just the first.
 */
#ifndef DEADLINED_CTL_FIELDS_H
#define DEADLINED_CTL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "conf/conf.h"
#include "message/catalog.h"
#include "plan/calendar.h"
#include "plan/period.h"
#include "plan/person.h"
#include "plan/role.h"
#include "plan/task.h"

struct channel;

struct fields_problem {
	const char *column;  /* "when" */
	const char *message; /* what is wrong and what would be right */
	const char *phrase;  /* with column "when", when the phrase was not understood: where, in bytes; else NULL */
	unsigned offset, length;
};
typedef void (*fields_report_cb)(void *arg, const struct fields_problem *problem);

/* One that prints "column: message" as a complaint; arg is not used. */
void fields_complain(void *arg, const struct fields_problem *problem);

struct fields_rules {
	const struct conf *conf;
	const struct calendars *calendars; /* for people; NULL = there are none */
	int64_t now_utc;                   /* its year, in the task's zone, is that of a phrase which names none */
	fields_report_cb report;
	void *arg;
};

struct fields_task {
	const char *title, *when, *zone, *place, *policy, *note, *priority, *rrule;
};

struct fields_person {
	const char *name, *language, *zone, *calendar, *quiet, *work, *digest, *ceiling, *channels;
};

/* An empty zone means that of the configuration, an empty policy "default", an empty language that of the
 * configuration, an empty priority "normal"; empty hours, calendar, ceiling and channels are none. A date says whether
 * the task repeats, unless a rule stands beside it. False when anything was reported; what was right has been applied
 * all the same. */
bool fields_apply_task(const struct fields_rules *rules, const struct fields_task *given, struct task *task);
bool fields_apply_person(const struct fields_rules *rules, const struct fields_person *given,
			 const struct catalog *catalog, struct person *person);

/* "anna" or "supervisor:anna", see role.h: *ret_id is anna. False when the role was unknown, which is reported. */
bool fields_check_part(const struct fields_rules *rules, const char *word, const char **ret_id);

/* Text without control characters, min to max characters of it. */
bool fields_check_text(const struct fields_rules *rules, const char *column, const char *text, size_t min, size_t max,
		       bool allow_lines);

/* A task's uid or a person's id: [A-Za-z0-9._-], at most max bytes. */
bool fields_check_id(const struct fields_rules *rules, const char *column, const char *id, size_t max);
/* An address for the channel, in the column of its name. */
bool fields_check_address(const struct fields_rules *rules, const struct channel *channel, const char *address);

/* A task as it is before anything was given: open, policy "default", zone of the configuration. */
void fields_init_task(const struct conf *conf, const char *uid, struct task *task);
void fields_init_person(const struct conf *conf, const char *id, struct person *person);

/* The current year there. */
int fields_year(const struct zone *zone, int64_t now_utc);

/* Reports a problem of a column in words. */
void fields_report(const struct fields_rules *rules, const char *column, const char *fmt, ...) PRINTF(3, 4);

#endif

/* task_edit: what add and edit have in common: the options that name a task's fields. */
#ifndef DEADLINED_CTL_TASK_EDIT_H
#define DEADLINED_CTL_TASK_EDIT_H

#include <stdbool.h>

#include "ctl/args.h"
#include "ctl/fields.h"
#include "ctl/session.h"
#include "plan/task.h"

#define TASK_EDIT_OPTIONS                                                                                              \
	{"--title", "TITLE", "what is due"}, {"--when", "PHRASE", "when, as 'deadlinectl when' understands it"},       \
		{"--zone", "ZONE", "time zone of the event, as Asia/Sakhalin"}, {"--place", "PLACE", "where"},         \
		{"--policy", "POLICY", "a [policy NAME] of the configuration, or default"},                            \
		{"--people", "\"ID...\"", "who is reminded, separated by blanks; ROLE:ID gives a role"},               \
		{"--priority", "PRIORITY", "normal, or urgent: passes quiet and working hours"},                       \
		{"--rrule", "RULE", "how it repeats, as FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20251231; \"\" = not"},       \
	{                                                                                                              \
		"--note", "TEXT", "anything else to be told"                                                           \
	}

/* Complains about a field; a fields_report_cb. */
void task_edit_report(void *arg, const struct fields_problem *problem);

/* Applies the options that were given to *task and writes it and its people, inside the transaction that is open.
 * title: the operand that add takes, or NULL. Prints what is wrong. Returns an exit status. */
MUSTCHECK int task_edit_put(struct session *session, const struct args *args, const char *title, struct task *task);

#endif

#include "service/rehearse_report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/table.h"
#include "service/account.h"

enum { REHEARSE_BUSY_MS = 5000 };

bool rehearse_parse_days(const char *text, struct civil *ret_from, struct civil *ret_to)
{
	const char *dots = strstr(text, "..");
	char from[CIVIL_DATE_SIZE];
	bool from_time, to_time;
	if (dots == NULL || dots - text != CIVIL_DATE_SIZE - 1)
		return false;
	(void)snprintf(from, sizeof(from), "%s", text);
	return civil_parse(from, ret_from, &from_time) && civil_parse(dots + 2, ret_to, &to_time) && !from_time &&
	       !to_time && civil_compare(ret_from, ret_to) <= 0;
}

void rehearse_report_headings(struct table *table)
{
	static const char *const headings[] = {"LOCAL TIME", "ZONE", "RECIPIENT", "CHANNEL", "LANG", "STEP", "TASK"};
	table_init(table, headings, sizeof(headings) / sizeof(headings[0]));
}

void rehearse_report_row(void *arg, const struct rehearse_row *row)
{
	struct table *table = arg;
	char local[ZONE_TEXT_SIZE];
	const struct zone *zone = zone_find(row->zone);
	if (strcmp(row->state, "dropped") == 0)
		return;
	zone_format(zone != NULL ? zone : zone_find("UTC"), row->at_utc, local);
	local[10] = ' ';
	local[16] = '\0';
	table_add(table, local);
	table_add(table, row->zone);
	table_add(table, row->person);
	table_add(table, row->channel);
	table_add(table, row->language);
	table_add(table, row->step);
	table_add(table, row->task);
}

static void rehearse_report_print(struct table *table, const struct civil *from, const struct civil *to,
				  int64_t messages)
{
	char first[CIVIL_DATE_SIZE], last[CIVIL_DATE_SIZE];
	civil_format_date(from, first);
	civil_format_date(to, last);
	table_print(table, stdout);
	(void)printf("%lld %s, %s..%s\n", (long long)messages, num_word(messages, "message", "messages"), first, last);
}

int rehearse_report(struct setup *setup, const struct civil *from, const struct civil *to, bool deliver,
		    struct err *err)
{
	const struct clock clock = clock_system();
	const struct rehearse_span span = {
		.from = *from,
		.to = *to,
		.now_utc = clock_now(&clock).wall_s,
		.deliver = deliver,
		.progress = stderr,
	};
	struct store *store = NULL;
	struct table table;
	int64_t messages = 0;
	(void)log_set_level(LOG_LEVEL_WARNING); /* the process ends with the rehearsal */
	rehearse_report_headings(&table);
	int status = store_open(setup->conf->database, STORE_MEMORY, REHEARSE_BUSY_MS, &store, err);
	if (status == 0 && deliver)
		status = account_become_owner(setup->conf->database, true, err);
	if (status == 0)
		status = rehearse(store, setup, &span, rehearse_report_row, &table, &messages, err);
	else
		setup_free(setup);
	if (status == 0)
		rehearse_report_print(&table, from, to, messages);
	table_done(&table);
	store_close(store);
	return status;
}

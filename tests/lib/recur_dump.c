/* recur-dump: what plan/recur makes of a rule, for the comparison with another implementation.
 *
 * Reads lines "FIRST;ZONE;FROM;TO" and, each on a line of its own, the rule, the added and the left out dates; answers each
 * with one line: the starts in local time and as UTC seconds, "2025-06-10T14:00:00=1749524400", or "refused: why". */
#include <stdio.h>
#include <string.h>

#include "plan/recur.h"

enum { LINE_MAX_BYTES = 2000, STARTS_MAX = 5000 };

static bool read_line(char line[LINE_MAX_BYTES])
{
	if (fgets(line, LINE_MAX_BYTES, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void print_starts(const struct recur *recur, const struct zone *zone, const struct civil *from,
			 const struct civil *to)
{
	static struct civil starts[STARTS_MAX];
	struct err err;
	size_t n = 0;
	if (recur_between(recur, from, to, STARTS_MAX, starts, &n, &err) < 0) {
		(void)printf("refused: %s\n", err.text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char text[CIVIL_TEXT_SIZE];
		civil_format(&starts[i], text);
		(void)printf("%s%s=%lld", i > 0 ? " " : "", text, (long long)zone_to_utc(zone, &starts[i]));
	}
	(void)printf("\n");
}

static bool answer(char *head, const char *rrule, const char *rdate, const char *exdate)
{
	char *fields[4] = {head, NULL, NULL, NULL};
	for (int i = 1; i < 4; i++) {
		char *mark = strchr(fields[i - 1], ';');
		if (mark == NULL)
			return false;
		*mark = '\0';
		fields[i] = mark + 1;
	}

	struct period first = {.has_start = true};
	struct civil from, to;
	bool has_time;
	const struct zone *zone = zone_find(fields[1]);
	if (zone == NULL || !civil_parse(fields[0], &first.start, &has_time) || !civil_parse(fields[2], &from, NULL) ||
	    !civil_parse(fields[3], &to, NULL))
		return false;
	first.end = first.start;
	first.precision = has_time ? PERIOD_MINUTE : PERIOD_DAY;

	struct recur *recur = NULL;
	struct err err;
	if (recur_new(&first, rrule, rdate, exdate, zone, &recur, &err) < 0)
		(void)printf("refused: %s\n", err.text);
	else
		print_starts(recur, zone, &from, &to);
	recur_free(recur);
	return true;
}

int main(void)
{
	static char head[LINE_MAX_BYTES], rrule[LINE_MAX_BYTES], rdate[LINE_MAX_BYTES], exdate[LINE_MAX_BYTES];
	while (read_line(head)) {
		if (!read_line(rrule) || !read_line(rdate) || !read_line(exdate) ||
		    !answer(head, rrule, rdate, exdate)) {
			(void)fprintf(stderr, "recur-dump: not understood: %s\n", head);
			return 1;
		}
	}
	return 0;
}

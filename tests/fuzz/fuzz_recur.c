/* Four lines: "2025-06-10;Asia/Sakhalin", the rule, the added and the left out dates. What a rule gives is in order,
 * within what was asked, goes on from anywhere, and stays the same when the rule is told in words. No rule takes long:
 * a pass of the daemon must not stand still for one. */
#include <time.h>

#include "fuzz.h"
#include "period_print.h"
#include "plan/recur.h"

enum { STARTS = 50, YEARS = 20, CPU_MS_MAX = 3000 };

static bool read_first(char *head, struct period *ret_first, const struct zone **ret_zone)
{
	char *mark = strchr(head, ';');
	if (mark == NULL)
		return false;
	*mark = '\0';
	bool has_time;
	*ret_zone = zone_find(mark + 1);
	*ret_first = (struct period){.has_start = true};
	if (*ret_zone == NULL || !civil_parse(head, &ret_first->start, &has_time))
		return false;
	ret_first->end = ret_first->start;
	ret_first->precision = has_time ? PERIOD_MINUTE : PERIOD_DAY;
	return true;
}

static void check_order(const struct period *first, const struct civil *to, const struct civil *starts, size_t n,
			const char *rrule)
{
	FUZZ_NEED(n <= STARTS, rrule);
	for (size_t i = 0; i < n; i++) {
		struct period period = recur_period(first, &starts[i]);
		FUZZ_NEED(civil_is_valid(&starts[i]), rrule);
		FUZZ_NEED(i == 0 || civil_compare(&starts[i - 1], &starts[i]) < 0, rrule);
		FUZZ_NEED(civil_compare(&starts[i], to) < 0, rrule);
		FUZZ_NEED(civil_compare(&period.start, &starts[i]) == 0, rrule);
	}
}

static void check_starts(const struct recur *recur, const struct period *first, const char *rrule)
{
	struct civil starts[STARTS], tail[STARTS];
	struct civil from = civil_add_days(&first->start, -400), to = civil_add_days(&first->start, 366 * YEARS);
	struct err err = {""};
	size_t n = 0, n_tail = 0;
	if (recur_between(recur, &from, &to, STARTS, starts, &n, &err) < 0) {
		FUZZ_NEED(err.text[0] != '\0', rrule);
		return;
	}
	check_order(first, &to, starts, n, rrule);
	if (n == 0)
		return;
	FUZZ_NEED(civil_compare(&from, &starts[0]) <= 0, rrule);
	size_t middle = n / 2;
	FUZZ_NEED(recur_between(recur, &starts[middle], &to, STARTS, tail, &n_tail, &err) == 0, rrule);
	FUZZ_NEED(n_tail >= n - middle, rrule);
	for (size_t i = middle; i < n; i++)
		FUZZ_NEED(civil_compare(&starts[i], &tail[i - middle]) == 0, rrule);
}

static void check_words(const struct period *first, const char *rrule)
{
	static const char *const languages[] = {"ru", "en", "zh"};
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		struct period again;
		struct period_error error;
		char again_rrule[PERIOD_RRULE_SIZE];
		struct buf text;
		buf_init(&text, 2 * RECUR_TEXT_MAX);
		period_print_repeat(first, rrule, languages[i], &text);
		if (rrule[0] != '\0' && strstr(buf_str(&text), " RRULE:") == NULL) {
			FUZZ_NEED(period_parse_repeat(buf_str(&text), 0, &again, again_rrule, &error) == 0, rrule);
			FUZZ_NEED(strcmp(rrule, again_rrule) == 0, rrule);
		}
		buf_done(&text);
	}
}

static void check_rule(const struct period *first, const struct zone *zone, const char *rrule, const char *rdate,
		       const char *exdate)
{
	struct recur *recur = NULL;
	struct err err = {""};
	bool is_good = rrule[0] == '\0' || recur_check(rrule, &err) == 0;
	int status = recur_new(first, rrule, rdate, exdate, zone, &recur, &err);
	FUZZ_NEED(is_good || status < 0, rrule);
	FUZZ_NEED(status == 0 || err.text[0] != '\0', rrule);
	if (status == 0) {
		check_starts(recur, first, rrule);
		check_words(first, rrule);
	}
	recur_free(recur);
}

static int64_t cpu_ms(void)
{
	struct timespec spent;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	char *head = fuzz_take_line(&input), *rrule = fuzz_take_line(&input), *rdate = fuzz_take_line(&input),
	     *exdate = fuzz_take_line(&input);
	struct period first;
	const struct zone *zone;
	int64_t began_ms = cpu_ms();
	if (read_first(head, &first, &zone))
		check_rule(&first, zone, rrule, rdate, exdate);
	FUZZ_NEED(cpu_ms() - began_ms <= CPU_MS_MAX, rrule);
	free(head);
	free(rrule);
	free(rdate);
	free(exdate);
	return 0;
}

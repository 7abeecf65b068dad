#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remind/policy.h"
#include "scratch.h"

/* ---- one line of steps --------------------------------------------------------------------------------------------
 */

static void policy_forget(struct policy *policy)
{
	free(policy->steps);
	*policy = (struct policy){0};
}

static const struct {
	enum step_kind kind;
	const char *line;
	const char *texts[5];
} lines[] = {
	{STEP_REMIND,
	 "30d 7d 1d before start at 09:00",
	 {"30d before start at 09:00", "7d before start at 09:00", "1d before start at 09:00"}},
	{STEP_REMIND, "2h 0m before end", {"2h before end", "0m before end"}},
	{STEP_OVERDUE,
	 "1d 3d 7d after end at 09:00",
	 {"overdue 1d after end at 09:00", "overdue 3d after end at 09:00", "overdue 7d after end at 09:00"}},
	{STEP_REMIND, "1mo 2w before start", {"1mo before start", "2w before start"}},
	{STEP_REMIND, "1d after start at 9:05", {"1d after start at 09:05"}},
	{STEP_REMIND, "0d before start at 00:00", {"0d before start at 00:00"}},
	{STEP_REMIND, "1000d before end at 23:59", {"1000d before end at 23:59"}},
	{STEP_REMIND, "007d before end", {"7d before end"}},
	{STEP_REMIND, "  3d,\t1d  before\tstart ", {"3d before start", "1d before start"}},
	{STEP_OVERDUE, "30m 1h after end", {"overdue 30m after end", "overdue 1h after end"}},
	{STEP_REMIND, "60m 1h before start", {"60m before start", "1h before start"}},
	{STEP_REMIND, "3wd before end at 10:00 to responsible", {"3wd before end at 10:00"}},
	{STEP_REMIND, "1d before start at 18:00 event time", {"1d before start at 18:00 event time"}},
	{STEP_REMIND, "7d before start in digest", {"7d before start"}},
	{STEP_FIX_DATE,
	 "21d before start, then every 7d",
	 {"fix_date 21d before start", "fix_date 14d before start", "fix_date 7d before start",
	  "fix_date 0d before start"}},
	{STEP_ESCALATE, "2wd after end to supervisor", {"escalate 2wd after end"}},
};

static void policy__good_lines__become_steps_with_their_texts(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(lines) / sizeof(lines[0]); row++) {
		struct policy policy = {0};
		struct err err = {0};
		size_t n = 0;
		if (policy_parse_steps(&policy, lines[row].kind, lines[row].line, &err) != 0)
			fail_msg("'%s': %s", lines[row].line, err.text);
		for (; lines[row].texts[n] != NULL; n++) {
			assert_true(n < policy.n_steps);
			assert_string_equal(policy.steps[n].text, lines[row].texts[n]);
			assert_int_equal(policy.steps[n].kind, lines[row].kind);
		}
		assert_int_equal(policy.n_steps, n);
		policy_forget(&policy);
	}
}

static void policy__overdue_that_repeats__ends_with_one_hand_off(void **state)
{
	(void)state;
	static const char *const texts[] = {"overdue 1d after end",  "overdue 3d after end",  "overdue 7d after end",
					    "overdue 14d after end", "overdue 21d after end", "handoff 28d after end"};
	struct policy policy = {0};
	assert_int_equal(
		policy_parse_steps(&policy, STEP_OVERDUE, "1d 3d 7d after end, then every 7d, at most 5", NULL), 0);
	assert_int_equal(policy.n_steps, sizeof(texts) / sizeof(texts[0]));
	for (size_t i = 0; i < policy.n_steps; i++)
		assert_string_equal(policy.steps[i].text, texts[i]);
	assert_int_equal(policy.steps[0].roles, ROLE_BIT(ROLE_RESPONSIBLE) | ROLE_BIT(ROLE_PARTICIPANT));
	assert_int_equal(policy.steps[5].roles, ROLE_BIT(ROLE_SUPERVISOR));
	assert_int_equal(step_text_kind(policy.steps[5].text), STEP_HANDOFF);
	assert_int_equal(step_text_kind("7d before start"), STEP_REMIND);
	policy_forget(&policy);
}

static void policy__steps__carry_what_the_line_says(void **state)
{
	(void)state;
	struct policy policy = {0};
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "2mo before start at 08:30", NULL), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_OVERDUE, "90m after end", NULL), 0);
	const struct step *remind = &policy.steps[0], *overdue = &policy.steps[1];
	assert_int_equal(remind->count, 2);
	assert_int_equal(remind->unit, STEP_MONTHS);
	assert_false(remind->is_after);
	assert_false(remind->is_end);
	assert_int_equal(remind->at_minute, 8 * 60 + 30);
	assert_int_equal(overdue->count, 90);
	assert_int_equal(overdue->unit, STEP_MINUTES);
	assert_true(overdue->is_after);
	assert_true(overdue->is_end);
	assert_int_equal(overdue->at_minute, -1);
	policy_forget(&policy);
}

/* what: the word that is wrong; cure: what would be right. */
static const struct {
	enum step_kind kind;
	const char *line, *what, *cure;
} bad_lines[] = {
	{STEP_REMIND, "", "''", "30d 7d 1d before start at 09:00"},
	{STEP_REMIND, "30d", "'30d'", "before start"},
	{STEP_REMIND, "before start", "'before start'", "30d"},
	{STEP_REMIND, "30d before", "'before'", "'start' or 'end'"},
	{STEP_REMIND, "30d before noon", "'noon'", "'start' or 'end'"},
	{STEP_REMIND, "30d befor start", "'30d befor start'", "before start"},
	{STEP_REMIND, "30 before start", "'30'", "30d"},
	{STEP_REMIND, "d before start", "'d'", "30d"},
	{STEP_REMIND, "-3d before start", "'-3d'", "30d"},
	{STEP_REMIND, "+3d before start", "'+3d'", "30d"},
	{STEP_REMIND, "1.5d before start", "'1.5d'", "m, h, d, wd, w or mo"},
	{STEP_REMIND, "3x before start", "'x'", "m, h, d, wd, w or mo"},
	{STEP_REMIND, "3D before start", "'D'", "m, h, d, wd, w or mo"},
	{STEP_REMIND, "3s before start", "'s'", "m, h, d, wd, w or mo"},
	{STEP_REMIND, "1001d before start", "1001", "1000"},
	{STEP_REMIND, "99999999999999999999d before start", "99999999999999999999", "1000"},
	{STEP_REMIND, "7d 1x before start", "'x'", "m, h, d, wd, w or mo"},
	{STEP_REMIND, "7d 7d before start", "'7d before start'", "already"},
	{STEP_REMIND, "7d 07d before start", "'7d before start'", "already"},
	{STEP_REMIND, "1d before start 09:00", "'09:00'", "'at HH:MM'"},
	{STEP_REMIND, "1d before start at", "'at'", "'at HH:MM'"},
	{STEP_REMIND, "1d before start at 09:00 sharp", "'sharp'", "'at HH:MM'"},
	{STEP_REMIND, "1d before start at 24:00", "'24:00'", "09:00"},
	{STEP_REMIND, "1d before start at 09:60", "'09:60'", "09:00"},
	{STEP_REMIND, "1d before start at 0900", "'0900'", "09:00"},
	{STEP_REMIND, "1d before start at 9:5", "'9:5'", "09:00"},
	{STEP_REMIND, "1d before start at 009:00", "'009:00'", "09:00"},
	{STEP_REMIND, "1d before start at :00", "':00'", "09:00"},
	{STEP_REMIND, "1d before start at 9h", "'9h'", "09:00"},
	{STEP_REMIND, "1d before start before end", "'before'", "'at HH:MM'"},
	{STEP_REMIND, "2h before start at 09:00", "'2h'", "d, wd, w and mo"},
	{STEP_REMIND, "0m before start at 09:00", "'0m'", "d, wd, w and mo"},
	{STEP_REMIND, "1d before start to nobody", "'to nobody'", "supervisor"},
	{STEP_REMIND, "1d before start then 7d", "'then'", "then every 7d"},
	{STEP_REMIND, "1d before start then every 7h", "'then every 7h'", "d"},
	{STEP_REMIND, "1d before start then every 0d", "'0d'", "moving on"},
	{STEP_OVERDUE, "1d after end then every 7d at most 0", "'0'", "1 to"},
	{STEP_OVERDUE, "1d after end then every 200d", "'overdue 1001d after end'", "'at most'"},
	{STEP_OVERDUE, "900d after end then every 60d at most 2", "'handoff 1020d after end'", "'at most'"},
	{STEP_FIX_DATE, "1d after start", "after start", "'before start'"},
	{STEP_ESCALATE, "1d before end", "before end", "'after end'"},
	{STEP_OVERDUE, "1d before end", "before end", "'after end'"},
	{STEP_OVERDUE, "1d after start", "after start", "'after end'"},
	{STEP_OVERDUE, "1d before start", "before start", "'after end'"},
};

static void policy__bad_lines__are_named_with_their_cure_and_add_nothing(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(bad_lines) / sizeof(bad_lines[0]); row++) {
		struct policy policy = {0};
		struct err err = {0};
		assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "90d before end", NULL), 0);
		int status = policy_parse_steps(&policy, bad_lines[row].kind, bad_lines[row].line, &err);
		if (status != -EINVAL && status != -ERANGE)
			fail_msg("'%s' is accepted: %d", bad_lines[row].line, status);
		if (strstr(err.text, bad_lines[row].what) == NULL || strstr(err.text, bad_lines[row].cure) == NULL)
			fail_msg("'%s': \"%s\" lacks %s or %s", bad_lines[row].line, err.text, bad_lines[row].what,
				 bad_lines[row].cure);
		assert_int_equal(status, -EINVAL);
		assert_int_equal(policy.n_steps, 1);
		policy_forget(&policy);
	}
}

static void policy__same_step_in_a_later_line__is_refused(void **state)
{
	(void)state;
	struct policy policy = {0};
	struct err err = {0};
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "7d before start", NULL), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "9d 7d before start", &err), -EINVAL);
	assert_int_equal(policy.n_steps, 1);
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "7d before end", &err), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "1d after end", &err), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_OVERDUE, "1d after end", &err), 0);
	assert_int_equal(policy.n_steps, 4);
	policy_forget(&policy);
}

static void policy__most_steps__fit_and_one_more_does_not(void **state)
{
	(void)state;
	struct policy policy = {0};
	struct err err = {0};
	for (int i = 1; i <= POLICY_STEPS_MAX; i++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "%dd before start", i);
		assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, line, NULL), 0);
	}
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "999d before start", &err), -EINVAL);
	assert_non_null(strstr(err.text, "64"));
	assert_int_equal(policy.n_steps, POLICY_STEPS_MAX);
	policy_forget(&policy);
}

/* ---- all of a configuration ---------------------------------------------------------------------------------------
 */

static struct scratch scratch;

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(&scratch);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static const char channels[] = "[daemon]\n[channel email]\ntype = maildir\n[channel telegram]\ntype = maildir\n";

/* The policies of a file with two channels (5 lines) and this text behind them. */
static struct policies *load(const char *text, struct problems *problems)
{
	const char *path = scratch_path(&scratch, "deadlined.ini");
	char *whole = malloc(sizeof(channels) + strlen(text));
	(void)snprintf(whole, sizeof(channels) + strlen(text), "%s%s", channels, text);
	scratch_write(path, whole, strlen(whole));
	free(whole);
	struct conf *conf = conf_read(path, problems);
	assert_non_null(conf);
	assert_int_equal(problems->n, 0);
	struct policies *policies = policies_load(conf, problems);
	conf_free(conf);
	return policies;
}

static const struct {
	const char *text;
	unsigned line;
	const char *what, *cure;
} bad_files[] = {
	{"[policy a]\nremnd = 1d before end\nremind = 1d before end\n", 7, "'remnd'", "did you mean 'remind'?"},
	{"[policy a]\nzzzzz = 1\nremind = 1d before end\n", 7, "'zzzzz'",
	 "remind, fix_date, overdue, escalate and channels"},
	{"[policy a]\nremind = 1d before end\nremind = 3x before end\n", 8, "remind: '3x'", "m, h, d, wd, w or mo"},
	{"[policy a]\nremind = 1d before end\noverdue = 1d before end\n", 8, "overdue:", "'after end'"},
	{"[policy a]\nremind = 1d before end\nchannels = emial\n", 8, "[channel emial]", "did you mean 'email'?"},
	{"[policy a]\nremind = 1d before end\nchannels = email\nchannels = email\n", 9, "'channels'", "again"},
	{"[policy a]\nchannels = email\n", 6, "[policy a]", "7d 1d before start at 09:00"},
};

static void policies__bad_sections__are_problems_with_their_line_and_cure(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(bad_files) / sizeof(bad_files[0]); row++) {
		struct problems problems = {0};
		struct policies *policies = load(bad_files[row].text, &problems);
		assert_non_null(policies);
		if (problems.n != 1)
			fail_msg("row %zu: %zu problems", row, problems.n);
		assert_int_equal(problems.items[0].line, bad_files[row].line);
		assert_non_null(strstr(problems.items[0].file, "deadlined.ini"));
		if (strstr(problems.items[0].text, bad_files[row].what) == NULL ||
		    strstr(problems.items[0].text, bad_files[row].cure) == NULL)
			fail_msg("row %zu: %s", row, problems.items[0].text);
		problems_done(&problems);
		policies_free(policies);
	}
}

static void policies__several_mistakes__are_all_told(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct policies *policies =
		load("[policy a]\nremind = 1x before end\n[policy b]\nremind = 1y before end\n", &problems);
	assert_true(problems.n >= 2);
	problems_done(&problems);
	policies_free(policies);
}

static void policies__none_configured__default_is_there(void **state)
{
	(void)state;
	static const char *const texts[] = {"7d before start at 09:00", "1d before start at 09:00",
					    "overdue 1d after end at 09:00"};
	struct problems problems = {0};
	struct policies *policies = load("", &problems);
	assert_int_equal(problems.n, 0);
	const struct policy *policy = policies_find(policies, "default");
	assert_non_null(policy);
	assert_int_equal(policy->n_steps, 3);
	assert_int_equal(policy->order.channels.n, 0);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(policy->steps[i].text, texts[i]);
	assert_null(policies_find(policies, "visit"));
	policies_free(policies);
}

static void policies__default_configured__replaces_the_built_in_one(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct policies *policies = load("[policy visit]\nremind = 5d before start\nchannels = telegram, email\n"
					 "[policy default]\nremind = 2d before end\n",
					 &problems);
	assert_int_equal(problems.n, 0);
	assert_int_equal(policies_find(policies, "default")->n_steps, 1);
	assert_string_equal(policies_find(policies, "default")->steps[0].text, "2d before end");
	const struct policy *visit = policies_find(policies, "visit");
	assert_int_equal(visit->order.channels.n, 2);
	assert_true(strlist_has(&visit->order.channels, "telegram"));
	assert_string_equal(policies_nearest(policies, "vist"), "visit");
	assert_null(policies_nearest(policies, "something else"));
	policies_free(policies);
}

static uint64_t fingerprint(const char *text)
{
	struct problems problems = {0};
	struct policies *policies = load(text, &problems);
	assert_int_equal(problems.n, 0);
	uint64_t print = policies_fingerprint(policies);
	policies_free(policies);
	return print;
}

static void policies__fingerprint__changes_with_any_policy(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"[policy a]\nremind = 1d before end\n",
		"[policy a]\nremind = 2d before end\n",
		"[policy a]\nremind = 1d before start\n",
		"[policy a]\nremind = 1d after end\n",
		"[policy a]\noverdue = 1d after end\n",
		"[policy a]\nremind = 1d before end at 09:00\n",
		"[policy a]\nremind = 1d 2d before end\n",
		"[policy b]\nremind = 1d before end\n",
		"[policy a]\nremind = 1d before end\n[policy b]\nremind = 1d before end\n",
		"[policy a]\nremind = 1d before end\nchannels = email\n",
		"[policy a]\nremind = 1d before end\nchannels = telegram\n",
		"[policy default]\nremind = 1d before end\n",
		"[policy a]\nremind = 1d before end to watcher\n",
		"[policy a]\nremind = 1d before end in digest\n",
	};
	size_t n = sizeof(texts) / sizeof(texts[0]);
	for (size_t i = 0; i < n; i++) {
		assert_true(fingerprint(texts[i]) == fingerprint(texts[i]));
		for (size_t j = 0; j < i; j++)
			if (fingerprint(texts[i]) == fingerprint(texts[j]))
				fail_msg("no difference between \"%s\" and \"%s\"", texts[i], texts[j]);
	}
	assert_true(fingerprint(texts[1]) == fingerprint("; a comment\n[policy a]\nremind=1d  before end\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy__good_lines__become_steps_with_their_texts),
		cmocka_unit_test(policy__overdue_that_repeats__ends_with_one_hand_off),
		cmocka_unit_test(policy__steps__carry_what_the_line_says),
		cmocka_unit_test(policy__bad_lines__are_named_with_their_cure_and_add_nothing),
		cmocka_unit_test(policy__same_step_in_a_later_line__is_refused),
		cmocka_unit_test(policy__most_steps__fit_and_one_more_does_not),
		cmocka_unit_test(policies__bad_sections__are_problems_with_their_line_and_cure),
		cmocka_unit_test(policies__several_mistakes__are_all_told),
		cmocka_unit_test(policies__none_configured__default_is_there),
		cmocka_unit_test(policies__default_configured__replaces_the_built_in_one),
		cmocka_unit_test(policies__fingerprint__changes_with_any_policy),
	};
	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}

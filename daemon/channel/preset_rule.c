/* preset_rule: reads the lines of [success] and [classify]. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset_json.h"
#include "channel/preset_verdict.h"

/* Takes the next word off text; NULL at its end. The caller frees it. */
static char *preset_word(const char **text)
{
	*text += strspn(*text, " \t,");
	size_t len = strcspn(*text, " \t,");
	if (len == 0)
		return NULL;
	char *word = mem_dup_n(*text, len);
	*text += len;
	return word;
}

/* "404" or "5xx" */
static bool preset_range_parse(const char *word, size_t len, struct preset_range *ret_range)
{
	if (len != 3 || word[0] < '1' || word[0] > '5')
		return false;
	int hundred = (word[0] - '0') * 100;
	if (memcmp(word + 1, "xx", 2) == 0) {
		*ret_range = (struct preset_range){hundred, hundred + 99};
		return true;
	}
	if (!isdigit((unsigned char)word[1]) || !isdigit((unsigned char)word[2]))
		return false;
	int status = hundred + (word[1] - '0') * 10 + (word[2] - '0');
	*ret_range = (struct preset_range){status, status};
	return true;
}

/* Reads statuses as long as words start with a digit; *text then stands at the first other word. */
static int preset_statuses_read(const char **text, struct preset_statuses *ret_statuses, struct err *err)
{
	struct preset_statuses statuses = {0};
	for (*text += strspn(*text, " \t,"); isdigit((unsigned char)**text); *text += strspn(*text, " \t,")) {
		size_t len = strcspn(*text, " \t,");
		if (statuses.n == PRESET_STATUS_MAX)
			return err_set(err, -EINVAL, "more than %d statuses", PRESET_STATUS_MAX);
		if (!preset_range_parse(*text, len, &statuses.ranges[statuses.n++]))
			return err_set(err, -EINVAL,
				       "'%.*s' is no HTTP status: write one like 404, or 5xx for all from 500 to 599",
				       (int)len, *text);
		*text += len;
	}
	*ret_statuses = statuses;
	return 0;
}

int preset_statuses_parse(const char *text, struct preset_statuses *ret_statuses, struct err *err)
{
	struct preset_statuses statuses;
	int r = preset_statuses_read(&text, &statuses, err);
	if (r < 0)
		return r;
	if (*text != '\0' || statuses.n == 0)
		return err_set(err, -EINVAL, "'%s' is no HTTP status: write statuses like 200 201, or 2xx", text);
	*ret_statuses = statuses;
	return 0;
}

static enum preset_op preset_op_find(const char *word)
{
	static const char *const words[] = {"", "exists", "absent", "equals", "prefix"};
	for (enum preset_op op = PRESET_EXISTS; word != NULL && op <= PRESET_PREFIX; op++)
		if (strcmp(word, words[op]) == 0)
			return op;
	return PRESET_NO_TEST;
}

static int preset_literal_refuse(json_t *values, const char *text, enum preset_op op, struct err *err)
{
	json_decref(values);
	return err_set(err, -EINVAL, "'%s' cannot be compared with: write a string in double quotes%s", text,
		       op == PRESET_EQUALS ? ", a number, true, false or null" : "");
}

/* The literals behind equals or prefix, or nothing behind exists or absent. */
static int preset_literals_parse(const char *text, enum preset_op op, json_t **ret_values, struct err *err)
{
	text += strspn(text, " \t");
	if (op == PRESET_EXISTS || op == PRESET_ABSENT)
		return *text == '\0' ? 0
				     : err_set(err, -EINVAL, "'%s' is too much: exists and absent stand alone", text);

	json_t *values = json_array();
	do {
		json_error_t at;
		json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &at);
		bool is_good = value != NULL && !json_is_object(value) && !json_is_array(value) &&
			       (op == PRESET_EQUALS || json_is_string(value));
		if (!is_good || json_array_append(values, value) != 0) {
			json_decref(value);
			return preset_literal_refuse(values, text, op, err);
		}
		json_decref(value);
		text += at.position;
		if (*text != '\0' && strchr(" \t,", *text) == NULL)
			return preset_literal_refuse(values, text, op, err);
		text += strspn(text, " \t,");
	} while (*text != '\0');
	*ret_values = values;
	return 0;
}

int preset_test_parse(const char *text, struct preset_test *ret_test, struct err *err)
{
	char *pointer = preset_word(&text), *word = preset_word(&text);
	json_t *values = NULL;
	enum preset_op op = preset_op_find(word);
	bool is_body = pointer != NULL && strcmp(pointer, "body") == 0;

	int r = 0;
	if (pointer == NULL || (!is_body && !preset_pointer_check(pointer, err)))
		r = pointer != NULL ? -EINVAL
				    : err_set(err, -EINVAL, "the test is empty: write one like /ok equals true");
	else if (op == PRESET_NO_TEST)
		r = err_set(err, -EINVAL, "'%s' is no test: give exists, absent, equals VALUE or prefix \"TEXT\"",
			    word != NULL ? word : "");
	else if (is_body && op != PRESET_EQUALS && op != PRESET_PREFIX)
		r = err_set(err, -EINVAL, "a body is always there: give equals or prefix");
	else
		r = preset_literals_parse(text, op, &values, err);

	free(word);
	if (r < 0 || is_body) {
		free(pointer);
		pointer = NULL;
	}
	if (r == 0)
		*ret_test = (struct preset_test){pointer, op, values};
	return r;
}

static const char *const preset_action_words[PRESET_ACTION_MAX] = {
	[PRESET_RETRY] = "retry",
	[PRESET_WAIT] = "wait",
	[PRESET_RECIPIENT_DEAD] = "recipient-dead",
	[PRESET_MOVED] = "moved",
	[PRESET_MESSAGE_BAD] = "message-bad",
	[PRESET_CHANNEL_DEAD] = "channel-dead",
	[PRESET_ACCEPT] = "accepted",
};

static int preset_action_find(const char *word, enum preset_action *ret_action, struct err *err)
{
	for (size_t i = 0; i < PRESET_ACTION_MAX; i++)
		if (strcmp(word, preset_action_words[i]) == 0) {
			*ret_action = (enum preset_action)i;
			return 0;
		}
	const char *nearest = strlist_nearest(word, preset_action_words, PRESET_ACTION_MAX);
	return err_set(err, -EINVAL,
		       "'%s' is no action%s%s: give retry, wait DURATION, recipient-dead, moved POINTER, message-bad, "
		       "channel-dead or accepted",
		       word, nearest != NULL ? ", did you mean " : "", nearest != NULL ? nearest : "");
}

static int preset_action_parse(const char *text, struct preset_rule *rule, struct err *err)
{
	char *word = preset_word(&text), *rest = preset_word(&text);
	int r = preset_action_find(word != NULL ? word : "", &rule->action, err);
	if (r == 0 && rule->action == PRESET_WAIT) {
		r = num_parse_duration_s(rest != NULL ? rest : "", PRESET_RETRY_MIN_S, PRESET_RETRY_MAX_S,
					 &rule->wait_s, err);
	} else if (r == 0 && rule->action == PRESET_MOVED) {
		r = preset_pointer_check(rest != NULL ? rest : "", err) ? 0 : -EINVAL;
		rule->moved_pointer = r == 0 ? mem_dup(rest) : NULL;
	} else if (r == 0 && rest != NULL) {
		r = err_set(err, -EINVAL, "'%s' is too much behind %s", rest, word);
	}
	free(rest);
	free(word);
	return r < 0 ? -EINVAL : 0;
}

/* The last "->" that stands outside of a string literal; a literal may hold one. */
static const char *preset_arrow(const char *text)
{
	const char *arrow = NULL;
	for (const char *next = text; (next = strstr(next, "->")) != NULL; next += 2)
		arrow = next;
	return arrow;
}

int preset_condition_parse(const char *text, struct preset_rule *ret_rule, struct err *err)
{
	struct preset_rule rule = {0};
	int r = preset_statuses_read(&text, &rule.statuses, err);
	if (r == 0 && *text != '\0')
		r = preset_test_parse(text, &rule.test, err);
	else if (r == 0 && rule.statuses.n == 0)
		r = err_set(err, -EINVAL, "a status or a test is needed, as in 401, or /code equals 5");
	if (r == 0)
		*ret_rule = rule;
	return r;
}

int preset_rule_parse(const char *text, struct preset_rule *ret_rule, struct err *err)
{
	const char *arrow = preset_arrow(text);
	if (arrow == NULL)
		return err_set(err, -EINVAL,
			       "a rule is written STATUS POINTER TEST -> ACTION, as in 404 -> channel-dead");

	struct preset_rule rule = {0};
	char *condition = mem_dup_n(text, (size_t)(arrow - text));
	int r = preset_condition_parse(condition, &rule, err);
	if (r == 0)
		r = preset_action_parse(arrow + 2, &rule, err);
	free(condition);

	if (r < 0)
		preset_rule_done(&rule);
	else
		*ret_rule = rule;
	return r;
}

void preset_test_done(struct preset_test *test)
{
	free(test->pointer);
	json_decref(test->values);
	*test = (struct preset_test){0};
}

void preset_rule_done(struct preset_rule *rule)
{
	preset_test_done(&rule->test);
	free(rule->moved_pointer);
	*rule = (struct preset_rule){0};
}

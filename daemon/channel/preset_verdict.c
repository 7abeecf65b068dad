#include "channel/preset_verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "channel/preset_json.h"

enum { PRESET_WORDS_MAX = 64 * 1024 };

void preset_verdict_done(struct preset_verdict *verdict)
{
	for (size_t i = 0; i < verdict->n_tests; i++)
		preset_test_done(&verdict->tests[i]);
	for (size_t i = 0; i < verdict->n_rules; i++)
		preset_rule_done(&verdict->rules[i]);
	free(verdict->tests);
	free(verdict->rules);
	free(verdict->retry_pointer);
	free(verdict->retry_header);
	free(verdict->capture_pointer);
	free(verdict->thread_pointer);
	strlist_done(&verdict->error_pointers);
	*verdict = (struct preset_verdict){0};
}

static bool preset_statuses_have(const struct preset_statuses *statuses, int status)
{
	for (size_t i = 0; i < statuses->n; i++)
		if (status >= statuses->ranges[i].low && status <= statuses->ranges[i].high)
			return true;
	return false;
}

/* A reply that is looked at. */
struct preset_seen {
	const struct preset_reply *reply;
	const json_t *json; /* NULL: the body is not JSON */
	bool is_foreign;    /* not the service's own words: those are JSON, and this is not */
};

enum preset_answer { PRESET_NO, PRESET_YES, PRESET_UNSURE };

static bool preset_text_fits(const char *text, size_t len, const json_t *value, enum preset_op op)
{
	const char *want = json_string_value(value);
	size_t want_len = json_string_length(value);
	bool is_long_enough = op == PRESET_PREFIX ? len >= want_len : len == want_len;
	return want != NULL && is_long_enough && memcmp(text, want, want_len) == 0;
}

static bool preset_value_fits(const struct preset_test *test, const json_t *value)
{
	size_t i;
	const json_t *want;
	json_array_foreach(test->values, i, want)
	{
		bool fits = test->op == PRESET_PREFIX ? preset_text_fits(json_string_value(value),
									 json_string_length(value), want, test->op)
						      : json_equal(value, want);
		if (fits)
			return true;
	}
	return false;
}

/* The body without blanks at its ends. */
static bool preset_body_fits(const struct preset_test *test, const struct preset_reply *reply)
{
	const char *text = reply->body;
	size_t len = reply->len, i;
	while (len != 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	while (len != 0 && strchr(" \t\r\n", *text) != NULL) {
		text++;
		len--;
	}
	const json_t *want;
	json_array_foreach(test->values, i, want)
	{
		if (preset_text_fits(text, len, want, test->op))
			return true;
	}
	return false;
}

/* Unsure: the reply does not have what the test compares, so it is not the answer the preset knows. */
static enum preset_answer preset_test_ask(const struct preset_test *test, const struct preset_seen *seen)
{
	if (test->pointer == NULL)
		return preset_body_fits(test, seen->reply) ? PRESET_YES : PRESET_NO;
	if (seen->json == NULL)
		return PRESET_UNSURE;
	const json_t *value = preset_pointer_get(seen->json, test->pointer);
	switch (test->op) {
	case PRESET_EXISTS:
		return value != NULL ? PRESET_YES : PRESET_NO;
	case PRESET_ABSENT:
		return value == NULL ? PRESET_YES : PRESET_NO;
	case PRESET_EQUALS:
		if (value == NULL)
			return PRESET_UNSURE;
		break;
	case PRESET_PREFIX:
		if (!json_is_string(value))
			return PRESET_UNSURE;
		break;
	case PRESET_NO_TEST:
		return PRESET_YES;
	}
	return preset_value_fits(test, value) ? PRESET_YES : PRESET_NO;
}

bool preset_test_holds(const struct preset_test *test, const json_t *value)
{
	const struct preset_seen seen = {.json = value};
	return preset_test_ask(test, &seen) == PRESET_YES;
}

static enum preset_answer preset_success(const struct preset_verdict *verdict, const struct preset_seen *seen)
{
	if (!preset_statuses_have(&verdict->success, seen->reply->status))
		return PRESET_NO;
	enum preset_answer all = PRESET_YES;
	for (size_t i = 0; i < verdict->n_tests; i++) {
		enum preset_answer one = preset_test_ask(&verdict->tests[i], seen);
		if (one == PRESET_NO)
			return PRESET_NO;
		if (one == PRESET_UNSURE)
			all = PRESET_UNSURE;
	}
	return all;
}

static bool preset_rule_condemns(const struct preset_rule *rule)
{
	return rule->action == PRESET_RECIPIENT_DEAD || rule->action == PRESET_MOVED ||
	       rule->action == PRESET_MESSAGE_BAD;
}

/* A status alone may come from whatever stands in front of the service: it condemns nothing then. */
static bool preset_rule_fits(const struct preset_rule *rule, const struct preset_seen *seen)
{
	if (rule->statuses.n != 0 && !preset_statuses_have(&rule->statuses, seen->reply->status))
		return false;
	if (rule->test.op == PRESET_NO_TEST)
		return !(seen->is_foreign && preset_rule_condemns(rule));
	return preset_test_ask(&rule->test, seen) == PRESET_YES;
}

static const struct preset_rule *preset_find_rule(const struct preset_rule *rules, size_t n,
						  const struct preset_seen *seen)
{
	for (size_t i = 0; i < n; i++)
		if (preset_rule_fits(&rules[i], seen))
			return &rules[i];
	return NULL;
}

bool preset_fits(const struct preset_rule *rules, size_t n, const struct preset_reply *reply)
{
	json_t *body = preset_json_load(reply->body, reply->len);
	const struct preset_seen seen = {.reply = reply, .json = body};
	bool fits = preset_find_rule(rules, n, &seen) != NULL;
	json_decref(body);
	return fits;
}

/* A field as text: strings and numbers. */
static void preset_add_field(struct buf *out, const json_t *body, const char *pointer)
{
	if (pointer != NULL)
		(void)preset_json_add_text(out, preset_pointer_get(body, pointer)); /* nothing, when there is none */
}

/* "HTTP 400: Bad Request: chat not found": the field the preset names, or the body when it is plain text. Nothing is
 * cut here: that must wait until secrets are out of it. */
static void preset_add_words(struct buf *out, const struct preset_verdict *verdict, const struct preset_reply *reply,
			     const json_t *body)
{
	struct buf words;
	buf_init(&words, PRESET_WORDS_MAX);
	for (size_t i = 0; i < verdict->error_pointers.n; i++) {
		struct buf one;
		buf_init(&one, PRESET_WORDS_MAX);
		preset_add_field(&one, body, verdict->error_pointers.items[i]);
		if (one.len != 0)
			buf_printf(&words, "%s%s", words.len != 0 ? ": " : "", buf_str(&one));
		buf_done(&one);
	}
	if (words.len == 0 && reply->len != 0 && reply->body[0] != '<')
		buf_add(&words, reply->body, reply->len);
	buf_printf(out, "HTTP %d%s%s", reply->status, words.len != 0 ? ": " : "", buf_str(&words));
	buf_done(&words);
}

/* Nobody else can know the new address, so that it must be told. */
static void preset_add_moved(struct buf *out, const struct buf *address)
{
	if (address->len != 0)
		buf_printf(out, " (the address is now %s)", buf_str(address));
}

struct preset_outcome {
	enum channel_verdict verdict;
	enum channel_blame blame;
	bool may_wait;      /* a hint of when to come back is obeyed */
	const char *remark; /* for the operator, or NULL */
};

static struct preset_outcome preset_by_action(enum preset_action action)
{
	switch (action) {
	case PRESET_RECIPIENT_DEAD:
	case PRESET_MOVED:
		return (struct preset_outcome){CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, false, NULL};
	case PRESET_MESSAGE_BAD:
		return (struct preset_outcome){CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE, false, NULL};
	case PRESET_ACCEPT:
		return (struct preset_outcome){CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE, false, NULL};
	case PRESET_CHANNEL_DEAD:
		return (struct preset_outcome){CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, false,
					       "the channel's settings must be corrected"};
	case PRESET_RETRY:
	case PRESET_WAIT:
	case PRESET_ACTION_MAX:
		break;
	}
	return (struct preset_outcome){CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, true, NULL};
}

/* Whether the words of this service are JSON, in a refusal at least. */
static bool preset_reads_json(const struct preset_verdict *verdict)
{
	bool reads = verdict->error_pointers.n != 0;
	for (size_t i = 0; i < verdict->n_tests; i++)
		reads = reads || verdict->tests[i].pointer != NULL;
	for (size_t i = 0; i < verdict->n_rules; i++)
		reads = reads || verdict->rules[i].test.pointer != NULL;
	return reads;
}

/* What a status of 4xx means: 413 is about the message, whoever says it. */
static struct preset_outcome preset_by_refusal(const struct preset_seen *seen)
{
	int status = seen->reply->status;
	if (status == 401 || status == 403 || status == 404 || status == 405 || status == 407 || status == 410)
		return preset_by_action(PRESET_CHANNEL_DEAD);
	if (seen->is_foreign && status != 413)
		return (struct preset_outcome){
			CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, false,
			"not the service's own words: is the address right, and what is in front of it?"};
	return preset_by_action(PRESET_MESSAGE_BAD);
}

/* What a status means that no rule of the preset names. */
static struct preset_outcome preset_by_status(const struct preset_verdict *verdict, const struct preset_seen *seen)
{
	int status = seen->reply->status;
	if (status == 429 || status == 408 || status == 425 || status >= 500)
		return preset_by_action(PRESET_RETRY);
	if (status >= 400)
		return preset_by_refusal(seen);
	if (status >= 300)
		return (struct preset_outcome){CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, false,
					       "redirects are not followed: give the final address"};
	if (preset_statuses_have(&verdict->success, status)) /* refused in the body, by words no rule knows: keep it */
		return (struct preset_outcome){CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, false, NULL};
	return (struct preset_outcome){CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, false,
				       "not a status that means success"};
}

/* ret_moved_pointer: where the address stands that takes the place of this one, or NULL. */
static struct preset_outcome preset_decide(const struct preset_verdict *verdict, const struct preset_reply *reply,
					   const json_t *body, int64_t *ret_wait_s, const char **ret_moved_pointer)
{
	bool is_foreign = preset_reads_json(verdict) && !json_is_object(body) && !json_is_array(body);
	const struct preset_seen seen = {reply, body, is_foreign};
	enum preset_answer success = preset_success(verdict, &seen);
	if (success == PRESET_YES)
		return preset_by_action(PRESET_ACCEPT);

	const struct preset_rule *rule = preset_find_rule(verdict->rules, verdict->n_rules, &seen);
	if (rule == NULL && success == PRESET_UNSURE)
		return (struct preset_outcome){CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, false,
					       "the reply is not one this preset knows"};

	struct preset_outcome outcome =
		rule != NULL ? preset_by_action(rule->action) : preset_by_status(verdict, &seen);
	*ret_moved_pointer = rule != NULL ? rule->moved_pointer : NULL;
	if (outcome.may_wait) {
		bool is_limited = rule != NULL || reply->status == 429;
		int64_t hint_s = preset_retry_after_s(verdict, reply, body, is_limited);
		*ret_wait_s = rule != NULL && rule->wait_s > hint_s ? rule->wait_s : hint_s;
		if (*ret_wait_s > 0 || reply->status == 429)
			outcome.verdict = CHANNEL_THROTTLED;
	}
	return outcome;
}

/* An id that could not stand in a line, or is too long to be found again by, is left out. */
static void preset_capture(const char *pointer, const json_t *body, char *ret_id, size_t size)
{
	struct buf id;
	buf_init(&id, size - 1);
	preset_add_field(&id, body, pointer);
	if (utf8_find_control(buf_str(&id), false) < 0)
		memcpy(ret_id, buf_str(&id), id.len + 1);
	log_redact(ret_id);
	buf_done(&id);
}

void preset_judge(const struct preset_verdict *verdict, const struct preset_reply *reply,
		  struct channel_result *ret_result)
{
	json_t *body = preset_json_load(reply->body, reply->len);
	int64_t wait_s = 0;
	const char *moved_pointer = NULL;
	struct preset_outcome outcome = preset_decide(verdict, reply, body, &wait_s, &moved_pointer);

	struct buf words, moved;
	buf_init(&words, 2 * PRESET_WORDS_MAX);
	buf_init(&moved, PERSON_ADDRESS_MAX);
	if (moved_pointer != NULL)
		preset_add_field(&moved, body, moved_pointer);
	if (outcome.verdict == CHANNEL_ACCEPTED)
		buf_printf(&words, "HTTP %d", reply->status);
	else
		preset_add_words(&words, verdict, reply, body);
	if (outcome.remark != NULL)
		buf_printf(&words, " (%s)", outcome.remark);
	preset_add_moved(&words, &moved);
	channel_result_set(ret_result, outcome.verdict, outcome.blame, reply->status, buf_str(&words));
	ret_result->retry_after_s = wait_s;
	if (moved.len != 0)
		memcpy(ret_result->moved_to, buf_str(&moved), moved.len + 1);
	buf_done(&words);
	buf_done(&moved);

	if (outcome.verdict == CHANNEL_ACCEPTED) {
		preset_capture(verdict->capture_pointer, body, ret_result->remote_id, sizeof(ret_result->remote_id));
		preset_capture(verdict->thread_pointer, body, ret_result->thread_remote_id,
			       sizeof(ret_result->thread_remote_id));
	}
	json_decref(body);
}

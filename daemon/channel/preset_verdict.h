/* preset_verdict: what a reply means, by the rules of a preset. Pure: status and body in, result out.
 *
 * Half of the services answer 200 to what they refuse, so a status alone is believed only where the preset says so. */
#ifndef DEADLINED_CHANNEL_PRESET_VERDICT_H
#define DEADLINED_CHANNEL_PRESET_VERDICT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strlist.h"
#include "channel/channel.h"
#include "conf/ini.h"

enum { PRESET_RETRY_MIN_S = 1, PRESET_RETRY_MAX_S = 24 * 3600, PRESET_STATUS_MAX = 8 };

/* "200 201", "2xx" as ranges */
struct preset_statuses {
	struct preset_range {
		int low, high;
	} ranges[PRESET_STATUS_MAX];
	size_t n;
};

enum preset_op { PRESET_NO_TEST, PRESET_EXISTS, PRESET_ABSENT, PRESET_EQUALS, PRESET_PREFIX };

/* "/ok equals true", "/error absent", "/code equals 6 9 29", "/description prefix \"Bad Request\"", "body equals
 * \"ok\"" */
struct preset_test {
	char *pointer; /* NULL: the whole body as text */
	enum preset_op op;
	json_t *values; /* an array: any of them */
};

enum preset_action {
	PRESET_RETRY,          /* later, or when the reply says */
	PRESET_WAIT,           /* after wait_s */
	PRESET_RECIPIENT_DEAD, /* this address takes no more messages */
	PRESET_MOVED,          /* likewise, and the reply says which one does */
	PRESET_MESSAGE_BAD,    /* this message would be refused again */
	PRESET_CHANNEL_DEAD,   /* nothing can be sent until an administrator acts; the message is kept */
	PRESET_ACCEPT,         /* not a failure after all */
	PRESET_ACTION_MAX
};

struct preset_rule {
	struct preset_statuses statuses; /* empty: any */
	struct preset_test test;
	enum preset_action action;
	int64_t wait_s;
	char *moved_pointer; /* of PRESET_MOVED: where the new address stands */
};

/* What the hints of a preset count. */
enum preset_retry_unit {
	PRESET_RETRY_S,
	PRESET_RETRY_MS,
	PRESET_RETRY_AT, /* seconds since 1970 */
	PRESET_RETRY_UNIT_MAX
};

struct preset_verdict {
	struct preset_statuses success;
	struct preset_test *tests; /* all must hold */
	size_t n_tests;
	struct preset_rule *rules; /* the first that fits decides */
	size_t n_rules;
	char *retry_pointer; /* NULL = none; likewise below. The Retry-After header is heard in any case */
	char *retry_header;
	enum preset_retry_unit retry_unit; /* of both */
	char *capture_pointer;             /* of the message's id, and of its thread's */
	char *thread_pointer;
	struct strlist error_pointers; /* all that are there are shown */
};

/* Readers of the parts; errors -EINVAL with the words in err. */
MUSTCHECK int preset_statuses_parse(const char *text, struct preset_statuses *ret_statuses, struct err *err);
MUSTCHECK int preset_test_parse(const char *text, struct preset_test *ret_test, struct err *err);
MUSTCHECK int preset_rule_parse(const char *text, struct preset_rule *ret_rule, struct err *err);
/* "STATUS... TEST", a rule without its action. */
MUSTCHECK int preset_condition_parse(const char *text, struct preset_rule *ret_rule, struct err *err);
void preset_test_done(struct preset_test *test);
void preset_rule_done(struct preset_rule *rule);
void preset_verdict_done(struct preset_verdict *verdict);

struct preset_reply {
	int status;
	const char *body; /* not terminated */
	size_t len;
	int64_t retry_after_s; /* of the header as CURLINFO_RETRY_AFTER: 0 = none, negative = a date that has passed */
	const char *retry_header; /* value of the header that the verdict names; NULL = none */
	int64_t now_utc;          /* when it was sent, best by the server's own clock; 0 = nobody knows */
};

/* Whether a test that has a pointer holds for value. */
bool preset_test_holds(const struct preset_test *test, const json_t *value);

/* Whether a reply fits one of n rules, whatever their actions are. */
bool preset_fits(const struct preset_rule *rules, size_t n, const struct preset_reply *reply);

/* How long a reply asks to wait: the largest of its hints, PRESET_RETRY_MIN_S .. PRESET_RETRY_MAX_S, or 0 when it has
 * none. body is reply's, or NULL. is_limited: the reply is about a limit; many services send the named header with
 * every other reply as well. */
int64_t preset_retry_after_s(const struct preset_verdict *verdict, const struct preset_reply *reply, const json_t *body,
			     bool is_limited);

/* moved_to is what the reply says, an address or not. */
void preset_judge(const struct preset_verdict *verdict, const struct preset_reply *reply,
		  struct channel_result *ret_result);

#endif

#include "remind/suspend.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/notice.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_suspension.h"

enum {
	SUSPEND_TOLD = 20, /* addresses that the operator is written about one by one */
	SUSPEND_DAY_S = 24 * 3600,
};

/* Says it once for each count. */
static int suspend_tell(const struct planner *planner, struct store *store, const char *person, const char *channel,
			const char *why, int64_t count, int64_t now_utc, struct err *err)
{
	char *key = mem_printf("suspended %s %s %lld", person, channel, (long long)count);
	char *text =
		mem_printf("%s is not written to on %s any more: %s. Correct the address, or see deadlinectl release "
			   "--help.",
			   person, channel, why);
	int status = notice_once(planner, store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

static int suspend_begin(const struct planner *planner, struct store *store, const struct store_message *message,
			 const char *reply, int64_t now_utc, struct err *err)
{
	bool is_new = false;
	int status = store_suspension_begin(store, message->person, message->channel, reply, now_utc, &is_new, err);
	if (status < 0 || !is_new)
		return status;
	char *why = mem_printf("%d messages in a row were refused, the last with: %s", SUSPEND_AFTER, reply);
	status = suspend_tell(planner, store, message->person, message->channel, why, now_utc, now_utc, err);
	free(why);
	return status;
}

/* Once a day: somebody does not hear of a deadline. When it is dozens, one mistake is behind it, and the log has the others.
 */
static int suspend_tell_first(const struct planner *planner, struct store *store, const struct store_message *message,
			      const char *reply, int64_t now_utc, struct err *err)
{
	int64_t n = 0;
	int status = store_suspension_count(store, &n, err);
	if (status < 0)
		return status;
	char *key = mem_printf("refused %s %s %lld", message->person, message->channel,
			       (long long)(now_utc / SUSPEND_DAY_S));
	char *text = mem_printf("a message to %s on %s was refused for good: %s. Correct the address: after %d such "
				"messages in a row it is not written to any more.%s",
				message->person, message->channel, reply, SUSPEND_AFTER,
				n == SUSPEND_TOLD ? " There are many now: only the log names more of them." : "");
	if (n > SUSPEND_TOLD)
		log_warning("%s", text);
	else
		status = notice_once(planner, store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

int suspend_refused(const struct planner *planner, struct store *store, int64_t id, const char *reply, int64_t now_utc,
		    struct err *err)
{
	struct store_message message;
	int64_t refusals = 0;
	int status = store_suspension_refused(store, id, &refusals, err);
	if (status < 0 || (refusals != 1 && refusals != SUSPEND_AFTER))
		return status;
	status = store_message_load(store, id, &message, err);
	if (status < 0)
		return status;
	status = refusals == 1 ? suspend_tell_first(planner, store, &message, reply, now_utc, err)
			       : suspend_begin(planner, store, &message, reply, now_utc, err);
	store_message_done(&message);
	return status;
}

int suspend_none(const struct planner *planner, struct store *store, const char *channel, int n_addresses,
		 const char *reply, int64_t now_utc, struct err *err)
{
	char *key = mem_printf("refuses all %s %lld", channel, (long long)(now_utc / SUSPEND_DAY_S));
	char *text = mem_printf("channel %s refused %d different addresses in a row for good, and accepted nothing "
				"between, so its account or sender may be at fault and no address is suspended for "
				"it. The last words were: %s. See deadlinectl queue --state dead, and deadlinectl "
				"test %s.",
				channel, n_addresses, reply, channel);
	int status = notice_once(planner, store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

int suspend_gone(const struct planner *planner, struct store *store, const char *person, const char *channel,
		 const char *why, int64_t now_utc, struct err *err)
{
	bool is_new = false;
	int status = store_suspension_begin(store, person, channel, why, now_utc, &is_new, err);
	if (status < 0 || !is_new)
		return status;
	/* Once a day: whoever blocks us and lets us in again as they like does not fill the operator's box. */
	return suspend_tell(planner, store, person, channel, why, now_utc / SUSPEND_DAY_S, now_utc, err);
}

int suspend_moved(struct store *store, int64_t message, const char *address, int64_t now_utc, bool *ret_has_moved,
		  struct err *err)
{
	struct store_peek peek;
	bool is_new = false;
	*ret_has_moved = false;
	int status = store_message_peek(store, message, &peek, err);
	if (status < 0 || peek.state != MESSAGE_SENDING || peek.attempts > SUSPEND_MOVES_MAX)
		return status == -ENOENT ? 0 : status;
	status = store_person_readdress(store, peek.person, peek.channel, address, now_utc, &is_new, err);
	if (status < 0 || !is_new)
		return status;
	log_info("person=%s channel=%s: the service gives a new address, which is used from now on", peek.person,
		 peek.channel);
	*ret_has_moved = true;
	return 0;
}

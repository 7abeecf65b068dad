#include "remind/suspend.h"

#include <stdlib.h>

#include "base/mem.h"
#include "remind/notice.h"
#include "store/store_message.h"
#include "store/store_suspension.h"

static int suspend_begin(const struct planner *planner, struct store *store, const struct store_message *message,
			 const char *reply, int64_t now_utc, struct err *err)
{
	char *key = mem_printf("suspended %lld", (long long)message->id);
	char *text =
		mem_printf("%s is not written to on %s any more: %d messages in a row were refused, the last with: %s. "
			   "Correct the address, or see deadlinectl release --help.",
			   message->person, message->channel, SUSPEND_AFTER, reply);
	int status = store_suspension_begin(store, message->id, reply, err);
	if (status == 0)
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
	if (status < 0 || refusals != SUSPEND_AFTER)
		return status;
	status = store_message_load(store, id, &message, err);
	if (status < 0)
		return status;
	status = suspend_begin(planner, store, &message, reply, now_utc, err);
	store_message_done(&message);
	return status;
}

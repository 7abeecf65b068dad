/* The delivery state machine.
 *
 *     pending --claim--> sending            a transaction of its own, committed before anything is sent
 *     sending --accepted--> sent
 *     sending --temporary--> pending        not_before = back-off
 *     sending --throttled--> pending        not_before = what the peer asked for, or back-off; the attempt is not counted:
 *                                           nothing was sent
 *     sending --permanent--> dead
 *     sending --unknown--> pending          not_before = long back-off, same Message-ID; after three: dead. So ends what a
 *                                           stop in good order did not wait for, unless nothing of it had left: throttled
 *     sending --recover--> pending          the process died, and did not stop: crashes + 1; if by a fault of its own, or
 *                                           for the third time, it is suspect, and next sent alone
 *     sending --quarantine--> held          the process died again, and nothing but this was in flight
 *     held --release--> pending             by the operator
 *     held --drop--> cancelled              by the operator
 *     sending --empty--> cancelled          done or moved while it was in flight, and not accepted
 *     sending --expire--> dead              the third unknown
 *     pending --empty--> cancelled
 *     pending --expire--> stale
 *     pending --purge--> cancelled          by the operator, of what a brake holds back
 *
 * (tests/unit/remind/test_outbox.c compares these arrows with the table.)
 *
 * Invariants:
 *   1. A message is handed to a channel only after the commit that made it 'sending' and wrote its attempt. [claim]
 *   2. 'sent' is written only after the peer accepted; losing that write brings the message back, never loses it. [settle]
 *   3. A failure to record is not a failure to send: the result is kept and recorded again, nothing is re-sent. [app]
 *   4. sent, dead, cancelled and stale are final. [table]
 *   5. copies accepted <= 1 + crashes + unknown results of the message.
 *   6. not_before never lies further ahead than a day, whatever a peer asks for [backoff], and never before the message
 *      is due, whatever the clock does. [recover, settle]
 *   7. What waits for its reader's hours is no older than their end: waiting makes nothing stale. [claim, post, expire] */
#include "remind/outbox.h"

#include <assert.h>
#include <errno.h>

#include "base/log.h"
#include "remind/backoff.h"
#include "store/store_move.h"

enum {
	OUTBOX_UNKNOWN_MAX = 3,
	OUTBOX_CRASH_PAUSE_S = 60,
	OUTBOX_KILLS_SUSPECT = 3,
	OUTBOX_FRESH_S = 600, /* for so long a notice, or an answer to somebody, keeps no hours: it is expected */
};

static const char *const outbox_event_names[] = {
	"claim",      "accepted", "temporary", "throttled", "permanent", "unknown", "recover",
	"quarantine", "release",  "empty",     "expire",    "purge",     "drop",
};

static const struct outbox_move {
	enum message_state from;
	enum outbox_event event;
	enum message_state to;
} outbox_moves[] = {
	{MESSAGE_PENDING, OUTBOX_CLAIM, MESSAGE_SENDING},     {MESSAGE_SENDING, OUTBOX_ACCEPTED, MESSAGE_SENT},
	{MESSAGE_SENDING, OUTBOX_TEMPORARY, MESSAGE_PENDING}, {MESSAGE_SENDING, OUTBOX_THROTTLED, MESSAGE_PENDING},
	{MESSAGE_SENDING, OUTBOX_PERMANENT, MESSAGE_DEAD},    {MESSAGE_SENDING, OUTBOX_UNKNOWN, MESSAGE_PENDING},
	{MESSAGE_SENDING, OUTBOX_RECOVER, MESSAGE_PENDING},   {MESSAGE_SENDING, OUTBOX_EMPTY, MESSAGE_CANCELLED},
	{MESSAGE_SENDING, OUTBOX_EXPIRE, MESSAGE_DEAD},       {MESSAGE_PENDING, OUTBOX_EMPTY, MESSAGE_CANCELLED},
	{MESSAGE_PENDING, OUTBOX_EXPIRE, MESSAGE_STALE},      {MESSAGE_SENDING, OUTBOX_QUARANTINE, MESSAGE_HELD},
	{MESSAGE_HELD, OUTBOX_DROP, MESSAGE_CANCELLED},       {MESSAGE_HELD, OUTBOX_RELEASE, MESSAGE_PENDING},
	{MESSAGE_PENDING, OUTBOX_PURGE, MESSAGE_CANCELLED},
};

const char *outbox_event_name(enum outbox_event event)
{
	return outbox_event_names[event];
}

bool outbox_next_state(enum message_state state, enum outbox_event event, enum message_state *ret_next)
{
	for (size_t i = 0; i < sizeof(outbox_moves) / sizeof(outbox_moves[0]); i++)
		if (outbox_moves[i].from == state && outbox_moves[i].event == event) {
			*ret_next = outbox_moves[i].to;
			return true;
		}
	return false;
}

/* The only place that writes a state. *ret_n: how many were in state from; the others stay as they are. */
static int outbox_move_some(struct store *store, const int64_t *ids, size_t n, enum message_state from,
			    enum outbox_event event, struct store_move *move, size_t *ret_n, struct err *err)
{
	bool is_allowed = outbox_next_state(from, event, &move->to);
	assert(is_allowed);
	(void)is_allowed;
	move->from = from;
	int status = store_message_move(store, ids, n, move, ret_n, err);
	for (size_t i = 0; i < n && status == 0 && *ret_n == n; i++)
		log_debug("message=%lld %s -> %s (%s)", (long long)ids[i], message_state_name(from),
			  message_state_name(move->to), outbox_event_name(event));
	return status;
}

static int outbox_move(struct store *store, int64_t id, enum message_state from, enum outbox_event event,
		       struct store_move *move, bool *ret_moved, struct err *err)
{
	size_t n = 0;
	int status = outbox_move_some(store, &id, 1, from, event, move, &n, err);
	if (status == 0)
		*ret_moved = n == 1;
	return status;
}

/* ---- start and expiry --------------------------------------------------------------------------------------------- */

/* After a clock that was set back, now may lie before the instant for which the message was planned. */
static int64_t outbox_not_early(int64_t due_utc, int64_t next_utc)
{
	return next_utc > due_utc ? next_utc : due_utc;
}

/* A suspect is sent alone; so when the process dies again, it was that. */
static int outbox_recover_one(struct store *store, int64_t id, bool is_alone, bool is_same_boot, bool was_crash,
			      int64_t now_utc, struct outbox_recovery *recovery, struct err *err)
{
	struct store_message message;
	bool is_moved;
	int status = store_message_load(store, id, &message, err);
	if (status < 0)
		return status;
	bool is_suspect =
		is_same_boot && (was_crash || message.is_suspect || message.crashes + 1 >= OUTBOX_KILLS_SUSPECT);
	struct store_move move = {
		.not_before = outbox_not_early(message.due_utc, now_utc + OUTBOX_CRASH_PAUSE_S * message.crashes),
		.add_crashes = 1,
		.suspect = is_suspect ? 1 : -1,
	};
	bool is_poison = is_same_boot && is_alone && message.is_suspect;
	if (is_poison) {
		move.reason = "quarantined: the daemon died twice while sending it, the second time nothing else";
		recovery->quarantined = id;
	}
	store_message_done(&message);
	status = outbox_move(store, id, MESSAGE_SENDING, is_poison ? OUTBOX_QUARANTINE : OUTBOX_RECOVER, &move,
			     &is_moved, err);
	if (status == 0)
		status = store_attempt_end(store, id, "unknown", 0, "the daemon died before the reply", err);
	return status == 0 ? store_message_look_again(store, id, err) : status;
}

int outbox_recover(struct store *store, bool is_same_boot, bool was_crash, int64_t now_utc,
		   struct outbox_recovery *ret_recovery, struct err *err)
{
	struct outbox_recovery recovery = {0};
	int64_t ids[OUTBOX_BATCH];
	size_t n = 0;
	int status = is_same_boot ? 0 : store_message_clear_suspects(store, err);
	if (status < 0)
		return status;
	do {
		status = store_message_sending(store, ids, OUTBOX_BATCH, &n, err);
		for (size_t i = 0; i < n && status == 0; i++)
			status = outbox_recover_one(store, ids[i], n + recovery.n == 1, is_same_boot, was_crash,
						    now_utc, &recovery, err);
		recovery.n += n;
	} while (status == 0 && n == OUTBOX_BATCH);
	if (status == 0)
		*ret_recovery = recovery;
	return status;
}

static int outbox_expire_one(struct store *store, int64_t id, size_t *n_tried, struct err *err)
{
	struct store_move move = {.reason = "too late to be of use", .not_before = -1};
	struct store_peek peek;
	bool is_moved;
	int status = store_message_peek(store, id, &peek, err);
	if (status < 0)
		return status;
	*n_tried += peek.attempts > 0 && !peek.is_notice;
	return outbox_move(store, id, MESSAGE_PENDING, OUTBOX_EXPIRE, &move, &is_moved, err);
}

int outbox_expire(struct store *store, int64_t cutoff_utc, size_t *ret_n, size_t *ret_n_tried, struct err *err)
{
	int64_t ids[OUTBOX_BATCH];
	size_t n = 0, n_tried = 0;
	int status = store_message_overdue(store, cutoff_utc, ids, OUTBOX_BATCH, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		status = outbox_expire_one(store, ids[i], &n_tried, err);
	if (status == 0) {
		*ret_n = n;
		*ret_n_tried = n_tried;
	}
	return status;
}

/* ---- claim -------------------------------------------------------------------------------------------------------- */

static int outbox_cancel_empty(struct store *store, int64_t id, struct err *err)
{
	struct store_move move = {.reason = "nothing left to say", .not_before = -1};
	bool is_moved;
	return outbox_move(store, id, MESSAGE_PENDING, OUTBOX_EMPTY, &move, &is_moved, err);
}

struct outbox_claiming {
	struct store *store;
	int64_t now_utc;
	int64_t *ids;
	size_t n, n_written;
};

int outbox_claim_write(struct outbox_claiming *claiming, struct err *err)
{
	const int64_t *ids = claiming->ids + claiming->n_written;
	size_t n = claiming->n - claiming->n_written, n_moved = 0;
	struct store_move move = {.not_before = -1, .add_attempts = 1};
	if (n == 0)
		return 0;
	int status = outbox_move_some(claiming->store, ids, n, MESSAGE_PENDING, OUTBOX_CLAIM, &move, &n_moved, err);
	if (status == 0 && n_moved != n)
		status = err_set(err, -EIO, "of %zu messages to be sent only %zu are still pending", n, n_moved);
	for (size_t i = 0; i < n && status == 0; i++)
		status = store_attempt_start(claiming->store, ids[i], claiming->now_utc, err);
	claiming->n_written = claiming->n;
	return status;
}

static int outbox_claim_one(struct outbox_claiming *claiming, int64_t id, const struct outbox_rules *rules, void *arg,
			    struct err *err)
{
	struct store *store = claiming->store;
	struct store_peek peek;
	int64_t now_utc = claiming->now_utc, open_utc = now_utc;
	bool may = true;
	int status = store_message_peek(store, id, &peek, err);
	if (status < 0)
		return status;
	if (!peek.is_live)
		return outbox_cancel_empty(store, id, err);
	bool may_disturb =
		!peek.has_hours || peek.is_urgent || (peek.is_notice && now_utc - peek.due_utc < OUTBOX_FRESH_S);
	if (rules != NULL && rules->open != NULL && !may_disturb)
		status = rules->open(arg, peek.person, now_utc, &open_utc, err);
	if (status < 0 || open_utc > now_utc)
		return status < 0 ? status : store_message_hold(store, id, open_utc, err);
	if (rules != NULL && rules->may != NULL)
		status = rules->may(arg, claiming, &peek, now_utc, &may, err);
	if (status < 0 || !may)
		return status;
	claiming->ids[claiming->n++] = id;
	return peek.has_dropped ? store_message_leave_dropped(store, id, err) : 0;
}

static int outbox_claim_some(struct store *store, const int64_t *ids, size_t n, int64_t now_utc,
			     const struct outbox_rules *rules, void *arg, int64_t *ret_ids, size_t *ret_n,
			     struct err *err)
{
	struct outbox_claiming claiming = {.store = store, .now_utc = now_utc, .ids = ret_ids};
	int status = 0;
	for (size_t i = 0; i < n && status == 0; i++)
		status = outbox_claim_one(&claiming, ids[i], rules, arg, err);
	if (status == 0)
		status = outbox_claim_write(&claiming, err);
	if (status == 0)
		*ret_n = claiming.n;
	return status;
}

int outbox_claim(struct store *store, const char *channel, int64_t now_utc, size_t max,
		 const struct outbox_rules *rules, void *arg, int64_t *ret_ids, size_t *ret_n, struct err *err)
{
	int64_t ids[OUTBOX_BATCH];
	size_t n = 0;
	int status =
		store_message_ready(store, channel, now_utc, ids, max < OUTBOX_BATCH ? max : OUTBOX_BATCH, &n, err);
	if (status == 0)
		status = outbox_claim_some(store, ids, n, now_utc, rules, arg, ret_ids, ret_n, err);
	return status;
}

int outbox_claim_suspect(struct store *store, const char *channel, int64_t now_utc, const struct outbox_rules *rules,
			 void *arg, int64_t *ret_ids, size_t *ret_n, struct err *err)
{
	int64_t id = 0;
	int status = store_message_ready_suspect(store, channel, now_utc, &id, err);
	if (status == 0)
		status = outbox_claim_some(store, &id, id != 0, now_utc, rules, arg, ret_ids, ret_n, err);
	return status;
}

int outbox_release(struct store *store, int64_t id, int64_t now_utc, bool *ret_released, struct err *err)
{
	struct store_move move = {.not_before = now_utc, .suspect = -1};
	return outbox_move(store, id, MESSAGE_HELD, OUTBOX_RELEASE, &move, ret_released, err);
}

int outbox_drop(struct store *store, int64_t id, bool *ret_dropped, struct err *err)
{
	struct store_move move = {.reason = "dropped by the operator", .not_before = -1, .suspect = -1};
	return outbox_move(store, id, MESSAGE_HELD, OUTBOX_DROP, &move, ret_dropped, err);
}

int outbox_purge(struct store *store, int64_t id, const char *reason, bool *ret_purged, struct err *err)
{
	struct store_move move = {.reason = reason, .not_before = -1};
	return outbox_move(store, id, MESSAGE_PENDING, OUTBOX_PURGE, &move, ret_purged, err);
}

int outbox_give_way(struct store *store, int64_t id, enum message_state state, const char *reason, bool *ret_moved,
		    struct err *err)
{
	struct store_move move = {.reason = reason, .not_before = -1, .suspect = -1};
	return outbox_move(store, id, state, state == MESSAGE_HELD ? OUTBOX_DROP : OUTBOX_EMPTY, &move, ret_moved, err);
}

/* ---- settle ------------------------------------------------------------------------------------------------------- */

/* n_tries: the attempts that do not count as well. What is turned away again and again stands back ever longer, so that others
 * find out whether the channel works. */
static int64_t outbox_retry_utc(int64_t id, const struct store_peek *message, const struct outbox_result *result,
				int64_t n_tries, int64_t now_utc)
{
	if (result->event == OUTBOX_THROTTLED)
		return result->retry_after_s > 0 ? backoff_asked(result->retry_after_s, now_utc)
						 : backoff_next(BACKOFF_REFUSED, n_tries, now_utc, id);
	if (result->event == OUTBOX_UNKNOWN)
		return backoff_next(BACKOFF_UNKNOWN, message->uncertain + 1, now_utc, id);
	enum backoff_cause cause = result->is_unreachable ? BACKOFF_UNREACHABLE : BACKOFF_REFUSED;
	return backoff_next(cause, message->attempts, now_utc, id);
}

/* What a result means for this message: it may have lost its reminders meanwhile, or its last chance. */
static enum outbox_event outbox_judge(const struct store_peek *message, const struct outbox_result *result)
{
	bool is_retry = result->event == OUTBOX_TEMPORARY || result->event == OUTBOX_THROTTLED ||
			result->event == OUTBOX_UNKNOWN;
	if (is_retry && (!message->is_live || result->is_empty))
		return OUTBOX_EMPTY;
	if (result->event == OUTBOX_UNKNOWN && message->uncertain + 1 >= OUTBOX_UNKNOWN_MAX)
		return OUTBOX_EXPIRE;
	return result->event;
}

/* What was accepted is sent, whatever became of its reminders. *ret_moved is false when it is not in flight. */
static int outbox_settle_accepted(struct store *store, int64_t id, const struct outbox_result *result, bool *ret_moved,
				  struct err *err)
{
	struct store_move move = {.last_reply = result->reply, .not_before = -1, .suspect = -1};
	int status = outbox_move(store, id, MESSAGE_SENDING, OUTBOX_ACCEPTED, &move, ret_moved, err);
	if (status < 0 || !*ret_moved)
		return status;
	status = store_message_told_dropped(store, id, err);
	return status == 0 ? store_attempt_end(store, id, outbox_event_name(OUTBOX_ACCEPTED), result->code,
					       result->reply, err)
			   : status;
}

static int outbox_settle_message(struct store *store, int64_t id, const struct store_peek *message,
				 const struct outbox_result *result, int64_t now_utc, enum message_state *ret_state,
				 int64_t *ret_next_utc, struct err *err)
{
	bool is_moved = false;
	int64_t n_tries = 0;
	int status = store_attempt_count(store, id, &n_tries, err);
	if (status < 0)
		return status;
	enum outbox_event event = outbox_judge(message, result);
	int64_t next = outbox_not_early(message->due_utc, outbox_retry_utc(id, message, result, n_tries, now_utc));
	struct store_move move = {
		.reason = event == OUTBOX_EMPTY       ? "nothing left to say"
			  : event == OUTBOX_EXPIRE    ? "three replies were lost; it may have arrived"
			  : event == OUTBOX_PERMANENT ? "refused for good"
						      : NULL,
		.last_reply = result->reply,
		.not_before = event == result->event && event != OUTBOX_PERMANENT ? next : -1,
		.suspect = -1,
		.add_attempts = result->event == OUTBOX_THROTTLED ? -1 : 0,
		.add_uncertain = result->event == OUTBOX_UNKNOWN,
	};
	status = outbox_move(store, id, MESSAGE_SENDING, event, &move, &is_moved, err);
	if (status == 0)
		status = store_attempt_end(store, id, outbox_event_name(result->event), result->code, result->reply,
					   err);
	if (status == 0 && result->event == OUTBOX_UNKNOWN)
		status = store_message_look_again(store, id, err);
	*ret_state = move.to;
	*ret_next_utc = next;
	return status;
}

/* What was not accepted, or is not in flight any more. */
static int outbox_settle_unsent(struct store *store, int64_t id, const struct outbox_result *result, int64_t now_utc,
				enum message_state *ret_state, int64_t *ret_next_utc, struct err *err)
{
	struct store_peek message;
	int status = store_message_peek(store, id, &message, err);
	if (status == -ENOENT) {
		log_warning("message=%lld was deleted while it was in flight", (long long)id);
		*ret_state = MESSAGE_CANCELLED;
		*ret_next_utc = now_utc;
		return 0;
	}
	if (status < 0)
		return status;
	if (message.state == MESSAGE_SENDING)
		return outbox_settle_message(store, id, &message, result, now_utc, ret_state, ret_next_utc, err);
	*ret_state = message.state;
	*ret_next_utc = message.not_before;
	return 0;
}

int outbox_settle(struct store *store, int64_t id, const struct outbox_result *result, int64_t now_utc,
		  enum message_state *ret_state, int64_t *ret_next_utc, struct err *err)
{
	bool is_sent = false;
	int status = result->event == OUTBOX_ACCEPTED ? outbox_settle_accepted(store, id, result, &is_sent, err) : 0;
	if (status < 0)
		return status;
	if (!is_sent)
		return outbox_settle_unsent(store, id, result, now_utc, ret_state, ret_next_utc, err);
	*ret_state = MESSAGE_SENT;
	*ret_next_utc = now_utc;
	return 0;
}

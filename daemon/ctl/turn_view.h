/* turn_view: to which channel a message turns, and when, for queue, show and why. */
#ifndef DEADLINED_CTL_TURN_VIEW_H
#define DEADLINED_CTL_TURN_VIEW_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/session.h"
#include "remind/planner.h"
#include "remind/turn.h"

struct turn_view {
	const struct session *session;
	struct policies *policies;
	struct planner_channel *channels;
	struct planner planner;
	int64_t *ids; /* of the messages that have a turn which ends */
	size_t n;
};

/* Reads the policies, whose problems are printed and leave no turn to show, and which messages turn. Errors: those of
 * the store. turn_view_done() after any. */
MUSTCHECK int turn_view_load(const struct session *session, struct turn_view *ret_view, struct err *err);
void turn_view_done(struct turn_view *view);

/* As turn_look(), for any message; no channels when it does not turn. The caller frees it with turn_ahead_done(). */
MUSTCHECK int turn_view_find(const struct turn_view *view, int64_t message, int64_t task, struct turn_ahead *ret_ahead,
			     struct err *err);

/* Appends "turns to email at ...", behind before; nothing when it does not turn. */
void turn_view_words(const struct turn_view *view, const struct turn_ahead *ahead, const char *before, struct buf *out);
/* Sets turns_to, an array, and turns_at, which is null unless the instant is known. */
void turn_view_set(const struct turn_view *view, const struct turn_ahead *ahead, json_t *object);

#endif

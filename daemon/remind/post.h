/* post: a due step becomes a reminder, and the reminder goes into a message that leaves when its reader may be written
 * to.
 *
 * Happy path: nobody has silenced it; the reader is there, or their deputy; it is inside their hours; so each channel
 * of the policy, or of the reader's own choice, gets a message of its own at once; or the first of them that works, see
 * turn.h. Otherwise the reminder is held (quiet hours, working hours, a snooze, the daily ceiling) and joins what
 * already waits for that hour; what the daemon missed while it was down joins one catch-up message; what is too old is
 * stale; what a later step replaced, or the digest will say, is dropped. Every one of these is written down with its
 * reason. */
#ifndef DEADLINED_REMIND_POST_H
#define DEADLINED_REMIND_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/task.h"
#include "remind/planner.h"
#include "remind/reader.h"

enum { POST_LATE_S = 120 }; /* a step that was due longer ago was missed */

struct post_step {
	const char *text;
	int64_t due_utc;
	int64_t forward_s;  /* so much it was brought forward from its own place, from which on it grows old */
	int64_t latest_utc; /* no ceiling holds it beyond that; 0 = one may */
	bool is_digest;     /* said in the digest and nowhere else */
	bool is_past_use;   /* the moment it was to warn of has passed */
	bool is_noticed;    /* was due before the date was set, of which the same pass gives notice */
};

/* What all steps of a task have in common. Everything is borrowed. */
struct post {
	const struct planner *planner;
	struct store *store;
	const struct task *task;
	const struct policy *policy;
	const char *occurrence;
	const struct zone *event_zone;
	int64_t now_utc;
	int64_t not_before_utc; /* hold everything until then, as a snooze does; 0 = no */
	size_t planned;         /* messages added */
};

/* Whether a step shares its message with nothing: a mail changes one date in its reader's calendar. */
bool post_is_alone(const char *step);

/* Whether the date with that key, as period_key() writes it, is over. */
bool post_is_over(const struct post *post, const char *key);

/* Posts the due steps of one person, earliest first. Errors: those of the store. */
MUSTCHECK int post_steps(struct post *post, const struct person *person, const struct post_step *steps, size_t n,
			 struct err *err);

#endif

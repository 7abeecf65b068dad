/* why_priv: what the two files of the command share. */
#ifndef DEADLINED_CTL_WHY_PRIV_H
#define DEADLINED_CTL_WHY_PRIV_H

#include <jansson.h>

#include "ctl/session.h"
#include "ctl/turn_view.h"

struct why_event;

struct why {
	struct session *session;
	struct task task;
	const char *person; /* NULL: everybody */
	bool is_json;
	struct why_event *events; /* of why_past() */
	size_t n_events;
	struct turn_view turns;
	size_t n_next;
	struct err err;
};

/* That person is asked about, or the one in whose place they are told. */
bool why_is_about(const struct why *why, const char *person, const char *deputy_for);

/* {"kind": ..., "at": ...}, owned by the caller; why_set() adds a text, or null for "". */
json_t *why_object(const char *kind, const struct zone *zone, int64_t at_utc);
void why_set(json_t *object, const char *key, const char *text);

/* Prints a line with its instant in that zone. */
void why_say(const struct zone *zone, int64_t at_utc, const char *line);

/* Prints what happened so far, oldest first: who changed what, what was sent or dropped and why. Returns an exit
 * status. */
MUSTCHECK int why_past(struct why *why);

#endif

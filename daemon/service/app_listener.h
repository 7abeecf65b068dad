/* app_listener: what the app knows of a channel on which people are heard. For app_listen.c and app_hear_alone.c. */
#ifndef DEADLINED_SERVICE_APP_LISTENER_H
#define DEADLINED_SERVICE_APP_LISTENER_H

#include "channel/listen.h"
#include "service/app_priv.h"
#include "talk/talk.h"

/* A few words for somebody, once there is room on the channel to say them. */
struct app_answer {
	char *id;   /* of the button; NULL: a message to the chat */
	char *chat; /* the address */
	char *text;
};

struct app_listener {
	bool is_asking; /* a call is under way */
	char account[CHANNEL_ACCOUNT_SIZE];
	char *next;                     /* from where to ask; NULL: not read from the database yet */
	struct channel_updates updates; /* heard, not applied yet */
	bool has_heard;
	bool is_wary;   /* what is heard first is applied one at a time; see app_hear_alone.c */
	size_t n_alone; /* so many of updates are applied so */
	struct talk_reply
		*replies;  /* one for each update, until they are all applied and answered; NULL = none is yet */
	bool is_applied;   /* a pass has applied the rest */
	bool is_committed; /* and was committed, if not kept by the disk */

	struct channel_result failure; /* of the call that ended last, not looked at yet */
	bool has_failed;
	unsigned failures; /* in a row */
	int64_t asked_utc;
	int64_t failing_since_utc, again_utc;
	char *problem; /* what the operator should hear; NULL = nothing */

	struct app_answer *answers;
	size_t n_answers;
};

/* What hearing needs; borrows from the app and the planner. */
struct talk app_talk(const struct app *app, const struct planner *planner, const struct channel *channel);

/* Room for the replies of what was heard. */
void app_make_replies(struct app_listener *listener);

#endif

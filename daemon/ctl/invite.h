/* invite: "deadlinectl people invite ID": the link by which a person comes to a messenger. */
#ifndef DEADLINED_CTL_INVITE_H
#define DEADLINED_CTL_INVITE_H

#include "ctl/args.h"
#include "ctl/session.h"

#define INVITE_OPTIONS                                                                                                 \
	{"--channel", "NAME", "invite to this channel; not needed when only one hears answers"},                       \
	{                                                                                                              \
		"--for", "SPAN", "how long the link works, as 2d or 36h; 7d if not given"                              \
	}

/* Invites the person with that id and prints the link. Returns an exit status. */
MUSTCHECK int invite_run(struct session *session, const struct args *args, const char *id);

#endif

/* heartbeat: a request to an outside watchman, who calls for help when no more of them come. Nobody waits for its
 * answer, and a failure disturbs nothing: it is logged, once until that changes. */
#ifndef DEADLINED_CHANNEL_HEARTBEAT_H
#define DEADLINED_CHANNEL_HEARTBEAT_H

#include "conf/conf.h"
#include "conf/problem.h"

struct heartbeat;
struct transfer;

/* Puts the secret that conf->heartbeat refers to in its place and checks that it is an address that may be called; the
 * log hides it from then on. Problems are added. */
void heartbeat_prepare(struct conf *conf, struct problems *problems);

/* transfer is borrowed. Returns owned. */
struct heartbeat *heartbeat_new(struct transfer *transfer);
/* Gives up what is under way; NULL is legal. */
void heartbeat_free(struct heartbeat *heartbeat);

/* A GET of url, unless the last one is still under way. */
void heartbeat_ping(struct heartbeat *heartbeat, const char *url);

#endif

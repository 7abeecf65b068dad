/* server: the mail server and the messenger of a simulated world, behind channels that the real app drives.
 *
 * Each server has its moods: it works, is down, says "not now", asks for a pause, hangs, is slow, or loses replies. What it
 * will do with a message is drawn when it gets it: it takes it or not at one instant, and answers or not at a later one.
 * A daemon that dies between the two never hears the answer. */
#ifndef DEADLINED_SIM_SERVER_H
#define DEADLINED_SIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "dice.h"

struct world;
struct witness_message;

enum { SERVERS = 2, SERVER_FLIGHTS = 64, SERVER_ROOM_MAX = 16, SERVER_STARTS = 512, SERVER_ENDS = 64 };

enum server_mood {
	SERVER_WELL,
	SERVER_DOWN,       /* nobody answers the call */
	SERVER_NOT_NOW,    /* 4xx to each message */
	SERVER_CLOSING,    /* 421: to all of them */
	SERVER_THROTTLING, /* 429, and how long to wait */
	SERVER_SILENT,     /* hangs, before or after it took the message */
	SERVER_SLOW,
	SERVER_LOSSY, /* takes it or not, and the connection breaks */
	SERVER_MOOD_MAX
};

struct server {
	struct world *world;
	char name[16];
	enum server_mood mood;
	int64_t mood_until_mono_ms;
	int64_t pause_until_utc;       /* it has asked for that */
	struct option_rate rate;       /* that the administrator allows */
	struct option_rate rate_each;  /* likewise to one reader */
	int64_t starts[SERVER_STARTS]; /* mono_ms of the last hand-overs: a ring */
	size_t n_starts;
	int64_t boots[16]; /* mono_ms of the last starts of the daemon: a ring */
	size_t n_boots;
	struct {
		uint64_t reader;
		int64_t mono_ms;
	} ends[SERVER_ENDS]; /* the last answers, to whom and when, since a start of the daemon: a ring */
	size_t n_ends;
};

struct server_flight {
	struct channel *channel; /* NULL = free place */
	struct server *server;
	struct witness_message *message;
	int64_t id;
	uint64_t reader; /* a print of the address */
	bool is_ghost;   /* handed over by a process that was dead already: nobody got it */
	bool is_taken;   /* accepted, and counted */
	bool will_take;
	int64_t take_mono_ms, reply_mono_ms;
	struct channel_result result;
};

struct servers {
	struct world *world;
	struct dice dice;
	struct server items[SERVERS];
	struct server_flight flights[SERVER_FLIGHTS];
	unsigned room;
	bool is_kind; /* nothing goes wrong any more */
};

void servers_init(struct servers *servers, struct world *world);
/* A channel of the app that leads to the server of that name. */
struct channel *server_channel(struct servers *servers, const struct channel *real);
/* What happens until now: messages are taken, replies given. Returns how many replies. */
size_t servers_run(struct servers *servers);
/* When the next thing happens; INT64_MAX when nothing is under way. */
int64_t servers_next_mono_ms(const struct servers *servers);
/* The daemon died: what was on its way may arrive all the same. */
void servers_death(struct servers *servers);
/* A daemon has started: its allowance is fresh. The machine did, too: its clock began at 0. */
void servers_boot(struct servers *servers, bool is_machine);

#endif

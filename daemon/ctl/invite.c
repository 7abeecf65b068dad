#include "ctl/invite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/listen.h"
#include "ctl/output.h"
#include "store/store_person.h"
#include "talk/invite.h"

enum { INVITE_MIN_S = 60, INVITE_MAX_S = 366 * 86400 };

/* ---- whom --------------------------------------------------------------------------------------------------------- */

struct invite_search {
	const char *id;
	bool is_there, is_active;
};

static int invite_see_person(void *arg, const struct person *person)
{
	struct invite_search *search = arg;
	if (strcmp(person->id, search->id) == 0) {
		search->is_there = true;
		search->is_active = person->is_active;
	}
	return 0;
}

static int invite_check_person(struct session *session, const char *id)
{
	struct invite_search search = {.id = id};
	struct err err = {0};
	int status = store_person_each(session->store, invite_see_person, &search, &err);
	if (status < 0)
		return session_fail(status, &err);
	if (!search.is_there)
		return session_fail_person(session, "people invite", id);
	if (search.is_active)
		return EX_OK;
	output_complain("'%s' is not active: nobody hears what they would answer", id);
	return EX_DATAERR;
}

/* ---- where to ----------------------------------------------------------------------------------------------------- */

/* All channels, as the daemon makes them; nothing is connected. */
struct invite_channels {
	struct channel **items;
	size_t n;
};

static void invite_channels_done(struct invite_channels *channels)
{
	for (size_t i = 0; i < channels->n; i++)
		channel_free(channels->items[i]);
	free(channels->items);
}

static int invite_make_channels(const struct conf *conf, struct invite_channels *channels)
{
	struct problems problems = {0};
	for (size_t i = 0; i < conf->n_channels; i++) {
		struct channel *channel = channel_new(conf, conf->channels[i], &problems);
		if (channel == NULL)
			continue;
		channels->items = mem_grow(channels->items, channels->n + 1, sizeof(struct channel *));
		channels->items[channels->n++] = channel;
	}
	int status = problems.n == 0 ? EX_OK : EX_CONFIG;
	problems_print(&problems, stderr);
	problems_done(&problems);
	return status;
}

static int invite_choose_named(const struct invite_channels *channels, const char *name,
			       const struct channel **ret_channel)
{
	for (size_t i = 0; i < channels->n; i++) {
		if (strcmp(channels->items[i]->name, name) != 0)
			continue;
		*ret_channel = channels->items[i];
		if (channel_listens(*ret_channel))
			return EX_OK;
		output_complain(
			"--channel: nobody hears what is answered on '%s': set updates = yes in its section, if its "
			"preset can listen",
			name);
		return EX_CONFIG;
	}
	output_complain("--channel: there is no channel '%s'; deadlinectl brake shows them", name);
	return EX_DATAERR;
}

static int invite_choose(const struct invite_channels *channels, const char *name, const struct channel **ret_channel)
{
	size_t n = 0;
	if (name != NULL)
		return invite_choose_named(channels, name, ret_channel);
	for (size_t i = 0; i < channels->n; i++)
		if (channel_listens(channels->items[i])) {
			*ret_channel = channels->items[i];
			n++;
		}
	if (n == 1)
		return EX_OK;
	if (n == 0)
		output_complain("no channel hears answers: set updates = yes in the section of a messenger that can");
	else
		output_complain("%zu channels hear answers: say which with --channel NAME", n);
	return n == 0 ? EX_CONFIG : EX_USAGE;
}

/* ---- the invitation ----------------------------------------------------------------------------------------------- */

static int invite_write(struct session *session, const struct channel *channel, const char *id, int64_t until_utc)
{
	char word[INVITE_WORD_SIZE], until[OUTPUT_TIME_SIZE], *link = NULL;
	struct err err = {0};
	int status = invite_new(session->store, id, channel->name, until_utc, word, &err);
	if (status < 0)
		return session_fail(status, &err);
	status = channel_invite_link(channel, word, &link, &err);
	if (status < 0) {
		output_complain("channel %s: %s", channel->name, err.text);
		return EX_CONFIG;
	}
	int result = session_commit_edit(session);
	output_time(session->zone, until_utc, until);
	if (result == EX_OK)
		output_print("%s\nFor %s alone, once, until %s\n", link, id, until);
	free(link);
	return result;
}

static int invite_person(struct session *session, const struct args *args, const char *id, int64_t span_s)
{
	struct invite_channels channels = {0};
	const struct channel *channel = NULL;
	int result = invite_make_channels(session->conf, &channels);
	if (result == EX_OK)
		result = invite_choose(&channels, args_value(args, "--channel"), &channel);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = invite_check_person(session, id);
	if (result == EX_OK)
		result = invite_write(session, channel, id, session->now_utc + span_s);
	invite_channels_done(&channels);
	return result;
}

int invite_run(struct session *session, const struct args *args, const char *id)
{
	const char *span = args_value(args, "--for");
	int64_t span_s = INVITE_PRESET_S;
	struct err err = {0};
	if (span != NULL && num_parse_duration_s(span, INVITE_MIN_S, INVITE_MAX_S, &span_s, &err) < 0) {
		output_complain("--for: %s", err.text);
		return EX_USAGE;
	}
	int result = session_open(session, SESSION_EDIT);
	return result == EX_OK ? invite_person(session, args, id, span_s) : result;
}

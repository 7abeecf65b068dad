/* The digests of the planner: who gets one now, on which channel, and when the next one is. */
#include "remind/planner.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/strlist.h"
#include "remind/digest.h"
#include "remind/post.h"
#include "remind/reader.h"
#include "remind/turn.h"
#include "store/store_digest.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_turn.h"

/* The first channel of the order on which the person can be reached; failing that, of the configuration. */
static const struct planner_channel *planner_digest_channel(const struct planner *planner, const struct person *person,
							    const struct order *order)
{
	const struct planner_channel *channel = order->is_first ? turn_find(planner, order, 0, person) : NULL;
	for (int listed = 1; listed >= 0 && channel == NULL; listed--)
		for (size_t i = 0; i < planner->n_channels && channel == NULL; i++) {
			const char *name = planner->channels[i].name;
			if ((order_has(order, name) || !listed) && person_address(person, name) != NULL)
				channel = &planner->channels[i];
		}
	return channel;
}

static int planner_write_digest(const struct planner *planner, struct store *store, const struct reader *reader,
				const struct order *order, int64_t due_utc, int64_t now_utc, struct err *err)
{
	const struct planner_channel *channel = planner_digest_channel(planner, reader->person, order);
	struct digest digest = {0};
	int64_t message = 0, open_utc = hours_open_utc(&reader->time, now_utc, false, NULL);
	if (channel == NULL) {
		log_warning("person=%s has a digest and no address to send it to", reader->person->id);
		return 0;
	}
	int64_t turn_utc = order_turn_utc(order, channel->name, open_utc);
	int status = digest_collect(store, reader, DIGEST_OPENING, now_utc, &digest, err);
	bool is_empty = digest.n_items == 0;
	digest_done(&digest);
	if (status < 0 || is_empty)
		return status;
	/* What is held is due when the hold ends, as any message. */
	status =
		store_message_add(store, reader->person->id, channel->name, "digest", MESSAGE_PENDING, NULL,
				  open_utc > now_utc ? open_utc : due_utc, open_utc, channel->domain, 0, &message, err);
	return status == 0 && turn_utc != 0 ? store_turn_sooner(store, message, turn_utc, err) : status;
}

static int planner_add_digest(const struct planner *planner, struct store *store, const struct reader *reader,
			      int64_t due_utc, int64_t now_utc, struct err *err)
{
	struct order own;
	const struct policy *policy = policies_find(planner->policies, "default");
	const struct order *order = order_of(reader->person, &policy->order, &own);
	int status = planner_write_digest(planner, store, reader, order, due_utc, now_utc, err);
	order_done(&own);
	return status;
}

/* A digest that was missed is said once, late, unless the next one reaches the reader on the same day. */
static bool planner_is_digest_useful(const struct planner *planner, const struct reader *reader, int64_t due_utc,
				     int64_t next_utc, int64_t now_utc)
{
	char day[CIVIL_DATE_SIZE], next_day[CIVIL_DATE_SIZE];
	if (now_utc - due_utc <= POST_LATE_S || next_utc >= STORE_NEVER)
		return now_utc - due_utc <= planner->catch_up_max_age_s;
	reader_day(reader, hours_open_utc(&reader->time, now_utc, false, NULL), day);
	reader_day(reader, hours_open_utc(&reader->time, next_utc, false, NULL), next_day);
	return now_utc - due_utc <= planner->catch_up_max_age_s && strcmp(day, next_day) < 0;
}

static int planner_plan_digest(const struct planner *planner, struct store *store, const char *id, int64_t now_utc,
			       struct err *err)
{
	struct person person;
	struct reader reader;
	bool is_set = false;
	int64_t due = 0;
	int status = store_person_load(store, id, &person, err);
	if (status < 0)
		return status;
	reader_init(&reader, &person, planner->calendars, zone_find("UTC"));
	status = store_digest_time(store, id, &is_set, &due, err);
	int64_t next =
		reader.digest.minute < 0 ? STORE_NEVER : hours_next_digest_utc(&reader.time, &reader.digest, now_utc);
	if (status == 0 && is_set && reader.digest.minute >= 0 &&
	    planner_is_digest_useful(planner, &reader, due, next, now_utc))
		status = planner_add_digest(planner, store, &reader, due, now_utc, err);
	if (status == 0)
		status = store_digest_set(store, id, next < STORE_NEVER ? next : STORE_NEVER, err);
	person_done(&person);
	return status;
}

int planner_plan_digests(const struct planner *planner, struct store *store, int64_t now_utc, size_t *ret_n,
			 struct err *err)
{
	struct strlist people = {0};
	int status = store_digest_due(store, now_utc, PLANNER_DIGESTS, &people, err);
	for (size_t i = 0; i < people.n && status == 0; i++)
		status = planner_plan_digest(planner, store, people.items[i], now_utc, err);
	*ret_n = people.n;
	strlist_done(&people);
	return status;
}

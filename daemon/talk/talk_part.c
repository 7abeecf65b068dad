/* Who takes part in a task, in person or in somebody's place. */
#include "store/store_absence.h"
#include "talk/talk_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/role.h"
#include "remind/reader.h"
#include "store/store_person.h"

enum {
	PART_DEPUTIES_MAX = 8, /* as many as reminders follow */
	PART_ACTS = ROLE_BIT(ROLE_RESPONSIBLE) | ROLE_BIT(ROLE_PARTICIPANT) | ROLE_BIT(ROLE_SUPERVISOR),
};

void talk_part_done(struct talk_part *part)
{
	person_done(&part->person);
	person_done(&part->reader);
	*part = (struct talk_part){0};
}

/* The deputy of a person, at now_utc in their own zone; NULL when nobody stands in. */
static int talk_deputy(const struct talk *talk, const struct person *person, int64_t now_utc, char **ret_id,
		       struct err *err)
{
	struct reader reader;
	char day[CIVIL_DATE_SIZE];
	reader_init(&reader, person, talk->planner != NULL ? talk->planner->calendars : NULL, talk->default_zone);
	reader_day(&reader, now_utc, day);
	return store_deputy(talk->store, person->id, day, ret_id, err);
}

/* Which of the actors stands in for the person, or for who stands in for them; NULL when none does. */
static int talk_find_deputy(const struct talk *talk, const struct strlist *actors, const struct person *person,
			    int64_t now_utc, char **ret_actor, struct err *err)
{
	struct person current = {0};
	int status = 0;
	*ret_actor = NULL;
	for (int i = 0; i < PART_DEPUTIES_MAX && *ret_actor == NULL; i++) {
		char *id = NULL;
		status = talk_deputy(talk, i == 0 ? person : &current, now_utc, &id, err);
		if (status < 0 || id == NULL || strcmp(id, person->id) == 0) {
			free(id);
			break;
		}
		person_done(&current);
		if (strlist_has(actors, id)) {
			*ret_actor = id;
			break;
		}
		status = store_person_load(talk->store, id, &current, err);
		free(id);
		if (status < 0)
			break;
	}
	person_done(&current);
	return status == -ENOENT ? 0 : status; /* a deputy who is not there stands in for nobody */
}

/* Looks at one person of the task: *ret_actor is who of the actors they are, or who stands in; NULL when nobody. */
static int talk_find_actor(const struct talk *talk, const struct strlist *actors, const struct person *person,
			   bool is_direct, int64_t now_utc, char **ret_actor, struct err *err)
{
	*ret_actor = NULL;
	if (!is_direct)
		return talk_find_deputy(talk, actors, person, now_utc, ret_actor, err);
	if (strlist_has(actors, person->id))
		*ret_actor = mem_dup(person->id);
	return 0;
}

static int talk_look(const struct talk *talk, const struct strlist *actors, struct person *people, size_t n,
		     bool is_direct, int64_t now_utc, struct talk_part *part, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < n && status == 0 && !part->may_act; i++) {
		char *actor = NULL;
		status = talk_find_actor(talk, actors, &people[i], is_direct, now_utc, &actor, err);
		if (status < 0 || actor == NULL)
			continue;
		part->is_there = true;
		if ((people[i].roles & PART_ACTS) != 0) {
			status = store_person_load(talk->store, actor, &part->reader, err);
			part->may_act = status == 0;
			part->person = people[i];
			people[i] = (struct person){0}; /* it is the part's now */
		}
		free(actor);
	}
	return status;
}

int talk_part_find(const struct talk *talk, const struct strlist *actors, int64_t task, int64_t now_utc,
		   struct talk_part *ret_part, struct err *err)
{
	struct person *people = NULL;
	struct talk_part part = {0};
	size_t n = 0;
	int status = store_person_of_task(talk->store, task, &people, &n, err);
	if (status == 0)
		status = talk_look(talk, actors, people, n, true, now_utc, &part, err);
	if (status == 0 && !part.may_act)
		status = talk_look(talk, actors, people, n, false, now_utc, &part, err);
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);
	if (status < 0) {
		talk_part_done(&part);
		return status;
	}
	*ret_part = part;
	return 0;
}

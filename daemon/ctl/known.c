#include "ctl/known.h"

#include <string.h>
#include <sysexits.h>

#include "ctl/output.h"
#include "store/store_person.h"
#include "store/store_task.h"

static int known_add_person(void *arg, const struct person *person)
{
	strlist_add(arg, person->id, strlen(person->id));
	return 0;
}

static int known_add_task(void *arg, const struct task *task, int64_t next_due_utc)
{
	(void)next_due_utc;
	strlist_add(arg, task->uid, strlen(task->uid));
	return 0;
}

void known_people(struct store *store, struct strlist *names)
{
	struct err err;
	int status = store_person_each(store, known_add_person, names, &err);
	(void)status; /* see the header */
}

void known_tasks(struct store *store, struct strlist *names)
{
	struct err err;
	int status = store_task_each(store, true, known_add_task, names, &err);
	(void)status; /* see the header */
}

const char *known_nearest(const struct strlist *names, const char *typed)
{
	return strlist_nearest(typed, (const char *const *)names->items, names->n);
}

int known_fail_person(struct store *store, const char *id)
{
	struct strlist ids = {0};
	known_people(store, &ids);
	const char *nearest = known_nearest(&ids, id);
	if (nearest != NULL)
		output_complain("there is no person '%s', did you mean '%s'?", id, nearest);
	else
		output_complain("there is no person '%s'; 'deadlinectl people' shows them", id);
	strlist_done(&ids);
	return EX_DATAERR;
}

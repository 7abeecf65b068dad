#include "plan/task.h"

#include <stdlib.h>
#include <string.h>

bool task_repeats(const struct task *task)
{
	return task->rrule[0] != '\0' || task->rdate[0] != '\0';
}

bool task_is_open(const struct task *task)
{
	return strcmp(task->status, "open") == 0;
}

void task_done(struct task *task)
{
	free(task->uid);
	free(task->title);
	free(task->place);
	free(task->note);
	free(task->zone);
	free(task->policy);
	free(task->status);
	free(task->rrule);
	free(task->rdate);
	free(task->exdate);
	*task = (struct task){0};
}

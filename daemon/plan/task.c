#include "plan/task.h"

#include <stdlib.h>

void task_done(struct task *task)
{
	free(task->uid);
	free(task->title);
	free(task->place);
	free(task->note);
	free(task->zone);
	free(task->policy);
	free(task->status);
	*task = (struct task){0};
}

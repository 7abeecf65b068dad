/* edits: what people do to the plan while the daemon runs: the first plan, and then tasks added, moved, done and
 * cancelled, people who change their hours, stand in for each other, come and go. Half of it by the store, as deadlinectl
 * does it, half by plain SQL over a second connection, which also locks the others out now and then. */
#ifndef DEADLINED_SIM_EDITS_H
#define DEADLINED_SIM_EDITS_H

#include <stdbool.h>

struct world;

/* The people and the first tasks. */
void edits_begin(struct world *world);
/* One edit, drawn from the seed. */
void edits_do(struct world *world);
/* Counts the tasks that are on the disk: an edit may have failed, or a crash may have ended it. */
void edits_count(struct world *world);
/* The operator looks at what waits for them, and lets it go: brakes that hold, messages that are held. */
void edits_operate(struct world *world);
/* BEGIN EXCLUSIVE by somebody, and its end. */
void edits_lock(struct world *world);
void edits_unlock(struct world *world);

#endif

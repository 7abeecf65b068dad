/* audit: the invariants that need a look at everything, see invariants.h; now and then, and at the end. */
#ifndef DEADLINED_SIM_AUDIT_H
#define DEADLINED_SIM_AUDIT_H

struct world;

/* Everything that is committed. */
void audit(struct world *world);
/* After world_calm(): nothing waits that could have left. */
void audit_is_at_rest(struct world *world);

#endif

/* audit: the invariants that need a look at everything, see invariants.h; now and then, and at the end. */
#ifndef DEADLINED_SIM_AUDIT_H
#define DEADLINED_SIM_AUDIT_H

struct world;

/* What is committed. */
void audit(struct world *world);
/* Every page of it: after the machine's power has failed, and at the end. */
void audit_pages(struct world *world);
/* After world_calm(): nothing waits that could have left. */
void audit_is_at_rest(struct world *world);

#endif

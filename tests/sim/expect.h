/* expect: I1, computed anew: every step that fell due has its row. And I13: whoever was told a date hears that it is off.
 * And I14: what was said of a date holds at its new hour.
 *
 * An edit changes what is right, so a task is looked at for a span at a time: from the last pass before its facts last
 * changed, or the instant until which it was planned then, to the last pass. Before each change the span that ends is
 * checked. */
#ifndef DEADLINED_SIM_EXPECT_H
#define DEADLINED_SIM_EXPECT_H

#include <stdint.h>

struct world;

/* All tasks. */
void expect_all(struct world *world);
/* To be called before the facts of a task change: checks the span that ends and begins a new one. */
void expect_change(struct world *world, int64_t task);
/* To be called after it was opened again: what came since it was last planned is to come. */
void expect_open(struct world *world, int64_t task);
/* As expect_change() for every task, and for those of a person. */
void expect_change_all(struct world *world);
void expect_change_person(struct world *world, const char *person);

#endif

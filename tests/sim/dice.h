/* dice: chance that can be repeated. Each concern throws dice of its own, so that one more throw here does not change
 * what happens there. */
#ifndef DEADLINED_SIM_DICE_H
#define DEADLINED_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* The same seed and name give the same throws. */
void dice_seed(struct dice *dice, uint64_t seed, const char *name);
uint64_t dice_next(struct dice *dice);
/* 0 .. sides - 1 */
unsigned dice_roll(struct dice *dice, unsigned sides);
/* low .. high, both included */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
bool dice_chance(struct dice *dice, unsigned in_a_thousand);

/* One of the elements of an array. */
#define dice_pick(dice, array) ((array)[dice_roll((dice), (unsigned)(sizeof(array) / sizeof((array)[0])))])

#endif

#include "dice.h"

#include "base/hash.h"

void dice_seed(struct dice *dice, uint64_t seed, const char *name)
{
	dice->state = hash_mix(seed) ^ hash_text(name);
}

uint64_t dice_next(struct dice *dice)
{
	dice->state += 0x9e3779b97f4a7c15u;
	return hash_mix(dice->state);
}

unsigned dice_roll(struct dice *dice, unsigned sides)
{
	return (unsigned)((dice_next(dice) >> 16) % sides);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	return low + (int64_t)((dice_next(dice) >> 8) % (uint64_t)(high - low + 1));
}

bool dice_chance(struct dice *dice, unsigned in_a_thousand)
{
	return dice_roll(dice, 1000) < in_a_thousand;
}

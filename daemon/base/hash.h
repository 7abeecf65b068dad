/* hash: reproducible numbers from stable inputs, and identifiers nobody can guess.
 *
 * Jitter comes from hash_mix() of a row's id and its attempt, so that the same run gives the same times. */
#ifndef DEADLINED_BASE_HASH_H
#define DEADLINED_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* splitmix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
uint64_t hash_mix(uint64_t value);

/* FNV-1a, 64 bit (draft-eastlake-fnv). */
uint64_t hash_text(const char *text);

/* Fills text with chars-1 random hexadecimal digits from the kernel and a 0. Errors: -errno of getrandom(2). */
MUSTCHECK int hash_random_hex(char *text, size_t chars);

#endif

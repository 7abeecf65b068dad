/* clock: the only file that asks the system what time it is.
 *
 * The loop reads the clock once per round and passes the instant down. wall_s is for deadlines, retries and due
 * instants; mono_ms for network time-outs; the two never meet in one expression. */
#ifndef DEADLINED_BASE_CLOCK_H
#define DEADLINED_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
	int64_t wall_s;  /* UTC seconds since 1970 */
	int32_t wall_ms; /* 0..999 of the second that has begun */
	int64_t mono_ms; /* CLOCK_MONOTONIC, milliseconds */
	int64_t up_s;    /* since the machine was started, suspended or not */
	bool is_unset;   /* it was started minutes ago, and nothing has yet set its clock by a better one */
};

/* A machine without anything to set its clock by is believed so long after its start. */
enum { CLOCK_GRACE_S = 600 };

struct clock {
	struct instant (*now)(void *arg);
	void *arg;
};

/* The machine's clock. */
struct clock clock_system(void);

struct instant clock_now(const struct clock *clock);

/* Whether the machine's clock was set by a better one since the machine was started, and still follows it. */
bool clock_is_set(void);

/* Writes UTC as "2025-04-01T09:00:00Z" (21 bytes with the 0 for years up to 9999). */
void clock_format_utc(int64_t utc, char text[32]);

#endif

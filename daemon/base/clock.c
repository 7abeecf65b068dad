#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static struct instant clock_read_system(void *arg)
{
	(void)arg;
	struct timespec wall, mono;
	(void)clock_gettime(CLOCK_REALTIME, &wall); /* fails only for an unknown clock */
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	return (struct instant){
		.wall_s = wall.tv_sec,
		.wall_ms = (int32_t)(wall.tv_nsec / 1000000),
		.mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000,
	};
}

static struct instant clock_read_fixed(void *arg)
{
	return *(const struct instant *)arg;
}

struct clock clock_system(void)
{
	return (struct clock){.now = clock_read_system};
}

struct clock clock_fixed(struct instant *at)
{
	return (struct clock){.now = clock_read_fixed, .arg = at};
}

struct instant clock_now(const struct clock *clock)
{
	return clock->now(clock->arg);
}

void clock_format_utc(int64_t utc, char text[32])
{
	time_t seconds = utc;
	struct tm tm;
	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, 32, "-");
}

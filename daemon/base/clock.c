#include "base/clock.h"

#include <stdio.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* The kernel says so, and where a sandbox forbids to ask it, systemd-timesyncd leaves a file. */
bool clock_is_set(void)
{
	struct timex timex = {.modes = 0};
	int state = adjtimex(&timex);
	if (state < 0)
		return access("/run/systemd/timesync/synchronized", F_OK) == 0;
	return state != TIME_ERROR && (timex.status & STA_UNSYNC) == 0;
}

static struct instant clock_read_system(void *arg)
{
	(void)arg;
	struct timespec wall, mono, up;
	(void)clock_gettime(CLOCK_REALTIME, &wall); /* fails only for an unknown clock */
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	return (struct instant){
		.wall_s = wall.tv_sec,
		.wall_ms = (int32_t)(wall.tv_nsec / 1000000),
		.mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000,
		.up_s = up.tv_sec,
		.is_unset = up.tv_sec < CLOCK_GRACE_S && !clock_is_set(),
	};
}

struct clock clock_system(void)
{
	return (struct clock){.now = clock_read_system};
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

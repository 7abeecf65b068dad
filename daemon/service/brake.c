#include "service/brake.h"

#include "base/log.h"

static void brake_turn(struct store_hours *hours, int64_t now_utc)
{
	int64_t hour = now_utc / 3600;
	if (hour == hours->hour)
		return;
	hours->count_before = hour == hours->hour + 1 ? hours->count : 0;
	hours->count = 0;
	hours->hour = hour;
}

unsigned brake_allow(struct brake *brake, unsigned wanted, int64_t now_utc)
{
	brake_turn(&brake->hours, now_utc);
	int64_t left_s = 3600 - now_utc % 3600;
	int64_t sent = brake->hours.count + brake->hours.count_before * left_s / 3600;
	int64_t allowed = brake->limit > sent ? brake->limit - sent : 0;
	if (wanted > 0 && allowed == 0 && !brake->is_on)
		log_error(
			"the brake is on: messages_per_hour = %lld is reached, the rest waits; look at deadlinectl queue",
			(long long)brake->limit);
	if (allowed > 0 && brake->is_on)
		log_info("the brake is off again");
	if (wanted > 0 || allowed > 0)
		brake->is_on = allowed == 0;
	return allowed < wanted ? (unsigned)allowed : wanted;
}

void brake_count(struct brake *brake, unsigned started, int64_t now_utc)
{
	brake_turn(&brake->hours, now_utc);
	brake->hours.count += started;
}

#include "remind/backoff.h"

#include "base/hash.h"

enum { BACKOFF_ASKED_MAX_S = 86400, BACKOFF_JITTER_PERCENT = 20 };

int64_t backoff_next(enum backoff_cause cause, int64_t failures, int64_t now_utc, int64_t id)
{
	static const struct {
		int64_t first_s, longest_s;
	} pauses[] = {
		[BACKOFF_REFUSED] = {300, 4 * 3600},
		[BACKOFF_UNREACHABLE] = {30, 1800},
		[BACKOFF_UNKNOWN] = {1800, 4 * 3600},
	};
	int64_t pause = pauses[cause].first_s;
	for (int64_t i = 1; i < failures && pause < pauses[cause].longest_s; i++)
		pause *= 2;
	if (pause > pauses[cause].longest_s)
		pause = pauses[cause].longest_s;

	int64_t spread = pause * BACKOFF_JITTER_PERCENT / 100;
	uint64_t dice = hash_mix((uint64_t)id ^ hash_mix((uint64_t)failures));
	return now_utc + pause - spread + (int64_t)(dice % (uint64_t)(2 * spread + 1));
}

int64_t backoff_asked(int64_t retry_after_s, int64_t now_utc)
{
	int64_t wait = retry_after_s < 1 ? 1 : retry_after_s;
	return now_utc + (wait > BACKOFF_ASKED_MAX_S ? BACKOFF_ASKED_MAX_S : wait);
}

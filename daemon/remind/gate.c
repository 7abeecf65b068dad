#include "remind/gate.h"

#include "remind/backoff.h"

enum { GATE_PAUSE_MAX_S = 86400 };

/* Allowance is counted in milliseconds, so that no fraction of a message is lost between two looks. */
static int64_t gate_cost_ms(const struct gate *gate)
{
	return gate->rate_per_s * 1000 / gate->rate_count > 0 ? gate->rate_per_s * 1000 / gate->rate_count : 1;
}

void gate_init(struct gate *gate, int64_t rate_count, int64_t rate_per_s, int64_t now_mono_ms)
{
	*gate = (struct gate){
		.rate_count = rate_count,
		.rate_per_s = rate_per_s,
		.tokens_ms = rate_per_s * 1000,
		.filled_mono_ms = now_mono_ms,
	};
}

static void gate_fill(struct gate *gate, int64_t now_mono_ms)
{
	int64_t most = gate->rate_per_s * 1000;
	int64_t passed = now_mono_ms - gate->filled_mono_ms;
	gate->filled_mono_ms = now_mono_ms;
	gate->tokens_ms = passed >= most - gate->tokens_ms ? most : gate->tokens_ms + passed;
}

unsigned gate_allow(struct gate *gate, unsigned wanted, unsigned in_flight, int64_t now_utc, int64_t now_mono_ms)
{
	if (gate->paused_until_utc - now_utc > GATE_PAUSE_MAX_S)
		gate->paused_until_utc = 0; /* the clock was set back */
	if (now_utc < gate->paused_until_utc)
		return 0;
	if (gate->failures > 0)
		wanted = in_flight > 0 || wanted == 0 ? 0 : 1;
	if (gate->rate_count == 0)
		return wanted;

	gate_fill(gate, now_mono_ms);
	int64_t allowed = gate->tokens_ms / gate_cost_ms(gate);
	return allowed < wanted ? (unsigned)allowed : wanted;
}

void gate_take(struct gate *gate, unsigned n)
{
	if (gate->rate_count != 0)
		gate->tokens_ms -= (int64_t)n * gate_cost_ms(gate);
}

void gate_succeeded(struct gate *gate)
{
	gate->failures = 0;
	gate->paused_until_utc = 0;
}

int64_t gate_failed(struct gate *gate, int64_t now_utc, int64_t id)
{
	if (now_utc < gate->paused_until_utc)
		return gate->paused_until_utc; /* one failure of the server, seen by several messages */
	gate->failures++;
	gate_pause(gate, backoff_next(BACKOFF_UNREACHABLE, gate->failures, now_utc, id));
	return gate->paused_until_utc;
}

void gate_pause(struct gate *gate, int64_t until_utc)
{
	if (until_utc > gate->paused_until_utc)
		gate->paused_until_utc = until_utc;
}

int64_t gate_next_utc(const struct gate *gate, int64_t now_utc)
{
	if (gate->paused_until_utc > now_utc)
		return gate->paused_until_utc;
	if (gate->rate_count != 0 && gate->tokens_ms < gate_cost_ms(gate))
		return now_utc + (gate_cost_ms(gate) - gate->tokens_ms + 999) / 1000;
	return now_utc;
}

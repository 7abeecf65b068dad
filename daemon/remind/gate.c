#include "remind/gate.h"

#include "remind/backoff.h"

enum { GATE_PAUSE_MAX_S = 86400 };

/* A millisecond brings rate_count tokens and a message costs as many as the whole period has milliseconds: whole
 * numbers at any rate, so that no fraction of a message is lost or won between two looks. */
static int64_t gate_cost(const struct gate *gate)
{
	return gate->rate_per_s * 1000;
}

/* What can be saved up: a tenth of the rate, but one message at least; and what one second brings, because passes may be
 * a second apart. */
static int64_t gate_most(const struct gate *gate)
{
	int64_t messages = gate->rate_count / (gate->rate_per_s < 10 ? gate->rate_per_s : 10);
	return gate_cost(gate) * (messages > 1 ? messages : 1);
}

void gate_init(struct gate *gate, int64_t rate_count, int64_t rate_per_s, int64_t now_mono_ms)
{
	*gate = (struct gate){
		.rate_count = rate_count,
		.rate_per_s = rate_per_s,
		.filled_mono_ms = now_mono_ms,
	};
	if (rate_count != 0)
		gate->tokens = gate_most(gate);
}

void gate_inherit(struct gate *gate, const struct gate *old)
{
	if (gate->rate_count == old->rate_count && gate->rate_per_s == old->rate_per_s) {
		gate->tokens = old->tokens;
		gate->filled_mono_ms = old->filled_mono_ms;
	}
	gate->asked_until_utc = old->asked_until_utc;
}

static int64_t gate_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t gate_paused_until_utc(const struct gate *gate)
{
	return gate_later(gate->asked_until_utc, gate->failed_until_utc);
}

static void gate_fill(struct gate *gate, int64_t now_mono_ms)
{
	int64_t most = gate_most(gate);
	int64_t passed_ms = now_mono_ms - gate->filled_mono_ms;
	gate->filled_mono_ms = now_mono_ms;
	gate->tokens = passed_ms >= (most - gate->tokens) / gate->rate_count
			       ? most
			       : gate->tokens + passed_ms * gate->rate_count;
}

unsigned gate_allow(struct gate *gate, unsigned wanted, unsigned in_flight, int64_t now_utc, int64_t now_mono_ms)
{
	if (gate->asked_until_utc - now_utc > GATE_PAUSE_MAX_S) /* here and below: the clock was set back */
		gate->asked_until_utc = 0;
	if (gate->failed_until_utc - now_utc > GATE_PAUSE_MAX_S)
		gate->failed_until_utc = 0;
	if (now_utc < gate_paused_until_utc(gate))
		return 0;
	if (gate->failures > 0)
		wanted = in_flight > 0 || wanted == 0 ? 0 : 1;
	if (gate->rate_count == 0)
		return wanted;

	gate_fill(gate, now_mono_ms);
	int64_t allowed = gate->tokens / gate_cost(gate);
	return allowed < wanted ? (unsigned)allowed : wanted;
}

void gate_take(struct gate *gate, unsigned n)
{
	if (gate->rate_count != 0)
		gate->tokens -= (int64_t)n * gate_cost(gate);
}

void gate_give_back(struct gate *gate, unsigned n)
{
	if (gate->rate_count != 0)
		gate->tokens += (int64_t)n * gate_cost(gate);
}

void gate_succeeded(struct gate *gate)
{
	gate->failures = 0;
	gate->failed_until_utc = 0;
}

int64_t gate_failed(struct gate *gate, int64_t now_utc, int64_t id)
{
	if (now_utc < gate_paused_until_utc(gate))
		return gate_paused_until_utc(gate); /* one failure of the server, seen by several messages */
	gate->failures++;
	gate->failed_until_utc = backoff_next(BACKOFF_UNREACHABLE, gate->failures, now_utc, id);
	return gate->failed_until_utc;
}

void gate_pause(struct gate *gate, int64_t until_utc)
{
	gate->asked_until_utc = gate_later(gate->asked_until_utc, until_utc);
}

void gate_follow_clock(struct gate *gate, int64_t back_s)
{
	if (gate->asked_until_utc != 0)
		gate->asked_until_utc -= back_s;
	if (gate->failed_until_utc != 0)
		gate->failed_until_utc -= back_s;
}

int64_t gate_next_utc(const struct gate *gate, int64_t now_utc)
{
	if (gate_paused_until_utc(gate) > now_utc)
		return gate_paused_until_utc(gate);
	int64_t per_s = gate->rate_count * 1000;
	if (gate->rate_count != 0 && gate->tokens < gate_cost(gate))
		return now_utc + (gate_cost(gate) - gate->tokens + per_s - 1) / per_s;
	return now_utc;
}

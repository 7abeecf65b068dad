#include "remind/gate_each.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct gate_reader {
	uint64_t reader;
	int64_t message;                        /* that is under way; 0 = none */
	bool is_new;                            /* it was started by a pass that is not kept yet */
	int64_t free_mono_ms;                   /* with a message under way: when that was started */
	int64_t promised_utc, promised_mono_ms; /* when those who wait were told to come again */
};

void gate_each_init(struct gate_each *each, int64_t rate_count, int64_t rate_per_s)
{
	*each = (struct gate_each){.gap_ms = rate_count != 0 ? (rate_per_s * 1000 + rate_count - 1) / rate_count : 0};
}

void gate_each_done(struct gate_each *each)
{
	free(each->readers);
	*each = (struct gate_each){0};
}

void gate_each_inherit(struct gate_each *each, const struct gate_each *old)
{
	if (each->gap_ms == 0 || old->n == 0)
		return;
	each->readers = mem_grow(each->readers, old->n, sizeof(*each->readers));
	memcpy(each->readers, old->readers, old->n * sizeof(*each->readers));
	each->n = old->n;
}

static struct gate_reader *gate_each_find(struct gate_each *each, uint64_t reader)
{
	for (size_t i = 0; i < each->n; i++)
		if (each->readers[i].reader == reader)
			return &each->readers[i];
	return NULL;
}

/* A clock that was set back makes of a second that was promised one that lies far ahead. */
static bool gate_each_is_promised(const struct gate_reader *at, struct instant now)
{
	return at->promised_utc > now.wall_s && at->promised_mono_ms + 1000 > now.mono_ms;
}

/* A message that is under way for long is asked after less and less often. */
static int64_t gate_each_wait_ms(const struct gate_each *each, const struct gate_reader *at, struct instant now)
{
	int64_t passed_ms = now.mono_ms - at->free_mono_ms;
	if (at->message == 0)
		return -passed_ms;
	return passed_ms > each->gap_ms ? passed_ms : each->gap_ms;
}

int64_t gate_each_open_utc(struct gate_each *each, uint64_t reader, struct instant now)
{
	struct gate_reader *at = gate_each_find(each, reader);
	if (at == NULL)
		return now.wall_s;
	int64_t wait_ms = gate_each_wait_ms(each, at, now);
	int64_t open_utc = wait_ms > 0 ? now.wall_s + (now.wall_ms + wait_ms + 999) / 1000 : now.wall_s;
	if (gate_each_is_promised(at, now) && at->promised_utc > open_utc)
		open_utc = at->promised_utc;
	at->promised_utc = open_utc;
	at->promised_mono_ms = now.mono_ms + (open_utc - now.wall_s) * 1000 - now.wall_ms;
	return open_utc;
}

/* A place for one more: of one that does not matter any more, a new one, or of the idle one that matters least. */
static struct gate_reader *gate_each_place(struct gate_each *each, struct instant now)
{
	struct gate_reader *least = NULL;
	for (size_t i = 0; i < each->n; i++) {
		struct gate_reader *at = &each->readers[i];
		if (at->message != 0)
			continue;
		if (at->free_mono_ms <= now.mono_ms && !gate_each_is_promised(at, now))
			return at;
		if (least == NULL || at->free_mono_ms < least->free_mono_ms)
			least = at;
	}
	if (each->n >= GATE_EACH_MAX && least != NULL)
		return least;
	each->readers = mem_grow(each->readers, each->n + 1, sizeof(*each->readers));
	return &each->readers[each->n++];
}

void gate_each_take(struct gate_each *each, uint64_t reader, int64_t message, struct instant now)
{
	if (each->gap_ms == 0)
		return;
	struct gate_reader *at = gate_each_find(each, reader);
	if (at == NULL)
		at = gate_each_place(each, now);
	*at = (struct gate_reader){.reader = reader, .message = message, .is_new = true, .free_mono_ms = now.mono_ms};
}

void gate_each_keep(struct gate_each *each)
{
	for (size_t i = 0; i < each->n; i++)
		each->readers[i].is_new = false;
}

void gate_each_undo(struct gate_each *each)
{
	for (size_t i = 0; i < each->n; i++)
		if (each->readers[i].is_new)
			each->readers[i] = (struct gate_reader){.reader = each->readers[i].reader,
								.free_mono_ms = each->readers[i].free_mono_ms};
}

void gate_each_end(struct gate_each *each, int64_t message, struct instant now)
{
	for (size_t i = 0; i < each->n; i++) {
		struct gate_reader *at = &each->readers[i];
		if (at->message != message)
			continue;
		at->message = 0;
		at->free_mono_ms = now.mono_ms + each->gap_ms;
	}
}

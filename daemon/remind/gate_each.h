/* gate_each: when one reader may be written to on a channel: no two messages at once, and a pause between them.
 *
 * The pause begins when the result of a message is there, so that the service sees it however long it took. Readers are
 * kept while that matters, GATE_EACH_MAX of them: beyond that, the one who would be free first is forgotten, but nobody
 * to whom a message is under way. Pure: instants come from the caller. */
#ifndef DEADLINED_REMIND_GATE_EACH_H
#define DEADLINED_REMIND_GATE_EACH_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum { GATE_EACH_MAX = 1024 };

struct gate_each {
	int64_t gap_ms; /* 0 = no limit, and nothing is kept */
	struct gate_reader *readers;
	size_t n;
};

/* rate_count messages in rate_per_s seconds, evenly; 0 = no limit. */
void gate_each_init(struct gate_each *each, int64_t rate_count, int64_t rate_per_s);
void gate_each_done(struct gate_each *each);
/* After gate_each_init(), for a channel that takes the place of another: whom that one has written to. */
void gate_each_inherit(struct gate_each *each, const struct gate_each *old);

/* From when on the reader may be written to: now.wall_s or a later second, which for a message that is under way for
 * long lies further and further ahead. Who comes before that second has to wait for it as well, and so overtakes
 * nobody. reader: any number that is theirs. */
int64_t gate_each_open_utc(struct gate_each *each, uint64_t reader, struct instant now);

/* The message to the reader starts, if what is written now is kept: then gate_each_keep() follows, otherwise
 * gate_each_undo(). */
void gate_each_take(struct gate_each *each, uint64_t reader, int64_t message, struct instant now);
void gate_each_keep(struct gate_each *each);
void gate_each_undo(struct gate_each *each);
/* The message has a result. One that is not under way is ignored. */
void gate_each_end(struct gate_each *each, int64_t message, struct instant now);

#endif

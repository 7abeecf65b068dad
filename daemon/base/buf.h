/* buf: a growing byte buffer with a hard maximum.
 *
 * Whatever is built from outside data (titles, replies, files) is built in one of these. Going over the maximum does
 * not grow it: the buffer becomes "over", further additions do nothing, and the owner asks once at the end. */
#ifndef DEADLINED_BASE_BUF_H
#define DEADLINED_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf {
	char *data; /* always terminated by a 0 that len does not count, or NULL while empty */
	size_t len;
	size_t size;
	size_t max; /* bytes of content allowed */
	bool is_over;
};

/* An empty buffer that will hold at most max bytes; release with buf_done(). */
void buf_init(struct buf *buf, size_t max);
/* Frees the content and leaves an empty buffer with the same maximum. */
void buf_done(struct buf *buf);
/* Empties it and keeps the memory; no longer over. */
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
/* Removes the first len bytes (all of them when there are fewer). An over buffer stays over. */
void buf_consume(struct buf *buf, size_t len);

/* The content as a terminated string, "" when empty; owned by buf, valid until it changes. */
const char *buf_str(const struct buf *buf);
/* Hands the content over to the caller, who frees it; never NULL; the buffer is empty afterwards. */
char *buf_take(struct buf *buf);

#endif

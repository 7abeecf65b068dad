#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST_SIZE = 1024 }; /* most texts of a message fit into it, or into one growth more */

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->is_over = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

/* Makes room for len more bytes and the terminator; false when the maximum forbids it. */
static bool buf_reserve(struct buf *buf, size_t len)
{
	if (buf->is_over || len > buf->max - buf->len) {
		buf->is_over = true;
		return false;
	}

	size_t need = buf->len + len + 1;
	if (need > buf->size) {
		size_t size = buf->size != 0 ? buf->size * 2 : BUF_FIRST_SIZE;
		if (size > buf->max + 1)
			size = buf->max + 1;
		if (size < need)
			size = need;
		buf->data = mem_grow(buf->data, size, 1);
		buf->size = size;
	}
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len != 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

/* Mostly there is room for it already. */
void buf_printf(struct buf *buf, const char *fmt, ...)
{
	size_t room = buf->size - buf->len;
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(room > 0 ? buf->data + buf->len : NULL, room, fmt, args);
	va_end(args);
	if (len < 0 || !buf_reserve(buf, (size_t)len)) {
		if (room > 0)
			buf->data[buf->len] = '\0';
		return;
	}
	if ((size_t)len >= room) {
		va_start(args, fmt);
		(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (len == 0)
		return;
	buf->len -= len;
	memmove(buf->data, buf->data + len, buf->len + 1);
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *data = buf->data != NULL ? buf->data : mem_dup("");
	buf_init(buf, buf->max);
	return data;
}

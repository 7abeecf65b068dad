#include "message/template_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* Reads the file into text; one byte more than its maximum is enough to see that it is too long. */
static int template_file_fill(FILE *file, struct buf *text, struct err *err)
{
	char chunk[4096];
	size_t len;
	errno = 0;
	while (!text->is_over && (len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(text, chunk, len);
	int code = ferror(file) == 0 ? 0 : errno != 0 ? -errno : -EIO;
	return code < 0 ? err_set(err, code, "cannot be read to its end: %s", strerror(-code)) : 0;
}

int template_file_read(const char *path, size_t max, char **ret_text, struct err *err)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		mem_check_errno();
		return err_set(err, -errno, "cannot be read: %s", strerror(errno));
	}
	struct buf text;
	buf_init(&text, max);
	int r = template_file_fill(file, &text, err);
	(void)fclose(file); /* only read */

	if (r == 0 && text.is_over)
		r = err_set(err, -EFBIG, "is longer than %zu KiB", max / 1024);
	else if (r == 0 && strlen(buf_str(&text)) != text.len)
		r = err_set(err, -EILSEQ, "is no text: it holds a byte 0");
	if (r == 0)
		*ret_text = buf_take(&text);
	buf_done(&text);
	return r;
}

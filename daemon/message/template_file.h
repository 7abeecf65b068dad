/* template_file: a template, or data for one, as a whole file. */
#ifndef DEADLINED_MESSAGE_TEMPLATE_FILE_H
#define DEADLINED_MESSAGE_TEMPLATE_FILE_H

#include <stddef.h>

#include "base/err.h"

#define TEMPLATE_SUFFIX ".mustache"

/* The file as text, owned by the caller. Errors: -errno when it cannot be read, -EFBIG it is longer than max bytes,
 * -EILSEQ it holds a 0 and so is no text; err says it without the path. */
MUSTCHECK int template_file_read(const char *path, size_t max, char **ret_text, struct err *err);

#endif

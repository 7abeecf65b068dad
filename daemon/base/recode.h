/* recode: one value in the ways in which a server may repeat it: escaped for JSON, an address or a web page, or inside
 * base64. Pure. */
#ifndef DEADLINED_BASE_RECODE_H
#define DEADLINED_BASE_RECODE_H

#include <stdbool.h>
#include <stddef.h>

enum { RECODE_BASE64_FORMS = 6 };

/* True when something in text may be escaped; otherwise a value is there only as it is. */
bool recode_is_escaped(const char *text);

/* How many bytes at the beginning of text stand for the whole of value, escaped or not; 0 when they do not.
 * *ret_is_cut: they stand for a beginning of value, and then text ends. Neither is empty. */
size_t recode_match(const char *text, const char *value, bool *ret_is_cut);

/* The characters that stand for value and for nothing else in the base64 of any text that holds it, which is all but an
 * end of two to four bits. form: below RECODE_BASE64_FORMS, where in the text value begins, and which of the two
 * alphabets (RFC 4648). Returns owned. */
char *recode_base64(const char *value, unsigned form);

#endif

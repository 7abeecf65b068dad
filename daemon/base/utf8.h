/* utf8: what is valid text, how long it is in three units, and what must never reach a header or a log line.
 *
 * Text is UTF-8 without 0 bytes (RFC 3629: no surrogates, nothing over U+10FFFF, shortest forms only). */
#ifndef DEADLINED_BASE_UTF8_H
#define DEADLINED_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character at *text, which ends at end, and moves *text behind it. A byte that starts no valid character
 * gives U+FFFD and moves one byte. *text must be below end. */
uint32_t utf8_next(const char **text, const char *end);

/* Appends the character to out (room for 4 bytes); returns the bytes written. */
size_t utf8_put(uint32_t c, char out[4]);

/* How many bytes text begins with, up to end, that are printable ASCII: what needs no look at its characters. */
size_t utf8_plain(const char *text, const char *end);

/* True when len bytes of text are valid UTF-8 without 0 bytes. */
bool utf8_is_valid(const char *text, size_t len);

/* Whether there is no byte above 127 in it. */
bool utf8_is_ascii(const char *text);

/* A copy in which U+FFFD stands for every byte that starts no valid character. Returns owned. */
char *utf8_dup_clean(const char *text, size_t len);

/* C0 controls, DEL, C1 controls, line and paragraph separators, and the bidirectional controls that let text pretend
 * to be other text (U+202A..202E, U+2066..2069). */
bool utf8_is_control(uint32_t c);

/* Offset of the first control character in valid text, or -1. A tab and a newline count as controls only when
 * allow_lines is false. */
long utf8_find_control(const char *text, bool allow_lines);

enum utf8_unit { UTF8_BYTES, UTF8_CODE_POINTS, UTF8_UTF16 };

/* Length of text in the unit that a service counts in. */
size_t utf8_length(const char *text, enum utf8_unit unit);

/* How many bytes of text are its longest prefix of whole characters that is at most max units long. */
size_t utf8_prefix(const char *text, size_t max, enum utf8_unit unit);

/* Cuts a character that a fixed-size buffer has split at the end of text. */
void utf8_trim_partial(char *text);

#endif

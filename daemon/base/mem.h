/* mem: small allocations that do not fail.
 *
 * Out of memory aborts the process: systemd starts it again and the truth is in SQLite, so a restart is a supported
 * path. Anything whose size comes from outside must go through a struct buf with a stated maximum instead. */
#ifndef DEADLINED_BASE_MEM_H
#define DEADLINED_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* n zeroed elements. */
void *mem_zero(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Room for n elements of size bytes; aborts when n * size overflows. */
void *mem_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
/* Room for size bytes, as realloc(). */
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_dup(const char *text) __attribute__((malloc, returns_nonnull));
/* At most len bytes of text, terminated. */
char *mem_dup_n(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
/* Copies text into a buffer of size bytes, cut where that is too small: what snprintf("%s") does, in a tenth of the
 * time. */
void mem_copy_text(char *to, size_t size, const char *text);
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) __attribute__((malloc, returns_nonnull));
char *mem_vprintf(const char *fmt, va_list args) PRINTF(1, 0) __attribute__((malloc, returns_nonnull));

/* Gives what is free back to the system, which malloc() alone would keep; takes a millisecond or so. */
void mem_trim(void);

/* Says so and aborts, as the functions above do: for a library or a system call that lacked memory. */
void mem_lack(void) __attribute__((noreturn));
/* After a call of the system that failed: the same when it was for lack of memory, nothing otherwise. */
void mem_check_errno(void);

/* For the start of a program: no core dump of it holds the secrets that it reads. */
void mem_forbid_dumps(void);

/* Overwrites the text, which no compiler leaves out, then frees it; secret may be NULL. */
void mem_free_secret(char *secret);

#endif

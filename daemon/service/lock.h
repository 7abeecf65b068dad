/* lock: one daemon a database, and how others see whether it runs.
 *
 * The lock is an open file description lock (fcntl(2), F_OFD_SETLK) on DATABASE.lock, which also holds the pid as text.
 * It ends with the process, however that ends. Beside the pid stand the mark of a crash and the trouble of its holder,
 * for whom the database may not be writable. The file is never removed: a second daemon could be about to open it. */
#ifndef DEADLINED_SERVICE_LOCK_H
#define DEADLINED_SERVICE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Takes the lock and writes our pid; *ret_fd holds it until it is closed. Errors: -EBUSY another process has it, and
 * *ret_holder is its pid, 0 when that cannot be told; others: errno of open(2), fcntl(2) and write(2). */
MUSTCHECK int lock_take(const char *database, int *ret_fd, pid_t *ret_holder, struct err *err);

/* From now on a signal that ends this process for a fault of its own (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) leaves
 * a mark in the lock file fd before it does. */
void lock_mark_crashes(int fd);
/* Whether a daemon before the one who has fd has left that mark; it is taken away. */
bool lock_take_crash(int fd);

/* For others to read, by the holder of fd: why nothing can be recorded, and since when. NULL: all is well. */
void lock_note_trouble(int fd, const char *words, int64_t since_utc);
/* What the holder has noted; returns whether there is something. */
enum { LOCK_TROUBLE_SIZE = 512 };
bool lock_read_trouble(const char *database, char ret_words[LOCK_TROUBLE_SIZE], int64_t *ret_since_utc);

/* Whether a process has it, without ever taking it; *ret_holder is then its pid, 0 when that cannot be told. A lock
 * file that is missing or that we may not read counts as not held. */
bool lock_is_held(const char *database, pid_t *ret_holder);

#endif

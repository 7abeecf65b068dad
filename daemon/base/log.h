/* log: one line per event to standard error, in the form journald understands.
 *
 * error = an operator must act; warning = degraded, we cope; info = start, stop, reload and each final result of a
 * delivery; debug = state moves. Every line is one line: controls in it are escaped. Values registered as secrets are
 * replaced by "***" wherever they turn up. */
#ifndef DEADLINED_BASE_LOG_H
#define DEADLINED_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written; LOG_LEVEL_INFO until set. Returns the level until now. */
enum log_level log_set_level(enum log_level level);

void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warning(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

/* From now on whoever reads the log and stands still is not waited for: lines that it does not take are lost, and the
 * next one that goes out says how many. For what must go on without its log. */
void log_never_wait(void);

/* Writes lines as they are, whatever the level. */
void log_lines(const char *text);

/* Between the two, lines are gathered and then written at once; errors are never kept waiting, and take what was
 * gathered before them along. For a stretch of code that says much and does nothing else. */
void log_gather(void);
void log_release(void);

/* Registers a value that must never be written, also as a server may repeat it (recode.h); copies it. Values under 4
 * bytes are too short to be told from ordinary text and are not registered. May be called again with the same value. */
void log_hide(const char *secret);
/* Takes one such call back: a value is forgotten when nobody hides it any more. */
void log_unhide(const char *secret);

/* Replaces every registered secret in text by "***", in place. For texts that leave by another way than the log:
 * replies of servers kept in the database, what a command prints. */
void log_redact(char *text);

/* The same for a text that was cut: when it ends within a secret, what there is of that goes, too. */
void log_redact_cut(char *text);

#endif

/* notify: what systemd is told of us: ready, reloading, stopping, a line of status, and that we are alive. */
#ifndef DEADLINED_SERVICE_NOTIFY_H
#define DEADLINED_SERVICE_NOTIFY_H

#include <stdint.h>

#include "base/err.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *fmt, ...) PRINTF(1, 2);
void notify_alive(void);

/* How often notify_alive() is expected, in milliseconds; 0 = no watchdog. */
int64_t notify_watchdog_ms(void);

#endif

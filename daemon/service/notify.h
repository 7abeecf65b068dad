/* notify: what the service manager is told of us by the protocol of sd_notify(3): ready, reloading, stopping, a line of
 * status, and that we are alive. Nothing here waits for it: what it has no room for is told again or dropped. */
#ifndef DEADLINED_SERVICE_NOTIFY_H
#define DEADLINED_SERVICE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct notify;

/* Tells whom $NOTIFY_SOCKET names; nobody when it is not set. */
struct notify *notify_new(void);
void notify_free(struct notify *notify);

/* Of these three the latest is kept when it cannot be told. */
void notify_ready(struct notify *notify);
void notify_reloading(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Kept, too. */
void notify_alive(struct notify *notify);
/* Dropped when it cannot be told. */
void notify_status(struct notify *notify, const char *fmt, ...) PRINTF(2, 3);

/* Tells what was kept. Returns whether nothing of it is left. */
bool notify_again(struct notify *notify);

/* How often notify_alive() is expected, in milliseconds; 0 = no watchdog. */
int64_t notify_watchdog_ms(void);

#endif

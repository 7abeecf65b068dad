/* life: the daemon's: it starts on whatever the last one left, makes its passes, is reloaded and stopped, and dies at any
 * moment. The real app on the real store; what main.c and the loop do around it is done here. */
#ifndef DEADLINED_SIM_LIFE_H
#define DEADLINED_SIM_LIFE_H

#include "base/err.h"
#include "vfs.h"

struct world;

/* Opens what others have open: deadlinectl's connection, somebody's sqlite3, the checker's. */
void life_open_others(struct world *world);
void life_close_others(struct world *world);

/* Starts it unless it runs. A start that fails is tried again some seconds later, as systemd does. */
void life_start(struct world *world);
/* The start itself; what it left open is closed by life_forget(). */
int life_try(struct world *world, struct err *err);
void life_forget(struct world *world);
/* One pass, and what must hold after it. */
void life_pass(struct world *world);
/* A new configuration. */
void life_reload(struct world *world);
/* SIGTERM: transfers may end, for a while. It stays down until life_start(). */
void life_stop(struct world *world);
/* SIGKILL, or the machine's power fails. */
void life_kill(struct world *world, enum vfs_crash kind);
/* When the disk died under it, buries it and brings the disk back. */
void life_mourn(struct world *world);
/* Without a trace: the story is over. */
void life_end(struct world *world);

#endif

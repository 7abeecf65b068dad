/* logbook: what the daemon writes to standard error, kept in memory to be searched. */
#ifndef DEADLINED_SIM_LOGBOOK_H
#define DEADLINED_SIM_LOGBOOK_H

#include <stdbool.h>

/* Once per program: standard error goes into the logbook from now on. */
void logbook_open(void);
/* Whether the text is in it; what was searched is thrown away. */
bool logbook_has(const char *text);

#endif

/* catalog_sample: messages that never were, to try templates on before they are needed. */
#ifndef DEADLINED_MESSAGE_CATALOG_SAMPLE_H
#define DEADLINED_MESSAGE_CATALOG_SAMPLE_H

#include "message/context.h"

enum { CATALOG_SAMPLES = 3 };

/* The facts of sample 0..CATALOG_SAMPLES-1 of that kind: one with everything there may be to say, one with as little as
 * there can be, one that comes late. Everything is borrowed and lives as long as the process. */
void catalog_sample(const char *kind, unsigned sample, struct compose_facts *ret_facts);

#endif

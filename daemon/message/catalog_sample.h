/* catalog_sample: messages that never were, to try templates on before they are needed. */
#ifndef DEADLINED_MESSAGE_CATALOG_SAMPLE_H
#define DEADLINED_MESSAGE_CATALOG_SAMPLE_H

#include "message/context.h"

/* How many samples there are of that kind: as many as phrases of the kind "answer", three of every other. */
unsigned catalog_samples(const char *kind);

/* The facts of one of them: the first with everything there may be to say, the second with as little as there can be,
 * the third comes late; of the kind "closed" one for each way of it. Everything is borrowed and lives as long as the
 * process. */
void catalog_sample(const char *kind, unsigned sample, struct compose_facts *ret_facts);

#endif

/* faults: what goes wrong with the machine, drawn from the seed: crashes at any write or sync, a full or failing disk,
 * others who lock the database, clocks that are set, sleep, reloads, restarts and days without power. */
#ifndef DEADLINED_SIM_FAULTS_H
#define DEADLINED_SIM_FAULTS_H

struct world;

/* One fault, and when the next one comes. */
void faults_do(struct world *world);
/* Ends those whose time is over. */
void faults_expire(struct world *world);
/* Ends them all. */
void faults_end(struct world *world);

#endif

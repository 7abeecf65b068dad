/* invariants: what must hold whatever happens.
 *
 *   I1  each step that fell due has its row for each reader and channel, sent or with the reason why not (expect.c)
 *   I2  'sent' was accepted; what ended otherwise has a reason, and a true one
 *   I3  copies accepted <= 1 + deaths with it under way + replies lost
 *   I4  nothing is handed over without its attempt on the disk; the attempts tell what really happened
 *   I5  nothing is sent before its time, nor earlier than a server asked for, nor while its reader must not be disturbed
 *   I6  no more in any time than the rates and the brake allow, right after a start too; with a rate for each reader never
 *       two messages to one at once
 *   I7  what is final stays as it is
 *   I8  when nothing goes wrong any more, everything becomes final (world_calm())
 *   I9  no secret in a log line or in the database
 *   I10 the database is sound
 *   I11 no reminder is said by two messages, whatever the clock does
 *   I12 of the channels of an order one at a time has a step, and none is left out while the ones before it fail (expect.c)
 *   I13 whoever was told a date that was cancelled before it was over has a notice of it, and nobody else (expect.c)
 *   I14 what was said of a date of a series holds when the rule gives that day another hour (expect.c)
 *
 * Each is checked with plain SQL on what is committed, and against what the witness saw. */
#ifndef DEADLINED_SIM_INVARIANTS_H
#define DEADLINED_SIM_INVARIANTS_H

#include "server.h"

/* The daemon, alive, hands a message to a server. */
/* Before that: whether its reader could take it. */
void invariants_check_reader(struct server *server, const struct server_flight *flight,
			     const struct channel_message *message);
struct witness_message *invariants_on_send(struct server *server, const struct channel_message *message);
/* A server took it. */
void invariants_on_accept(struct world *world, struct witness_message *message);
/* The daemon is about to be told. */
void invariants_on_answer(struct server *server, struct witness_message *message, const struct channel_result *result);

/* The daemon died: what it had not put on the disk is forgotten, by it. */
void invariants_on_death(struct world *world);

/* After each pass. */
void invariants_check_pass(struct world *world);

#endif

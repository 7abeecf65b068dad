/* channel_memory: the libraries of this room allocate as mem.h does: they get memory, or the process ends with a word.
 *
 * Without it each goes on in its own way, and not all are harmless: measured, jansson makes a good message look as if
 * it could never be sent, and a connection of OpenSSL says "not yet" for ever, while its socket wakes the loop without
 * end. */
#ifndef DEADLINED_CHANNEL_CHANNEL_MEMORY_H
#define DEADLINED_CHANNEL_CHANNEL_MEMORY_H

/* Once, before libcurl, libevent, OpenSSL or jansson is used by anybody. */
void channel_memory_init(void);

#endif

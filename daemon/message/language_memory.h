/* language_memory: ICU allocates as mem.h does: it gets memory, or the process ends with a word. Without it, measured,
 * ICU leaves the hour out of a text, or a name, and the text is sent. */
#ifndef DEADLINED_MESSAGE_LANGUAGE_MEMORY_H
#define DEADLINED_MESSAGE_LANGUAGE_MEMORY_H

/* Once, before anything else of ICU is used. */
void language_memory_init(void);

#endif

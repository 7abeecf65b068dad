/* phrase: shows where in a phrase the reading stopped. */
#ifndef DEADLINED_CTL_PHRASE_H
#define DEADLINED_CTL_PHRASE_H

/* Complains with the message, the phrase, and carets under the length bytes at offset (one when length is 0). */
void phrase_complain(const char *phrase, unsigned offset, unsigned length, const char *message);

#endif

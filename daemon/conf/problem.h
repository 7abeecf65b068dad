/* problem: everything that is wrong with what an administrator or the office wrote, all of it at once.
 *
 * Readers of files add to the list and go on; who started the reading prints it as "FILE:LINE: message", or "FILE:
 * message" when it is the file as a whole, and decides. */
#ifndef DEADLINED_CONF_PROBLEM_H
#define DEADLINED_CONF_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct problem {
	char *file;
	unsigned line; /* from 1; 0 = the file as a whole */
	char *text;
};

struct problems {
	struct problem *items;
	size_t n;
};

/* Adds a problem: what is wrong and what would be right. Control characters in it become '?', hidden values "***". */
void problems_add(struct problems *problems, const char *file, unsigned line, const char *fmt, ...) PRINTF(4, 5);
/* Whether anything is wrong at that line of the file; nothing is at line 0. */
bool problems_has_at(const struct problems *problems, const char *file, unsigned line);
/* As it is printed. Returns owned. */
char *problem_words(const struct problem *problem);
/* Prints one line each, in the order of file and line; what concerns the file as a whole comes first. */
void problems_print(const struct problems *problems, FILE *out);
/* Frees the content; {0} is an empty list. */
void problems_done(struct problems *problems);

#endif

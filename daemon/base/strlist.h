/* strlist: a list of strings that owns them. */
#ifndef DEADLINED_BASE_STRLIST_H
#define DEADLINED_BASE_STRLIST_H

#include <stdbool.h>
#include <stddef.h>

struct strlist {
	char **items;
	size_t n;
};

/* Frees the strings and leaves an empty list. {0} is an empty list. */
void strlist_done(struct strlist *list);
/* Appends a copy of len bytes of text. */
void strlist_add(struct strlist *list, const char *text, size_t len);
/* Appends the words of text, which blanks, tabs or commas separate. */
void strlist_add_words(struct strlist *list, const char *text);
bool strlist_has(const struct strlist *list, const char *text);

/* Of n words the one that a typing mistake most likely meant, or NULL when none is near. */
const char *strlist_nearest(const char *typed, const char *const *words, size_t n);

#endif

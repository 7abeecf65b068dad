#include "base/strlist.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

void strlist_done(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strlist){0};
}

void strlist_add(struct strlist *list, const char *text, size_t len)
{
	list->items = mem_grow(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = mem_dup_n(text, len);
}

void strlist_add_words(struct strlist *list, const char *text)
{
	static const char blanks[] = " \t,";
	for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
		size_t len = strcspn(text, blanks);
		strlist_add(list, text, len);
		text += len;
	}
}

bool strlist_has(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

const char *strlist_nearest(const char *typed, const char *const *words, size_t n)
{
	unsigned best = ((unsigned)strlen(typed) + 2) / 3; /* a third of the letters, rounded up, may be wrong */
	const char *nearest = NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned distance = num_edit_distance(typed, words[i], best + 1);
		if (distance < best || (distance == best && nearest == NULL)) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}

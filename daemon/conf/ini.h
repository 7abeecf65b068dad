/* ini: an INI file as sections and entries, each with its line; the only user of inih.
 *
 * Nothing is ever silently cut, merged or skipped (inih alone would): over-long lines, 0 bytes,
 * invalid UTF-8, text that is neither a section nor "key = value", continuation lines, and a repeated section are
 * problems with their line. A repeated key is found by options_apply(), which knows the keys that may repeat.
 * Comments are whole lines that start with ';' or '#'; a ';' inside a value belongs to the value unless a blank stands
 * before it: then it starts a comment, as the sample files show, and a value with " ;" must be in double quotes. A
 * value that is in double quotes as a whole loses them; there are no escapes in it. */
#ifndef DEADLINED_CONF_INI_H
#define DEADLINED_CONF_INI_H

#include <stddef.h>

#include "base/err.h"
#include "conf/problem.h"

enum { INI_LINE_MAX = 4096, INI_FILE_MAX = 1024 * 1024 };

struct ini_entry {
	char *key;
	char *value;
	unsigned line;
};

struct ini_section {
	char *kind;       /* first word: "channel" of [channel email] */
	char *name;       /* the rest: "email", or NULL */
	const char *file; /* borrowed from the struct ini */
	unsigned line;
	struct ini_entry *entries;
	size_t n_entries;
};

struct ini {
	char *file;
	struct ini_section *sections;
	size_t n_sections;
};

/* Reads a file; every problem is added to problems. Returns owned; NULL only when the file cannot be read at all,
 * as one in UTF-16. */
struct ini *ini_read(const char *file, struct problems *problems);
/* The same for text in memory, of which file is only the name in problems. Never NULL. */
struct ini *ini_read_text(const char *file, const char *text, size_t len, struct problems *problems);
void ini_free(struct ini *ini);

/* The last entry with this key, or NULL. */
const struct ini_entry *ini_find(const struct ini_section *section, const char *key);
/* The section of this kind and name (name NULL: a section without one), or NULL. */
const struct ini_section *ini_section(const struct ini *ini, const char *kind, const char *name);

#endif

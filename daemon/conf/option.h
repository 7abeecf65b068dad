/* option: a table says which keys a section may have; values are checked and stored into a struct by it.
 *
 * One row per option; the parser, --check, the sample file's test and the manual's test all come from the tables. */
#ifndef DEADLINED_CONF_OPTION_H
#define DEADLINED_CONF_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/ini.h"

enum option_type {
	OPTION_TEXT,     /* char *, owned by the struct; min..max = bytes, max 0 = any */
	OPTION_PATH,     /* char *, made absolute against the folder of the file it stands in */
	OPTION_COUNT,    /* int64_t in min..max */
	OPTION_DURATION, /* int64_t seconds in min..max, unit required */
	OPTION_WORD,     /* int: index into words */
	OPTION_RATE,     /* struct option_rate: "30/s", "20/m", "500/h", "2000/d" */
	OPTION_SECRET,   /* char *: "credential:NAME" or "file:/path", read at once; registered with log_hide() */
	OPTION_WORDS,    /* struct strlist, split at blanks and commas; min..max = words, max 0 = any */
	OPTION_LINES,    /* nothing is stored: the key may be repeated, the caller walks the section's entries */
};

enum option_flag {
	OPTION_REQUIRED = 1, /* must be given */
	OPTION_RESTART = 2,  /* a change takes a restart, a reload warns and keeps the old value */
};

struct option_rate {
	int64_t count; /* 1..1000000; 0 = not given, no limit */
	int64_t per_s;
};

struct option {
	const char *key;
	enum option_type type;
	size_t offset; /* of the field in the struct; unused for OPTION_LINES */
	int64_t min, max;
	const char *preset;       /* value when not given, as text; NULL = field stays zero */
	const char *const *words; /* OPTION_WORD: NULL-terminated */
	unsigned flags;
	const char *help; /* one line for the manual */
};

/* Applies every entry of section to *target: presets first, then the entries. Unknown keys (with the nearest known
 * one), repeated keys, missing required ones and bad values are added to problems with their line; a bad entry leaves
 * its preset in place. The fields of *target must be zero before. section NULL = presets only. secrets_dir: where
 * "credential:NAME" is looked up, see secret.h. */
void options_apply(const struct option *table, size_t n, const struct ini_section *section, const char *secrets_dir,
		   void *target, struct problems *problems);

/* Frees what options_apply() allocated in *target; secrets are overwritten first. */
void options_done(const struct option *table, size_t n, void *target);

/* path as it is when it starts with '/', otherwise in the folder of beside, which is a file (NULL: in the current
 * folder). Returns owned, always absolute; NULL with errno when the current folder is needed and cannot be told. */
char *option_absolute_path(const char *path, const char *beside);

#endif

/* Between the files of catalog: loading in catalog.c, choosing in catalog_choose.c, what --check says of the templates
 * in catalog_lint.c and, of files that nothing uses, in catalog_stray.c, which names they read in catalog_wish.c. */
#ifndef DEADLINED_MESSAGE_CATALOG_PRIV_H
#define DEADLINED_MESSAGE_CATALOG_PRIV_H

#include "base/strlist.h"
#include "message/catalog.h"

enum {
	CATALOG_REMINDER,
	CATALOG_OVERDUE,
	CATALOG_FIX_DATE,
	CATALOG_ESCALATION,
	CATALOG_HANDOFF,
	CATALOG_MOVED,
	CATALOG_MERGED,
	CATALOG_CATCH_UP,
	CATALOG_DIGEST,
	CATALOG_NOTICE,
	CATALOG_TEST,
	CATALOG_CLOSED,
	CATALOG_ANSWER,
	CATALOG_N_KINDS
};
extern const char *const catalog_kinds[CATALOG_N_KINDS];

/* The three templates of a kind. The HTML may be missing. */
enum catalog_part { CATALOG_SUBJECT, CATALOG_TEXT, CATALOG_HTML, CATALOG_PART_MAX };
extern const char *const catalog_parts[CATALOG_PART_MAX];

/* One file: "reminder.subject", "reminder.text", "reminder.html" or the name of a partial. */
struct catalog_file {
	char *name;
	char *path;
	struct template *compiled;
	const struct catalog_file **partials; /* those it names */
	size_t n_partials;
	bool names_any;               /* has a dynamic name, which may stand for any of them */
	struct context_wanted wanted; /* names of its own and of all partials */
};

struct catalog_kind {
	const struct catalog_file *parts[CATALOG_PART_MAX]; /* NULL: not there */
	struct context_wanted wanted;                       /* for subject and text */
	struct context_wanted wanted_html;                  /* for all three */
};

struct catalog_language {
	struct language *language;
	char *folder;               /* problems of the language as a whole are reported here */
	struct catalog_file *files; /* sorted by name */
	size_t n_files;
	struct catalog_kind kinds[CATALOG_N_KINDS];
};

/* What the dates of readers with a tag like "en-GB" are written with; made when the first of them is written to. */
enum { CATALOG_REGIONS_MAX = 32 };
struct catalog_regions {
	struct catalog_region {
		char *tag;
		struct language *language; /* NULL: that of the templates will do */
	} items[CATALOG_REGIONS_MAX];
	size_t n;
};

struct catalog {
	struct catalog_language *languages;
	size_t n_languages;
	struct catalog_regions *regions;
};

const struct catalog_file *catalog_find_file(const struct catalog_language *language, const char *name);
/* template_partial_cb; arg is the language. */
const struct template *catalog_partial(void *arg, const char *name);
/* Adds the problem unless it is there already: languages share partials. */
void catalog_complain(struct problems *problems, const char *path, unsigned line, const char *fmt, ...) PRINTF(4, 5);

void catalog_regions_free(struct catalog_regions *regions);

/* True for the name of a template, false for that of anything else. */
bool catalog_is_template(const char *entry);
bool catalog_is_folder(const char *path);
/* The names in a folder, sorted, so that problems come in the same order everywhere. False with a problem added. */
bool catalog_list(const char *folder, struct strlist *ret_names, struct problems *problems);
/* True when a kind of message is made of the file. */
bool catalog_is_part(const struct catalog_language *language, const struct catalog_file *file);

/* Finds what each file wants, with the partials it uses and those that they use. */
void catalog_find_wishes(struct catalog_language *language);
/* What the first n parts of the kind want. */
struct context_wanted catalog_wants(const struct catalog_kind *kind, int n);

/* Adds every problem of the language's templates: names that are unknown, partials and kinds that are missing, nouns
 * that lack a form, and what a sample of every kind cannot be made of. */
void catalog_lint(struct catalog_language *language, struct problems *problems);

#endif

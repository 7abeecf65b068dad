/* catalog: the templates of every language, compiled once.
 *
 * <folder>/<language>/<kind>.subject.mustache and <kind>.text.mustache are a kind of message; any other
 * <folder>/<language>/<name>.mustache is a partial that the templates of that language may use as {{>name}}. */
#ifndef DEADLINED_MESSAGE_CATALOG_H
#define DEADLINED_MESSAGE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/problem.h"
#include "message/language.h"
#include "message/template.h"

struct catalog;

/* Loads every language found in folder, with every kind in each. Problems: a template that does not compile, a language
 * ICU does not know, a language without one of the kinds (context.h lists them), a name that is unknown. What can be used
 * is kept all the same. Returns owned, never NULL. */
struct catalog *catalog_load(const char *folder, struct problems *problems);
void catalog_free(struct catalog *catalog);
/* True when that very language is there; case does not matter. */
bool catalog_has_language(const struct catalog *catalog, const char *tag);
/* Nearest language of the catalogue to what was typed, or NULL: for "did you mean". */
const char *catalog_nearest_language(const struct catalog *catalog, const char *tag);

/* The templates for one message; all of it owned by the catalogue. */
struct catalog_choice {
	const struct language *language;
	const struct template *subject, *text;
	template_partial_cb partial;
	void *partial_arg;
};

/* Chooses a language that has this kind: wanted ("zh-CN"), its first part ("zh"), then likewise the fallback, then any.
 * wanted and fallback may be NULL. False when no language has the kind. */
bool catalog_choose(const struct catalog *catalog, const char *kind, const char *wanted, const char *fallback,
		    struct catalog_choice *ret_choice);

#endif

/* catalog: the templates of every language, compiled once.
 *
 * <folder>/<language>/<kind>.subject.mustache, <kind>.text.mustache and, if mails shall have it, <kind>.html.mustache
 * are a kind of message; any other <folder>/<language>/<name>.mustache is a partial that the templates of that language
 * may use as {{>name}}, and <folder>/<name>.mustache one that those of every language may. A file in the
 * administrator's folder, which is laid out alike, takes the place of the one of that name. */
#ifndef DEADLINED_MESSAGE_CATALOG_H
#define DEADLINED_MESSAGE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strlist.h"
#include "base/utf8.h"
#include "conf/problem.h"
#include "message/context.h"
#include "message/language.h"
#include "message/template.h"

struct catalog;

/* Loads every language found in folder and in overrides (may be NULL, or not be there), with every kind in each.
 * Problems: a template that does not compile, a language ICU does not know, or that is there in other letters, a
 * language without one of the kinds, a name that is unknown, a noun that lacks a form the language has, a template that
 * makes nothing of sample data. What can be used is kept all the same. Returns owned, never NULL. */
struct catalog *catalog_load(const char *folder, const char *overrides, struct problems *problems);
void catalog_free(struct catalog *catalog);
/* Appends a sentence for each entry of those folders that is no template, and for each template in overrides that
 * replaces none and that none includes. What begins with a dot or README, or ends in ~, is passed over. */
void catalog_find_strays(const struct catalog *catalog, const char *folder, const char *overrides,
			 struct strlist *warnings);
/* True when a reader with that tag gets a language of their own: it is there, or for "de-AT" its first part; case does
 * not matter. What is no tag, as "de--AT", is no language. */
bool catalog_has_language(const struct catalog *catalog, const char *tag);
/* "de, en, ru, zh": what there is, for who asked for another. Returns owned. */
char *catalog_list_languages(const struct catalog *catalog);

/* How long the longest text of a sample about one task, or about none, is in any language, in that unit; *ret_language
 * and *ret_kind, owned by the catalogue, say which it is. 0 when there is no language. */
size_t catalog_longest_text(const struct catalog *catalog, enum utf8_unit unit, const char **ret_language,
			    const char **ret_kind);

/* The templates for one message; all of it owned by the catalogue. */
struct catalog_choice {
	const struct language
		*language; /* its tag is that of the templates, its dates are those of the wanted region */
	const struct template *subject, *text;
	const struct template *html;                       /* NULL: there is none */
	const struct context_wanted *wanted, *wanted_html; /* without and with the HTML */
	template_partial_cb partial;
	void *partial_arg;
};

/* Chooses a language that has this kind: wanted ("zh-CN"), its first part ("zh"), then likewise the fallback, English,
 * then any. wanted and fallback may be NULL. False when no language has the kind. */
bool catalog_choose(const struct catalog *catalog, const char *kind, const char *wanted, const char *fallback,
		    struct catalog_choice *ret_choice);

#endif

/* Which language a reader gets. */
#include "message/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "message/catalog_priv.h"

#define CATALOG_LAST_RESORT "en" /* what most can read */

static struct catalog_language *catalog_find_language(const struct catalog *catalog, const char *tag, size_t len)
{
	for (size_t i = 0; i < catalog->n_languages; i++) {
		const char *has = language_tag(catalog->languages[i].language);
		if (strlen(has) == len && strncasecmp(has, tag, len) == 0)
			return &catalog->languages[i];
	}
	return NULL;
}

bool catalog_has_language(const struct catalog *catalog, const char *tag)
{
	return catalog_find_language(catalog, tag, strlen(tag)) != NULL;
}

const char *catalog_nearest_language(const struct catalog *catalog, const char *tag)
{
	const char **tags = mem_zero(catalog->n_languages + 1, sizeof(*tags));
	for (size_t i = 0; i < catalog->n_languages; i++)
		tags[i] = language_tag(catalog->languages[i].language);
	const char *nearest = strlist_nearest(tag, tags, catalog->n_languages);
	free(tags);
	return nearest;
}

static int catalog_find_kind(const char *name)
{
	int i = 0;
	while (i < CATALOG_N_KINDS && strcmp(catalog_kinds[i], name) != 0)
		i++;
	return i;
}

static bool catalog_choose_language(struct catalog_language *language, int kind_number,
				    struct catalog_choice *ret_choice)
{
	if (language == NULL || kind_number == CATALOG_N_KINDS)
		return false;
	const struct catalog_kind *kind = &language->kinds[kind_number];
	const struct catalog_file *html = kind->parts[CATALOG_HTML];
	if (kind->parts[CATALOG_SUBJECT] == NULL || kind->parts[CATALOG_TEXT] == NULL)
		return false;
	*ret_choice = (struct catalog_choice){
		.language = language->language,
		.subject = kind->parts[CATALOG_SUBJECT]->compiled,
		.text = kind->parts[CATALOG_TEXT]->compiled,
		.html = html != NULL ? html->compiled : NULL,
		.wanted = &kind->wanted,
		.wanted_html = &kind->wanted_html,
		.partial = catalog_partial,
		.partial_arg = language,
	};
	return true;
}

static bool catalog_choose_tag(const struct catalog *catalog, int kind, const char *tag,
			       struct catalog_choice *ret_choice)
{
	return tag != NULL &&
	       (catalog_choose_language(catalog_find_language(catalog, tag, strlen(tag)), kind, ret_choice) ||
		catalog_choose_language(catalog_find_language(catalog, tag, strcspn(tag, "-_")), kind, ret_choice));
}

bool catalog_choose(const struct catalog *catalog, const char *kind_name, const char *wanted, const char *fallback,
		    struct catalog_choice *ret_choice)
{
	int kind = catalog_find_kind(kind_name);
	if (catalog_choose_tag(catalog, kind, wanted, ret_choice) ||
	    catalog_choose_tag(catalog, kind, fallback, ret_choice) ||
	    catalog_choose_tag(catalog, kind, CATALOG_LAST_RESORT, ret_choice))
		return true;
	for (size_t i = 0; i < catalog->n_languages; i++)
		if (catalog_choose_language(&catalog->languages[i], kind, ret_choice))
			return true;
	return false;
}

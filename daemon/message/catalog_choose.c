/* Which language a reader gets. */
#include "message/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "message/catalog_priv.h"

#define CATALOG_LAST_RESORT "en" /* what most can read */
#define CATALOG_TAG_CHARACTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
enum { CATALOG_TAG_PART_MAX = 8 };

static struct catalog_language *catalog_find_language(const struct catalog *catalog, const char *tag, size_t len)
{
	for (size_t i = 0; i < catalog->n_languages; i++) {
		const char *has = language_tag(catalog->languages[i].language);
		if (strlen(has) == len && strncasecmp(has, tag, len) == 0)
			return &catalog->languages[i];
	}
	return NULL;
}

/* That very language, or the one of a region. */
static struct catalog_language *catalog_find_nearest(const struct catalog *catalog, const char *tag)
{
	struct catalog_language *exact = catalog_find_language(catalog, tag, strlen(tag));
	return exact != NULL ? exact : catalog_find_language(catalog, tag, strcspn(tag, "-_"));
}

/* Parts of 2 to 8 letters and digits, as in BCP 47, with one sign between them. */
static bool catalog_is_tag(const char *tag)
{
	for (;; tag++) {
		size_t len = strspn(tag, CATALOG_TAG_CHARACTERS);
		tag += len;
		if (len < 2 || len > CATALOG_TAG_PART_MAX || strchr("-_", *tag) == NULL)
			return false;
		if (*tag == '\0')
			return true;
	}
}

bool catalog_has_language(const struct catalog *catalog, const char *tag)
{
	return catalog_is_tag(tag) && catalog_find_nearest(catalog, tag) != NULL;
}

char *catalog_list_languages(const struct catalog *catalog)
{
	char *list = mem_dup("");
	for (size_t i = 0; i < catalog->n_languages; i++) {
		char *longer =
			mem_printf("%s%s%s", list, i > 0 ? ", " : "", language_tag(catalog->languages[i].language));
		free(list);
		list = longer;
	}
	return list;
}

/* ---- regions ------------------------------------------------------------------------------------------------------ */

/* That of the region if ICU has one for the tag and there is room, otherwise language itself. */
static const struct language *catalog_region(const struct catalog *catalog, const struct language *language,
					     const char *tag)
{
	struct catalog_regions *regions = catalog->regions;
	struct err none; /* a region that ICU does not know has the dates of its language */
	size_t i = 0;
	while (i < regions->n && strcasecmp(regions->items[i].tag, tag) != 0)
		i++;
	if (i == CATALOG_REGIONS_MAX)
		return language;
	if (i == regions->n) {
		regions->items[i].tag = mem_dup(tag);
		if (language_new_region(language_tag(language), tag, &regions->items[i].language, &none) < 0)
			regions->items[i].language = NULL;
		regions->n++;
	}
	return regions->items[i].language != NULL ? regions->items[i].language : language;
}

void catalog_regions_free(struct catalog_regions *regions)
{
	for (size_t i = 0; i < regions->n; i++) {
		free(regions->items[i].tag);
		language_free(regions->items[i].language);
	}
	free(regions);
}

/* ---- choosing ----------------------------------------------------------------------------------------------------- */

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
	if (tag == NULL)
		return false;
	size_t len = strcspn(tag, "-_");
	if (catalog_choose_language(catalog_find_language(catalog, tag, strlen(tag)), kind, ret_choice))
		return true;
	if (tag[len] == '\0' || !catalog_choose_language(catalog_find_language(catalog, tag, len), kind, ret_choice))
		return false;
	ret_choice->language = catalog_region(catalog, ret_choice->language, tag);
	return true;
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

/* Which names the templates of a kind can read, partials included: the others are not made for a message. */
#include "message/catalog.h"

#include <string.h>

#include "base/mem.h"
#include "message/catalog_priv.h"

/* A file on its way to know what it wants. */
struct catalog_wish {
	const struct catalog_language *language;
	struct catalog_file *file;
};

static void catalog_add_partial(struct catalog_file *file, const struct catalog_file *partial)
{
	file->partials = mem_grow(file->partials, file->n_partials + 1, sizeof(const struct catalog_file *));
	file->partials[file->n_partials++] = partial;
}

/* Notes a name, or a partial; which partial a dynamic name stands for is not known here, so it wants everything. */
static void catalog_see_use(void *arg, const struct template_use *use)
{
	const struct catalog_wish *wish = arg;
	size_t len = strcspn(use->name, ".");
	const struct catalog_file *partial = NULL;
	if (use->kind == TEMPLATE_USE_PARTIAL && !use->is_dynamic) {
		partial = catalog_find_file(wish->language, use->name);
		if (partial != NULL)
			catalog_add_partial(wish->file, partial);
		return;
	}
	wish->file->names_any = wish->file->names_any || use->is_dynamic;
	for (int i = 0; i < CONTEXT_NAME_MAX; i++)
		if (use->is_dynamic ||
		    (strncmp(context_names[i], use->name, len) == 0 && context_names[i][len] == '\0'))
			wish->file->wanted.is_wanted[i] = true;
}

/* Adds what the other wants; true when anything was new. */
static bool catalog_join(struct context_wanted *wanted, const struct context_wanted *other)
{
	bool is_new = false;
	for (int i = 0; i < CONTEXT_NAME_MAX; i++) {
		is_new = is_new || (other->is_wanted[i] && !wanted->is_wanted[i]);
		wanted->is_wanted[i] = wanted->is_wanted[i] || other->is_wanted[i];
	}
	return is_new;
}

void catalog_find_wishes(struct catalog_language *language)
{
	for (size_t i = 0; i < language->n_files; i++) {
		struct catalog_wish wish = {.language = language, .file = &language->files[i]};
		template_uses(language->files[i].compiled, catalog_see_use, &wish);
	}
	for (bool is_new = true; is_new;) {
		is_new = false;
		for (size_t i = 0; i < language->n_files; i++)
			for (size_t p = 0; p < language->files[i].n_partials; p++)
				is_new |= catalog_join(&language->files[i].wanted,
						       &language->files[i].partials[p]->wanted);
	}
}

struct context_wanted catalog_wants(const struct catalog_kind *kind, int n)
{
	struct context_wanted wanted = {{false}};
	for (int part = 0; part < n; part++)
		if (kind->parts[part] != NULL)
			(void)catalog_join(&wanted, &kind->parts[part]->wanted); /* all of it is new */
	return wanted;
}

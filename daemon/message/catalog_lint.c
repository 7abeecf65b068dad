/* What is wrong with the templates of a language, found when they are loaded and not when a reminder is due. */
#include "message/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "message/catalog_priv.h"
#include "message/catalog_sample.h"
#include "message/compose.h"
#include "message/phrase.h"
#include "message/template_file.h"

#define CATALOG_SAYS "says."

/* The forms a noun may have, in the order of CLDR. */
static const enum context_name catalog_forms[] = {CONTEXT_ZERO, CONTEXT_ONE,  CONTEXT_TWO,
						  CONTEXT_FEW,  CONTEXT_MANY, CONTEXT_OTHER};
enum { CATALOG_N_FORMS = sizeof(catalog_forms) / sizeof(catalog_forms[0]), CATALOG_COUNT_MAX = 200 };

/* How the nouns of one place of a template are written. */
struct catalog_noun {
	size_t within;
	bool has[CATALOG_N_FORMS];
	unsigned line;
};

struct catalog_lint {
	const struct catalog_language *language;
	const struct catalog_file *file;
	struct problems *problems;
	int64_t examples
		[CATALOG_N_FORMS]; /* the least number that takes the form; -1 = the language has no such form */
	struct catalog_noun *nouns;
	size_t n_nouns;
};

/* ---- names --------------------------------------------------------------------------------------------------- */

static int catalog_find_name(const char *name)
{
	int i = 0;
	while (i < CONTEXT_NAME_MAX && strcmp(context_names[i], name) != 0)
		i++;
	return i;
}

/* {{#says.doen}} would never be said. */
static void catalog_lint_phrase(const struct catalog_lint *lint, const struct template_use *use, const char *phrase)
{
	if (phrase_find(phrase) != PHRASE_MAX)
		return;
	const char *nearest = strlist_nearest(phrase, phrase_names, PHRASE_MAX);
	catalog_complain(lint->problems, lint->file->path, use->place.line, "unknown phrase '%s'%s%s%s", phrase,
			 nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
			 nearest != NULL ? "'?" : "");
}

static void catalog_lint_name(const struct catalog_lint *lint, const struct template_use *use)
{
	if (strcmp(use->name, ".") == 0 || catalog_find_name(use->name) != CONTEXT_NAME_MAX)
		return;
	if (strncmp(use->name, CATALOG_SAYS, strlen(CATALOG_SAYS)) == 0) {
		catalog_lint_phrase(lint, use, use->name + strlen(CATALOG_SAYS));
		return;
	}
	const char *nearest = strlist_nearest(use->name, context_names, CONTEXT_NAME_MAX);
	catalog_complain(lint->problems, lint->file->path, use->place.line, "unknown name '%s'%s%s%s", use->name,
			 nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
			 nearest != NULL ? "'?" : "");
}

/* {{>detials}} would render as nothing, silently. Which file {{>*name}} means is not known before it is rendered. */
static void catalog_lint_partial(const struct catalog_lint *lint, const struct template_use *use)
{
	if (catalog_find_file(lint->language, use->name) == NULL)
		catalog_complain(lint->problems, lint->file->path, use->place.line,
				 "no partial '%s': there is no %s" TEMPLATE_SUFFIX " in this folder", use->name,
				 use->name);
}

/* ---- nouns --------------------------------------------------------------------------------------------------- */

static struct catalog_noun *catalog_noun_of(struct catalog_lint *lint, const struct template_use *use)
{
	for (size_t i = 0; i < lint->n_nouns; i++)
		if (lint->nouns[i].within == use->within)
			return &lint->nouns[i];
	lint->nouns = mem_grow(lint->nouns, lint->n_nouns + 1, sizeof(*lint->nouns));
	struct catalog_noun *noun = &lint->nouns[lint->n_nouns++];
	*noun = (struct catalog_noun){.within = use->within, .line = use->place.line};
	return noun;
}

/* {{#one}} is the noun for that form, {{^one}} that for all the others. */
static void catalog_see_form(struct catalog_lint *lint, const struct template_use *use)
{
	for (int i = 0; i < CATALOG_N_FORMS; i++) {
		if (strcmp(context_names[catalog_forms[i]], use->name) != 0)
			continue;
		struct catalog_noun *noun = catalog_noun_of(lint, use);
		for (int form = 0; form < CATALOG_N_FORMS; form++)
			if ((form == i) == (use->kind == TEMPLATE_USE_SECTION))
				noun->has[form] = true;
	}
}

static void catalog_lint_nouns(const struct catalog_lint *lint)
{
	for (size_t n = 0; n < lint->n_nouns; n++)
		for (int form = 0; form < CATALOG_N_FORMS; form++)
			if (lint->examples[form] >= 0 && !lint->nouns[n].has[form])
				catalog_complain(lint->problems, lint->file->path, lint->nouns[n].line,
						 "no form of the noun for numbers like %d: say {{#%s}}...{{/%s}} too",
						 (int)lint->examples[form], context_names[catalog_forms[form]],
						 context_names[catalog_forms[form]]);
}

static void catalog_find_examples(struct catalog_lint *lint)
{
	for (int form = 0; form < CATALOG_N_FORMS; form++)
		lint->examples[form] = -1;
	for (int64_t n = CATALOG_COUNT_MAX; n > 0; n--) {
		const char *name = language_plural(lint->language->language, n);
		for (int form = 0; form < CATALOG_N_FORMS; form++)
			if (strcmp(name, context_names[catalog_forms[form]]) == 0)
				lint->examples[form] = n;
	}
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static void catalog_lint_use(void *arg, const struct template_use *use)
{
	struct catalog_lint *lint = arg;
	if (use->kind == TEMPLATE_USE_PARTIAL && !use->is_dynamic) {
		catalog_lint_partial(lint, use);
		return;
	}
	catalog_lint_name(lint, use);
	if (use->kind == TEMPLATE_USE_SECTION || use->kind == TEMPLATE_USE_INVERTED)
		catalog_see_form(lint, use);
}

bool catalog_is_part(const struct catalog_language *language, const struct catalog_file *file)
{
	for (int kind = 0; kind < CATALOG_N_KINDS; kind++)
		for (int part = 0; part < CATALOG_PART_MAX; part++)
			if (language->kinds[kind].parts[part] == file)
				return true;
	return false;
}

static void catalog_lint_file(struct catalog_lint *lint)
{
	const struct catalog_file *file = lint->file;
	if (strchr(file->name, '.') != NULL && !catalog_is_part(lint->language, file))
		catalog_complain(lint->problems, file->path, 0,
				 "no message is made of it: name it <kind>.subject" TEMPLATE_SUFFIX
				 ", <kind>.text" TEMPLATE_SUFFIX " or <kind>.html" TEMPLATE_SUFFIX
				 ", or without dots if it is a partial");
	lint->n_nouns = 0;
	template_uses(file->compiled, catalog_lint_use, lint);
	catalog_lint_nouns(lint);
}

static void catalog_lint_kinds(const struct catalog_language *language, struct problems *problems)
{
	for (int kind = 0; kind < CATALOG_N_KINDS; kind++)
		for (int part = 0; part < CATALOG_HTML; part++) /* mails need no HTML */
			if (language->kinds[kind].parts[part] == NULL)
				catalog_complain(problems, language->folder, 0, "has no usable %s.%s" TEMPLATE_SUFFIX,
						 catalog_kinds[kind], catalog_parts[part]);
}

/* ---- samples ------------------------------------------------------------------------------------------------- */

static void catalog_try_part(struct catalog_language *language, const struct catalog_kind *kind, enum catalog_part part,
			     const struct context_values *values, struct problems *problems)
{
	static const enum escape escapes[CATALOG_PART_MAX] = {
		[CATALOG_SUBJECT] = ESCAPE_HEADER, [CATALOG_TEXT] = ESCAPE_PLAIN, [CATALOG_HTML] = ESCAPE_HTML};
	const struct catalog_file *file = kind->parts[part];
	struct buf out;
	struct err err;
	static const size_t maxima[CATALOG_PART_MAX] = {
		[CATALOG_SUBJECT] = COMPOSE_SUBJECT_MAX,
		[CATALOG_TEXT] = COMPOSE_TEXT_MAX,
		[CATALOG_HTML] = COMPOSE_HTML_MAX,
	};
	buf_init(&out, maxima[part]);
	int r = template_render_values(file->compiled, values->of, escapes[part], catalog_partial, language, &out,
				       &err);
	if (r < 0)
		catalog_complain(problems, file->path, 0, "no message can be made of it: %s", err.text);
	else if (strspn(buf_str(&out), " \t\r\n") == out.len)
		catalog_complain(problems, file->path, 0,
				 "a message of it may be nothing but blanks: say something in every case");
	buf_done(&out);
}

static void catalog_try_kind(struct catalog_language *language, int number, unsigned sample, struct problems *problems)
{
	const struct catalog_kind *kind = &language->kinds[number];
	struct compose_facts facts;
	struct err err;
	struct context_values values;
	catalog_sample(catalog_kinds[number], sample, &facts);
	if (context_values_init(&facts, language->language, &kind->wanted_html, &values, &err) < 0) {
		catalog_complain(problems, language->folder, 0, "no sample can be made: %s", err.text);
		return;
	}
	bool is_line = facts.says != NULL && phrase_find(facts.says) < PHRASE_FIRST_ANSWER;
	int n_parts = is_line ? CATALOG_SUBJECT + 1 : CATALOG_PART_MAX;
	for (int part = 0; part < n_parts; part++)
		if (kind->parts[part] != NULL)
			catalog_try_part(language, kind, (enum catalog_part)part, &values, problems);
	context_values_done(&values);
}

void catalog_lint(struct catalog_language *language, struct problems *problems)
{
	struct catalog_lint lint = {.language = language, .problems = problems};
	size_t had = problems->n;
	catalog_find_examples(&lint);
	for (size_t i = 0; i < language->n_files; i++) {
		lint.file = &language->files[i];
		catalog_lint_file(&lint);
	}
	free(lint.nouns);
	catalog_lint_kinds(language, problems);
	for (int kind = 0; kind < CATALOG_N_KINDS && problems->n == had; kind++)
		for (unsigned sample = 0; sample < catalog_samples(catalog_kinds[kind]); sample++)
			catalog_try_kind(language, kind, sample, problems);
}

/* ---- lengths ------------------------------------------------------------------------------------------------- */

size_t catalog_longest_text(const struct catalog *catalog, enum utf8_unit unit, const char **ret_language,
			    const char **ret_kind)
{
	size_t longest = 0;
	for (size_t i = 0; i < catalog->n_languages * CATALOG_N_KINDS; i++) {
		const struct language *language = catalog->languages[i / CATALOG_N_KINDS].language;
		const char *kind = catalog_kinds[i % CATALOG_N_KINDS];
		struct compose_facts facts;
		struct compose_text text;
		catalog_sample(kind, 0, &facts);
		if (facts.n_items > 0 || facts.says != NULL)
			continue; /* a list has no end, and is cut where it must be; an answer is short */
		facts.person = NULL;
		facts.default_language = language_tag(language);
		compose(catalog, &facts, &text, NULL);
		size_t length = utf8_length(text.text, unit);
		if (length > longest) {
			longest = length;
			*ret_language = facts.default_language;
			*ret_kind = kind;
		}
		compose_text_done(&text);
	}
	return longest;
}

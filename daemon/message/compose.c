#include "message/compose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- finishing ----------------------------------------------------------------------------------------------- */

static bool compose_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The rendered subject as one line without control characters and without blanks around it. Returns owned. */
static char *compose_finish_subject(const struct buf *rendered)
{
	struct buf clean;
	buf_init(&clean, COMPOSE_SUBJECT_MAX);
	context_add_clean(buf_str(rendered), false, &clean);
	while (clean.len > 0 && compose_is_blank(clean.data[clean.len - 1]))
		clean.data[--clean.len] = '\0';
	buf_consume(&clean, strspn(buf_str(&clean), " "));
	return buf_take(&clean);
}

/* The rendered text without empty lines at either end, with at most one between paragraphs (what a template leaves out
 * leaves its blank lines behind), and without blanks at the ends of lines. Returns owned; "" when nothing is left. */
static char *compose_finish_text(const struct buf *rendered)
{
	const char *line = buf_str(rendered), *end = line + rendered->len;
	char *text = mem_alloc(rendered->len + 2), *out = text; /* the last line may lack its end */
	bool is_gap = false;
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline != NULL ? newline : end;
		const char *used = stop;
		while (used > line && compose_is_blank(used[-1]))
			used--;
		if (used > line) {
			if (is_gap && out > text)
				*out++ = '\n';
			out = mempcpy(out, line, (size_t)(used - line));
			*out++ = '\n';
		}
		is_gap = used == line;
		line = stop + 1;
	}
	*out = '\0';
	return text;
}

enum { COMPOSE_SPARE = 16 }; /* of a messenger's limit one part in so many is kept */

/* ---- templates ----------------------------------------------------------------------------------------------- */

static int compose_render(const struct catalog_choice *choice, const struct context_values *values, struct buf *subject,
			  struct buf *text, struct err *err)
{
	int result = template_render_values(choice->subject, values->of, ESCAPE_HEADER, choice->partial,
					    choice->partial_arg, subject, err);
	if (result < 0) {
		err_prefix(err, "subject");
		return result;
	}
	result = template_render_values(choice->text, values->of, ESCAPE_PLAIN, choice->partial, choice->partial_arg,
					text, err);
	if (result < 0)
		err_prefix(err, "text");
	return result;
}

static int compose_finish(const struct catalog_choice *choice, const struct buf *subject, const struct buf *text,
			  struct compose_text *ret_text, struct err *err)
{
	struct compose_text done = {
		.subject = compose_finish_subject(subject),
		.text = compose_finish_text(text),
		.language = language_tag(choice->language),
	};
	if (*done.subject == '\0' || *done.text == '\0') {
		const char *empty = *done.subject == '\0' ? "subject" : "text";
		compose_text_done(&done);
		return err_set(err, -ENODATA, "%s: nothing but blanks", empty);
	}
	*ret_text = done;
	return 0;
}

/* One try at a message. */
struct compose_draft {
	struct compose_text text;
	bool is_text_long, is_html_long; /* with fewer tasks it would be shorter */
};

/* Adds the HTML, or says in err why there is none. */
static void compose_add_html(const struct catalog_choice *choice, const struct context_values *values,
			     struct compose_draft *draft, struct err *err)
{
	struct buf html;
	buf_init(&html, COMPOSE_HTML_MAX);
	int result = template_render_values(choice->html, values->of, ESCAPE_HTML, choice->partial, choice->partial_arg,
					    &html, err);
	if (result < 0)
		err_prefix(err, "sent without its HTML");
	else
		draft->text.html = compose_finish_text(&html);
	draft->is_html_long = result == -E2BIG || (result == 0 && strlen(draft->text.html) > COMPOSE_HTML_SHOWN_MAX);
	buf_done(&html);
}

/* The text and what a messenger puts around it, with something to spare for what it writes in more characters. */
static bool compose_is_text_long(const struct compose_facts *facts, const struct compose_text *text)
{
	size_t length = utf8_length(text->subject, facts->text_unit) + utf8_length(text->text, facts->text_unit);
	return facts->text_max > 0 && length + length / COMPOSE_SPARE > facts->text_max;
}

static int compose_write(const struct catalog_choice *choice, const struct compose_facts *facts,
			 struct compose_draft *ret_draft, struct err *err)
{
	struct context_values values;
	bool wants_html = facts->wants_html && choice->html != NULL;
	*ret_draft = (struct compose_draft){0};
	int result = context_values_init(facts, choice->language, wants_html ? choice->wanted_html : choice->wanted,
					 &values, err);
	if (result < 0)
		return result;

	struct buf subject, text;
	buf_init(&subject, COMPOSE_SUBJECT_MAX);
	buf_init(&text, COMPOSE_TEXT_MAX);
	result = compose_render(choice, &values, &subject, &text, err);
	if (result == 0)
		result = compose_finish(choice, &subject, &text, &ret_draft->text, err);
	ret_draft->is_text_long = result == -E2BIG || (result == 0 && compose_is_text_long(facts, &ret_draft->text));
	if (result == 0 && wants_html)
		compose_add_html(choice, &values, ret_draft, err);

	buf_done(&subject);
	buf_done(&text);
	context_values_done(&values);
	return result;
}

static bool compose_is_digest(const struct compose_facts *facts)
{
	return strcmp(facts->kind, "digest") == 0;
}

/* A digest comes again and a messenger cuts what it does not take; anything else is said once, and whole. What failed for
 * another reason than its length is no shorter with fewer tasks. */
static bool compose_needs_cut(const struct compose_facts *facts, const struct compose_draft *draft)
{
	bool may_cut = facts->n_items > 1 && (compose_is_digest(facts) || facts->text_max > 0);
	return may_cut && (draft->is_text_long || draft->is_html_long);
}

/* Of several tasks as many as the message has room for, found by bisection. */
static size_t compose_room(const struct catalog_choice *choice, struct compose_facts facts)
{
	size_t few = 1, many = facts.max_items; /* few fit, or have to; many do not */
	while (few + 1 < many) {
		struct compose_draft draft;
		struct err unused = {0}; /* what fails now fails again, and is said then */
		facts.max_items = few + (many - few) / 2;
		(void)compose_write(choice, &facts, &draft, &unused);
		if (compose_needs_cut(&facts, &draft))
			many = facts.max_items;
		else
			few = facts.max_items;
		compose_text_done(&draft.text);
	}
	return few;
}

/* The text says all: that mail programs would cut the HTML off is nobody's mistake. */
static void compose_drop_html(struct compose_text *text, struct err *err)
{
	free(text->html);
	text->html = NULL;
	err->text[0] = '\0';
}

static int compose_with(const struct catalog_choice *choice, const struct compose_facts *facts,
			struct compose_text *ret_text, struct err *err)
{
	struct compose_facts some = *facts;
	struct compose_draft draft;
	if (compose_is_digest(facts))
		some.max_items = facts->n_items < COMPOSE_ITEMS_MAX ? facts->n_items : COMPOSE_ITEMS_MAX;
	else
		some.max_items = facts->n_items;
	int result = compose_write(choice, &some, &draft, err);
	if (compose_needs_cut(facts, &draft)) {
		some.max_items = compose_room(choice, some);
		compose_text_done(&draft.text);
		err->text[0] = '\0';
		result = compose_write(choice, &some, &draft, err);
	}
	if (facts->n_items > 1 && !compose_is_digest(facts) && draft.is_html_long)
		compose_drop_html(&draft.text, err);
	*ret_text = draft.text;
	return result;
}

static int compose_from_templates(const struct catalog *catalog, const struct compose_facts *facts,
				  struct compose_text *ret_text, struct err *err)
{
	struct catalog_choice choice;
	const char *wanted = facts->person != NULL ? facts->person->language : NULL;
	const char *kind = context_kind(facts);
	if (!catalog_choose(catalog, kind, wanted, facts->default_language, &choice))
		return err_set(err, -ENOENT, "no language has templates for '%s'", kind);

	int result = compose_with(&choice, facts, ret_text, err);
	if (err->text[0] != '\0')
		err_prefix(err, "%s/%s", language_tag(choice.language), kind);
	return result;
}

/* ---- built in ------------------------------------------------------------------------------------------------ */

static void compose_add_line(const char *value, struct buf *text)
{
	if (value == NULL || *value == '\0')
		return;
	context_add_clean(value, true, text);
	buf_add_char(text, '\n');
}

static void compose_add_period(const char *prefix, const struct period *period, const struct task *task,
			       struct buf *text)
{
	char key[PERIOD_KEY_SIZE];
	period_key(period, key);
	buf_printf(text, "%s%s (", prefix, key);
	context_add_clean(task->zone, false, text);
	buf_add_str(text, ")\n");
}

static void compose_add_task(const struct task *task, const struct period *old_period, const char *const *responsible,
			     size_t n_responsible, struct buf *text)
{
	compose_add_line(task->title, text);
	compose_add_period("", &task->period, task, text);
	if (old_period != NULL)
		compose_add_period("<- ", old_period, task, text);
	compose_add_line(task->place, text);
	for (size_t i = 0; i < n_responsible; i++)
		compose_add_line(responsible[i], text);
}

static void compose_built_in_list(const struct compose_facts *facts, struct buf *subject, struct buf *text)
{
	context_add_clean(facts->items[0].task->title, false, subject);
	size_t n = facts->n_items;
	for (int i = 0; i < COMPOSE_SECTION_MAX; i++)
		n += facts->n_left_out[i];
	if (n > 1)
		buf_printf(subject, " (+%zu)", n - 1);
	for (size_t i = 0; i < facts->n_items; i++) {
		const struct compose_item *item = &facts->items[i];
		if (i > 0)
			buf_add_char(text, '\n');
		compose_add_task(item->task, item->old_period, item->responsible, item->n_responsible, text);
	}
}

/* In front of the title of a task that is over. */
static const char *compose_mark(const struct compose_facts *facts)
{
	if (strcmp(facts->kind, "closed") != 0)
		return "";
	return facts->closed_how != NULL && strcmp(facts->closed_how, "done") == 0 ? "\u2713 " : "\u2717 ";
}

/* Facts alone, dates the international way: understood in any language, and nothing in it can fail. */
static void compose_built_in(const struct compose_facts *facts, struct compose_text *ret_text)
{
	const struct task *task = facts->task;
	struct buf subject, text;
	buf_init(&subject, COMPOSE_SUBJECT_MAX);
	buf_init(&text, COMPOSE_TEXT_MAX);

	if (facts->n_items > 0) {
		compose_built_in_list(facts, &subject, &text);
	} else if (task != NULL) {
		buf_add_str(&subject, compose_mark(facts));
		context_add_clean(task->title, false, &subject);
		buf_add_str(&text, compose_mark(facts));
		compose_add_task(task, facts->old_period, facts->responsible, facts->n_responsible, &text);
		compose_add_line(task->note, &text);
	} else if (facts->notice != NULL) {
		buf_add_str(&subject, "deadlined: notice");
		compose_add_line(facts->notice, &text);
	} else {
		buf_printf(&subject, "deadlined: %s", facts->kind);
		buf_printf(&text, "This is a message of the kind '%s' from deadlined; nothing needs to be done.\n",
			   facts->kind);
		compose_add_line(facts->channel, &text);
	}
	*ret_text = (struct compose_text){.subject = buf_take(&subject), .text = buf_take(&text), .language = "und"};
}

void compose(const struct catalog *catalog, const struct compose_facts *facts, struct compose_text *ret_text,
	     struct err *err)
{
	struct err unused;
	if (err == NULL)
		err = &unused;
	err->text[0] = '\0';
	if (compose_from_templates(catalog, facts, ret_text, err) < 0)
		compose_built_in(facts, ret_text);
	if (err->text[0] != '\0')
		ret_text->problem = mem_dup(err->text);
}

/* "already_done" reads "already done", and "button_done" "done". */
static char *compose_built_in_line(const char *phrase)
{
	const char *last = strncmp(phrase, "button_", strlen("button_")) == 0 ? phrase + strlen("button_") : phrase;
	char *line = mem_dup(last);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '_')
			*c = ' ';
	return line;
}

static int compose_line_from_template(const struct catalog *catalog, const struct compose_facts *facts, char **ret_line,
				      struct err *err)
{
	struct catalog_choice choice;
	const char *wanted = facts->person != NULL ? facts->person->language : NULL;
	struct context_values values;
	struct buf line;
	if (!catalog_choose(catalog, facts->kind, wanted, facts->default_language, &choice))
		return err_set(err, -ENOENT, "no language has templates for '%s'", facts->kind);
	int result = context_values_init(facts, choice.language, choice.wanted, &values, err);
	if (result < 0)
		return result;
	buf_init(&line, COMPOSE_SUBJECT_MAX);
	result = template_render_values(choice.subject, values.of, ESCAPE_HEADER, choice.partial, choice.partial_arg,
					&line, err);
	char *done = compose_finish_subject(&line);
	if (result == 0 && *done == '\0')
		result = err_set(err, -ENODATA, "nothing but blanks");
	if (result == 0)
		*ret_line = done;
	else
		free(done);
	if (result < 0)
		err_prefix(err, "%s/%s.subject: %s", language_tag(choice.language), facts->kind, facts->says);
	buf_done(&line);
	context_values_done(&values);
	return result;
}

char *compose_line(const struct catalog *catalog, const struct compose_facts *facts, struct err *err)
{
	char *line = NULL;
	err->text[0] = '\0';
	if (compose_line_from_template(catalog, facts, &line, err) < 0)
		line = compose_built_in_line(facts->says);
	return line;
}

void compose_text_done(struct compose_text *text)
{
	free(text->subject);
	free(text->text);
	free(text->html);
	free(text->problem);
	*text = (struct compose_text){0};
}

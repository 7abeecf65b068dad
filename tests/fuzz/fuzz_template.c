/* The first line is the data (JSON, or else a title), the rest a template, which is its own partial too. It ends, stays
 * under its cap, and no data reaches a header's line end or HTML's "<". */
#include "base/utf8.h"
#include "fuzz.h"
#include "message/template_priv.h"

enum { CAP = 4000 };

static const struct template *find_partial(void *arg, const char *name)
{
	return strcmp(name, "gone") != 0 ? arg : NULL;
}

static bool has_raw(const struct template *template)
{
	for (size_t i = 0; i < template->n_ops; i++)
		if (template->ops[i].kind == TEMPLATE_RAW)
			return true;
	return false;
}

static void render(struct template *template, const json_t *data, enum escape escape, struct buf *out)
{
	struct err err = {""};
	buf_init(out, CAP);
	int status = template_render(template, data, escape, find_partial, template, out, &err);
	FUZZ_NEED(out->len <= CAP, buf_str(out));
	FUZZ_NEED(!out->is_over || status < 0, buf_str(out));
	FUZZ_NEED(status == 0 || err.text[0] != '\0', buf_str(out));
}

static struct template *compile(const char *text)
{
	struct template *template = NULL;
	struct template_place place = {0};
	struct err err = {""};
	if (template_compile(text, &template, &place, &err) == 0)
		return template;
	FUZZ_NEED(place.line > 0 && place.column > 0 && err.text[0] != '\0', text);
	return NULL;
}

static void count_use(void *arg, const struct template_use *use)
{
	size_t *n = arg;
	FUZZ_NEED(use->name[0] != '\0' && use->place.line > 0 && use->place.column > 0, use->name);
	++*n;
}

/* Partials that were looked up before are the same as those that are looked up when they are needed. */
static void check_linked(struct template *template, const json_t *data)
{
	struct buf before, after;
	size_t n_uses = 0;
	template_uses(template, count_use, &n_uses);
	FUZZ_NEED(n_uses <= template->n_ops, "more uses than ops");
	render(template, data, ESCAPE_PLAIN, &before);
	template_link(template, find_partial, template);
	render(template, data, ESCAPE_PLAIN, &after);
	FUZZ_NEED(before.len == after.len && memcmp(buf_str(&before), buf_str(&after), after.len) == 0,
		  buf_str(&after));
	buf_done(&before);
	buf_done(&after);
}

static void check_ends(const char *text, const json_t *data)
{
	struct template *template = compile(text);
	for (unsigned escape = 0; template != NULL && escape < ESCAPE_MAX; escape++) {
		struct buf out;
		render(template, data, (enum escape)escape, &out);
		buf_done(&out);
	}
	if (template != NULL)
		check_linked(template, data);
	template_free(template);
}

/* With none of these characters in the template, what comes out is the data's. */
static void check_escaped(char *text, const json_t *data)
{
	static const enum escape html[] = {ESCAPE_HTML, ESCAPE_TELEGRAM_HTML};
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '<' ? '(' : *p == '\r' || *p == '\n' ? ' ' : *p;
	struct template *template = compile(text);
	if (template == NULL || has_raw(template)) {
		template_free(template);
		return;
	}
	struct buf out;
	render(template, data, ESCAPE_HEADER, &out);
	FUZZ_NEED(strpbrk(buf_str(&out), "\r\n") == NULL && strlen(buf_str(&out)) == out.len, buf_str(&out));
	buf_done(&out);
	for (size_t i = 0; i < sizeof(html) / sizeof(html[0]); i++) {
		render(template, data, html[i], &out);
		FUZZ_NEED(memchr(buf_str(&out), '<', out.len) == NULL, buf_str(&out));
		buf_done(&out);
	}
	template_free(template);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	char *line = fuzz_take_line(&input), *text = fuzz_take_rest(&input);
	json_t *values = json_loads(line, 0, NULL);
	if (values == NULL && utf8_is_valid(line, strlen(line)))
		values =
			json_pack("{s:s, s:[s, s], s:{s:s}}", "title", line, "list", line, "x", "person", "name", line);
	if (values != NULL) {
		check_ends(text, values);
		check_escaped(text, values);
	}
	json_decref(values);
	free(line);
	free(text);
	return 0;
}

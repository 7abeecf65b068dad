/* Happy path: the template and the data are read and compiled, the partials are when a tag asks for them, and what comes
 * out goes to standard output, whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "message/template.h"
#include "message/template_file.h"

enum { RENDER_FILE_MAX = 1024 * 1024, RENDER_DATA_MAX = 16 * 1024 * 1024, RENDER_OUTPUT_MAX = 16 * 1024 * 1024 };
enum { RENDER_FOLDERS = 4 };

#define RENDER_SHIPPED DEADLINED_DATADIR "/templates"

static const struct args_option render_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--data", "FILE", "a JSON file with the values; no values if not given"},
	{"--partials", "DIR", "the folder of the partials, NAME.mustache; that of TEMPLATE if not given"},
	{"--escape", "FOR", "make values safe for: html, plain, header, json, url ...; see below if not given"},
};

struct render_partial {
	char *name;
	struct template *compiled; /* NULL: there is no such file */
};

struct render {
	char *folders[RENDER_FOLDERS]; /* of the partials: the first that has one gives it; the later may be NULL */
	struct render_partial *partials;
	size_t n_partials;
	int status; /* of a partial that is there and cannot be used */
};

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static int render_compile(const char *path, struct template **ret_template)
{
	char *text = NULL;
	struct template_place place = {0};
	struct err err = {0};
	int r = template_file_read(path, RENDER_FILE_MAX, &text, &err);
	if (r < 0) {
		output_complain("%s: %s", path, err.text);
		return r == -EFBIG || r == -EILSEQ ? EX_DATAERR : EX_NOINPUT;
	}
	r = template_compile(text, ret_template, &place, &err);
	free(text);
	if (r == 0)
		return EX_OK;
	output_complain("%s:%u:%u: %s", path, place.line, place.column, err.text);
	return EX_DATAERR;
}

static int render_read_data(const char *path, json_t **ret_data)
{
	char *text = NULL;
	struct err err = {0};
	json_error_t error;
	int r = template_file_read(path, RENDER_DATA_MAX, &text, &err);
	if (r < 0) {
		output_complain("%s: %s", path, err.text);
		return r == -EFBIG || r == -EILSEQ ? EX_DATAERR : EX_NOINPUT;
	}
	*ret_data = json_loads(text, JSON_DECODE_ANY, &error);
	free(text);
	if (*ret_data != NULL)
		return EX_OK;
	output_complain("%s:%d:%d: %s", path, error.line, error.column, error.text);
	return EX_DATAERR;
}

/* ---- partials -----------------------------------------------------------------------------------------------------
 */

/* The template may do without, so this is no failure. */
static void render_lack_partial(const struct render *render, const char *name)
{
	const char *shipped = render->folders[RENDER_FOLDERS - 1];
	output_complain("partial '%s' shows nothing: there is no %s" TEMPLATE_SUFFIX " in %s%s%s", name, name,
			render->folders[0], shipped != NULL ? ", above it or in " : " or above it",
			shipped != NULL ? shipped : "");
}

static void render_read_partial(struct render *render, struct render_partial *partial)
{
	bool is_there = false;
	for (size_t i = 0; i < RENDER_FOLDERS && render->folders[i] != NULL && !is_there; i++) {
		char *path = mem_printf("%s/%s" TEMPLATE_SUFFIX, render->folders[i], partial->name);
		is_there = access(path, F_OK) == 0;
		int status = is_there ? render_compile(path, &partial->compiled) : EX_OK;
		if (status != EX_OK)
			render->status = status;
		free(path);
	}
	if (!is_there)
		render_lack_partial(render, partial->name);
}

/* The partial, read when it is first asked for. A name may come from the data, and never leads out of the folder: NULL. */
static const struct render_partial *render_get_partial(struct render *render, const char *name)
{
	size_t i = 0;
	if (strchr(name, '/') != NULL) {
		output_complain("partial '%s' shows nothing: a name has no '/' in it", name);
		return NULL;
	}
	while (i < render->n_partials && strcmp(render->partials[i].name, name) != 0)
		i++;
	if (i == render->n_partials) {
		render->partials = mem_grow(render->partials, i + 1, sizeof(*render->partials));
		render->partials[render->n_partials++] = (struct render_partial){.name = mem_dup(name)};
		render_read_partial(render, &render->partials[i]);
	}
	return &render->partials[i];
}

static const struct template *render_find_partial(void *arg, const char *name)
{
	const struct render_partial *partial = render_get_partial(arg, name);
	return partial != NULL ? partial->compiled : NULL;
}

static void render_done(struct render *render)
{
	for (size_t i = 0; i < render->n_partials; i++) {
		free(render->partials[i].name);
		template_free(render->partials[i].compiled);
	}
	free(render->partials);
	for (size_t i = 0; i < RENDER_FOLDERS; i++)
		free(render->folders[i]);
}

/* ---- the command --------------------------------------------------------------------------------------------------
 */

/* The folder of templates that the configuration names; the shipped one when there is none that can be used. */
static int render_find_shipped(struct session *session, char **ret_folder)
{
	int status = EX_OK;
	if (session->is_conf_given)
		status = session_read_conf(session);
	else {
		struct problems problems = {0};
		session->conf = conf_read(session->conf_file, &problems);
		problems_done(&problems);
	}
	const char *configured = session->conf != NULL ? session->conf->templates : NULL;
	*ret_folder = mem_dup(configured != NULL ? configured : RENDER_SHIPPED);
	return status;
}

/* As the daemon does: the language's own files go before those that all share, the template's neighbours before the shipped. */
static int render_choose_folders(struct session *session, struct render *render, const struct args *args)
{
	const char *given = args_value(args, "--partials"), *path = args->operands[0], *slash = strrchr(path, '/');
	if (given != NULL)
		render->folders[0] = mem_dup(given);
	else
		render->folders[0] = slash != NULL ? mem_dup_n(path, (size_t)(slash - path)) : mem_dup(".");
	char *above = mem_printf("%s/..", render->folders[0]);
	if (given != NULL) {
		render->folders[1] = above;
		return EX_OK;
	}
	char *whole = realpath(render->folders[0], NULL), *shipped = NULL;
	const char *language = whole != NULL ? strrchr(whole, '/') : "";
	int status = render_find_shipped(session, &shipped);
	render->folders[1] = mem_printf("%s%s", shipped, language);
	render->folders[2] = above;
	render->folders[3] = shipped;
	free(whole);
	return status;
}

static bool render_ends(const char *path, const char *end)
{
	size_t len = strlen(path), len_end = strlen(end);
	return len > len_end && strcmp(path + len - len_end, end) == 0;
}

/* What the daemon makes of a part of a message, by the name of its file. */
static enum escape render_guess_escape(const char *path)
{
	if (render_ends(path, ".text" TEMPLATE_SUFFIX))
		return ESCAPE_PLAIN;
	return render_ends(path, ".subject" TEMPLATE_SUFFIX) ? ESCAPE_HEADER : ESCAPE_HTML;
}

static int render_choose_escape(const struct args *args, enum escape *ret_escape)
{
	const char *given = args_value(args, "--escape"), *names[ESCAPE_MAX];
	*ret_escape = given != NULL ? escape_find(given) : render_guess_escape(args->operands[0]);
	if (*ret_escape != ESCAPE_MAX)
		return EX_OK;
	struct buf all;
	buf_init(&all, 4096);
	for (int i = 0; i < ESCAPE_MAX; i++) {
		names[i] = escape_name((enum escape)i);
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	output_complain("--escape: '%s' is not one of %s", given, buf_str(&all));
	buf_done(&all);
	return EX_USAGE;
}

static int render_print(const struct template *template, const json_t *data, enum escape escape, const char *path,
			struct render *render)
{
	struct buf out;
	struct err err = {0};
	buf_init(&out, RENDER_OUTPUT_MAX);
	int r = template_render(template, data, escape, render_find_partial, render, &out, &err);
	if (r < 0)
		output_complain("%s: %s", path, err.text);
	int status = render->status != EX_OK ? render->status : r < 0 ? EX_DATAERR : EX_OK;
	if (status == EX_OK)
		(void)fwrite(buf_str(&out), 1, out.len, stdout); /* main() looks at the stream's error */
	buf_done(&out);
	return status;
}

static int render_run(struct session *session, const struct args *args)
{
	const char *path = args->operands[0], *data_path = args_value(args, "--data");
	struct render render = {0};
	struct template *template = NULL;
	json_t *data = NULL;
	enum escape escape;
	int status = render_choose_escape(args, &escape);
	if (status == EX_OK)
		status = render_choose_folders(session, &render, args);
	if (status == EX_OK)
		status = render_compile(path, &template);
	if (status == EX_OK && data_path != NULL)
		status = render_read_data(data_path, &data);
	if (status == EX_OK)
		status = render_print(template, data, escape, path, &render);
	json_decref(data);
	template_free(template);
	render_done(&render);
	return status;
}

const struct command render_command = {
	.name = "render",
	.operands = "TEMPLATE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Print what a Mustache template makes of some data",
	.help = "TEMPLATE is a file. The whole of Mustache is known but lambdas: deadlined runs no code of a template.\n"
		"A partial is looked for as the daemon does: in the folder of TEMPLATE, in the shipped one of that language,\n"
		"in the folder above, among what the shipped languages share; or in DIR of --partials and the one above.\n"
		"One that is nowhere is named and shows nothing. NAME.text.mustache shows values as they are,\n"
		"NAME.subject.mustache as headers, any other for HTML, unless --escape says otherwise.\n"
		"A template that cannot be used is named with line and column, and nothing is printed. No database is\n"
		"needed, and no configuration.",
	COMMAND_OPTIONS(render_options),
	.run = render_run,
};

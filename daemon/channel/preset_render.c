/* preset_render: a preset and values make a request. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "channel/preset.h"
#include "channel/preset_url.h"

enum { PRESET_URL_MAX = 8 * 1024, PRESET_HEADER_MAX = 8 * 1024, PRESET_BODY_MAX = 256 * 1024 };

static int preset_field_render(const struct preset_field *field, const struct preset_values *values, struct buf *out,
			       struct err *err)
{
	if (field->limit != 0)
		return preset_text_add_cut(&field->text, values, field->escape, field->limit, field->unit, out, err);
	preset_text_add(&field->text, values, field->escape, out);
	return out->is_over ? err_set(err, -E2BIG, "%s is too long", field->name) : 0;
}

static int preset_render_headers(const struct preset *preset, const struct preset_values *values,
				 struct strlist *headers, struct err *err)
{
	struct buf line;
	buf_init(&line, PRESET_HEADER_MAX);
	int r = 0;
	for (size_t i = 0; r == 0 && i < preset->headers.n; i++) {
		const struct preset_field *field = &preset->headers.items[i];
		if (!preset_text_is_complete(&field->text, values))
			continue;
		buf_clear(&line);
		r = preset_field_render(field, values, &line, err);
		char *header = line.len != 0 ? mem_printf("%s: %s", field->name, buf_str(&line))
					     : mem_printf("%s;", field->name); /* libcurl's way to say "empty" */
		strlist_add(headers, header, strlen(header));
		mem_free_secret(header);
	}
	buf_done(&line);
	return r;
}

static bool preset_has_header(const struct preset *preset, const char *name)
{
	for (size_t i = 0; i < preset->headers.n; i++)
		if (strcasecmp(preset->headers.items[i].name, name) == 0)
			return true;
	return false;
}

static int preset_leaf(const struct preset_field *field, const struct preset_values *values, json_t **root,
		       struct err *err)
{
	struct buf text;
	json_t *value = NULL;
	buf_init(&text, PRESET_BODY_MAX);
	int r = preset_field_render(field, values, &text, err);
	if (r == 0)
		r = preset_json_value(buf_str(&text), field->type, &value, err);
	buf_done(&text);
	return r < 0 ? r : preset_pointer_set(root, field->name, value, err);
}

static int preset_render_json(const struct preset *preset, const struct preset_values *values, struct buf *out,
			      struct err *err)
{
	json_t *root = NULL;
	int r = 0;
	for (size_t i = 0; r == 0 && i < preset->fields.n; i++) {
		const struct preset_field *field = &preset->fields.items[i];
		if (preset_text_is_complete(&field->text, values))
			r = preset_leaf(field, values, &root, err);
		if (r < 0)
			err_prefix(err, "%s", field->name);
	}
	char *text = r == 0 && root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
	buf_add_str(out, text != NULL ? text : "{}");
	free(text);
	json_decref(root);
	return r;
}

static int preset_render_form(const struct preset *preset, const struct preset_values *values, struct buf *out,
			      struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < preset->fields.n; i++) {
		const struct preset_field *field = &preset->fields.items[i];
		if (!preset_text_is_complete(&field->text, values))
			continue;
		struct buf value;
		buf_init(&value, PRESET_BODY_MAX);
		r = preset_field_render(field, values, &value, err);
		if (r < 0)
			err_prefix(err, "%s", field->name);
		if (out->len != 0)
			buf_add_char(out, '&');
		preset_escape_add(out, field->name, PRESET_QUERY);
		buf_add_char(out, '=');
		preset_escape_add(out, buf_str(&value), PRESET_QUERY);
		buf_done(&value);
	}
	return r;
}

static int preset_render_body(const struct preset *preset, const struct preset_values *values,
			      struct preset_request *request, struct err *err)
{
	if (preset->body == PRESET_BODY_NONE)
		return 0;
	bool is_json = preset->body == PRESET_BODY_JSON;
	const char *type =
		is_json ? "Content-Type: application/json" : "Content-Type: application/x-www-form-urlencoded";
	if (!preset_has_header(preset, "Content-Type"))
		strlist_add(&request->headers, type, strlen(type));

	int r = is_json ? preset_render_json(preset, values, &request->body, err)
			: preset_render_form(preset, values, &request->body, err);
	if (r == 0 && request->body.is_over)
		r = err_set(err, -E2BIG, "the request is longer than %d bytes", PRESET_BODY_MAX);
	return r;
}

int preset_render(const struct preset *preset, const struct preset_values *values, struct preset_request *ret_request,
		  struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	struct preset_request request = {0};
	buf_init(&request.url, PRESET_URL_MAX);
	buf_init(&request.body, PRESET_BODY_MAX);
	preset_url_names(preset, is_url);

	int r = preset_url_add(&preset->url, values, is_url, &request.url, err);
	if (r == 0 && request.url.is_over)
		r = err_set(err, -E2BIG, "the address is longer than %d bytes", PRESET_URL_MAX);
	if (r == 0)
		r = preset_render_headers(preset, values, &request.headers, err);
	if (r == 0)
		r = preset_render_body(preset, values, &request, err);

	if (r < 0)
		preset_request_done(&request);
	else
		*ret_request = request;
	return r;
}

void preset_request_done(struct preset_request *request)
{
	buf_done(&request->url);
	buf_done(&request->body);
	strlist_done(&request->headers);
}

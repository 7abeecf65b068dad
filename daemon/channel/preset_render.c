/* preset_render: a preset and values make a request. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "channel/preset.h"
#include "channel/preset_section.h"
#include "channel/preset_shape.h"
#include "channel/preset_url.h"

enum { PRESET_URL_MAX = 8 * 1024, PRESET_HEADER_MAX = 8 * 1024, PRESET_BODY_MAX = 256 * 1024 };

/* What is rendered to see how long it becomes: a field, or the whole body. */
struct preset_piece {
	const struct preset_call *call;
	const struct preset_field *field; /* NULL = the body */
	size_t max;
	enum utf8_unit unit;
};

static int preset_render_whole(const struct preset_call *call, const struct preset_values *values, struct buf *out,
			       struct err *err);

/* Renders the piece alone into out; how long it is, or a negative error. */
static int64_t preset_piece_render(const struct preset_piece *piece, const struct preset_values *values,
				   struct buf *out, struct err *err)
{
	int r = 0;
	buf_clear(out);
	if (piece->field == NULL)
		r = preset_render_whole(piece->call, values, out, err);
	else
		preset_text_add(&piece->field->text, values, piece->field->escape, out);
	return r < 0 ? r : (int64_t)utf8_length(buf_str(out), piece->unit);
}

/* The longest beginning of the value of a name with which the piece fits, by bisection: how long a character becomes is
 * known only once it is escaped. Puts it into cut. */
static int preset_piece_cut(const struct preset_piece *piece, struct preset_values *values, size_t name,
			    struct buf *cut, struct buf *out, struct err *err)
{
	const char *value = values->items[name] != NULL ? values->items[name] : "";
	size_t fits = 0, over = strlen(value);
	while (fits + 1 < over) {
		size_t len = fits + (over - fits) / 2;
		buf_clear(cut);
		buf_add(cut, value, utf8_prefix(value, len, UTF8_BYTES));
		buf_add_str(cut, "…");
		values->items[name] = buf_str(cut);
		int64_t length = preset_piece_render(piece, values, out, err);
		if (length < 0)
			return (int)length;
		if ((uint64_t)length <= piece->max)
			fits = len;
		else
			over = len;
	}
	buf_clear(cut);
	if (fits != 0) {
		buf_add(cut, value, utf8_prefix(value, fits, UTF8_BYTES));
		buf_add_str(cut, "…");
	}
	values->items[name] = buf_str(cut);
	return 0;
}

/* Leaves out the end of {{text}}, and if that is not enough of {{subject}}, until the piece fits. */
static int preset_piece_fit(const struct preset_piece *piece, const struct preset_values *values, struct buf *out,
			    struct err *err)
{
	static const size_t names[] = {PRESET_TEXT, PRESET_SUBJECT};
	struct preset_values mine = *values;
	struct buf cuts[2];
	int r = 0;
	buf_init(&cuts[0], PRESET_BODY_MAX);
	buf_init(&cuts[1], PRESET_BODY_MAX);
	int64_t length = preset_piece_render(piece, &mine, out, err);
	for (size_t i = 0; r == 0 && i < 2 && length >= 0 && (uint64_t)length > piece->max; i++) {
		r = preset_piece_cut(piece, &mine, names[i], &cuts[i], out, err);
		if (r == 0)
			length = preset_piece_render(piece, &mine, out, err);
	}
	buf_done(&cuts[0]);
	buf_done(&cuts[1]);
	if (r < 0 || length < 0)
		return r < 0 ? r : (int)length;
	if ((uint64_t)length > piece->max)
		return err_set(err, -E2BIG,
			       "the message is longer than the %zu the service takes, even with its text cut",
			       piece->max);
	return 0;
}

static int preset_field_render(const struct preset_field *field, const struct preset_values *values, struct buf *out,
			       struct err *err)
{
	if (field->limit != 0 && field->is_as_sent)
		return preset_piece_fit(&(struct preset_piece){NULL, field, field->limit, field->unit}, values, out,
					err);
	if (field->limit != 0)
		return preset_text_add_cut(&field->text, values, field->escape, field->limit, field->unit, out, err);
	preset_text_add(&field->text, values, field->escape, out);
	return out->is_over ? err_set(err, -E2BIG, "%s is too long", field->name) : 0;
}

static int preset_render_header(const struct preset_field *field, const struct preset_values *values,
				struct strlist *headers, struct err *err)
{
	struct buf line, encoded;
	buf_init(&line, PRESET_HEADER_MAX);
	buf_init(&encoded, PRESET_HEADER_MAX);
	int r = preset_field_render(field, values, &line, err);
	if (field->is_encoded)
		preset_encode_words(&encoded, buf_str(&line));
	else
		buf_add(&encoded, buf_str(&line), line.len);
	if (r == 0 && encoded.is_over)
		r = err_set(err, -E2BIG, "%s is too long", field->name);
	char *header = encoded.len != 0 ? mem_printf("%s: %s", field->name, buf_str(&encoded))
					: mem_printf("%s;", field->name); /* libcurl's way to say "empty" */
	strlist_add(headers, header, strlen(header));
	mem_free_secret(header);
	mem_free_secret(buf_take(&line));
	mem_free_secret(buf_take(&encoded));
	return r;
}

static bool preset_has_header(const struct preset_call *call, const char *name)
{
	for (size_t i = 0; i < call->headers.n; i++)
		if (strcasecmp(call->headers.items[i].name, name) == 0)
			return true;
	return false;
}

static int preset_render_headers(const struct preset_call *call, const struct preset_values *values,
				 struct strlist *headers, struct err *err)
{
	static const char *const types[] = {[PRESET_BODY_JSON] = "Content-Type: application/json",
					    [PRESET_BODY_FORM] = "Content-Type: application/x-www-form-urlencoded",
					    [PRESET_BODY_PLAIN] = "Content-Type: text/plain; charset=utf-8"};
	int r = 0;
	for (size_t i = 0; r == 0 && i < call->headers.n; i++) {
		if (preset_field_is_used(&call->headers, i, values))
			r = preset_render_header(&call->headers.items[i], values, headers, err);
	}
	if (call->body != PRESET_BODY_NONE && !preset_has_header(call, "Content-Type"))
		strlist_add(headers, types[call->body], strlen(types[call->body]));
	return r;
}

/* Appends a leaf; text is for what comes before it is JSON. */
static int preset_leaf(const struct preset_field *field, const struct preset_values *values, struct buf *text,
		       struct buf *out, struct err *err)
{
	buf_clear(text);
	int r = preset_field_render(field, values, text, err);
	if (r == 0)
		r = preset_json_add(out, buf_str(text), field->type, err);
	if (r < 0)
		err_prefix(err, "%s", field->name);
	return r;
}

static int preset_render_json(const struct preset_call *call, const struct preset_values *values, struct buf *out,
			      struct err *err)
{
	const struct preset_shape *shape;
	struct buf text;
	int r = preset_shape_of(call->shapes, &call->fields, values, &shape, err);
	if (r < 0)
		return r;
	size_t at = 0;
	buf_init(&text, PRESET_BODY_MAX);
	for (size_t i = 0; r == 0 && i < shape->n; i++) {
		const struct preset_hole *hole = &shape->holes[i];
		buf_add(out, shape->text.data + at, hole->at - at);
		at = hole->at;
		r = preset_leaf(&call->fields.items[hole->field], values, &text, out, err);
	}
	buf_add(out, shape->text.data + at, shape->text.len - at);
	buf_done(&text);
	return r;
}

/* "a=1&b=2", for a form or a query. */
static int preset_render_pairs(const struct preset_fields *fields, const struct preset_values *values, struct buf *out,
			       struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < fields->n; i++) {
		const struct preset_field *field = &fields->items[i];
		if (!preset_field_is_used(fields, i, values))
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
		mem_free_secret(buf_take(&value));
	}
	return r;
}

static int preset_render_plain(const struct preset_call *call, const struct preset_values *values, struct buf *out,
			       struct err *err)
{
	return call->fields.n != 0 ? preset_field_render(&call->fields.items[0], values, out, err) : 0;
}

static int preset_render_whole(const struct preset_call *call, const struct preset_values *values, struct buf *out,
			       struct err *err)
{
	int r = 0;
	buf_clear(out);
	if (call->body == PRESET_BODY_JSON)
		r = preset_render_json(call, values, out, err);
	else if (call->body == PRESET_BODY_FORM)
		r = preset_render_pairs(&call->fields, values, out, err);
	else if (call->body == PRESET_BODY_PLAIN)
		r = preset_render_plain(call, values, out, err);
	if (r == 0 && out->is_over)
		r = err_set(err, -E2BIG, "the request is longer than %d bytes", PRESET_BODY_MAX);
	return r;
}

static int preset_render_body(const struct preset_call *call, const struct preset_values *values, struct buf *out,
			      struct err *err)
{
	if (call->body_limit == 0)
		return preset_render_whole(call, values, out, err);
	return preset_piece_fit(&(struct preset_piece){call, NULL, call->body_limit, UTF8_BYTES}, values, out, err);
}

static int preset_render_url(const struct preset *preset, const struct preset_call *call,
			     const struct preset_values *values, struct buf *out, struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	struct buf query;
	preset_url_names(preset, is_url);
	int r = preset_url_add(&call->url, values, is_url, out, err);
	if (r < 0)
		return r;
	buf_init(&query, PRESET_URL_MAX);
	r = preset_render_pairs(&call->query, values, &query, err);
	if (query.len != 0) {
		buf_add_char(out, strchr(buf_str(out), '?') != NULL ? '&' : '?');
		buf_add(out, buf_str(&query), query.len);
	}
	if (r == 0 && (out->is_over || query.is_over))
		r = err_set(err, -E2BIG, "the address is longer than %d bytes", PRESET_URL_MAX);
	mem_free_secret(buf_take(&query));
	return r;
}

int preset_render_link(const struct preset *preset, const struct preset_values *values, char **ret_link,
		       struct err *err)
{
	const struct preset_text *text = &preset->invite;
	bool is_url[PRESET_NAMES_LIMIT];
	struct buf link;
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].literal == NULL && values->items[text->parts[i].name] == NULL)
			return err_set(err, -ENOTSUP, "the link for an invitation needs the key '%s'",
				       preset->names.items[text->parts[i].name]);
	buf_init(&link, PRESET_URL_MAX);
	preset_url_names(preset, is_url);
	int r = preset_url_add(text, values, is_url, &link, err);
	if (r == 0 && link.is_over)
		r = err_set(err, -EINVAL, "the link is longer than %d bytes", PRESET_URL_MAX);
	if (r == 0)
		*ret_link = buf_take(&link);
	buf_done(&link);
	return r;
}

/* The body first: what is computed for headers may depend on it. */
static int preset_render_parts(const struct preset *preset, const struct preset_call *call,
			       struct preset_values *values, struct strlist *texts, struct preset_request *request,
			       struct err *err)
{
	int r = preset_make_values(preset, call->needs, values, texts, err);
	if (r == 0)
		r = preset_render_url(preset, call, values, &request->url, err);
	if (r == 0)
		r = preset_render_body(call, values, &request->body, err);
	if (r == 0) {
		values->items[PRESET_BODY_TEXT] = buf_str(&request->body);
		r = preset_make_values(preset, call->needs, values, texts, err);
	}
	if (r == 0)
		r = preset_render_headers(call, values, &request->headers, err);
	return r;
}

int preset_render(const struct preset *preset, const struct preset_call *call, const struct preset_values *values,
		  struct preset_request *ret_request, struct err *err)
{
	struct preset_request request = {0};
	struct preset_values mine = *values;
	struct strlist texts = {0};
	buf_init(&request.url, PRESET_URL_MAX);
	buf_init(&request.body, PRESET_BODY_MAX);
	int r = preset_render_parts(preset, call, &mine, &texts, &request, err);
	preset_texts_done(&texts);
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

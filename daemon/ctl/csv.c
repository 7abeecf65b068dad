#include "ctl/csv.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

#define CSV_BOM "\xef\xbb\xbf"

static int csv_check_text(const char *text, size_t len, unsigned *ret_line, struct err *err)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		*ret_line = 1;
		return err_set(err, -EINVAL, "the file is UTF-16: save it as CSV in UTF-8");
	}
	if (utf8_is_valid(text, len))
		return 0;

	unsigned line = 1;
	for (const char *end = text + len; text < end; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline != NULL ? newline + 1 : end;
		if (!utf8_is_valid(text, (size_t)(line_end - text)))
			break;
		text = line_end;
	}
	*ret_line = line;
	return err_set(err, -EINVAL, "the text is not UTF-8: save the file as CSV in UTF-8");
}

/* What stands between quotes does not count; an odd quote is reported when the record is read. */
static char csv_find_separator(const char *text, const char *end)
{
	size_t commas = 0, semicolons = 0;
	bool is_quoted = false;
	for (; text < end && (is_quoted || *text != '\n'); text++) {
		if (*text == '"')
			is_quoted = !is_quoted;
		commas += !is_quoted && *text == ',';
		semicolons += !is_quoted && *text == ';';
	}
	return semicolons > commas ? ';' : ',';
}

/* Behind the end of the current line, which a broken record does not get past. */
static void csv_skip_line(struct csv *csv)
{
	char *newline = memchr(csv->next, '\n', (size_t)(csv->end - csv->next));
	csv->next = newline != NULL ? newline + 1 : csv->end;
	csv->line += newline != NULL;
}

static bool csv_is_at_line_end(const struct csv *csv)
{
	return csv->next == csv->end || *csv->next == '\n' || (*csv->next == '\r' && csv->next[1] == '\n');
}

static void csv_skip_blanks(struct csv *csv)
{
	while (*csv->next == ' ' || *csv->next == '\t')
		csv->next++;
}

/* What follows a field: a separator (true), or the end of the record. Either is taken. Call only where one of them is.
 */
static bool csv_take_separator(struct csv *csv)
{
	if (csv->next < csv->end && *csv->next == csv->separator) {
		csv->next++;
		return true;
	}
	csv_skip_line(csv);
	return false;
}

static int csv_take_quoted(struct csv *csv, char **ret_field, struct err *err)
{
	char *field = csv->next + 1, *out = field;
	unsigned start = csv->line;
	for (csv->next++;; csv->next++) {
		if (csv->next == csv->end)
			return err_set(err, -EINVAL, "the quote that opens in line %u is never closed", start);
		if (*csv->next == '"' && *++csv->next != '"')
			break;
		csv->line += *csv->next == '\n';
		if (*csv->next != '\r' || csv->next[1] != '\n')
			*out++ = *csv->next;
	}
	csv_skip_blanks(csv);
	if (!csv_is_at_line_end(csv) && *csv->next != csv->separator)
		return err_set(err, -EINVAL, "text follows the closing quote: write a quote inside quotes twice");
	*ret_field = field;
	*out = '\0'; /* at the closing quote or before it */
	return 0;
}

static int csv_take_plain(struct csv *csv, char **ret_field, char **ret_field_end, struct err *err)
{
	char *field = csv->next;
	for (; !csv_is_at_line_end(csv) && *csv->next != csv->separator; csv->next++) {
		if (*csv->next == '"')
			return err_set(err, -EINVAL,
				       "a quote inside a field: put the whole field in quotes and the quote twice");
		if (*csv->next == '\r')
			return err_set(err, -EINVAL, "a carriage return without a newline");
	}
	char *end = csv->next;
	while (end > field && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret_field = field;
	*ret_field_end = end;
	return 0;
}

/* Takes a field and what follows it; *ret_is_last when the record ends there. */
static int csv_take_field(struct csv *csv, char **ret_field, bool *ret_is_last, struct err *err)
{
	char *plain_end = NULL;
	csv_skip_blanks(csv);
	int status = *csv->next == '"' ? csv_take_quoted(csv, ret_field, err)
				       : csv_take_plain(csv, ret_field, &plain_end, err);
	if (status < 0) {
		csv_skip_line(csv);
		return status;
	}
	*ret_is_last = !csv_take_separator(csv);
	if (plain_end != NULL)
		*plain_end = '\0'; /* only now: it may be where the separator was */
	return 0;
}

/* Lines without anything are no records; lines of blanks neither. */
static void csv_skip_empty_lines(struct csv *csv)
{
	while (csv->next < csv->end) {
		const char *text = csv->next + strspn(csv->next, " \t");
		text += *text == '\r';
		if (*text != '\n' && text != csv->end)
			return;
		csv_skip_line(csv);
	}
}

/* Excel's own first line, "sep=;". Where it names another separator, the header will tell. */
static void csv_skip_separator_line(struct csv *csv)
{
	size_t len = strcspn(csv->next, "\r\n");
	if (len != strlen("sep=;") || memcmp(csv->next, "sep=", strlen("sep=")) != 0)
		return;
	csv_skip_line(csv);
	csv_skip_empty_lines(csv);
}

int csv_open(char *text, size_t len, struct csv *ret_csv, unsigned *ret_line, struct err *err)
{
	int status = csv_check_text(text, len, ret_line, err);
	if (status < 0)
		return status;
	char *end = text + len;
	*end = '\0';
	if (len >= strlen(CSV_BOM) && memcmp(text, CSV_BOM, strlen(CSV_BOM)) == 0)
		text += strlen(CSV_BOM);
	struct csv csv = {.next = text, .end = end, .line = 1};
	csv_skip_empty_lines(&csv);
	csv_skip_separator_line(&csv);
	csv.separator = csv_find_separator(csv.next, end);
	*ret_csv = csv;
	return 0;
}

int csv_next(struct csv *csv, struct csv_record *record, struct err *err)
{
	csv_skip_empty_lines(csv);
	record->n = 0;
	record->line = csv->line;
	record->is_empty = true;
	if (csv->next == csv->end)
		return 0;

	for (bool is_last = false; !is_last; record->n++) {
		if (record->n == CSV_FIELDS_MAX) {
			csv_skip_line(csv);
			return err_set(err, -EINVAL, "more than %d fields", CSV_FIELDS_MAX);
		}
		char **field = &record->fields[record->n];
		int status = csv_take_field(csv, field, &is_last, err);
		if (status < 0)
			return status;
		record->is_empty = record->is_empty && (*field)[0] == '\0';
	}
	return 1;
}

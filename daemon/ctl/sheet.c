#include "ctl/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strlist.h"

static const char *const sheet_task_columns[] = {"uid",    "title",  "when", "zone",     "place",
						 "policy", "people", "note", "priority", "rrule"};
static const char *const sheet_person_columns[] = {"id",    "name", "language", "zone",    "calendar",
						   "quiet", "work", "digest",   "ceiling", "channels"};
enum {
	SHEET_TASK_COLUMNS = sizeof(sheet_task_columns) / sizeof(sheet_task_columns[0]),
	SHEET_PERSON_COLUMNS = sizeof(sheet_person_columns) / sizeof(sheet_person_columns[0]),
};

/* ---- the header ---------------------------------------------------------------------------------------------------
 */

static bool sheet_has_column(const struct sheet *sheet, const char *name)
{
	for (size_t i = 0; i < sheet->n_columns; i++)
		if (strcmp(sheet->columns[i], name) == 0)
			return true;
	return false;
}

/* Every column that a sheet of this kind may have: the fixed ones, and the channels for people. The caller frees the
 * array; the names are borrowed. */
static const char **sheet_known_columns(enum sheet_kind kind, const struct conf *conf, size_t *ret_n)
{
	bool is_tasks = kind == SHEET_TASKS;
	size_t n_fixed = is_tasks ? SHEET_TASK_COLUMNS : SHEET_PERSON_COLUMNS;
	size_t n_channels = is_tasks ? 0 : conf->n_channels;
	const char **known = mem_zero(n_fixed + n_channels, sizeof(*known));
	memcpy(known, is_tasks ? sheet_task_columns : sheet_person_columns, n_fixed * sizeof(*known));
	for (size_t i = 0; i < n_channels; i++)
		known[n_fixed + i] = conf->channels[i]->name;
	*ret_n = n_fixed + n_channels;
	return known;
}

static void sheet_report_unknown(const struct sheet *sheet, struct problems *problems, const char *name,
				 const char *const *known, size_t n)
{
	const char *nearest = strlist_nearest(name, known, n);
	struct buf text;
	buf_init(&text, 4096);
	buf_add_str(&text, name[0] != '\0' ? "unknown column" : "a column has no name");
	if (nearest != NULL)
		buf_printf(&text, ", did you mean '%s'?", nearest);
	else
		buf_add_str(&text, "; the columns are");
	for (size_t i = 0; i < n && nearest == NULL; i++)
		buf_printf(&text, "%s %s", i > 0 ? "," : "", known[i]);
	if (nearest == NULL && sheet->kind == SHEET_PEOPLE)
		buf_add_str(&text, " (a channel's column has its name)");
	sheet_report(sheet, problems, name[0] != '\0' ? name : "header", buf_str(&text));
	buf_done(&text);
}

/* The column of a channel that is called like a column of its own could mean either. */
static bool sheet_is_channel(const struct sheet *sheet, const struct conf *conf, const char *name)
{
	bool is_own = false;
	for (size_t i = 0; i < SHEET_PERSON_COLUMNS; i++)
		is_own = is_own || strcmp(sheet_person_columns[i], name) == 0;
	return sheet->kind == SHEET_PEOPLE && is_own && conf_has_channel(conf, name);
}

static void sheet_check_columns(const struct sheet *sheet, const struct conf *conf, struct problems *problems)
{
	size_t n_known;
	const char **known = sheet_known_columns(sheet->kind, conf, &n_known);
	for (size_t i = 0; i < sheet->n_columns; i++) {
		const char *name = sheet->columns[i];
		bool is_known = false, is_repeated = false;
		for (size_t j = 0; j < n_known; j++)
			is_known = is_known || strcmp(known[j], name) == 0;
		for (size_t j = 0; j < i; j++)
			is_repeated = is_repeated || strcmp(sheet->columns[j], name) == 0;
		if (!is_known)
			sheet_report_unknown(sheet, problems, name, known, n_known);
		else if (sheet_is_channel(sheet, conf, name))
			sheet_report(sheet, problems, name,
				     "a channel of the configuration has this name, too: give [channel NAME] another");
		else if (is_repeated)
			sheet_report(sheet, problems, name, "the column is there twice");
	}
	free(known);
}

/* Which kind of sheet the header makes it; false when it is neither. */
static bool sheet_find_kind(struct sheet *sheet)
{
	bool is_tasks = sheet_has_column(sheet, "uid") && sheet_has_column(sheet, "when");
	sheet->kind = is_tasks ? SHEET_TASKS : SHEET_PEOPLE;
	return is_tasks || (sheet_has_column(sheet, "id") && sheet_has_column(sheet, "name"));
}

/* A column that would be right in small letters; NULL when there is none. */
static const char *sheet_find_capitals(const struct sheet *sheet)
{
	static const char *const names[] = {"uid", "title", "when", "id", "name"};
	for (size_t i = 0; i < sheet->n_columns; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (strcasecmp(sheet->columns[i], names[j]) == 0 && strcmp(sheet->columns[i], names[j]) != 0)
				return sheet->columns[i];
	return NULL;
}

static void sheet_report_kind(const struct sheet *sheet, struct problems *problems)
{
	const char *capitals = sheet_find_capitals(sheet);
	if (sheet->n_columns == 1 && strchr(sheet->columns[0], '\t') != NULL) {
		sheet_report(sheet, problems, "header", "the columns are separated by tabs: use ',' or ';'");
	} else if (capitals != NULL) {
		char *words = mem_printf("found '%s': the names of columns are written small", capitals);
		sheet_report(sheet, problems, "header", words);
		free(words);
	} else {
		sheet_report(sheet, problems, "header",
			     "neither tasks (columns uid, title, when, ...) nor people (columns id, name, ...)");
	}
}

static void sheet_read_header(struct sheet *sheet, const struct conf *conf, struct problems *problems)
{
	struct err err = {0};
	int status = csv_next(&sheet->csv, &sheet->record, &err);
	if (status <= 0) {
		sheet_report(sheet, problems, "header", status < 0 ? err.text : "the file is empty");
		return;
	}
	memcpy(sheet->columns, sheet->record.fields, sheet->record.n * sizeof(sheet->columns[0]));
	sheet->n_columns = sheet->record.n;
	if (!sheet_find_kind(sheet)) {
		sheet_report_kind(sheet, problems);
		return;
	}
	sheet_check_columns(sheet, conf, problems);
	if (sheet->kind == SHEET_TASKS && !sheet_has_column(sheet, "title"))
		sheet_report(sheet, problems, "header", "the column 'title' is missing");
}

/* ---- the file -----------------------------------------------------------------------------------------------------
 */

static int sheet_load(const char *file, struct buf *text, struct err *err)
{
	char chunk[16 * 1024];
	ssize_t len = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", file, strerror(errno));
	while (!text->is_over && ((len = read(fd, chunk, sizeof(chunk))) > 0 || (len < 0 && errno == EINTR)))
		if (len > 0)
			buf_add(text, chunk, (size_t)len);
	int status = len < 0 ? err_set(err, -errno, "%s: %s", file, strerror(errno)) : 0;
	if (text->is_over)
		status = err_set(err, -EFBIG, "%s: the file is larger than %d MiB", file,
				 SHEET_SIZE_MAX / (1024 * 1024));
	(void)close(fd); /* only read */
	return status;
}

int sheet_open(const char *file, const struct conf *conf, struct problems *problems, struct sheet *ret_sheet,
	       struct err *err)
{
	struct buf text;
	buf_init(&text, SHEET_SIZE_MAX);
	int status = sheet_load(file, &text, err);
	if (status < 0) {
		buf_done(&text);
		return status;
	}

	size_t len = text.len, n_before = problems->n;
	unsigned line = 0;
	struct err wrong = {0};
	*ret_sheet = (struct sheet){.file = file, .text = buf_take(&text)};
	if (csv_open(ret_sheet->text, len, &ret_sheet->csv, &line, &wrong) < 0)
		problems_add(problems, file, line, "row: %s", wrong.text);
	else
		sheet_read_header(ret_sheet, conf, problems);
	if (problems->n != n_before)
		ret_sheet->csv.next = ret_sheet->csv.end; /* without its header no row can be understood */
	return 0;
}

void sheet_close(struct sheet *sheet)
{
	free(sheet->text);
	sheet->text = NULL;
}

/* ---- the rows -----------------------------------------------------------------------------------------------------
 */

static bool sheet_check_row(const struct sheet *sheet, int status, const struct err *err, struct problems *problems)
{
	struct err words = *err;
	const char *column = "row";
	if (status < 0 && sheet->record.n < sheet->n_columns)
		column = sheet->columns[sheet->record.n];
	else if (status > 0 && sheet->record.n != sheet->n_columns)
		status = err_set(&words, -EINVAL, "%zu %s, but the header has %zu %s", sheet->record.n,
				 num_word((int64_t)sheet->record.n, "field", "fields"), sheet->n_columns,
				 num_word((int64_t)sheet->n_columns, "column", "columns"));
	if (status < 0)
		sheet_report(sheet, problems, column, words.text);
	return status > 0;
}

bool sheet_next(struct sheet *sheet, struct problems *problems)
{
	struct err err = {0};
	int status;
	while ((status = csv_next(&sheet->csv, &sheet->record, &err)) != 0) {
		if (++sheet->rows > SHEET_ROWS_MAX) {
			sheet_report(sheet, problems, "row", "the file has more than 2 million rows");
			sheet->csv.next = sheet->csv.end;
			return false;
		}
		if (status > 0 && sheet->record.is_empty)
			continue;
		if (sheet_check_row(sheet, status, &err, problems))
			return true;
	}
	return false;
}

const char *sheet_field(const struct sheet *sheet, const char *column)
{
	for (size_t i = 0; i < sheet->n_columns; i++)
		if (strcmp(sheet->columns[i], column) == 0)
			return sheet->record.fields[i];
	return NULL;
}

void sheet_report(const struct sheet *sheet, struct problems *problems, const char *column, const char *message)
{
	problems_add(problems, sheet->file, sheet->record.line, "%s: %s", column, message);
}

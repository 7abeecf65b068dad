/* What is read of a table comes back the same when it is written as the RFC wants it, and every line is a record, part of
 * one, empty, or an error. */
#include "base/buf.h"
#include "ctl/csv.h"
#include "fuzz.h"

enum { TABLE_MAX = 1024 * 1024 };

/* Every good record of the text, in quotes; text has one byte more than len. */
static void read_table(char *text, size_t len, struct buf *out)
{
	struct csv csv;
	struct csv_record record;
	struct err err = {""};
	unsigned line = 0, n_lines = 1;
	for (size_t i = 0; i < len; i++)
		n_lines += text[i] == '\n';
	if (csv_open(text, len, &csv, &line, &err) < 0) {
		FUZZ_NEED(line >= 1 && line <= n_lines && err.text[0] != '\0', err.text);
		return;
	}
	unsigned before = 0;
	int status;
	while ((status = csv_next(&csv, &record, &err)) != 0) {
		FUZZ_NEED(record.line > before && record.line <= n_lines, "each record begins on a line of its own");
		FUZZ_NEED(record.n <= CSV_FIELDS_MAX && (status < 0 || record.n > 0), "");
		before = record.line;
		bool is_empty = true;
		for (size_t i = 0; i < record.n; i++) {
			const char *field = record.fields[i];
			FUZZ_NEED(field >= text && field + strlen(field) <= text + len, "fields are in the text");
			is_empty = is_empty && field[0] == '\0';
			if (status < 0)
				continue;
			buf_add_str(out, i == 0 ? "\"" : ",\"");
			for (const char *p = field; *p != '\0'; p++) {
				buf_add_str(out, *p == '"' ? "\"" : "");
				buf_add_char(out, *p);
			}
			buf_add_char(out, '"');
		}
		FUZZ_NEED(status < 0 || is_empty == record.is_empty, "");
		buf_add_str(out, status < 0 ? "" : "\r\n");
	}
	FUZZ_NEED(csv.next == csv.end, csv.next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;
	buf_init(&once, TABLE_MAX);
	buf_init(&twice, TABLE_MAX);
	char *text = mem_alloc(size + 1);
	if (size != 0)
		memcpy(text, data, size);
	read_table(text, size, &once);

	char *copy = mem_dup(buf_str(&once));
	read_table(copy, once.len, &twice);
	/* a newline of a field is LF, so what follows a lone CR may be another one the second time */
	FUZZ_NEED(memchr(data, '\r', size) != NULL || strcmp(buf_str(&once), buf_str(&twice)) == 0, buf_str(&once));
	buf_done(&once);
	buf_done(&twice);
	free(text);
	free(copy);
	return 0;
}

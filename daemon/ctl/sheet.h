/* sheet: a CSV file of tasks or of people, with its columns known by name.
 *
 * What it is, the header tells: "uid" and "when" make it tasks, "id" and "name" people, who have a column for each
 * channel of the configuration as well. */
#ifndef DEADLINED_CTL_SHEET_H
#define DEADLINED_CTL_SHEET_H

#include <stddef.h>

#include "conf/conf.h"
#include "conf/problem.h"
#include "ctl/csv.h"

enum { SHEET_SIZE_MAX = 64 * 1024 * 1024, SHEET_ROWS_MAX = 2 * 1000 * 1000 };

enum sheet_kind { SHEET_TASKS, SHEET_PEOPLE };

struct sheet {
	const char *file; /* borrowed */
	enum sheet_kind kind;
	char *text;
	struct csv csv;
	struct csv_record record; /* the current row */
	size_t rows;
	size_t n_columns;
	const char *columns[CSV_FIELDS_MAX]; /* names, owned by text */
};

/* Reads the file and its header; conf (borrowed) has the channels. What is wrong with them is added to problems, and
 * the sheet then has no rows. Errors: errno of open(2) and read(2), -EFBIG; the words are in err. */
MUSTCHECK int sheet_open(const char *file, const struct conf *conf, struct problems *problems, struct sheet *ret_sheet,
			 struct err *err);
void sheet_close(struct sheet *sheet);

/* Goes to the next row; false when there is none. Rows that are no CSV or have another number of fields than the header
 * are added to problems and passed over, rows without anything in them passed over silently. */
bool sheet_next(struct sheet *sheet, struct problems *problems);

/* The field of the current row; NULL when the sheet has no such column. */
const char *sheet_field(const struct sheet *sheet, const char *column);

/* Adds "FILE:LINE: column: message" for the current row. */
void sheet_report(const struct sheet *sheet, struct problems *problems, const char *column, const char *message);

#endif

/* csv: comma-separated values as in RFC 4180, record by record.
 *
 * UTF-8 with or without a byte order mark; the separator is ',' or ';', whichever the first record has more of; lines
 * end in CRLF or LF. Fields in double quotes may hold separators, newlines (which come out as LF) and doubled quotes.
 * Blanks around a field without quotes are no part of it. Empty lines are skipped, and so is a first line "sep=;". What
 * the RFC does not allow, as a quote in the middle of a field, is an error of its record, and reading goes on with the
 * next line. */
#ifndef DEADLINED_CTL_CSV_H
#define DEADLINED_CTL_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { CSV_FIELDS_MAX = 256 };

struct csv {
	char *next, *end;
	unsigned line; /* of next */
	char separator;
};

struct csv_record {
	char *fields[CSV_FIELDS_MAX]; /* terminated, in the text that was opened */
	size_t n;                     /* after an error: the fields before the one with the error */
	unsigned line;                /* where the record starts */
	bool is_empty;                /* every field is */
};

/* Starts reading text, which must have one byte more than len (it is written to) and must outlive the records. Errors:
 * -EINVAL no UTF-8 or a 0 byte in it, *ret_line says where. */
MUSTCHECK int csv_open(char *text, size_t len, struct csv *ret_csv, unsigned *ret_line, struct err *err);

/* 1 = *record is the next record, 0 = there is none, -EINVAL = that record is no CSV; n and line are set. */
MUSTCHECK int csv_next(struct csv *csv, struct csv_record *record, struct err *err);

#endif

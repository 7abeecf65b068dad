/* table: rows of text in columns as wide as their widest cell, counted in terminal columns. */
#ifndef DEADLINED_BASE_TABLE_H
#define DEADLINED_BASE_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/strlist.h"

struct table {
	struct strlist cells; /* row by row, the headings first */
	size_t columns;
};

/* headings: n of them, copied. */
void table_init(struct table *table, const char *const *headings, size_t n);
/* Appends the next cell, from left to right; copied. */
void table_add(struct table *table, const char *cell);
/* Prints headings and rows; a last row that is not complete is printed as far as it goes. Control characters are
 * printed as blanks. Needs setlocale(LC_CTYPE, "C.UTF-8") to count wide characters. */
void table_print(const struct table *table, FILE *out);
void table_done(struct table *table);

#endif

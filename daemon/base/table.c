#include "base/table.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/utf8.h"

void table_init(struct table *table, const char *const *headings, size_t n)
{
	*table = (struct table){.columns = n};
	for (size_t i = 0; i < n; i++)
		table_add(table, headings[i]);
}

void table_add(struct table *table, const char *cell)
{
	strlist_add(&table->cells, cell, strlen(cell));
}

static size_t table_char_width(uint32_t c)
{
	int width = utf8_is_control(c) ? 1 : wcwidth((wchar_t)c);
	return width < 0 ? 1 : (size_t)width;
}

static size_t table_width(const char *cell)
{
	const char *end = cell + strlen(cell);
	size_t width = 0;
	while (cell < end)
		width += table_char_width(utf8_next(&cell, end));
	return width;
}

static void table_print_cell(const char *cell, FILE *out)
{
	const char *end = cell + strlen(cell);
	while (cell < end) {
		const char *start = cell;
		uint32_t c = utf8_next(&cell, end);
		if (utf8_is_control(c))
			(void)fputc(' ', out);
		else
			(void)fwrite(start, 1, (size_t)(cell - start), out);
	}
}

void table_print(const struct table *table, FILE *out)
{
	size_t *widths = mem_zero(table->columns, sizeof(*widths));
	for (size_t i = 0; i < table->cells.n; i++) {
		size_t width = table_width(table->cells.items[i]);
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t i = 0; i < table->cells.n; i++) {
		size_t column = i % table->columns;
		bool is_last = column + 1 == table->columns || i + 1 == table->cells.n;
		size_t fill = is_last ? 0 : widths[column] + 2 - table_width(table->cells.items[i]);
		table_print_cell(table->cells.items[i], out);
		(void)fprintf(out, "%*s%s", (int)fill, "", is_last ? "\n" : "");
	}
	free(widths);
}

void table_done(struct table *table)
{
	strlist_done(&table->cells);
}

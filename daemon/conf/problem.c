#include "conf/problem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

/* What was read may hold anything; a problem is printed to a terminal. */
static void problem_make_printable(char *text)
{
	const char *end = text + strlen(text);
	const char *p = text;
	while (p < end) {
		size_t start = (size_t)(p - text);
		uint32_t c = utf8_next(&p, end);
		size_t len = (size_t)(p - text) - start;
		if (utf8_is_control(c) || (c == 0xfffd && len == 1))
			memset(text + start, '?', len);
	}
}

void problems_add(struct problems *problems, const char *file, unsigned line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);

	log_redact(text);
	problem_make_printable(text);
	problems->items = mem_grow(problems->items, problems->n + 1, sizeof(*problems->items));
	problems->items[problems->n++] = (struct problem){.file = mem_dup(file), .line = line, .text = text};
}

static int problem_compare(const void *a, const void *b)
{
	const struct problem *const *left = a, *const *right = b;
	int order = strcmp((*left)->file, (*right)->file);
	if (order == 0)
		order = ((*left)->line > (*right)->line) - ((*left)->line < (*right)->line);
	if (order == 0) /* same line: as they were found, which is their place in items */
		order = (*left > *right) - (*left < *right);
	return order;
}

bool problems_has_at(const struct problems *problems, const char *file, unsigned line)
{
	for (size_t i = 0; i < problems->n; i++)
		if (line != 0 && problems->items[i].line == line && strcmp(problems->items[i].file, file) == 0)
			return true;
	return false;
}

char *problem_words(const struct problem *problem)
{
	return problem->line != 0 ? mem_printf("%s:%u: %s", problem->file, problem->line, problem->text)
				  : mem_printf("%s: %s", problem->file, problem->text);
}

void problems_print(const struct problems *problems, FILE *out)
{
	const struct problem **sorted = mem_zero(problems->n, sizeof(struct problem *));
	for (size_t i = 0; i < problems->n; i++)
		sorted[i] = &problems->items[i];
	qsort(sorted, problems->n, sizeof(struct problem *), problem_compare);
	for (size_t i = 0; i < problems->n; i++) {
		char *words = problem_words(sorted[i]);
		(void)fprintf(out, "%s\n", words); /* nobody to tell */
		free(words);
	}
	free(sorted);
}

void problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->items[i].file);
		free(problems->items[i].text);
	}
	free(problems->items);
	*problems = (struct problems){0};
}

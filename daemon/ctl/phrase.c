#include "ctl/phrase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/output.h"

enum { PHRASE_MARGIN = 2 };

/* Columns of a stretch of the phrase as output_clean() will show it. */
static size_t phrase_width(const char *phrase, size_t offset, size_t length)
{
	size_t total = strlen(phrase);
	if (offset > total)
		offset = total;
	if (length > total - offset)
		length = total - offset;
	char *part = mem_dup_n(phrase + offset, length);
	char *clean = output_clean(part);
	size_t width = output_width(clean, strlen(clean));
	free(clean);
	free(part);
	return width;
}

void phrase_complain(const char *phrase, unsigned offset, unsigned length, const char *message)
{
	char *clean = output_clean(phrase);
	size_t before = phrase_width(phrase, 0, offset), width = phrase_width(phrase, offset, length);
	output_complain("the date is not understood: %s", message);
	(void)fprintf(stderr, "%*s%s\n%*s^", PHRASE_MARGIN, "", clean, PHRASE_MARGIN + (int)before, "");
	for (size_t i = 1; i < width; i++)
		(void)fputc('^', stderr);
	(void)fputc('\n', stderr);
	free(clean);
}

/* An INI file that is accepted has lost nothing: every line is a header, an entry, a comment or empty, and the value of
 * an entry stands in its line as a whole. */
#include "conf/ini.h"
#include "fuzz.h"

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Behind the value may stand blanks, and a comment behind a blank. */
static int is_rest(const char *rest)
{
	const char *end = skip_blanks(rest);
	return *end == '\0' || (end > rest && *end == ';');
}

static int is_whole(const char *line, const struct ini_entry *entry)
{
	size_t key_len = strlen(entry->key), len = strlen(entry->value);
	const char *value = skip_blanks(line + key_len);
	if (strncmp(line, entry->key, key_len) != 0 || *value != '=')
		return 0;
	if (len == 0 && is_rest(value + 1))
		return 1;
	value = skip_blanks(value + 1);
	if (strncmp(value, entry->value, len) == 0 && is_rest(value + len))
		return 1;
	return *value == '"' && strncmp(value + 1, entry->value, len) == 0 && value[len + 1] == '"' &&
	       is_rest(value + len + 2);
}

static const struct ini_entry *find_entry(const struct ini *ini, unsigned line)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		for (size_t k = 0; k < ini->sections[i].n_entries; k++)
			if (ini->sections[i].entries[k].line == line)
				return &ini->sections[i].entries[k];
	return NULL;
}

static int has_header(const struct ini *ini, unsigned line)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (ini->sections[i].line == line)
			return 1;
	return 0;
}

static void check_lines(const struct ini *ini, struct fuzz_input input)
{
	if (input.len >= 3 && memcmp(input.next, "\xef\xbb\xbf", 3) == 0) {
		input.next += 3;
		input.len -= 3;
	}
	for (unsigned number = 1; input.len > 0; number++) {
		char *line = fuzz_take_line(&input);
		size_t len = strlen(line);
		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		const struct ini_entry *entry = find_entry(ini, number);
		char first = *skip_blanks(line);
		if (line[0] == '[')
			FUZZ_NEED(entry == NULL && has_header(ini, number), line);
		else if (first == '\0' || first == ';' || first == '#')
			FUZZ_NEED(entry == NULL && !has_header(ini, number), line);
		else
			FUZZ_NEED(entry != NULL && is_whole(line, entry), line);
		free(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct ini *ini = ini_read_text("fuzz.ini", (const char *)data, size, &problems);
	FUZZ_NEED(ini != NULL, "");
	if (problems.n == 0)
		check_lines(ini, fuzz_input(data, size));
	for (size_t i = 0; i < problems.n; i++)
		FUZZ_NEED(problems.items[i].line > 0 && problems.items[i].text[0] != '\0', problems.items[i].text);
	problems_done(&problems);
	ini_free(ini);
	return 0;
}

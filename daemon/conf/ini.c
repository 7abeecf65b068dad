/* Happy path: ini_read() loads the file, inih asks ini_next_line() for one line after the other and hands each key and
 * value to ini_add_entry(). The reader knows the line's number, handles section headers, which inih would cut and does
 * not report, and hands over nothing that inih would understand in another way than it is written.
 * Failure modes: a line with a problem is reported and handed over as an empty one, so that reading goes on. After a
 * broken header the entries up to the next one are left out: they would land in the section before. */
#include "conf/ini.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define INI_BLANKS " \t"
#define INI_BOM "\xef\xbb\xbf"

enum ini_place { INI_BEFORE_SECTIONS, INI_IN_SECTION, INI_IN_BROKEN_SECTION };

struct ini_reading {
	struct ini *ini;
	struct problems *problems;
	const char *next; /* text not read yet */
	const char *end;
	unsigned line;
	enum ini_place place;
	size_t section;        /* index, for INI_IN_SECTION */
	bool is_entry_awaited; /* the line handed over last must come back to ini_add_entry() */
};

static bool ini_is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A NULL name finds a section without one only. */
static struct ini_section *ini_find_section(const struct ini *ini, const char *kind, const char *name)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (ini_is_same(ini->sections[i].kind, kind) && ini_is_same(ini->sections[i].name, name))
			return &ini->sections[i];
	return NULL;
}

/* Splits "kind the name" in place; *ret_name is NULL when there is only the kind. */
static void ini_split_header(char *header, char **ret_kind, char **ret_name)
{
	header += strspn(header, INI_BLANKS);
	for (size_t len = strlen(header); len > 0 && strchr(INI_BLANKS, header[len - 1]) != NULL; len--)
		header[len - 1] = '\0';

	char *name = header + strcspn(header, INI_BLANKS);
	*ret_kind = header;
	*ret_name = NULL;
	if (*name != '\0') {
		*name++ = '\0';
		*ret_name = name + strspn(name, INI_BLANKS);
	}
}

/* True when nothing that counts follows: the end of the line, or a blank and a comment. */
static bool ini_is_end(const char *rest)
{
	size_t blanks = strspn(rest, INI_BLANKS);
	return rest[blanks] == '\0' || (blanks > 0 && rest[blanks] == ';');
}

static void ini_add_section(struct ini_reading *reading, const char *kind, const char *name)
{
	struct ini *ini = reading->ini;
	const struct ini_section *first = ini_find_section(ini, kind, name);
	reading->place = INI_IN_SECTION;
	if (first != NULL) {
		problems_add(reading->problems, ini->file, reading->line,
			     "section [%s%s%s] is given again, first in line %u: write its keys there", kind,
			     name != NULL ? " " : "", name != NULL ? name : "", first->line);
		reading->section = (size_t)(first - ini->sections); /* so that its keys are checked too */
		return;
	}

	ini->sections = mem_grow(ini->sections, ini->n_sections + 1, sizeof(*ini->sections));
	reading->section = ini->n_sections++;
	ini->sections[reading->section] = (struct ini_section){
		.kind = mem_dup(kind),
		.name = name != NULL ? mem_dup(name) : NULL,
		.file = ini->file,
		.line = reading->line,
	};
}

static void ini_open_section(struct ini_reading *reading, char *line)
{
	char *close = strchr(line, ']');
	const char *wrong = NULL;
	if (close == NULL)
		wrong = "the section's ']' is missing: write [name]";
	else if (!ini_is_end(close + 1))
		wrong = "something stands after ']': only a comment, ' ; ...', may";
	else if (line + 1 + strspn(line + 1, INI_BLANKS) == close)
		wrong = "the section has no name: write [name]";

	if (wrong != NULL) {
		problems_add(reading->problems, reading->ini->file, reading->line, "%s", wrong);
		reading->place = INI_IN_BROKEN_SECTION;
		return;
	}

	char *kind, *name;
	*close = '\0';
	ini_split_header(line + 1, &kind, &name);
	ini_add_section(reading, kind, name);
}

/* Cuts " ; comment" off a "key = value" line. Returns what is wrong with it, or NULL. */
static const char *ini_cut_comment(char *line)
{
	char *scan = line + strcspn(line, "=");
	char *value = scan + (*scan == '=');
	value += strspn(value, INI_BLANKS);
	if (*value == '"') {
		char *close = strchr(value + 1, '"');
		if (close == NULL)
			return "the value's second '\"' is missing";
		scan = close; /* a ';' between the quotes starts no comment */
	}

	for (; *scan != '\0'; scan++)
		if (*scan == ';' && strchr(INI_BLANKS, scan[-1]) != NULL) {
			*scan = '\0';
			break;
		}
	return NULL;
}

/* The same for a line that is neither empty, nor a comment, nor a header. */
static bool ini_prepare_entry(struct ini_reading *reading, char *line)
{
	const char *wrong = NULL;
	if (strchr(INI_BLANKS, line[0]) != NULL)
		wrong = "the line starts with a blank: write a value in one line, and a key at the start of its line";
	else if (line[strcspn(line, "=:")] == ':')
		wrong = "':' stands where '=' belongs: write key = value";
	else
		wrong = ini_cut_comment(line);

	if (wrong != NULL)
		problems_add(reading->problems, reading->ini->file, reading->line, "%s", wrong);
	return wrong == NULL;
}

/* True when the line is one for inih: it should be "key = value". */
static bool ini_prepare_line(struct ini_reading *reading, char *line)
{
	if (strchr(";#", line[strspn(line, INI_BLANKS)]) != NULL) /* empty counts too: strchr() finds the final 0 */
		return false;

	long control = utf8_find_control(line, true);
	if (control >= 0) {
		problems_add(reading->problems, reading->ini->file, reading->line,
			     "the line holds a control character at byte %ld: take it out", control + 1);
		return false;
	}
	if (line[0] == '[') {
		ini_open_section(reading, line);
		return false;
	}
	return ini_prepare_entry(reading, line);
}

/* What makes a line unusable whatever stands in it. The words never repeat it: it may hold a password. */
static bool ini_check_bytes(struct ini_reading *reading, const char *text, size_t len)
{
	const char *file = reading->ini->file;
	if (len > INI_LINE_MAX)
		problems_add(reading->problems, file, reading->line, "the line is %zu bytes long: give at most %d", len,
			     INI_LINE_MAX);
	else if (memchr(text, '\0', len) != NULL)
		problems_add(reading->problems, file, reading->line, "the line holds a 0 byte: take it out");
	else if (!utf8_is_valid(text, len))
		problems_add(reading->problems, file, reading->line,
			     "the line is not UTF-8: save the file in that encoding");
	else
		return true;

	if (len > 0 && text[0] == '[')
		reading->place = INI_IN_BROKEN_SECTION;
	return false;
}

static void ini_report_unread_line(struct ini_reading *reading)
{
	if (reading->is_entry_awaited)
		problems_add(reading->problems, reading->ini->file, reading->line,
			     "the line is neither a [section] nor key = value");
	reading->is_entry_awaited = false;
}

/* Takes the next line off the text, without its end and without a byte order mark. */
static const char *ini_take_line(struct ini_reading *reading, size_t *ret_len)
{
	const char *start = reading->next;
	const char *newline = memchr(start, '\n', (size_t)(reading->end - start));
	size_t len = (size_t)((newline != NULL ? newline : reading->end) - start);
	reading->next = newline != NULL ? newline + 1 : reading->end;
	reading->line++;

	if (len > 0 && start[len - 1] == '\r')
		len--;
	if (reading->line == 1 && len >= strlen(INI_BOM) && memcmp(start, INI_BOM, strlen(INI_BOM)) == 0) {
		start += strlen(INI_BOM);
		len -= strlen(INI_BOM);
	}
	*ret_len = len;
	return start;
}

/* The reader of ini_parse_stream(). */
static char *ini_next_line(char *line, int size, void *stream)
{
	struct ini_reading *reading = stream;
	ini_report_unread_line(reading);
	if (reading->next == reading->end)
		return NULL;

	size_t len;
	const char *text = ini_take_line(reading, &len);
	line[0] = '\0';
	if (!ini_check_bytes(reading, text, len))
		return line;

	assert(len < (size_t)size);
	memcpy(line, text, len);
	line[len] = '\0';
	reading->is_entry_awaited = ini_prepare_line(reading, line);
	if (!reading->is_entry_awaited)
		line[0] = '\0';
	return line;
}

/* A copy of value, without the quotes when it is in quotes as a whole. */
static char *ini_unquote(const char *value)
{
	size_t len = strlen(value);
	if (value[0] == '"' && strchr(value + 1, '"') == value + len - 1)
		return mem_dup_n(value + 1, len - 2);
	return mem_dup(value);
}

/* The handler of ini_parse_stream(); inih's own idea of the section is not used. */
static int ini_add_entry(void *user, const char *inih_section, const char *key, const char *value)
{
	struct ini_reading *reading = user;
	(void)inih_section;
	reading->is_entry_awaited = false;

	if (key[0] == '\0') {
		problems_add(reading->problems, reading->ini->file, reading->line, "the key before '=' is missing");
	} else if (reading->place == INI_BEFORE_SECTIONS) {
		problems_add(reading->problems, reading->ini->file, reading->line,
			     "key '%s' stands before the first [section]: put it into one", key);
	} else if (reading->place == INI_IN_SECTION) {
		struct ini_section *section = &reading->ini->sections[reading->section];
		section->entries = mem_grow(section->entries, section->n_entries + 1, sizeof(*section->entries));
		section->entries[section->n_entries++] = (struct ini_entry){
			.key = mem_dup(key),
			.value = ini_unquote(value),
			.line = reading->line,
		};
	}
	return 1;
}

/* Debian's inih 55 has its build options as variables; with its defaults it splits
 * lines of over 199 bytes, continues values over lines, and cuts values at " ;". */
static void ini_set_up_inih(void)
{
	ini_max_line = INI_LINE_MAX + 1;
	ini_use_stack = true;
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = false;
}

struct ini *ini_read_text(const char *file, const char *text, size_t len, struct problems *problems)
{
	struct ini *ini = mem_zero(1, sizeof(*ini));
	ini->file = mem_dup(file);

	struct ini_reading reading = {.ini = ini, .problems = problems, .next = text, .end = text + len};
	ini_set_up_inih();
	/* A line it does not understand is found by ini_report_unread_line(); nothing else can go wrong. */
	(void)ini_parse_stream(ini_next_line, &reading, ini_add_entry, &reading);
	return ini;
}

static int ini_load(const char *file, struct buf *text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;

	char chunk[8192];
	ssize_t len = 0;
	while (!text->is_over && ((len = read(fd, chunk, sizeof(chunk))) > 0 || (len < 0 && errno == EINTR)))
		if (len > 0)
			buf_add(text, chunk, (size_t)len);
	int code = text->is_over ? -EFBIG : len < 0 ? -errno : 0;
	(void)close(fd); /* only read */
	return code;
}

/* By its mark, or because every other byte or so is a 0. A file of nothing but 0 bytes is none: a crash leaves such. */
static bool ini_is_utf16(const char *text, size_t len)
{
	size_t n_zeros = 0;
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return true;
	for (size_t i = 0; i < len; i++)
		n_zeros += text[i] == '\0';
	return n_zeros >= 2 && n_zeros >= len / 4 && n_zeros <= len / 3 * 2;
}

struct ini *ini_read(const char *file, struct problems *problems)
{
	struct ini *ini = NULL;
	struct buf text;
	buf_init(&text, INI_FILE_MAX);
	int code = ini_load(file, &text);
	if (code == -EFBIG)
		problems_add(problems, file, 0, "the file is larger than %d bytes", INI_FILE_MAX);
	else if (code < 0)
		problems_add(problems, file, 0, "the file cannot be read: %s", strerror(-code));
	else if (ini_is_utf16(buf_str(&text), text.len))
		problems_add(problems, file, 0, "the file is UTF-16: save it as UTF-8");
	else
		ini = ini_read_text(file, buf_str(&text), text.len, problems);
	buf_done(&text);
	return ini;
}

static void ini_section_done(struct ini_section *section)
{
	for (size_t i = 0; i < section->n_entries; i++) {
		free(section->entries[i].key);
		mem_free_secret(section->entries[i].value); /* a password in the clear is refused, but it was here */
	}
	free(section->entries);
	free(section->kind);
	free(section->name);
}

void ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->n_sections; i++)
		ini_section_done(&ini->sections[i]);
	free(ini->sections);
	free(ini->file);
	free(ini);
}

const struct ini_entry *ini_find(const struct ini_section *section, const char *key)
{
	for (size_t i = section->n_entries; i > 0; i--)
		if (strcmp(section->entries[i - 1].key, key) == 0)
			return &section->entries[i - 1];
	return NULL;
}

const struct ini_section *ini_section(const struct ini *ini, const char *kind, const char *name)
{
	return ini_find_section(ini, kind, name);
}

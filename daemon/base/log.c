#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/recode.h"
#include "base/utf8.h"

enum { LOG_LINE_MAX = 2048, LOG_SECRET_MIN = 4, LOG_GATHERED_MAX = 65536 };

/* The one place with state of its own: what may be written and what may not holds for the process. */
static enum log_level log_limit = LOG_LEVEL_INFO;
static char **log_secrets;
static size_t log_n_secrets;
static struct buf log_gathered;
static bool log_is_gathering;

enum log_level log_set_level(enum log_level level)
{
	enum log_level before = log_limit;
	log_limit = level;
	return before;
}

static void log_hide_text(const char *secret)
{
	if (strlen(secret) < LOG_SECRET_MIN)
		return;
	for (size_t i = 0; i < log_n_secrets; i++)
		if (strcmp(log_secrets[i], secret) == 0)
			return;

	/* Longest first: a secret that starts another one must not be replaced inside it and leave its tail. */
	size_t at = 0;
	while (at < log_n_secrets && strlen(log_secrets[at]) >= strlen(secret))
		at++;
	log_secrets = mem_grow(log_secrets, log_n_secrets + 1, sizeof(*log_secrets));
	memmove(&log_secrets[at + 1], &log_secrets[at], (log_n_secrets - at) * sizeof(*log_secrets));
	log_secrets[at] = mem_dup(secret);
	log_n_secrets++;
}

void log_hide(const char *secret)
{
	log_hide_text(secret);
	for (unsigned form = 0; form < RECODE_BASE64_FORMS; form++) {
		char *text = recode_base64(secret, form);
		log_hide_text(text);
		mem_free_secret(text);
	}
}

/* Where in text, which may be escaped, the secret is next; NULL when nowhere. */
static char *log_find(char *text, bool is_escaped, const char *secret, size_t *ret_len)
{
	bool is_cut;
	*ret_len = strlen(secret);
	if (!is_escaped)
		return strstr(text, secret);
	for (; *text != '\0'; text++)
		if ((*ret_len = recode_match(text, secret, &is_cut)) != 0)
			return text;
	return NULL;
}

/* Each byte that stays is moved once, however often the secret is there. */
static void log_redact_secret(char *text, bool is_escaped, const char *secret)
{
	size_t len;
	char *kept_end = text, *hit;
	while ((hit = log_find(text, is_escaped, secret, &len)) != NULL) {
		size_t n_kept = (size_t)(hit - text);
		memmove(kept_end, text, n_kept);
		memcpy(kept_end + n_kept, "***", 3);
		kept_end += n_kept + 3;
		text = hit + len;
	}
	memmove(kept_end, text, strlen(text) + 1);
}

void log_redact(char *text)
{
	bool is_escaped = recode_is_escaped(text);
	for (size_t i = 0; i < log_n_secrets; i++)
		log_redact_secret(text, is_escaped, log_secrets[i]);
}

void log_redact_cut(char *text)
{
	bool is_cut = false;
	log_redact(text);
	for (size_t at = 0; text[at] != '\0' && !is_cut; at++) {
		for (size_t i = 0; i < log_n_secrets && !is_cut; i++)
			(void)recode_match(text + at, log_secrets[i], &is_cut);
		if (is_cut)
			text[at] = '\0';
	}
}

static void log_add_escaped(struct buf *line, const char *text)
{
	const char *end = text + strlen(text);
	for (;;) {
		size_t plain = utf8_plain(text, end);
		buf_add(line, text, plain);
		text += plain;
		if (text == end)
			return;
		const char *start = text;
		uint32_t c = utf8_next(&text, end);
		if (utf8_is_control(c) || (c == 0xfffd && text - start == 1))
			for (; start < text; start++)
				buf_printf(line, "\\x%02x", (unsigned char)*start);
		else
			buf_add(line, start, (size_t)(text - start));
	}
}

PRINTF(1, 0) static char *log_format(const char *fmt, va_list args)
{
	char *text = NULL;
	return vasprintf(&text, fmt, args) < 0 ? mem_dup("a line that could not be put together") : text;
}

/* Nobody is to be told when even this fails. */
static void log_put(const struct buf *text)
{
	(void)fwrite(buf_str(text), 1, text->len, stderr);
}

static void log_flush(void)
{
	log_put(&log_gathered);
	buf_clear(&log_gathered);
}

void log_gather(void)
{
	buf_init(&log_gathered, LOG_GATHERED_MAX);
	log_is_gathering = true;
}

void log_release(void)
{
	log_flush();
	buf_done(&log_gathered);
	log_is_gathering = false;
}

static void log_add(enum log_level level, const struct buf *line)
{
	if (log_gathered.len + line->len > LOG_GATHERED_MAX)
		log_flush();
	buf_add(&log_gathered, line->data, line->len);
	if (level == LOG_LEVEL_ERROR)
		log_flush();
}

PRINTF(2, 0) static void log_write(enum log_level level, const char *fmt, va_list args)
{
	static const char *const prefix[] = {"<3>", "<4>", "<6>", "<7>"}; /* sd-daemon(3) */
	static const char *const name[] = {"error: ", "warning: ", "", "debug: "};
	if (level > log_limit)
		return;

	char *text = log_format(fmt, args);
	log_redact(text); /* before it is cut: half a secret would not be recognised */
	if (strlen(text) >= LOG_LINE_MAX) {
		text[LOG_LINE_MAX - 1] = '\0';
		utf8_trim_partial(text);
	}

	struct buf line;
	buf_init(&line, LOG_LINE_MAX * 4 + 16);
	if (getenv("JOURNAL_STREAM") != NULL)
		buf_add_str(&line, prefix[level]);
	else
		buf_add_str(&line, name[level]);
	log_add_escaped(&line, text);
	buf_add_char(&line, '\n');
	if (log_is_gathering)
		log_add(level, &line);
	else
		log_put(&line);
	buf_done(&line);
	free(text);
}

#define LOG_FUNCTION(function, level)                                                                                  \
	void function(const char *fmt, ...)                                                                            \
	{                                                                                                              \
		va_list args;                                                                                          \
		va_start(args, fmt);                                                                                   \
		log_write(level, fmt, args);                                                                           \
		va_end(args);                                                                                          \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

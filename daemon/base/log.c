#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/recode.h"
#include "base/utf8.h"

enum { LOG_LINE_MAX = 2048, LOG_SECRET_MIN = 4, LOG_GATHERED_MAX = 65536, LOG_WAIT_MS = 100 };

/* The one place with state of its own: what may be written and what may not holds for the process. */
static enum log_level log_limit = LOG_LEVEL_INFO;
static struct log_secret {
	char *text;
	size_t n_hidden; /* how often */
} * log_secrets;
static size_t log_n_secrets;
static struct buf log_gathered;
static bool log_is_gathering;
static int log_wait_ms = -1; /* for the reader; -1 = for ever */
static size_t log_n_lost;

enum log_level log_set_level(enum log_level level)
{
	enum log_level before = log_limit;
	log_limit = level;
	return before;
}

/* Where the secret is; log_n_secrets when it is none. */
static size_t log_find_secret(const char *secret)
{
	size_t at = 0;
	while (at < log_n_secrets && strcmp(log_secrets[at].text, secret) != 0)
		at++;
	return at;
}

static void log_hide_text(const char *secret)
{
	size_t known = log_find_secret(secret);
	if (strlen(secret) < LOG_SECRET_MIN)
		return;
	if (known < log_n_secrets) {
		log_secrets[known].n_hidden++;
		return;
	}

	/* Longest first: a secret that starts another one must not be replaced inside it and leave its tail. */
	size_t at = 0;
	while (at < log_n_secrets && strlen(log_secrets[at].text) >= strlen(secret))
		at++;
	log_secrets = mem_grow(log_secrets, log_n_secrets + 1, sizeof(*log_secrets));
	memmove(&log_secrets[at + 1], &log_secrets[at], (log_n_secrets - at) * sizeof(*log_secrets));
	log_secrets[at] = (struct log_secret){.text = mem_dup(secret), .n_hidden = 1};
	log_n_secrets++;
}

static void log_unhide_text(const char *secret)
{
	size_t at = log_find_secret(secret);
	if (at == log_n_secrets || --log_secrets[at].n_hidden > 0)
		return;
	mem_free_secret(log_secrets[at].text);
	log_n_secrets--;
	memmove(&log_secrets[at], &log_secrets[at + 1], (log_n_secrets - at) * sizeof(*log_secrets));
}

static void log_each_form(const char *secret, void (*each)(const char *text))
{
	each(secret);
	for (unsigned form = 0; form < RECODE_BASE64_FORMS; form++) {
		char *text = recode_base64(secret, form);
		each(text);
		mem_free_secret(text);
	}
}

void log_hide(const char *secret)
{
	log_each_form(secret, log_hide_text);
}

void log_unhide(const char *secret)
{
	log_each_form(secret, log_unhide_text);
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
		log_redact_secret(text, is_escaped, log_secrets[i].text);
}

void log_redact_cut(char *text)
{
	bool is_cut = false;
	log_redact(text);
	for (size_t at = 0; text[at] != '\0' && !is_cut; at++) {
		for (size_t i = 0; i < log_n_secrets && !is_cut; i++)
			(void)recode_match(text + at, log_secrets[i].text, &is_cut);
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

/* ---- the way out -------------------------------------------------------------------------------------------------- */

void log_never_wait(void)
{
	log_wait_ms = LOG_WAIT_MS;
}

/* What poll(2) calls writable takes PIPE_BUF bytes without waiting (pipe(7)). Who took nothing the last time is not waited for
 * again. */
static bool log_push(const char *bytes, size_t len)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	int n;
	do
		n = poll(&out, 1, log_n_lost != 0 && log_wait_ms > 0 ? 0 : log_wait_ms);
	while (n < 0 && errno == EINTR);
	return n > 0 && write(STDERR_FILENO, bytes, len) == (ssize_t)len;
}

/* As many whole lines as go out at once. */
static size_t log_piece(const char *text, size_t len)
{
	if (len <= PIPE_BUF)
		return len;
	const char *end = memrchr(text, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end + 1 - text) : PIPE_BUF;
}

static size_t log_count_lines(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static const char *log_prefix(enum log_level level)
{
	static const char *const prefix[] = {"<3>", "<4>", "<6>", "<7>"}; /* sd-daemon(3) */
	static const char *const name[] = {"error: ", "warning: ", "", "debug: "};
	return getenv("JOURNAL_STREAM") != NULL ? prefix[level] : name[level];
}

static bool log_tell_lost(void)
{
	char line[128];
	if (log_n_lost == 0)
		return true;
	int len = snprintf(line, sizeof(line), "%s%zu lines of the log are lost here: nothing took them\n",
			   log_prefix(LOG_LEVEL_WARNING), log_n_lost);
	if (!log_push(line, (size_t)len))
		return false;
	log_n_lost = 0;
	return true;
}

static void log_put(const char *text, size_t len)
{
	while (len != 0) {
		size_t n = log_piece(text, len);
		if (!log_tell_lost() || !log_push(text, n))
			log_n_lost += log_count_lines(text, n);
		text += n;
		len -= n;
	}
}

void log_lines(const char *text)
{
	log_put(text, strlen(text));
}

static void log_flush(void)
{
	log_put(buf_str(&log_gathered), log_gathered.len);
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
	buf_add_str(&line, log_prefix(level));
	log_add_escaped(&line, text);
	buf_add_char(&line, '\n');
	if (log_is_gathering)
		log_add(level, &line);
	else
		log_put(buf_str(&line), line.len);
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

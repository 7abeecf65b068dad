#include "channel/smtp_hello.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

void smtp_hello_init(struct smtp_hello *hello)
{
	*hello = (struct smtp_hello){0};
}

/* The argument of a keyword line, "" when it has none; NULL when the line has another keyword. Some servers write them
 * in lower case, which RFC 5321 2.4 allows. */
static const char *smtp_hello_argument(const char *line, const char *keyword)
{
	size_t len = strlen(keyword);
	if (strncasecmp(line, keyword, len) != 0)
		return NULL;
	if (line[len] != ' ' && line[len] != '=' && line[len] != '\0')
		return NULL;
	return line[len] != '\0' ? line + len + 1 : "";
}

static void smtp_hello_keyword(struct smtp_features *features, const char *line)
{
	const char *size = smtp_hello_argument(line, "SIZE");
	if (size != NULL) {
		features->has_size = true;
		if (num_parse(size, 0, INT64_MAX, &features->size_max, NULL) != 0)
			features->size_max = 0; /* none given, or beyond any message of ours */
	}
	if (smtp_hello_argument(line, "PIPELINING") != NULL)
		features->has_pipelining = true;
	if (smtp_hello_argument(line, "DSN") != NULL)
		features->has_dsn = true;
	if (smtp_hello_argument(line, "8BITMIME") != NULL)
		features->has_8bitmime = true;
	if (smtp_hello_argument(line, "SMTPUTF8") != NULL)
		features->has_smtputf8 = true;
}

/* A line behind its code, without its end. */
static void smtp_hello_feature_line(struct smtp_hello *hello, const char *line, size_t len)
{
	char text[128];
	if (len < 5 || hello->n_lines == 1)
		return; /* the first line of a reply to EHLO is the server's name */
	len -= 4;
	while (len > 0 && (line[4 + len - 1] == '\n' || line[4 + len - 1] == '\r' || line[4 + len - 1] == ' '))
		len--;
	if (len >= sizeof(text))
		return; /* none of the keywords that matter */
	memcpy(text, line + 4, len);
	text[len] = '\0';
	smtp_hello_keyword(&hello->features, text);
}

static void smtp_hello_reply(struct smtp_hello *hello, const struct smtp_reply *reply)
{
	hello->n_replies++;
	hello->n_lines = 0;
	hello->refusal = (struct smtp_reply){0};
	if (reply->code >= 400)
		hello->refusal = *reply;
	if (reply->code == 235)
		hello->is_signed_in = true;
	if (reply->code == 220) /* greeting, or TLS begins: what was said in the clear does not count */
		hello->features = (struct smtp_features){0};
}

bool smtp_hello_line(struct smtp_hello *hello, const char *line, size_t len)
{
	hello->n_bytes += len;
	if (hello->n_bytes > SMTP_HELLO_BYTES_MAX)
		return false;

	hello->n_lines++;
	if (hello->n_replies > 0 && len > 3 && memcmp(line, "250", 3) == 0)
		smtp_hello_feature_line(hello, line, len);

	size_t used;
	enum smtp_reply_state state = smtp_reply_feed(&hello->reader, line, len, &used);
	if (state == SMTP_REPLY_COMPLETE)
		smtp_hello_reply(hello, &hello->reader.reply);
	else if (state == SMTP_REPLY_BROKEN)
		smtp_reply_init(&hello->reader); /* libcurl waits for a line that is a reply */
	return true;
}

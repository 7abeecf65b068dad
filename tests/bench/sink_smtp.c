/* SMTP with PIPELINING, as a sink needs it. */
#include <string.h>
#include <strings.h>

#include "sink.h"

void sink_smtp_greet(struct sink_connection *connection)
{
	sink_say(connection, "220 sink ESMTP\r\n");
}

static void sink_smtp_command(struct sink_connection *connection, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0) {
		sink_say(connection,
			 "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n");
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		connection->is_text = connection->is_header = true;
		connection->text_size = 0;
		connection->id[0] = '\0';
		sink_say(connection, "354 go on\r\n");
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		sink_say(connection, "221 bye\r\n");
		connection->is_closing = true;
	} else {
		sink_say(connection, "250 2.0.0 ok\r\n");
	}
}

static void sink_smtp_text(struct sink *sink, struct sink_connection *connection, const char *line, size_t n)
{
	if (n == 3 && line[0] == '.') {
		connection->is_text = false;
		sink_finish(sink, connection, "250 2.0.0 taken\r\n", connection->text_size);
		return;
	}
	connection->text_size += n;
	if (!connection->is_header)
		return;
	size_t n_key = strlen(sink->key);
	if (n == 2)
		connection->is_header = false;
	else if (n > n_key && strncasecmp(line, sink->key, n_key) == 0) {
		size_t n_id = strcspn(line + n_key, ">\r\n");
		n_id = n_id < SINK_ID_SIZE - 1 ? n_id : SINK_ID_SIZE - 1;
		memcpy(connection->id, line + n_key, n_id);
		connection->id[n_id] = '\0';
	}
}

size_t sink_smtp_take(struct sink *sink, struct sink_connection *connection, char *in, size_t n)
{
	char *end = memchr(in, '\n', n);
	if (end == NULL)
		return 0;
	*end = '\0'; /* a line is a string; its length still counts the end */
	size_t n_line = (size_t)(end - in) + 1;
	if (connection->is_text)
		sink_smtp_text(sink, connection, in, n_line);
	else
		sink_smtp_command(connection, in);
	return n_line;
}

/* HTTP/1.1 with Content-Length, kept alive, answered as a messenger's Bot API answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink.h"

static size_t sink_http_head(struct sink_connection *connection, char *in, size_t n)
{
	char *end = memmem(in, n, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	end[2] = '\0';
	connection->body_left = 0;
	for (char *line = strstr(in, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, "content-length:", 15) == 0)
			connection->body_left = strtoul(line + 17, NULL, 10);
	connection->body_size = connection->body_left;
	connection->has_head = true;
	return (size_t)(end - in) + 4;
}

static void sink_http_find_id(const struct sink *sink, struct sink_connection *connection, const char *body, size_t n)
{
	const char *at = memmem(body, n, sink->key, strlen(sink->key));
	size_t i = 0;
	connection->id[0] = '\0';
	if (at == NULL)
		return;
	for (at += strlen(sink->key); at < body + n && strchr(" \"", *at) != NULL;)
		at++;
	while (at < body + n && strchr("\",}\n", *at) == NULL && i < SINK_ID_SIZE - 1)
		connection->id[i++] = *at++;
	connection->id[i] = '\0';
}

size_t sink_http_take(struct sink *sink, struct sink_connection *connection, char *in, size_t n)
{
	char body[96], answer[256];
	if (!connection->has_head)
		return sink_http_head(connection, in, n);
	size_t size = connection->body_left;
	if (n < size)
		return 0;
	connection->has_head = false;
	sink_http_find_id(sink, connection, in, size);
	int n_body = snprintf(body, sizeof(body), "{\"ok\":true,\"result\":{\"message_id\":%llu}}",
			      (unsigned long long)sink->stats->taken + 1);
	(void)snprintf(answer, sizeof(answer),
		       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n_body,
		       body);
	sink_finish(sink, connection, answer, size);
	return size;
}

/* sink: a server that takes everything, as fast as one process can, and knows what it took. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SINK_ID_SIZE = 256, SINK_IN_SIZE = 256 * 1024, SINK_OUT_SIZE = 16 * 1024 };

/* What a reader of the shared file sees while the sink runs; the layout is known to tests/bench/peers.py. */
struct sink_stats {
	uint64_t port;
	uint64_t taken;       /* messages, counted when they are answered */
	uint64_t bytes;       /* of these */
	uint64_t connections; /* that were ever made */
	uint64_t last_ns;     /* wall clock of the last answer */
};

struct sink_connection {
	int fd;
	bool is_closing; /* when everything is written */
	bool is_waiting; /* for a delayed answer: nothing more is read from the input until then */
	bool wants_write;

	/* SMTP: inside a mail's text, its header. HTTP: the body's length when the head has been read. */
	bool is_text, is_header, has_head;
	size_t text_size, body_left, body_size;
	char id[SINK_ID_SIZE];

	size_t n_in, n_out;
	char in[SINK_IN_SIZE], out[SINK_OUT_SIZE];
};

struct sink {
	struct sink_stats *stats;
	const char *key; /* what stands before the id: "Message-ID: <", "\"chat_id\":" */
	long delay_us;   /* of the answer to a message */
	struct sink_list *list;
};

/* A protocol takes from the input what is complete and returns how many bytes that was; 0 = it needs more. */
typedef size_t sink_take_fn(struct sink *sink, struct sink_connection *connection, char *in, size_t n);
sink_take_fn sink_smtp_take;
sink_take_fn sink_http_take;
void sink_smtp_greet(struct sink_connection *connection);

void sink_say(struct sink_connection *connection, const char *text);
/* A message is complete: counted and answered now, or after the delay. */
void sink_finish(struct sink *sink, struct sink_connection *connection, const char *answer, size_t size);

#endif

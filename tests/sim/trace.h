/* trace: what happened, line by line: hashed, so that two runs of a seed can be compared, and its end kept, so that a
 * failure can be understood. Nothing of the machine goes in: no time of day, no address, no number of a process. */
#ifndef DEADLINED_SIM_TRACE_H
#define DEADLINED_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_TAIL = 60, TRACE_LINE_SIZE = 400 };

struct trace {
	uint64_t hash;
	size_t n; /* lines so far */
	bool is_loud;
	const int64_t *now_utc; /* borrowed: stands in front of each line */
	char tail[TRACE_TAIL][TRACE_LINE_SIZE];
};

void trace_init(struct trace *trace, const int64_t *now_utc, bool is_loud);
void trace_say(struct trace *trace, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For what is too much for a line. */
void trace_mix(struct trace *trace, uint64_t value);
/* Prints the last lines. */
void trace_print_tail(const struct trace *trace);

#endif

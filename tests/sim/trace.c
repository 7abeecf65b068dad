#include "trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"

void trace_init(struct trace *trace, const int64_t *now_utc, bool is_loud)
{
	trace->hash = 0;
	trace->n = 0;
	trace->is_loud = is_loud;
	trace->now_utc = now_utc;
}

void trace_mix(struct trace *trace, uint64_t value)
{
	trace->hash = hash_mix(trace->hash ^ hash_mix(value));
}

void trace_say(struct trace *trace, const char *fmt, ...)
{
	char *line = trace->tail[trace->n++ % TRACE_TAIL], at[32];
	va_list args;
	clock_format_utc(*trace->now_utc, at);
	int len = snprintf(line, TRACE_LINE_SIZE, "%s ", at);
	va_start(args, fmt);
	(void)vsnprintf(line + len, TRACE_LINE_SIZE - (size_t)len, fmt, args);
	va_end(args);
	trace_mix(trace, hash_text(line));
	if (trace->is_loud)
		(void)printf("%s\n", line);
}

void trace_print_tail(const struct trace *trace)
{
	size_t from = trace->n > TRACE_TAIL ? trace->n - TRACE_TAIL : 0;
	for (size_t i = from; i < trace->n; i++)
		(void)printf("    %s\n", trace->tail[i % TRACE_TAIL]);
}

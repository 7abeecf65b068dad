/* fuzz: what the targets share. A target is one parser, and what must hold beside "it does not crash".
 *
 * libFuzzer calls LLVMFuzzerTestOneInput() with inputs of its own (make fuzz); replay.c calls it with every file of
 * tests/fuzz/corpus/<target>/ (make check). Inputs are lines where they can be, so that a person can write them. */
#ifndef DEADLINED_TESTS_FUZZ_H
#define DEADLINED_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run when something does not hold that must; text says for what. */
#define FUZZ_NEED(holds, text) ((holds) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #holds, (text)))

static inline void fuzz_fail(const char *file, int line, const char *holds, const char *text)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\nfor: %s\n", file, line, holds, text);
	abort();
}

/* What is left of an input. */
struct fuzz_input {
	const char *next;
	size_t len;
};

static inline struct fuzz_input fuzz_input(const uint8_t *data, size_t size)
{
	return (struct fuzz_input){.next = (const char *)data, .len = size};
}

/* The next line without its newline, "" behind the last; owned. A 0 byte in it ends it for the parser. */
static inline char *fuzz_take_line(struct fuzz_input *input)
{
	if (input->len == 0)
		return mem_dup("");
	const char *newline = memchr(input->next, '\n', input->len);
	size_t len = newline != NULL ? (size_t)(newline - input->next) : input->len;
	char *line = mem_dup_n(input->next, len);
	len += newline != NULL;
	input->next += len;
	input->len -= len;
	return line;
}

/* All that is left, owned. */
static inline char *fuzz_take_rest(struct fuzz_input *input)
{
	char *text = input->len != 0 ? mem_dup_n(input->next, input->len) : mem_dup("");
	input->len = 0;
	return text;
}

#endif

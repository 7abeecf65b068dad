/* args: options and operands of a command line, by the table of the command.
 *
 * "--name VALUE", "--name=VALUE" and flags may stand before, between and behind the operands; "--" ends them. An
 * unknown option, one given twice and a missing value are errors: nothing is guessed. */
#ifndef DEADLINED_CTL_ARGS_H
#define DEADLINED_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ARGS_OPTIONS_MAX = 16 };

struct args_option {
	const char *name;  /* "--when", "-c" */
	const char *value; /* what the help calls its value; NULL for a flag */
	const char *help;
};

struct args {
	const struct args_option *table;
	size_t n_table;
	const char *values[ARGS_OPTIONS_MAX]; /* by row of the table; NULL = not given, "" for a flag */
	const char **operands;                /* owned, the texts borrowed from argv */
	size_t n_operands;
};

/* Reads argc words, of which none is the command itself. Everything is borrowed. is_operand_last: stop at the first
 * operand, which begins the operands; they are then all that is left. Errors: -EINVAL with words in err. */
MUSTCHECK int args_parse(const struct args_option *table, size_t n, bool is_operand_last, size_t argc,
			 const char *const *argv, struct args *ret_args, struct err *err);
void args_done(struct args *args);

/* The value of an option of the table, NULL when it was not given. */
const char *args_value(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);

#endif

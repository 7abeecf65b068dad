#include "ctl/args.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strlist.h"

enum { ARGS_NAME_MAX = 63 };

static size_t args_find(const struct args_option *table, size_t n, const char *name)
{
	size_t row = 0;
	while (row < n && strcmp(table[row].name, name) != 0)
		row++;
	return row;
}

static int args_report_unknown(const struct args_option *table, size_t n, const char *name, struct err *err)
{
	const char *names[ARGS_OPTIONS_MAX];
	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	/* Every letter is near to every other: only words are worth a suggestion. */
	const char *nearest = strncmp(name, "--", 2) == 0 ? strlist_nearest(name, names, n) : NULL;
	if (nearest != NULL)
		return err_set(err, -EINVAL, "unknown option '%s', did you mean '%s'?", name, nearest);
	return err_set(err, -EINVAL, "unknown option '%s'", name);
}

static bool args_is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Takes the option at argv[*at] with its value and moves *at to its last word. */
static int args_take_option(struct args *args, size_t argc, const char *const *argv, size_t *at, struct err *err)
{
	const char *word = argv[*at];
	const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	if (len > ARGS_NAME_MAX)
		return err_set(err, -EINVAL, "unknown option '%.20s...'", word);

	char name[ARGS_NAME_MAX + 1] = {0};
	memcpy(name, word, len);
	size_t row = args_find(args->table, args->n_table, name);
	if (row == args->n_table)
		return args_report_unknown(args->table, args->n_table, name, err);
	if (args->values[row] != NULL)
		return err_set(err, -EINVAL, "option '%s' is given twice", name);

	const char *metavar = args->table[row].value;
	if (metavar == NULL && equals != NULL)
		return err_set(err, -EINVAL, "option '%s' takes no value", name);
	if (metavar == NULL) {
		args->values[row] = "";
	} else if (equals != NULL) {
		args->values[row] = equals + 1;
	} else {
		/* A number of a chat may start with '-', but what starts with "--" is an option whose value was
		 * forgotten. */
		if (*at + 1 == argc || strncmp(argv[*at + 1], "--", 2) == 0)
			return err_set(err, -EINVAL, "option '%s' needs a value: write %s %s", name, name, metavar);
		args->values[row] = argv[++*at];
	}
	return 0;
}

int args_parse(const struct args_option *table, size_t n, bool is_operand_last, size_t argc, const char *const *argv,
	       struct args *ret_args, struct err *err)
{
	struct args args = {.table = table, .n_table = n, .operands = mem_zero(argc + 1, sizeof(char *))};
	bool are_options_over = false;
	int status = 0;
	assert(n <= ARGS_OPTIONS_MAX);
	for (size_t at = 0; at < argc && status == 0; at++) {
		if (!are_options_over && strcmp(argv[at], "--") == 0) {
			are_options_over = true;
		} else if (!are_options_over && args_is_option(argv[at])) {
			status = args_take_option(&args, argc, argv, &at, err);
		} else {
			args.operands[args.n_operands++] = argv[at];
			are_options_over = are_options_over || is_operand_last;
		}
	}
	if (status < 0) {
		args_done(&args);
		return status;
	}
	*ret_args = args;
	return 0;
}

void args_done(struct args *args)
{
	free(args->operands);
	*args = (struct args){0};
}

const char *args_value(const struct args *args, const char *name)
{
	size_t row = args_find(args->table, args->n_table, name);
	assert(row < args->n_table);
	return args->values[row];
}

bool args_has(const struct args *args, const char *name)
{
	return args_value(args, name) != NULL;
}

/* The manual knows every command, every option of it, and every key of the configuration's own sections. Run from the
 * project's folder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "ctl/command.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static char *manual_test_read(const char *file)
{
	char chunk[4096];
	size_t len;
	struct buf text;
	FILE *in = fopen(file, "r");
	if (in == NULL)
		fail_msg("%s cannot be read", file);
	buf_init(&text, 1 << 20);
	while ((len = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(&text, chunk, len);
	assert_int_equal(fclose(in), 0);
	return buf_take(&text);
}

/* The item of a list that starts with head, up to the next one. Returns owned. */
static char *manual_test_item(const char *manual, const char *head)
{
	const char *start = strstr(manual, head);
	if (start == NULL)
		fail_msg("the manual lacks '%s'", head + 1);
	const char *end = strstr(start + strlen(head), "\n.It Ic ");
	return mem_dup_n(start, end != NULL ? (size_t)(end - start) : strlen(start));
}

static void manual__commands__are_described_with_every_option(void **state)
{
	(void)state;
	static const struct command *const commands[] = {
		&add_command,    &edit_command,    &done_command,   &cancel_command, &reopen_command, &list_command,
		&show_command,   &people_command,  &queue_command,  &status_command, &when_command,   &test_command,
		&import_command, &plan_command,    &ack_command,    &snooze_command, &backup_command, &recover_command,
		&forget_command, &silence_command, &deputy_command, &policy_command, &why_command,    &brake_command,
	};
	char *manual = manual_test_read("man/deadlinectl.1");
	for (size_t i = 0; i < ROWS(commands); i++) {
		char *head = mem_printf("\n.It Ic %s ", commands[i]->name);
		char *item = manual_test_item(manual, head);
		for (size_t j = 0; j < commands[i]->n_options; j++) {
			const char *name = commands[i]->options[j].name;
			char *option = mem_printf("Fl %s", name + 1);
			bool is_common = strcmp(name, "-c") == 0 || strcmp(name, "--help") == 0;
			if (!is_common && strstr(item, option) == NULL)
				fail_msg("the manual lacks '%s' of '%s'", name, commands[i]->name);
			free(option);
		}
		free(item);
		free(head);
	}
	free(manual);
}

static void manual__keys_of_the_configuration__are_described(void **state)
{
	(void)state;
	char *manual = manual_test_read("man/deadlined.ini.5");
	for (size_t i = 0; i < conf_n_daemon_options + conf_n_limit_options; i++) {
		const struct option *option = i < conf_n_daemon_options
						      ? &conf_daemon_options[i]
						      : &conf_limit_options[i - conf_n_daemon_options];
		char *head = mem_printf("\n.It Va %s\n", option->key);
		if (strstr(manual, head) == NULL)
			fail_msg("the manual lacks the key '%s'", option->key);
		free(head);
	}
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manual__commands__are_described_with_every_option),
		cmocka_unit_test(manual__keys_of_the_configuration__are_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

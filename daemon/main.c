/* deadlined: the daemon. Options, wiring, exit codes. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "channel/channel_memory.h"
#include "message/language_memory.h"
#include "service/rehearse_report.h"
#include "service/serve.h"
#include "service/setup.h"
#include "service/warnings.h"
#include "store/store_memory.h"

static const char main_help[] =
	"Usage: deadlined [-c FILE] [OPTION]\n"
	"Reminds people of deadlines by mail and messenger, in the foreground, until it is told to stop.\n"
	"\n"
	"  -c, --config FILE       configuration (default " DEADLINED_SYSCONFDIR "/deadlined.ini)\n"
	"      --check             print every error of the configuration as FILE:LINE: message; exit 0 or 78\n"
	"      --rehearse FROM..TO print every message that would be sent from one day to another, as\n"
	"                          2025-01-01..2025-12-31; sends nothing and changes nothing\n"
	"      --accept-volume     start, and reload, even if more messages than the limits allow are to come\n"
	"      --deliver           with --rehearse: hand the messages to the local channels (maildir)\n"
	"  -v, --verbose           log every move of a message\n"
	"      --help              print this text\n"
	"      --version           print the version\n"
	"\n"
	"SIGHUP reads the configuration anew; SIGTERM and SIGINT let transfers finish and stop.\n"
	"See deadlined(8), deadlined.ini(5), deadlinectl(1).\n";

struct main_options {
	const char *config;
	const char *rehearse;
	bool check, deliver, accept_volume;
};

/* The value of an option that takes one: what follows "=", or the next argument; NULL when argument is another option. */
static const char *main_value(char **argv, int *index, const char *option)
{
	size_t len = strlen(option);
	const char *argument = argv[*index];
	if (strncmp(argument, option, len) != 0 || (argument[len] != '\0' && argument[len] != '='))
		return NULL;
	if (argument[len] == '=')
		return argument + len + 1;
	(*index)++;
	return argv[*index] != NULL ? argv[*index] : "";
}

static int main_usage(const char *problem, const char *argument)
{
	(void)fprintf(stderr, "deadlined: %s%s; see deadlined --help\n", problem, argument);
	return EX_USAGE;
}

static int main_say(const char *text)
{
	(void)fputs(text, stdout); /* main() looks whether it came out */
	return EX_OK;
}

/* Returns -1 to go on, an exit code otherwise. */
static int main_parse(char **argv, struct main_options *options)
{
	for (int i = 1; argv[i] != NULL; i++) {
		const char *value;
		if ((value = main_value(argv, &i, "-c")) != NULL || (value = main_value(argv, &i, "--config")) != NULL)
			options->config = value;
		else if ((value = main_value(argv, &i, "--rehearse")) != NULL)
			options->rehearse = value;
		else if (strcmp(argv[i], "--check") == 0)
			options->check = true;
		else if (strcmp(argv[i], "--deliver") == 0)
			options->deliver = true;
		else if (strcmp(argv[i], "--accept-volume") == 0)
			options->accept_volume = true;
		else if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--verbose") == 0)
			log_set_level(LOG_LEVEL_DEBUG);
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return main_say(main_help);
		else if (strcmp(argv[i], "--version") == 0)
			return main_say("deadlined " DEADLINED_VERSION "\n");
		else
			return main_usage("unknown argument ", argv[i]);
		if (value != NULL && value[0] == '\0')
			return main_usage("a value is missing at the end", "");
	}
	if (options->check && options->rehearse != NULL)
		return main_usage("--check and --rehearse are two commands: give one of them", "");
	if (options->deliver && options->rehearse == NULL)
		return main_usage("--deliver goes only with --rehearse", "");
	return -1;
}

static int main_exit_code(int status)
{
	switch (status) {
	case 0:
		return EX_OK;
	case -EUCLEAN:
	case -EPROTO:
		return EX_DATAERR;
	case -EBUSY:
		return EX_TEMPFAIL;
	case -EOVERFLOW: /* the limits, or the policies, are to be corrected */
		return EX_CONFIG;
	default:
		return EX_IOERR;
	}
}

/* Prints every problem of the configuration; NULL when there was one. */
static struct setup *main_load(const char *config, FILE *out)
{
	struct problems problems = {0};
	struct setup *setup = setup_load(config, &problems);
	problems_print(&problems, out);
	problems_done(&problems);
	return setup;
}

static int main_check(const char *config)
{
	struct setup *setup = main_load(config, stdout);
	if (setup == NULL)
		return EX_CONFIG;
	const struct clock clock = clock_system();
	warnings_print(setup, clock_now(&clock).wall_s, stderr);
	(void)fprintf(stderr, "%s is valid\n", config);
	setup_free(setup);
	return EX_OK;
}

static int main_rehearse(const struct main_options *options)
{
	struct civil from, to;
	struct err err = {0};
	if (!rehearse_parse_days(options->rehearse, &from, &to))
		return main_usage("--rehearse takes two days in order, like 2025-01-01..2025-12-31, not ",
				  options->rehearse);
	struct setup *setup = main_load(options->config, stderr);
	if (setup == NULL)
		return EX_CONFIG;
	int status = rehearse_report(setup, &from, &to, options->deliver, &err);
	if (status < 0)
		(void)fprintf(stderr, "deadlined: %s\n", err.text);
	return main_exit_code(status);
}

static int main_serve(const struct main_options *options, struct setup *setup)
{
	struct err err = {0};
	log_never_wait();
	int status = serve(setup, options->config, options->accept_volume, &err);
	if (status < 0)
		log_error("%s", err.text);
	if (status == -EUCLEAN)
		log_error("nothing is sent, and every file is left as it is; see deadlinectl recover");
	return main_exit_code(status);
}

static int main_run(char **argv)
{
	struct main_options options = {.config = DEADLINED_SYSCONFDIR "/deadlined.ini"};
	int code = main_parse(argv, &options);
	if (code >= 0)
		return code;
	if (options.check)
		return main_check(options.config);
	if (options.rehearse != NULL)
		return main_rehearse(&options);

	serve_hold_reload();
	struct setup *setup = main_load(options.config, stderr);
	return setup == NULL ? EX_CONFIG : main_serve(&options, setup);
}

int main(int argc, char **argv)
{
	(void)argc;
	mem_forbid_dumps();
	(void)setlocale(LC_CTYPE,
			"C.UTF-8"); /* wide characters in tables; without it they are only less well aligned */
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	channel_memory_init();
	language_memory_init();
	store_memory_init();

	int code = main_run(argv);
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	(void)fprintf(stderr, "deadlined: standard output cannot be written: %s\n", strerror(errno));
	return EX_IOERR;
}

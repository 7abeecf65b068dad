/* sim: the real daemon through simulated years in which everything goes wrong; see world.h.
 *
 *     sim [--seed N] [--seeds N] [--years N] [--seconds N] [--twice] [--first] [-v]
 *
 * One seed after the other, from --seed on (drawn from the system when it is not given): as many as --seeds says, or as
 * --seconds leaves time for. --twice: each one twice, and both must go the same way. --first: no further than the first
 * that breaks something. Prints what was broken, with the end of the story; -v prints all of it. Exit code 1 when anything was. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "logbook.h"
#include "vfs.h"
#include "world.h"

struct options {
	uint64_t seed, seeds, seconds;
	int years;
	bool is_twice, is_first, is_loud;
};

struct totals {
	uint64_t runs, failed, passes, messages, crashes;
	int64_t years;
};

static struct world *running; /* for the last words */
static struct dice entropy;

/* What the daemon asks the kernel for is drawn from the seed, too. */
ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
	(void)flags;
	for (size_t i = 0; i < size; i++)
		((unsigned char *)bytes)[i] = (unsigned char)dice_next(&entropy);
	return (ssize_t)size;
}

/* ---- one seed -------------------------------------------------------------------------------------------------------- */

static void print_failure(const struct world *world, const char *what)
{
	(void)printf("seed=%" PRIu64 " BROKEN %s\n", world->seed, what);
	trace_print_tail(&world->trace);
	(void)fflush(stdout);
}

static void last_words(int number)
{
	(void)signal(number, SIG_DFL);
	if (running != NULL)
		print_failure(running,
			      number == SIGABRT ? "the daemon gives up: abort()" : "the daemon crashes by itself");
	(void)raise(number);
}

static uint64_t run_once(uint64_t seed, const struct options *options, struct totals *totals, bool *ret_failed)
{
	dice_seed(&entropy, seed, "kernel");
	struct world *world = world_new(seed, options->years, options->is_loud);
	running = world;
	world_live(world);
	world_calm(world);
	*ret_failed = world->failure[0] != '\0';
	if (*ret_failed)
		print_failure(world, world->failure);
	uint64_t hash = world->trace.hash;
	totals->passes += (uint64_t)world->n_passes;
	totals->messages += world->n_messages;
	totals->crashes += world->n_crashes;
	totals->years += options->years;
	running = NULL;
	world_free(world);
	return hash;
}

static void run_seed(uint64_t seed, const struct options *options, struct totals *totals)
{
	bool is_failed = false;
	uint64_t hash = run_once(seed, options, totals, &is_failed);
	if (options->is_twice && !is_failed && run_once(seed, options, totals, &is_failed) != hash) {
		(void)printf("seed=%" PRIu64 " BROKEN two runs of it differ\n", seed);
		is_failed = true;
	}
	if (options->is_loud || options->is_twice)
		(void)printf("seed=%" PRIu64 " %s trace %016" PRIx64 "\n", seed, is_failed ? "broken" : "ok", hash);
	totals->runs++;
	totals->failed += is_failed;
}

/* ---- all of them ----------------------------------------------------------------------------------------------------- */

static double seconds_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t draw_seed(void)
{
	uint64_t seed = 0;
	FILE *random = fopen("/dev/urandom", "rb");
	if (random == NULL || fread(&seed, sizeof(seed), 1, random) != 1)
		abort();
	(void)fclose(random);
	return seed % 1000000000000u;
}

static uint64_t read_number(const char *text)
{
	char *end = NULL;
	unsigned long long value = strtoull(text, &end, 10);
	if (end == text || *end != '\0') {
		(void)printf("'%s' is no number\n", text);
		exit(64);
	}
	return value;
}

/* A flag, or one with a number behind it. */
static void read_options(int argc, char **argv, struct options *options)
{
	uint64_t years = 1;
	*options = (struct options){.seed = draw_seed(), .seeds = 1};
	const struct {
		const char *name;
		uint64_t *number;
		bool *flag;
	} all[] = {{"--seed", &options->seed, NULL},
		   {"--seeds", &options->seeds, NULL},
		   {"--years", &years, NULL},
		   {"--seconds", &options->seconds, NULL},
		   {"--first", NULL, &options->is_first},
		   {"--twice", NULL, &options->is_twice},
		   {"-v", NULL, &options->is_loud}};
	for (int i = 1; i < argc; i++) {
		size_t at = 0;
		while (at < sizeof(all) / sizeof(all[0]) && strcmp(argv[i], all[at].name) != 0)
			at++;
		if (at == sizeof(all) / sizeof(all[0]) || (all[at].number != NULL && i + 1 == argc)) {
			(void)printf("what does '%s' mean?\n", argv[i]);
			exit(64);
		}
		if (all[at].number != NULL)
			*all[at].number = read_number(argv[++i]);
		else
			*all[at].flag = true;
	}
	options->years = (int)years;
}

int main(int argc, char **argv)
{
	struct options options;
	struct totals totals = {0};
	read_options(argc, argv, &options);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGABRT, last_words);
	(void)signal(SIGSEGV, last_words);
	logbook_open();
	log_set_level(LOG_LEVEL_WARNING);
	vfs_register();

	double begin = seconds_now();
	while (options.seconds != 0 ? seconds_now() - begin < (double)options.seconds : totals.runs < options.seeds) {
		run_seed(options.seed + totals.runs, &options, &totals);
		if (options.is_first && totals.failed != 0)
			break;
	}
	double took = seconds_now() - begin;
	(void)printf("sim: seeds %" PRIu64 "..%" PRIu64 ": %" PRIu64 " passed, %" PRIu64 " failed; %" PRId64
		     " years, %" PRIu64 " passes, %" PRIu64 " crashes, %" PRIu64
		     " messages in %.1f s: %.1f years/s, %.0f crash points/s\n",
		     options.seed, options.seed + totals.runs - 1, totals.runs - totals.failed, totals.failed,
		     totals.years, totals.passes, totals.crashes, totals.messages, took, (double)totals.years / took,
		     (double)totals.crashes / took);
	return totals.failed == 0 ? 0 : 1;
}

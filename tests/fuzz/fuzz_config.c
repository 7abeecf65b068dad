/* A configuration is taken over as a whole or not at all, as a reload does it. What is accepted, written down again and
 * read once more is the same configuration; while one is refused, the one in force stays as it is to the last byte. */
#include <inttypes.h>

#include "base/buf.h"
#include "channel/channel.h"
#include "conf/conf.h"
#include "fuzz.h"
#include "plan/zone.h"
#include "remind/policy.h"
#include "scratch_file.h"

enum { DUMP_MAX = 4 * 1024 * 1024 };

/* What is made of a file; problems.n == 0: accepted. */
struct reading {
	struct problems problems;
	struct conf *conf;
	struct policies *policies;
	struct channel **channels;
	size_t n_channels;
};

static void reading_load(struct reading *reading, const char *file)
{
	*reading = (struct reading){0};
	reading->conf = conf_read(file, &reading->problems);
	FUZZ_NEED(reading->conf != NULL || reading->problems.n > 0, file);
	struct conf *conf = reading->conf;
	if (conf == NULL)
		return;
	reading->policies = policies_load(conf, &reading->problems);
	if (zone_find(conf->zone) == NULL)
		problems_add(&reading->problems, file, 0, "no such zone");
	reading->channels = mem_zero(conf->n_channels, sizeof(struct channel *));
	for (size_t i = 0; i < conf->n_channels; i++) {
		struct channel *channel = channel_new(conf, conf->channels[i], &reading->problems);
		FUZZ_NEED(channel != NULL || reading->problems.n > 0, conf->channels[i]->name);
		if (channel != NULL)
			reading->channels[reading->n_channels++] = channel;
	}
}

static void reading_done(struct reading *reading)
{
	for (size_t i = 0; i < reading->n_channels; i++)
		channel_free(reading->channels[i]);
	free(reading->channels);
	policies_free(reading->policies);
	conf_free(reading->conf);
	problems_done(&reading->problems);
}

/* ---- writing it down: an INI file again, with what was made of it in comments ---- */

/* A value with a quote in it was read as it stood in its line, any other fits into quotes. */
static void dump_value(struct buf *out, const char *key, const char *value)
{
	bool has_quote = strchr(value, '"') != NULL;
	buf_printf(out, has_quote ? "%s = %s\n" : "%s = \"%s\"\n", key, value);
}

static void dump_rate(struct buf *out, const char *key, const struct option_rate *rate)
{
	char letter = rate->per_s == 1 ? 's' : rate->per_s == 60 ? 'm' : rate->per_s == 3600 ? 'h' : 'd';
	if (rate->count != 0)
		buf_printf(out, "%s = %" PRId64 "/%c\n", key, rate->count, letter);
}

static void dump_words(struct buf *out, const char *key, const struct strlist *words)
{
	buf_printf(out, "%s =", key);
	for (size_t i = 0; i < words->n; i++)
		buf_printf(out, " %s", words->items[i]);
	buf_add_char(out, '\n');
}

static void dump_option(struct buf *out, const struct option *option, const void *target)
{
	const void *field = (const char *)target + option->offset;
	switch (option->type) {
	case OPTION_TEXT:
	case OPTION_PATH:
		if (*(char *const *)field != NULL)
			dump_value(out, option->key, *(char *const *)field);
		break;
	case OPTION_COUNT:
		buf_printf(out, "%s = %" PRId64 "\n", option->key, *(const int64_t *)field);
		break;
	case OPTION_DURATION:
		buf_printf(out, "%s = %" PRId64 "s\n", option->key, *(const int64_t *)field);
		break;
	case OPTION_WORD:
		buf_printf(out, "%s = %s\n", option->key, option->words[*(const int *)field]);
		break;
	case OPTION_RATE:
		dump_rate(out, option->key, field);
		break;
	case OPTION_WORDS:
		dump_words(out, option->key, field);
		break;
	case OPTION_SECRET:
	case OPTION_LINES:
		FUZZ_NEED(false, "[daemon] and [limits] have no such option");
	}
}

static void dump_table(struct buf *out, const char *section, const struct option *options, size_t n,
		       const struct conf *conf)
{
	buf_printf(out, "[%s]\n", section);
	for (size_t i = 0; i < n; i++)
		dump_option(out, &options[i], conf);
}

static void dump_section(struct buf *out, const struct ini_section *section)
{
	buf_printf(out, "[%s %s]\n", section->kind, section->name);
	for (size_t i = 0; i < section->n_entries; i++)
		dump_value(out, section->entries[i].key, section->entries[i].value);
}

static void dump_policy(struct buf *out, const struct policy *policy)
{
	FUZZ_NEED(policy != NULL, "each policy of an accepted configuration is found");
	for (size_t i = 0; i < policy->n_steps; i++)
		buf_printf(out, "; %s, roles %x%s\n", policy->steps[i].text, policy->steps[i].roles,
			   policy->steps[i].is_digest ? ", in digest" : "");
}

static char *reading_dump(const struct reading *reading)
{
	const struct conf *conf = reading->conf;
	struct buf out;
	buf_init(&out, DUMP_MAX);
	dump_table(&out, "daemon", conf_daemon_options, conf_n_daemon_options, conf);
	dump_table(&out, "limits", conf_limit_options, conf_n_limit_options, conf);
	FUZZ_NEED(reading->n_channels == conf->n_channels, conf->file);
	for (size_t i = 0; i < conf->n_channels; i++) {
		const struct channel *channel = reading->channels[i];
		dump_section(&out, conf->channels[i]);
		buf_printf(&out, "; %s %s, %s, rate ", channel->ops->type, channel->name,
			   channel->domain != NULL ? channel->domain : "no domain");
		buf_printf(&out, "%" PRId64 "/%" PRId64 "\n", channel->rate.count, channel->rate.per_s);
	}
	for (size_t i = 0; i < conf->n_policies; i++) {
		dump_section(&out, conf->policies[i]);
		dump_policy(&out, policies_find(reading->policies, conf->policies[i]->name));
	}
	buf_printf(&out, "; policies %" PRIx64 "\n", policies_fingerprint(reading->policies));
	FUZZ_NEED(!out.is_over, conf->file);
	return buf_take(&out);
}

/* ---- the checks ---- */

/* A path that became absolute may have made its line too long to be read again. */
static bool has_long_line(const char *text)
{
	for (; *text != '\0'; text += text[0] == '\n') {
		size_t len = strcspn(text, "\n");
		if (len > INI_LINE_MAX)
			return true;
		text += len;
	}
	return false;
}

static void check_again(const char *file, const char *dump)
{
	struct reading again;
	if (has_long_line(dump))
		return;
	scratch_write(file, dump, strlen(dump));
	reading_load(&again, file);
	problems_print(&again.problems, stderr);
	FUZZ_NEED(again.problems.n == 0, dump);
	char *twice = reading_dump(&again);
	FUZZ_NEED(strcmp(dump, twice) == 0, twice);
	free(twice);
	reading_done(&again);
}

/* The configuration in force: the last one that was accepted. */
static struct reading in_force;
static char *in_force_dump;

static void release(void)
{
	free(in_force_dump);
	reading_done(&in_force);
}

static char *prepare(void)
{
	static const char first[] = "[daemon]\nzone = Asia/Sakhalin\nlanguage = ru\n"
				    "[channel email]\ntype = maildir\npath = mail\n"
				    "[policy visit]\nremind = 30d 7d before start at 09:00\nchannels = email\n";
	char *file = scratch_file("deadlined.ini");
	if (in_force_dump != NULL)
		return file;
	char *presets = realpath("config/messengers", NULL), *link = scratch_file("messengers");
	FUZZ_NEED(presets != NULL && symlink(presets, link) == 0, "run from the top of the tree");
	free(presets);
	free(link);
	scratch_write(file, first, sizeof(first) - 1);
	reading_load(&in_force, file);
	problems_print(&in_force.problems, stderr);
	FUZZ_NEED(in_force.problems.n == 0 && atexit(release) == 0, first);
	in_force_dump = reading_dump(&in_force);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading reading;
	char *file = prepare();
	scratch_write(file, data, size);
	reading_load(&reading, file);
	if (reading.problems.n == 0) {
		char *dump = reading_dump(&reading);
		check_again(file, dump);
		release();
		in_force = reading; /* takes */
		in_force_dump = dump;
	} else {
		char *dump = reading_dump(&in_force);
		FUZZ_NEED(strcmp(in_force_dump, dump) == 0, dump);
		free(dump);
		reading_done(&reading);
	}
	free(file);
	return 0;
}

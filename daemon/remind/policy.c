#include "remind/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

struct policies {
	struct policy *items; /* "default" first */
	size_t n;
};

static const char policy_shape[] = "write it like \"30d 7d 1d before start at 09:00\" or \"1d 3d after end\"";

static const struct policy_unit {
	const char *name;
	enum step_unit unit;
} policy_units[] = {
	{"m", STEP_MINUTES}, {"h", STEP_HOURS}, {"d", STEP_DAYS}, {"w", STEP_WEEKS}, {"mo", STEP_MONTHS},
};

static int policy_parse_lead(const char *word, struct step *step, struct err *err)
{
	size_t digits = strspn(word, "0123456789");
	const char *unit = word + digits;
	if (digits == 0)
		return err_set(err, -EINVAL, "'%s' is no lead time: %s", word, policy_shape);
	if (*unit == '\0')
		return err_set(err, -EINVAL, "'%s' has no unit: write %sm, %sh, %sd, %sw or %smo", word, word, word, word,
			       word, word);

	char *number = mem_dup_n(word, digits);
	int64_t count = 0;
	int status = num_parse(number, 0, 1000, &count, err);
	free(number);
	if (status < 0)
		return -EINVAL;

	step->count = (int)count;
	for (size_t i = 0; i < sizeof(policy_units) / sizeof(policy_units[0]); i++)
		if (strcmp(unit, policy_units[i].name) == 0) {
			step->unit = policy_units[i].unit;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' has the unknown unit '%s': give m, h, d, w or mo", word, unit);
}

static int policy_parse_at(const char *word, int *ret_minute, struct err *err)
{
	size_t len = strlen(word);
	bool is_time = (len == 5 || len == 4) && word[len - 3] == ':' && strspn(word, "0123456789") == len - 3 &&
		       strspn(word + len - 2, "0123456789") == 2;
	int hour = is_time ? word[0] - '0' : 0;
	if (is_time && len == 5)
		hour = hour * 10 + word[1] - '0';
	int minute = is_time ? (word[len - 2] - '0') * 10 + word[len - 1] - '0' : 0;
	if (!is_time || hour > 23 || minute > 59)
		return err_set(err, -EINVAL, "'%s' is no time of day: write it like 09:00", word);
	*ret_minute = hour * 60 + minute;
	return 0;
}

static void policy_write_text(struct step *step)
{
	static const char *const kinds[] = {"", "overdue "};
	int len = snprintf(step->text, sizeof(step->text), "%s%d%s %s %s", kinds[step->kind], step->count,
			   policy_units[step->unit].name, step->is_after ? "after" : "before",
			   step->is_end ? "end" : "start");
	if (step->at_minute >= 0)
		(void)snprintf(step->text + len, sizeof(step->text) - (size_t)len, " at %02d:%02d", step->at_minute / 60,
			       step->at_minute % 60);
}

/* What follows the leads and holds for all of them: "before start at 09:00". */
static int policy_parse_anchor(const struct strlist *words, size_t first, struct step *shape, struct err *err)
{
	size_t n = words->n - first;
	const char *anchor = n >= 2 ? words->items[first + 1] : "";
	shape->is_after = strcmp(words->items[first], "after") == 0;
	shape->is_end = strcmp(anchor, "end") == 0;
	shape->at_minute = -1;
	if (!shape->is_end && strcmp(anchor, "start") != 0)
		return err_set(err, -EINVAL, "'%s' must be followed by 'start' or 'end', not by '%s': %s",
			       words->items[first], anchor, policy_shape);
	if (shape->kind == STEP_OVERDUE && !(shape->is_after && shape->is_end))
		return err_set(err, -EINVAL, "nothing is overdue %s %s: write 'after end'", words->items[first], anchor);
	if (n == 2)
		return 0;
	bool has_at = strcmp(words->items[first + 2], "at") == 0;
	if (!has_at || n != 4)
		return err_set(err, -EINVAL, "'%s' is not understood here: after '%s %s' only 'at HH:MM' may follow",
			       words->items[has_at && n > 4 ? first + 4 : first + 2], words->items[first], anchor);
	return policy_parse_at(words->items[first + 3], &shape->at_minute, err);
}

static bool policy_has_step(const struct policy *policy, const char *text)
{
	for (size_t i = 0; i < policy->n_steps; i++)
		if (strcmp(policy->steps[i].text, text) == 0)
			return true;
	return false;
}

static int policy_add_step(struct policy *policy, const struct step *shape, const char *word, struct err *err)
{
	struct step step = *shape;
	int status = policy_parse_lead(word, &step, err);
	if (status < 0)
		return status;
	if (step.at_minute >= 0 && (step.unit == STEP_MINUTES || step.unit == STEP_HOURS))
		return err_set(err, -EINVAL, "'%s' is an exact span: 'at HH:MM' goes only with d, w and mo", word);

	policy_write_text(&step);
	if (policy_has_step(policy, step.text))
		return err_set(err, -EINVAL, "'%s' is there already", step.text);
	if (policy->n_steps == POLICY_STEPS_MAX)
		return err_set(err, -EINVAL, "a policy has at most %d steps", POLICY_STEPS_MAX);
	policy->steps = mem_grow(policy->steps, policy->n_steps + 1, sizeof(*policy->steps));
	policy->steps[policy->n_steps++] = step;
	return 0;
}

int policy_parse_steps(struct policy *policy, enum step_kind kind, const char *text, struct err *err)
{
	struct strlist words = {0};
	struct step shape = {.kind = kind};
	size_t anchor = 0, had = policy->n_steps;
	int status;

	strlist_add_words(&words, text);
	while (anchor < words.n && strcmp(words.items[anchor], "before") != 0 && strcmp(words.items[anchor], "after") != 0)
		anchor++;
	if (anchor == words.n || anchor == 0)
		status = err_set(err, -EINVAL, "'%s' is not understood: %s", text, policy_shape);
	else
		status = policy_parse_anchor(&words, anchor, &shape, err);
	for (size_t i = 0; i < anchor && status == 0; i++)
		status = policy_add_step(policy, &shape, words.items[i], err);

	strlist_done(&words);
	if (status < 0)
		policy->n_steps = had;
	return status;
}

/* ---- all policies of a configuration ------------------------------------------------------------------------------ */

static const char *const policy_keys[] = {"remind", "overdue", "channels"};

static void policy_load_channels(struct policy *policy, const struct conf *conf, const struct ini_section *section,
				 const struct ini_entry *entry, struct problems *problems)
{
	if (policy->channels.n != 0) {
		problems_add(problems, section->file, entry->line, "key 'channels' is given again");
		return;
	}
	strlist_add_words(&policy->channels, entry->value);
	const char **names = mem_zero(conf->n_channels, sizeof(*names));
	for (size_t i = 0; i < conf->n_channels; i++)
		names[i] = conf->channels[i]->name;
	for (size_t i = 0; i < policy->channels.n; i++) {
		const char *channel = policy->channels.items[i];
		if (ini_section(conf->ini, "channel", channel) != NULL)
			continue;
		const char *nearest = strlist_nearest(channel, names, conf->n_channels);
		problems_add(problems, section->file, entry->line, "channels: there is no [channel %s]%s%s%s", channel,
			     nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
			     nearest != NULL ? "'?" : "");
	}
	free(names);
}

static void policy_load_entry(struct policy *policy, const struct conf *conf, const struct ini_section *section,
			      const struct ini_entry *entry, struct problems *problems)
{
	struct err err = {0};
	if (strcmp(entry->key, "channels") == 0) {
		policy_load_channels(policy, conf, section, entry, problems);
	} else if (strcmp(entry->key, "remind") == 0 || strcmp(entry->key, "overdue") == 0) {
		enum step_kind kind = entry->key[0] == 'r' ? STEP_REMIND : STEP_OVERDUE;
		if (policy_parse_steps(policy, kind, entry->value, &err) < 0)
			problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
	} else {
		const char *nearest = strlist_nearest(entry->key, policy_keys, sizeof(policy_keys) / sizeof(*policy_keys));
		problems_add(problems, section->file, entry->line, "unknown key '%s', %s%s%s", entry->key,
			     nearest != NULL ? "did you mean '" : "a policy has remind, overdue and channels",
			     nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
	}
}

static struct policy *policies_add(struct policies *policies, const char *name)
{
	policies->items = mem_grow(policies->items, policies->n + 1, sizeof(*policies->items));
	struct policy *policy = &policies->items[policies->n++];
	*policy = (struct policy){.name = mem_dup(name)};
	return policy;
}

static void policies_add_builtin_default(struct policies *policies)
{
	struct policy *policy = policies_add(policies, "default");
	int remind = policy_parse_steps(policy, STEP_REMIND, "7d 1d before start at 09:00", NULL);
	int overdue = policy_parse_steps(policy, STEP_OVERDUE, "1d after end at 09:00", NULL);
	if (remind < 0 || overdue < 0)
		abort(); /* our own text */
}

struct policies *policies_load(const struct conf *conf, struct problems *problems)
{
	struct policies *policies = mem_zero(1, sizeof(*policies));
	if (ini_section(conf->ini, "policy", "default") == NULL)
		policies_add_builtin_default(policies);
	for (size_t i = 0; i < conf->n_policies; i++) {
		const struct ini_section *section = conf->policies[i];
		struct policy *policy = policies_add(policies, section->name);
		for (size_t j = 0; j < section->n_entries; j++)
			policy_load_entry(policy, conf, section, &section->entries[j], problems);
		if (ini_find(section, "remind") == NULL && ini_find(section, "overdue") == NULL)
			problems_add(problems, section->file, section->line,
				     "[policy %s] reminds of nothing: give it a line like remind = 7d 1d before start at 09:00",
				     section->name);
	}
	return policies;
}

void policies_free(struct policies *policies)
{
	if (policies == NULL)
		return;
	for (size_t i = 0; i < policies->n; i++) {
		free(policies->items[i].name);
		free(policies->items[i].steps);
		strlist_done(&policies->items[i].channels);
	}
	free(policies->items);
	free(policies);
}

const struct policy *policies_find(const struct policies *policies, const char *name)
{
	for (size_t i = 0; i < policies->n; i++)
		if (strcmp(policies->items[i].name, name) == 0)
			return &policies->items[i];
	return NULL;
}

uint64_t policies_fingerprint(const struct policies *policies)
{
	uint64_t print = 0;
	for (size_t i = 0; i < policies->n; i++) {
		const struct policy *policy = &policies->items[i];
		print = hash_mix(print ^ hash_text(policy->name));
		for (size_t j = 0; j < policy->n_steps; j++)
			print = hash_mix(print ^ hash_text(policy->steps[j].text));
		for (size_t j = 0; j < policy->channels.n; j++)
			print = hash_mix(print ^ hash_text(policy->channels.items[j]));
	}
	return print;
}

const char *policies_nearest(const struct policies *policies, const char *typed)
{
	const char **names = mem_zero(policies->n, sizeof(*names));
	for (size_t i = 0; i < policies->n; i++)
		names[i] = policies->items[i].name;
	const char *nearest = strlist_nearest(typed, names, policies->n);
	free(names);
	return nearest;
}

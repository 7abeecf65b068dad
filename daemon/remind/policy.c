#include "remind/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

struct policies {
	struct policy *items; /* "default" first */
	size_t n;
};

int policy_parse_steps(struct policy *policy, enum step_kind kind, const char *text, struct err *err)
{
	struct steps steps = {.items = policy->steps, .n = policy->n_steps};
	int status = steps_parse(&steps, kind, text, err);
	policy->steps = steps.items;
	policy->n_steps = steps.n;
	return status;
}

/* ---- all policies of a configuration ------------------------------------------------------------------------------ */

/* The first four are kinds of steps, in the order of policy_kinds. */
static const char *const policy_keys[] = {"remind", "fix_date", "overdue", "escalate", "channels"};
static const enum step_kind policy_kinds[] = {STEP_REMIND, STEP_FIX_DATE, STEP_OVERDUE, STEP_ESCALATE};
enum { POLICY_N_KINDS = sizeof(policy_kinds) / sizeof(policy_kinds[0]) };

static void policy_load_channels(struct policy *policy, const struct conf *conf, const struct ini_section *section,
				 const struct ini_entry *entry, struct problems *problems)
{
	struct err err = {0};
	if (policy->order.channels.n != 0) {
		problems_add(problems, section->file, entry->line, "key 'channels' is given again");
		return;
	}
	if (order_parse(entry->value, &policy->order, &err) < 0) {
		problems_add(problems, section->file, entry->line, "channels: %s", err.text);
		return;
	}
	for (size_t i = 0; i < policy->order.channels.n; i++)
		if (!order_check_name(policy->order.channels.items[i], conf, &err))
			problems_add(problems, section->file, entry->line, "channels: %s", err.text);
}

static void policy_load_entry(struct policy *policy, const struct conf *conf, const struct ini_section *section,
			      const struct ini_entry *entry, struct problems *problems)
{
	struct err err = {0};
	for (size_t i = 0; i < POLICY_N_KINDS; i++)
		if (strcmp(entry->key, policy_keys[i]) == 0) {
			if (policy_parse_steps(policy, policy_kinds[i], entry->value, &err) < 0)
				problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
			return;
		}
	if (strcmp(entry->key, "channels") == 0) {
		policy_load_channels(policy, conf, section, entry, problems);
		return;
	}
	const char *nearest = strlist_nearest(entry->key, policy_keys, sizeof(policy_keys) / sizeof(*policy_keys));
	problems_add(problems, section->file, entry->line, "unknown key '%s', %s%s%s", entry->key,
		     nearest != NULL ? "did you mean '"
				     : "a policy has remind, fix_date, overdue, escalate and channels",
		     nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static bool policy_has_step_key(const struct ini_section *section)
{
	for (size_t i = 0; i < POLICY_N_KINDS; i++)
		if (ini_find(section, policy_keys[i]) != NULL)
			return true;
	return false;
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
		if (!policy_has_step_key(section))
			problems_add(
				problems, section->file, section->line,
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
		order_done(&policies->items[i].order);
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
		for (size_t j = 0; j < policy->n_steps; j++) {
			const struct step *step = &policy->steps[j];
			print = hash_mix(print ^ hash_text(step->text));
			print = hash_mix(print ^ (step->roles << 1 | step->is_digest));
		}
		for (size_t j = 0; j < policy->order.channels.n; j++)
			print = hash_mix(print ^ hash_text(policy->order.channels.items[j]));
		if (policy->order.is_first)
			print = hash_mix(print ^ (uint64_t)policy->order.next_after_s);
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

#include "remind/step.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strlist.h"

static const char step_shape[] = "write it like \"30d 7d 1d before start at 09:00\" or \"1d 3d after end\"";

/* Words in front of a step's text; the plain reminder has none. */
static const char *const step_prefixes[] = {"", "fix_date ", "overdue ", "handoff ", "escalate "};
static const char *const step_kind_names[] = {"reminder", "fix_date", "overdue", "handoff", "escalation"};

static const struct step_unit_name {
	const char *name;
	enum step_unit unit;
} step_units[] = {
	{"m", STEP_MINUTES}, {"h", STEP_HOURS},   {"d", STEP_DAYS},
	{"w", STEP_WEEKS},   {"mo", STEP_MONTHS}, {"wd", STEP_WORKING_DAYS},
};

const char *step_kind_name(enum step_kind kind)
{
	return step_kind_names[kind];
}

/* Whom a step of that kind speaks to when the line does not say. */
static unsigned step_preset_roles(enum step_kind kind)
{
	switch (kind) {
	case STEP_HANDOFF:
	case STEP_ESCALATE:
		return ROLE_BIT(ROLE_SUPERVISOR);
	case STEP_FIX_DATE:
		return ROLE_BIT(ROLE_RESPONSIBLE);
	case STEP_OVERDUE:
		return ROLE_BIT(ROLE_RESPONSIBLE) | ROLE_BIT(ROLE_PARTICIPANT);
	default:
		return ROLE_BIT(ROLE_RESPONSIBLE) | ROLE_BIT(ROLE_PARTICIPANT) | ROLE_BIT(ROLE_WATCHER);
	}
}

enum step_kind step_text_kind(const char *text)
{
	for (unsigned kind = STEP_FIX_DATE; kind < STEP_KIND_MAX; kind++)
		if (strncmp(text, step_prefixes[kind], strlen(step_prefixes[kind])) == 0)
			return (enum step_kind)kind;
	return STEP_REMIND;
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

static int step_parse_lead(const char *word, struct step *step, struct err *err)
{
	size_t digits = strspn(word, "0123456789");
	const char *unit = word + digits;
	if (digits == 0)
		return err_set(err, -EINVAL, "'%s' is no lead time: %s", word, step_shape);
	if (*unit == '\0')
		return err_set(err, -EINVAL, "'%s' has no unit: write %sm, %sh, %sd, %swd, %sw or %smo", word, word,
			       word, word, word, word, word);

	char *number = mem_dup_n(word, digits);
	int64_t count = 0;
	int status = num_parse(number, 0, STEP_COUNT_MAX, &count, err);
	free(number);
	if (status < 0)
		return -EINVAL;

	step->count = (int)count;
	for (size_t i = 0; i < sizeof(step_units) / sizeof(step_units[0]); i++)
		if (strcmp(unit, step_units[i].name) == 0) {
			step->unit = step_units[i].unit;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' has the unknown unit '%s': give m, h, d, wd, w or mo", word, unit);
}

static int step_parse_at(const char *word, int *ret_minute, struct err *err)
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

static bool step_is_exact(enum step_unit unit)
{
	return unit == STEP_MINUTES || unit == STEP_HOURS;
}

static const char *step_unit_text(enum step_unit unit)
{
	for (size_t i = 0; i < sizeof(step_units) / sizeof(step_units[0]); i++)
		if (step_units[i].unit == unit)
			return step_units[i].name;
	return "";
}

static void step_write_text(struct step *step)
{
	char at[32] = "";
	if (step->at_minute >= 0)
		(void)snprintf(at, sizeof(at), " at %02d:%02d%s", step->at_minute / 60, step->at_minute % 60,
			       step->is_event_time ? " event time" : "");
	(void)snprintf(step->text, sizeof(step->text), "%s%d%s %s %s%s", step_prefixes[step->kind], step->count,
		       step_unit_text(step->unit), step->is_after ? "after" : "before", step->is_end ? "end" : "start",
		       at);
}

/* ---- a line ------------------------------------------------------------------------------------------------------- */

/* The words of a line and how far they have been read. */
struct step_line {
	struct strlist words;
	size_t at;
	struct step shape; /* what holds for every lead */
	size_t n_leads;    /* the first words */
	bool has_repeat;
	struct step repeat; /* count and unit of "then every" */
	int64_t at_most;
	struct err *err;
};

static const char *step_peek(const struct step_line *line)
{
	return line->at < line->words.n ? line->words.items[line->at] : "";
}

static bool step_take(struct step_line *line, const char *word)
{
	bool is_it = strcmp(step_peek(line), word) == 0;
	line->at += is_it;
	return is_it;
}

/* "before start", "after end" */
static int step_read_anchor(struct step_line *line)
{
	struct step *shape = &line->shape;
	const char *direction = step_peek(line);
	shape->is_after = strcmp(direction, "after") == 0;
	line->at++;
	const char *anchor = step_peek(line);
	shape->is_end = strcmp(anchor, "end") == 0;
	if (!shape->is_end && strcmp(anchor, "start") != 0)
		return err_set(line->err, -EINVAL, "'%s' must be followed by 'start' or 'end', not by '%s': %s",
			       direction, anchor, step_shape);
	line->at++;
	bool is_late = shape->kind == STEP_OVERDUE || shape->kind == STEP_ESCALATE;
	if (is_late && !(shape->is_after && shape->is_end))
		return err_set(line->err, -EINVAL, "nothing is overdue %s %s: write 'after end'", direction, anchor);
	if (shape->kind == STEP_FIX_DATE && (shape->is_after || shape->is_end))
		return err_set(line->err, -EINVAL,
			       "a date is asked for before the window opens: write 'before start', not '%s %s'",
			       direction, anchor);
	return 0;
}

static int step_read_at(struct step_line *line)
{
	if (!step_take(line, "at"))
		return 0;
	if (line->at == line->words.n)
		return err_set(line->err, -EINVAL, "'at' is not understood here: write 'at HH:MM'");
	int status = step_parse_at(step_peek(line), &line->shape.at_minute, line->err);
	line->at++;
	if (status == 0 && step_take(line, "event")) {
		line->shape.is_event_time = true;
		if (!step_take(line, "time"))
			return err_set(line->err, -EINVAL, "'event' must be followed by 'time'");
	}
	return status;
}

static int step_read_roles(struct step_line *line)
{
	enum role role;
	if (!step_take(line, "to"))
		return 0;
	line->shape.roles = 0;
	while (role_find(step_peek(line), &role)) {
		line->shape.roles |= ROLE_BIT(role);
		line->at++;
	}
	if (line->shape.roles == 0)
		return err_set(line->err, -EINVAL,
			       "'to %s': give roles: responsible, participant, supervisor or watcher", step_peek(line));
	return 0;
}

static int step_read_repeat(struct step_line *line)
{
	if (!step_take(line, "then"))
		return 0;
	if (!step_take(line, "every") || line->at == line->words.n)
		return err_set(line->err, -EINVAL,
			       "'then' must be followed by 'every' and a lead: write 'then every 7d'");
	int status = step_parse_lead(step_peek(line), &line->repeat, line->err);
	if (status == 0 && line->repeat.count == 0)
		status = err_set(line->err, -EINVAL, "'%s' repeats without moving on", step_peek(line));
	line->at++;
	line->has_repeat = true;
	if (status == 0 && step_take(line, "at")) {
		if (!step_take(line, "most") || line->at == line->words.n)
			return err_set(line->err, -EINVAL, "'at' must be followed by 'most' and a number here");
		status = num_parse(step_peek(line), 1, POLICY_STEPS_MAX, &line->at_most, line->err) < 0 ? -EINVAL : 0;
		line->at++;
	}
	return status;
}

static int step_read_line(struct step_line *line)
{
	int status = step_read_anchor(line);
	if (status == 0)
		status = step_read_at(line);
	if (status == 0 && step_take(line, "in")) {
		line->shape.is_digest = true;
		if (!step_take(line, "digest"))
			status = err_set(line->err, -EINVAL, "'in' must be followed by 'digest'");
	}
	if (status == 0)
		status = step_read_roles(line);
	if (status == 0)
		status = step_read_repeat(line);
	if (status == 0 && line->at < line->words.n)
		status = err_set(
			line->err, -EINVAL,
			"'%s' is not understood here: after 'before start' or 'after end' may follow 'at HH:MM', "
			"'in digest', 'to ROLES' and 'then every 7d, at most 8'",
			step_peek(line));
	return status;
}

/* ---- the steps of a line ------------------------------------------------------------------------------------------ */

static int step_add(struct steps *steps, struct step *step, struct err *err)
{
	step_write_text(step);
	for (size_t i = 0; i < steps->n; i++)
		if (strcmp(steps->items[i].text, step->text) == 0)
			return err_set(err, -EINVAL, "'%s' is there already", step->text);
	if (step->count > STEP_COUNT_MAX)
		return err_set(err, -EINVAL, "'%s' is more than %d units away: say how often with 'at most'",
			       step->text, STEP_COUNT_MAX);
	if (steps->n == POLICY_STEPS_MAX)
		return err_set(err, -EINVAL, "a policy has at most %d steps", POLICY_STEPS_MAX);
	steps->items = mem_grow(steps->items, steps->n + 1, sizeof(*steps->items));
	steps->items[steps->n++] = *step;
	return 0;
}

static int step_add_leads(struct steps *steps, const struct step_line *line, struct step *ret_last)
{
	int status = 0;
	for (size_t i = 0; i < line->n_leads && status == 0; i++) {
		struct step step = line->shape;
		status = step_parse_lead(line->words.items[i], &step, line->err);
		if (status == 0 && step.at_minute >= 0 && step_is_exact(step.unit))
			status = err_set(line->err, -EINVAL,
					 "'%s' is an exact span: 'at HH:MM' goes only with d, wd, w and mo",
					 line->words.items[i]);
		if (status == 0)
			status = step_add(steps, &step, line->err);
		*ret_last = step;
	}
	return status;
}

/* Goes on from the last lead in the unit of the repetition. */
static int step_add_repeats(struct steps *steps, const struct step_line *line, const struct step *last)
{
	struct step step = *last;
	int64_t total = line->at_most != 0 ? line->at_most : STEP_REPEAT_PRESET;
	int sign = step.is_after ? 1 : -1;
	int status = 0;
	if (line->repeat.unit != step.unit)
		return err_set(line->err, -EINVAL, "'then every %d%s' must have the unit of the last lead, %s",
			       line->repeat.count, step_unit_text(line->repeat.unit), step_unit_text(step.unit));
	for (int64_t i = (int64_t)line->n_leads; i < total && status == 0; i++) {
		step.count += sign * line->repeat.count;
		if (step.count < 0)
			return 0;
		status = step_add(steps, &step, line->err);
	}
	if (status == 0 && step.kind == STEP_OVERDUE) {
		step.kind = STEP_HANDOFF;
		step.roles = step_preset_roles(STEP_HANDOFF);
		step.count += line->repeat.count;
		status = step_add(steps, &step, line->err);
	}
	return status;
}

int steps_parse(struct steps *steps, enum step_kind kind, const char *text, struct err *err)
{
	struct step_line line = {
		.shape = {.kind = kind, .at_minute = -1, .roles = step_preset_roles(kind)},
		.err = err,
	};
	struct step last;
	size_t had = steps->n;
	int status;

	strlist_add_words(&line.words, text);
	while (line.at < line.words.n && strcmp(step_peek(&line), "before") != 0 &&
	       strcmp(step_peek(&line), "after") != 0)
		line.at++;
	line.n_leads = line.at;
	if (line.at == line.words.n || line.at == 0)
		status = err_set(err, -EINVAL, "'%s' is not understood: %s", text, step_shape);
	else
		status = step_read_line(&line);
	if (status == 0)
		status = step_add_leads(steps, &line, &last);
	if (status == 0 && line.has_repeat)
		status = step_add_repeats(steps, &line, &last);

	strlist_done(&line.words);
	if (status < 0)
		steps->n = had;
	return status;
}

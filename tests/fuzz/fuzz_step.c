/* A line of a policy. The text of a step is its identity in the ledger: never cut, no two alike, and it says the step. */
#include "fuzz.h"
#include "remind/step.h"

/* What the ledger puts in front of a step's text. */
static const char *without_kind(const struct step *step)
{
	return step->kind == STEP_REMIND ? step->text : strchr(step->text, ' ') + 1;
}

static void check_step(const struct step *step)
{
	struct steps again = {0};
	struct err err = {""};
	FUZZ_NEED(strlen(step->text) < STEP_TEXT_SIZE - 1, step->text);
	FUZZ_NEED(step->count >= 0 && step->count <= STEP_COUNT_MAX, step->text);
	FUZZ_NEED(step_text_kind(step->text) == step->kind, step->text);
	FUZZ_NEED(steps_parse(&again, step->kind, without_kind(step), &err) == 0, step->text);
	FUZZ_NEED(again.n == 1, step->text);
	const struct step *other = &again.items[0];
	FUZZ_NEED(other->count == step->count && other->unit == step->unit, step->text);
	FUZZ_NEED(other->is_after == step->is_after && other->is_end == step->is_end, step->text);
	FUZZ_NEED(other->at_minute == step->at_minute && other->is_event_time == step->is_event_time, step->text);
	FUZZ_NEED(strcmp(other->text, step->text) == 0, step->text);
	free(again.items);
}

static void check_line(enum step_kind kind, const char *line)
{
	struct steps steps = {0};
	struct err err = {""};
	int status = steps_parse(&steps, kind, line, &err);
	FUZZ_NEED((status == 0) == (steps.n > 0), line);
	FUZZ_NEED(status == 0 || err.text[0] != '\0', line);
	FUZZ_NEED(steps.n <= POLICY_STEPS_MAX, line);
	for (size_t i = 0; i < steps.n; i++) {
		const struct step *step = &steps.items[i];
		FUZZ_NEED(step->kind == kind || (kind == STEP_OVERDUE && step->kind == STEP_HANDOFF), line);
		FUZZ_NEED(step->roles != 0, line);
		check_step(step);
		for (size_t k = 0; k < i; k++)
			FUZZ_NEED(strcmp(steps.items[k].text, step->text) != 0, line);
	}
	free(steps.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum step_kind kinds[] = {STEP_REMIND, STEP_FIX_DATE, STEP_OVERDUE, STEP_ESCALATE};
	struct fuzz_input input = fuzz_input(data, size);
	char *line = fuzz_take_rest(&input);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check_line(kinds[i], line);
	free(line);
	return 0;
}
